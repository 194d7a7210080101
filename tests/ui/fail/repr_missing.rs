//! Plain structs are laid out as the compiler likes.
use persist_core::Persist;

#[derive(Clone, Copy, Persist)]
struct Row { //~ ERROR `Row` has no `repr(C)`: the compiler is free to reorder the fields
    a: u8,
}
//~? add `#[repr(C)]`

#[derive(Clone, Copy, Persist)]
#[repr(align(8))]
struct Aligned { //~ ERROR `Aligned` has no `repr(C)`: the compiler is free to reorder the fields
    a: u64,
}

fn main() {}
