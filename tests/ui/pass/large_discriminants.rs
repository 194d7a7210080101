//! Variants at the ends of each integer.
#![allow(dead_code)]
use persist_core::Persist;

#[derive(Clone, Copy, Persist)]
#[repr(u64)]
enum Large {
    Max = u64::MAX,
    Zero = 0,
}

#[derive(Clone, Copy, Persist)]
#[repr(i64)]
enum Small {
    Min = i64::MIN,
    Max = i64::MAX,
}

fn main() {}
