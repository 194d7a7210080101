//! A slice has no fixed size.
use persist_core::Persist;

#[derive(Persist)]
#[repr(C)]
struct Row {
    tail: [u8], //~ ERROR a slice has no fixed size
}

#[derive(Persist)]
#[repr(C)]
struct Text {
    tail: str, //~ ERROR `str` has no fixed size
}
//~? use `FixedStr<N>`
//~? use an array `[T; N]`

fn main() {}
