//! A file gives no more than 4096.
use persist_core::{Pad, Persist};

#[derive(Clone, Copy, Persist)]
#[repr(C, align(8192))]
struct Row { //~ ERROR persist: `Row` needs alignment 8192, more than the 4096 a file can give
    a: [u64; 1024],
}

fn main() {}
