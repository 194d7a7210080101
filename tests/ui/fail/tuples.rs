//! The order of a tuple's fields is the compiler's choice.
use persist_core::Persist;

#[derive(Clone, Copy, Persist)]
#[repr(C)]
struct Row {
    pair: (u8, u8), //~ ERROR the order of a tuple's fields is the compiler's choice
    unit: (), //~ ERROR `()` has no bytes to store
}
//~? use a `#[repr(C)]` struct with named fields

fn main() {}
