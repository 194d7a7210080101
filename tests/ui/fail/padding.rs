//! Padding: on each field that it follows, with the bytes and the line to add.
use persist_core::Persist;

#[derive(Clone, Copy, Persist)]
#[repr(C)]
struct Row {
    a: u8, //~ ERROR persist: `Row` has 3 bytes of implicit padding after field `a` (offset 1..4): field `b` needs alignment 4
    b: u32,
    c: u16, //~ ERROR persist: `Row` has 2 bytes of implicit padding after field `c` (offset 10..12)
}
//~? help: add a field after `a`: `_pad0: persist_core::Pad<3>`
//~? help: add a field after `c`: `_pad2: persist_core::Pad<2>`
//~? help: or reorder the fields: `b`, `c`, `a` (8 bytes instead of 12)

fn main() {}
