//! A slice has no fixed size.
use persist_core::Persist;

#[derive(Persist)]
#[repr(C)]
struct Row {
    tail: [u8], //~ ERROR a slice has no fixed size
}
//~? use an array `[T; N]`

fn main() {}
