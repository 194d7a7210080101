//! What changes behind a shared reference can't be stored.
use persist_core::Persist;

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, AtomicUsize};

#[derive(Persist)]
#[repr(C)]
struct Row {
    cell: Cell<u8>, //~ ERROR `Cell` may change behind a shared reference
    atomic: AtomicU64, //~ ERROR `AtomicU64` may change behind a shared reference
    word: AtomicUsize, //~ ERROR `AtomicUsize` may change behind a shared reference
}
//~? store the plain value

fn main() {}
