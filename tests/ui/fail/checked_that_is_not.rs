//! `checked` demands bytemuck's `CheckedBitPattern`.
use persist_core::Persist;

#[derive(Clone, Copy)]
struct Foreign(u8);

#[derive(Clone, Copy, Persist)]
#[repr(C)]
struct Row {
    #[persist(checked = "Foreign")]
    foreign: Foreign, //~ ERROR the trait bound `Foreign: AnyBitPattern` is not satisfied //~ ERROR the trait bound `Foreign: NoUninit` is not satisfied
}

fn main() {}
