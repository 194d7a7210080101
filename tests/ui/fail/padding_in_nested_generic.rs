//! A generic field is checked where the outer type is derived.
use persist_core::Persist;

#[derive(Clone, Copy, Persist)]
#[repr(C)]
struct Pair<A, B> {
    a: A, //~ ERROR persist: `Pair` has 1 byte of implicit padding after field `a`
    b: B,
}

#[derive(Clone, Copy, Persist)]
#[repr(C)]
struct Row {
    pair: Pair<u8, u16>,
}

fn main() {}
