//! The size of a C enum is the C compiler's choice.
use persist_core::Persist;

#[derive(Clone, Copy, Persist)]
#[repr(C)] //~ ERROR an enum can't be `repr(C)`: its size is the C compiler's choice
enum Side {
    Buy,
    Sell,
}
//~? write the integer alone, such as `#[repr(u8)]` or `#[repr(i32)]`

#[derive(Clone, Copy, Persist)]
#[repr(C, u8)] //~ ERROR conflicting representation hints //~ ERROR an enum can't be `repr(C)`: its size is the C compiler's choice
enum Both {
    Buy,
    Sell,
}

fn main() {}
