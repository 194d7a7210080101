//! Padding in a tuple struct.
use persist_core::Persist;

#[derive(Clone, Copy, Persist)]
#[repr(C)]
struct Row(
    u8, //~ ERROR persist: `Row` has 7 bytes of implicit padding after field `0` (offset 1..8): field `1` needs alignment 8
    u64,
);

fn main() {}
