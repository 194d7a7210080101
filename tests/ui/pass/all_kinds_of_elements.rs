//! Every kind of element, and each `repr`.
#![allow(dead_code)]
use std::marker::PhantomData;
use std::num::{NonZero, NonZeroU16};
use persist_core::{FixedStr, Pad, Persist, check};

#[derive(Clone, Copy, Persist)]
#[repr(C)]
struct Scalars {
    a: u128,
    b: i128,
    c: u64,
    d: i64,
    e: f64,
    f: u32,
    g: i32,
    h: f32,
    i: char,
    j: u16,
    k: i16,
    l: NonZeroU16,
    m: Option<NonZero<i16>>,
    n: u8,
    o: i8,
    p: bool,
    q: Option<core::num::NonZeroU8>,
    r: FixedStr<3>,
    s: [[u8; 2]; 2],
    t: Pad<5>,
}

#[derive(Clone, Copy, Persist)]
#[repr(i16)]
#[non_exhaustive]
enum Signed {
    Low = i16::MIN,
    Minus = -1,
    Next,
    High = { const HIGH: i16 = 3; HIGH * 2 },
}

#[derive(Clone, Copy, Persist)]
#[repr(transparent)]
struct Wrapper<T, Unit>(T, PhantomData<Unit>);

#[derive(Clone, Copy, Persist)]
#[repr(transparent)]
#[persist(transparent)]
struct Metres(f64);

#[derive(Clone, Copy, Persist)]
#[repr(C, packed)]
struct Packed {
    a: u8,
    b: u64,
    c: Signed,
}

#[derive(Clone, Copy, Persist)]
#[repr(C)]
#[repr(align(16))]
struct Aligned([u64; 2]);

#[derive(Clone, Copy, Persist)]
#[repr(C)]
struct Row {
    aligned: Aligned,
    wrapper: Wrapper<u64, i8>,
    metres: Metres,
}

check!(Row);

fn main() {}
