//! A const argument may pad too.
use persist_core::{Persist, check};

#[derive(Clone, Copy, Persist)]
#[repr(C)]
struct Buffer<const N: usize> {
    len: u32,
    bytes: [u8; N], //~ ERROR persist: `Buffer` has 1 byte of implicit padding after field `bytes`
}

check!(Buffer<8>);
check!(Buffer<7>);

fn main() {}
