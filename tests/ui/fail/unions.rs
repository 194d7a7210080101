//! Nothing says which field of a union is live.
use persist_core::Persist;

#[derive(Clone, Copy, Persist)]
#[repr(C)]
union Row { //~ ERROR a union can't be stored: nothing says which field is live
    a: u8,
    b: u8,
}
//~? use a `#[repr(C)]` struct with a tag and an array of bytes

fn main() {}
