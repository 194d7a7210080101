//! A trait object means nothing to the next process.
use persist_core::Persist;

#[derive(Persist)]
#[repr(C)]
struct Row {
    any: dyn std::any::Any, //~ ERROR a trait object means nothing to the next process
}

fn main() {}
