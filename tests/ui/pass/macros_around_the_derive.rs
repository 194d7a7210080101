//! Macros that leave alone what the derive saw, or that it sees the work of.
#![allow(dead_code)]
use std::marker::PhantomData;
use persist_core::{Persist, check};
use ui_macros::becomes;

#[becomes(
    #[derive(Clone, Copy, Persist)]
    #[repr(C)]
    struct Above { a: u8, added: u8 }
)]
struct Above {
    a: u8,
}

#[derive(Persist)]
#[repr(C, packed)]
#[becomes(
    #[derive(Clone, Copy)]
    #[repr(C, packed)]
    struct Below<T> { a: T, b: u64 }
)]
struct Below<T> {
    a: T,
    b: u64,
}

/// Documented.
#[derive(Persist)]
#[derive(Clone, Copy)]
#[persist(transparent, bytemuck)]
#[repr(transparent)]
#[must_use]
struct Wrapper<T, U>(PhantomData<U>, T);

macro_rules! length {
    () => { 4 };
}
macro_rules! number {
    () => { u32 };
}
const LEN: usize = length!();
type Number = number!();

#[derive(Clone, Copy, Persist)]
#[repr(C)]
struct Named {
    a: [Number; LEN],
    b: [u8; 5 - (!(LEN == 3)) as usize],
}

check!(Below<u16>);
check!(Wrapper<u8, u8>);

fn main() {}
