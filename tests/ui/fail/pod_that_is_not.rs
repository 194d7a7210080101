//! `pod` demands bytemuck's `Pod`.
use persist_core::Persist;

#[derive(Clone, Copy, Persist)]
#[repr(C)]
struct Row {
    #[persist(pod = "flag")]
    flag: bool, //~ ERROR Pod` is not satisfied
    #[persist(pod, as = u32)]
    letter: char, //~ ERROR Pod` is not satisfied
}

fn main() {}
