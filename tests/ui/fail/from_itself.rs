//! No version comes before itself, directly.
use persist_core::Persist;

#[derive(Clone, Copy, Persist)]
#[persist(from = Self)] //~ ERROR cycle detected when
#[repr(C)]
struct A {
    a: u32,
}

fn main() {}
