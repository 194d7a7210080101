//! A pinned layout that changed, with both fingerprints.
use persist_core::Persist;

#[derive(Clone, Copy, Persist)]
#[persist(fingerprint = 0x0123456789abcdef0123456789abcdef)] //~ ERROR persist: the layout of `Row` is not the pinned one
#[repr(C)]
struct Row {
    a: u8,
}
//~? expected fingerprint 0x0123456789abcdef0123456789abcdef
//~? found fingerprint    0x
//~? undo the change, or pin the new fingerprint

fn main() {}
