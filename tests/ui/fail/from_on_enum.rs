//! Only structs are made from earlier versions.
use persist_core::Persist;

#[derive(Clone, Copy, Persist)]
#[persist(from = u8)] //~ ERROR `from` belongs on a struct, not on an enum
#[repr(u8)]
enum Side {
    Buy,
    Sell,
}
//~? name earlier variants by `alias`, or put the enum into a struct

fn main() {}
