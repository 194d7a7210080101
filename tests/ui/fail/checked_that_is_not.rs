//! `checked` demands bytemuck's `CheckedBitPattern`.
use persist_core::Persist;

#[derive(Clone, Copy)]
struct Foreign(u8);

#[derive(Clone, Copy, Persist)]
#[repr(C)]
struct Row {
    #[persist(checked = "Foreign")]
    foreign: Foreign, //~ ERROR CheckedBitPattern` is not satisfied //~ ERROR NoUninit` is not satisfied
}

fn main() {}
