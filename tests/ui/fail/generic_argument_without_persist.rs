//! The bound of a generic implementation.
use persist_core::{Persist, check};

#[derive(Clone, Copy, Persist)]
#[repr(C)]
struct Pair<A, B> {
    a: A,
    b: B,
}

check!(Pair<u64, usize>); //~ ERROR `usize` can't be stored in a persist file

fn main() {}
