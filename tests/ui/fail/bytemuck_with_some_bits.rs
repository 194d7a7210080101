//! `bytemuck` is for types of which every bit pattern is a value.
use persist_core::Persist;

#[derive(Clone, Copy, Persist)]
#[persist(bytemuck)]
#[repr(C)]
struct Row {
    number: u8,
    flag: bool, //~ ERROR Pod` is not satisfied
}

fn main() {}
