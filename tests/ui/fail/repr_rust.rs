//! `repr(Rust)` says that the compiler may choose.
use persist_core::Persist;

#[derive(Clone, Copy, Persist)]
#[repr(Rust)] //~ ERROR `repr(Rust)`: the compiler is free to reorder the fields
struct Row {
    a: u8,
}
//~? write `#[repr(C)]`

fn main() {}
