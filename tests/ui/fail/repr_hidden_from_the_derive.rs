//! A `repr` that the derive doesn't recognise as one.
use persist_core::Persist;

#[derive(Clone, Copy, Persist)]
#[repr(u8)]
#[r#repr(align(4))]
enum Side { //~ ERROR persist: the enum is larger than its tag
    Buy,
    Sell,
}

fn main() {}
