//! Hints that make an enum more than its tag.
use persist_core::Persist;

#[derive(Clone, Copy, Persist)]
#[repr(u8, align(4))] //~ ERROR an enum can't be `repr(align)` in a file
enum Padded {
    Buy,
    Sell,
}

#[derive(Clone, Copy, Persist)]
#[repr(u8, u16)] //~ ERROR conflicting representation hints //~ ERROR `u8` and `u16` contradict
enum Two {
    Buy,
    Sell,
}

fn main() {}
