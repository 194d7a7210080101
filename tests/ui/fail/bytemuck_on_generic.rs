//! A generic struct may have padding for some arguments.
use persist_core::Persist;

#[derive(Clone, Copy, Persist)]
#[persist(bytemuck)] //~ ERROR a generic struct may have padding for some arguments
#[repr(C)]
struct Pair<A, B> {
    a: A,
    b: B,
}

#[derive(Clone, Copy, Persist)]
#[persist(bytemuck)] //~ ERROR a generic struct may have padding for some arguments
#[repr(C, packed(2))]
struct Half<const N: usize> {
    a: u16,
    b: [u8; N],
}

fn main() {}
