//! A function pointer means nothing to the next process.
use persist_core::Persist;

#[derive(Clone, Copy, Persist)]
#[repr(C)]
struct Row {
    callback: fn(u8) -> u8, //~ ERROR a function pointer means nothing to the next process
}
//~? store an enum with a fixed `repr`, and match on it

fn main() {}
