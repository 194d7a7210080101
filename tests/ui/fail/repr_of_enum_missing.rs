//! The size of a plain enum is the compiler's choice.
use persist_core::Persist;

#[derive(Clone, Copy, Persist)]
enum Side { //~ ERROR `Side` has no fixed-width `repr`: its size is the compiler's choice
    Buy,
    Sell,
}
//~? add `#[repr(u8)]`, or another of `u16` to `u64` and `i8` to `i64`

fn main() {}
