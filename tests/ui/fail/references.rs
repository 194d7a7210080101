//! A reference means nothing to the next process.
use persist_core::Persist;

#[derive(Clone, Copy, Persist)]
#[repr(C)]
struct Row {
    text: &'static str, //~ ERROR a reference means nothing to the next process
    many: [&'static u8; 4], //~ ERROR a reference means nothing to the next process
}
//~? store the value itself, or its index in another vector

fn main() {}
