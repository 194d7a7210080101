//! A generic enum leaves no trace of its arguments.
use persist_core::Persist;

#[derive(Clone, Copy, Persist)]
#[repr(u8)]
enum Side<const N: usize> { //~ ERROR a generic enum can't be stored: its arguments leave no trace in the file
    Buy,
    Sell,
}

fn main() {}
