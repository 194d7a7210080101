//! The earlier version must be one that a file can have.
use persist_core::Persist;

#[derive(Clone, Copy, Persist)]
#[persist(from = (u32, u32))] //~ ERROR `(u32, u32)` can't be stored in a persist file
#[repr(C)]
struct Pair {
    a: u32,
    b: u32,
}

impl From<(u32, u32)> for Pair {
    fn from((a, b): (u32, u32)) -> Self {
        Self { a, b }
    }
}

fn main() {}
