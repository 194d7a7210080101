//! An earlier name is of one thing alone.
use persist_core::Persist;

#[derive(Clone, Copy, Persist)]
#[repr(C)]
struct Row {
    #[persist(alias = "b")] //~ ERROR a field is or was called `b` already
    a: u8,
    b: u8,
    #[persist(alias = "x", alias = "y")]
    c: u8,
    #[persist(alias = "y")] //~ ERROR a field is or was called `y` already
    d: u8,
    #[persist(alias = "e")] //~ ERROR a field is or was called `e` already
    e: u8,
    #[persist(alias = "")] //~ ERROR a name can't be empty
    f: u8,
}
//~? an alias is an earlier name, of one thing alone, that nothing has now

#[derive(Clone, Copy, Persist)]
#[repr(u8)]
enum Side {
    #[persist(alias = "Sell")] //~ ERROR a variant is or was called `Sell` already
    Buy,
    Sell,
}

fn main() {}
