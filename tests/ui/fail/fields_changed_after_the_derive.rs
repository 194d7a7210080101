//! A macro below the derive changes the fields that the derive saw.
use persist_core::Persist;
use ui_macros::becomes;

#[derive(Persist)]
#[repr(C)]
#[becomes(
    #[derive(Clone, Copy)]
    #[repr(C)]
    struct Added { a: u8, hidden: u8 }
)]
struct Added { //~ ERROR missing field `hidden` in initializer of
    a: u8, //~ ERROR 1 byte of implicit padding
}

// A generic `Pod` asks for no layout, where the byte too many would show.
#[derive(Persist)]
#[persist(bytemuck)]
#[repr(C, packed)]
#[doc = "see below"]
#[becomes( //~ ERROR this may be a macro that changes the `repr`
    #[derive(Clone, Copy)]
    #[repr(C, packed)]
    struct Pod<T> { a: T, hidden: &'static u64 }
)]
struct Pod<T> {
    a: T,
}
//~? help: put a macro above the derive; beside another derive's attribute, implement `Pod` by hand

#[derive(Persist)]
#[repr(C, packed)]
#[becomes(
    #[derive(Clone, Copy)]
    #[repr(C, packed)]
    struct Generic<T> { a: T, hidden: &'static u64 }
)]
struct Generic<T> { //~ ERROR missing field `hidden` in initializer of
    a: T,
}

// The field that the derive saw is found behind the `Deref`.
#[derive(Persist)]
#[persist(transparent)]
#[repr(transparent)]
#[becomes(
    #[derive(Clone, Copy)]
    #[repr(transparent)]
    struct Renamed { b: &'static u64 }
)]
struct Renamed {
    a: u64, //~ ERROR struct `Renamed` has no field named `a`
}

struct Inner {
    a: u64,
}

impl std::ops::Deref for Renamed {
    type Target = Inner;
    fn deref(&self) -> &Inner {
        &Inner { a: 0 }
    }
}

#[derive(Persist)]
#[repr(C)]
#[becomes(
    #[derive(Clone, Copy)]
    #[repr(C)]
    struct Retyped(&'static u64);
)]
struct Retyped(u64); //~ ERROR mismatched types

#[derive(Persist)]
#[persist(transparent)]
#[repr(transparent)]
#[becomes(
    #[derive(Clone, Copy)]
    #[repr(transparent)]
    struct Phantom<T>(T, std::marker::PhantomData<*const T>);
)]
struct Phantom<T>(T, std::marker::PhantomData<T>); //~ ERROR mismatched types

#[derive(Persist)]
#[repr(u8)]
#[becomes(
    #[derive(Clone, Copy)]
    #[repr(u8)]
    enum Side { Buy, Sell, Hidden }
)]
enum Side { //~ ERROR non-exhaustive patterns: `Side::Hidden` not covered
    Buy,
    Sell,
}

fn main() {}
