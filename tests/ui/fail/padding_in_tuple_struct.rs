//! The fields of a tuple struct have no names to suggest.

use persist_core::Persist;

#[derive(Clone, Copy, Persist)]
#[repr(C)]
struct Pair(
    u32, //~ ERROR implicit padding after field `0` (offset 4..8)
    u64,
);
//~? help: add a field after `0`: `persist_core::Pad<4>`

fn main() {}
