//! Fields may have no bytes between them.
use persist_core::Persist;

use std::marker::PhantomData;

#[derive(Clone, Copy, Persist)]
#[repr(C)]
struct Marker { //~ ERROR `Marker` is zero-sized: a file of it would have no bytes
    unit: PhantomData<u8>,
    none: [u64; 0],
}

fn main() {}
