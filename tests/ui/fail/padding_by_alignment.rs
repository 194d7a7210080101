//! `repr(align)` pads the end.
use persist_core::Persist;

#[derive(Clone, Copy, Persist)]
#[repr(C, align(64))]
struct Row {
    a: u64, //~ ERROR persist: `Row` has 56 bytes of implicit padding after field `a` (offset 8..64): the size must be a multiple of the alignment, 64
}
//~? `_pad0: persist_core::Pad<56>`

fn main() {}
