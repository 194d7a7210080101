//! A pin is for one type.
use persist_core::Persist;

#[derive(Clone, Copy, Persist)]
#[persist(fingerprint = 0x1)] //~ ERROR a generic type has a fingerprint for each set of arguments
#[repr(C)]
struct Row<T> {
    a: T,
}

fn main() {}
