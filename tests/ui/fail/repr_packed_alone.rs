//! Packed without `C` keeps the compiler's order.
use persist_core::Persist;

#[derive(Clone, Copy, Persist)]
#[repr(packed)] //~ ERROR `repr(packed)` without `C`: the compiler is free to reorder the fields
struct Row {
    a: u8,
    b: u32,
}

#[derive(Clone, Copy, Persist)]
#[repr(packed(2))] //~ ERROR `repr(packed)` without `C`
struct Half {
    a: u16,
    b: u32,
}
//~? write `#[repr(C, packed)]`

fn main() {}
