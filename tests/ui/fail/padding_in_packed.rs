//! `packed(2)` still aligns to two.
use persist_core::Persist;

#[derive(Clone, Copy, Persist)]
#[repr(C, packed(2))]
struct Row {
    a: u8, //~ ERROR persist: `Row` has 1 byte of implicit padding after field `a` (offset 1..2): field `b` needs alignment 2
    b: u64,
}

fn main() {}
