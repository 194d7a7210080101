//! `pod` doesn't let the width of the machine in.
use persist_core::Persist;

#[derive(Clone, Copy, Persist)]
#[repr(C)]
struct Row {
    #[persist(pod = "index")]
    index: usize, //~ ERROR the width of `usize` and `isize` is the machine's
    #[persist(pod, as = u64)]
    count: [usize; 1], //~ ERROR the width of `usize` and `isize` is the machine's
}

fn main() {}
