//! `repr` and fields behind `cfg`.
#![allow(dead_code)]
use persist_core::Persist;

#[cfg_attr(all(), derive(Clone, Copy, Persist), repr(C), persist(version = 3))]
struct Row {
    #[cfg(any())]
    never: String,
    a: u8,
    #[cfg_attr(all(), persist(rename = "c"))]
    b: u8,
}

#[derive(Clone, Copy, Persist)]
#[cfg_attr(all(), repr(u8))]
enum Side {
    #[cfg(any())]
    Never(String),
    Buy,
}

fn main() {}
