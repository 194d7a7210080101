//! A pointer means nothing to the next process.
use persist_core::Persist;

#[derive(Clone, Copy, Persist)]
#[repr(C)]
struct Row {
    read: *const u8, //~ ERROR a pointer means nothing to the next process
    write: *mut u8, //~ ERROR a pointer means nothing to the next process
}
//~? store an index or an offset, as `u64`

fn main() {}
