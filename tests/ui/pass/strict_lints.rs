//! The generated code breaks no lint of the user's crate.
#![forbid(unsafe_code)]
#![deny(warnings, missing_docs, unused, let_underscore_drop, single_use_lifetimes)]
#![deny(future_incompatible, trivial_casts, trivial_numeric_casts, unused_qualifications)]
#![allow(dead_code)]
use std::marker::PhantomData;
use persist_core::Persist;

mod private {
    #[derive(Clone, Copy, super::Persist)]
    #[repr(C)]
    struct Hidden<T>(T);

    #[derive(Clone, Copy, super::Persist)]
    #[repr(C)]
    pub struct Public<T> {
        hidden: Hidden<T>,
        foreign: ForeignUser,
    }

    #[derive(Clone, Copy, super::Persist)]
    #[repr(C)]
    struct ForeignUser {
        #[persist(pod = "a")]
        a: u8,
        #[persist(checked = "b")]
        b: bool,
        #[persist(pod, as = [u8; 2])]
        c: [u8; 2],
    }
}

#[derive(Clone, Copy, Persist)]
#[deprecated]
#[repr(C)]
struct Old {
    #[deprecated]
    value: u8,
}

#[derive(Clone, Copy, Persist)]
#[persist(bytemuck)]
#[repr(C, packed)]
struct Packed<T>(u8, #[deprecated] T, u64);

#[derive(Clone, Copy, Persist)]
#[persist(transparent, bytemuck)]
#[repr(transparent)]
struct Wrapper<T, U> {
    unit: PhantomData<U>,
    #[deprecated]
    value: T,
}

#[derive(Clone, Copy, Persist)]
#[repr(u8)]
enum Side {
    #[deprecated]
    Buy,
    Sell,
}

#[derive(Clone, Copy, Persist)]
#[persist(bytemuck)]
#[repr(C)]
struct Plain {
    a: u8,
    unit: PhantomData<u16>,
}

fn main() {
    let _ = (Side::Sell, private::Public::<u8>::LAYOUT, Plain { a: 1, unit: PhantomData });
}
