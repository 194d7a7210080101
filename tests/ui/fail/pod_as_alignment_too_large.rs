//! A file gives no more than 4096, which the type in `as` doesn't show.
use bytemuck::{Pod, Zeroable};
use persist_core::Persist;

#[derive(Clone, Copy)]
#[repr(C, align(8192))]
struct Block([u64; 1024]);
unsafe impl Zeroable for Block {}
unsafe impl Pod for Block {}

#[derive(Clone, Copy, Persist)]
#[persist(transparent)]
#[repr(transparent)]
struct Wrapper {
    #[persist(pod, as = [u64; 1024])]
    block: Block, //~ ERROR persist: the field needs an alignment of more than the 4096 a file can give
}

fn main() {}
