//! The width of `usize` is the machine's.
use persist_core::Persist;

#[derive(Clone, Copy, Persist)]
#[repr(usize)] //~ ERROR an enum can't be `repr(usize)`: its width is the machine's
enum Side {
    Buy,
    Sell,
}

#[derive(Clone, Copy, Persist)]
#[repr(isize)] //~ ERROR an enum can't be `repr(isize)`: its width is the machine's
enum Signed {
    Buy,
    Sell,
}

fn main() {}
