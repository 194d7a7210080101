//! A vector says why it can't hold a type, without a derive.

use persist_core::MmapVec;

fn count(_: &MmapVec<usize>) {} //~ ERROR `usize` can't be stored in a persist file
//~? use `u64` or `i64`

fn main() {}
