//! A generic type is checked for the arguments it is used with.
use persist_core::{Persist, check};

#[derive(Clone, Copy, Persist)]
#[repr(C)]
struct Pair<A, B> {
    a: A, //~ ERROR persist: `Pair` has 3 bytes of implicit padding after field `a` (offset 1..4): field `b` needs alignment 4
    b: B,
}

check!(Pair<u32, u32>);
check!(Pair<u8, u32>);

fn main() {}
