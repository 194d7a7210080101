//! A version has one before it.
use persist_core::Persist;

#[derive(Clone, Copy, Persist)]
#[persist(from = u32, from = u64)] //~ ERROR `from` stands twice
#[repr(C)]
struct Row {
    a: u64,
}

fn main() {}
