//! `Pod` comes with the checks.
use persist_core::Persist;

#[derive(Clone, Copy, Persist)]
#[persist(bytemuck)]
#[repr(C)]
struct Row {
    a: u8, //~ ERROR persist: `Row` has 1 byte of implicit padding after field `a`
    b: u16,
}

fn main() {}
