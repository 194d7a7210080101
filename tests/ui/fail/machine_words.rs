//! The width of `usize` is the machine's.
use persist_core::Persist;

use std::num::{NonZero, NonZeroUsize};

#[derive(Clone, Copy, Persist)]
#[repr(C)]
struct Row {
    unsigned: usize, //~ ERROR the width of `usize` and `isize` is the machine's
    signed: isize, //~ ERROR the width of `usize` and `isize` is the machine's
    nonzero: NonZeroUsize, //~ ERROR the width of `usize` and `isize` is the machine's
    generic: NonZero<isize>, //~ ERROR the width of `usize` and `isize` is the machine's
    option: Option<NonZero<usize>>, //~ ERROR the width of `usize` and `isize` is the machine's
    array: [[usize; 2]; 2], //~ ERROR the width of `usize` and `isize` is the machine's
}
//~? use `u64` or `i64`, or `NonZero` of them

fn main() {}
