//! No two fields or variants have one name.
use persist_core::Persist;

#[derive(Clone, Copy, Persist)]
#[repr(C)]
struct Row {
    a: u8,
    #[persist(rename = "a")] //~ ERROR another field is called `a` already
    b: u8,
    #[persist(rename = "c")]
    d: u8,
    c: u8, //~ ERROR another field is called `c` already
}

#[derive(Clone, Copy, Persist)]
#[repr(u8)]
enum Side {
    Buy,
    #[persist(rename = "Buy")] //~ ERROR another variant is called `Buy` already
    Sell,
}

fn main() {}
