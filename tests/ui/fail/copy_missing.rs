//! Elements are `Copy`.
use persist_core::Persist;

#[derive(Persist)]
#[repr(C)]
struct Row { //~ ERROR Copy` is not satisfied //~ ERROR Copy` is not satisfied
    a: u8,
}
//~? consider annotating `Row` with `#[derive(Copy)]`

fn main() {}
