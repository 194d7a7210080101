//! Type and const parameters, defaults, bounds and where clauses.
#![allow(dead_code)]
use std::marker::PhantomData;
use persist_core::{Persist, check};

trait Unit {}
impl Unit for u8 {}

#[derive(Clone, Copy, Persist)]
#[repr(C)]
struct Grid<T: Default = u8, const W: usize = 2, const H: usize = 2>
where
    T: PartialEq,
    [T; W]: Sized,
{
    cells: [[T; W]; H],
}

#[derive(Clone, Copy, Persist)]
#[repr(C, packed)]
struct Pair<A, B>(A, B);

#[derive(Clone, Copy, Persist)]
#[repr(C)]
struct Flags<const A: bool, const B: char, const C: i8, const D: u128> {
    value: u8,
}

#[derive(Clone, Copy)]
#[derive(Persist)]
#[repr(C)]
struct Quantity<T, U: Unit> {
    value: T,
    nested: Wrapper<[T; 2]>,
    unit: PhantomData<U>,
}

#[derive(Clone, Copy, Persist)]
#[repr(transparent)]
#[persist(transparent, bytemuck)]
struct Wrapper<T>(T, PhantomData<T>);

check!(Grid);
check!(Grid<f32, 3, 4>);
check!(Pair<u8, u64>);
check!(Flags<true, 'x', -1, 7>);
check!(Quantity<f64, u8>);

fn main() {}
