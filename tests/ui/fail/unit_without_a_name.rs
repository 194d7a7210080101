//! What stands in a `PhantomData` needs a name for the file.
use persist_core::{FixedStr, Pad, Persist, check};

use std::marker::PhantomData;

#[derive(Clone, Copy)]
struct Metres;

#[derive(Clone, Copy, Persist)]
#[repr(C)]
struct Length {
    value: f64,
    unit: PhantomData<Metres>, //~ ERROR `Metres` has no name to store for `PhantomData<Metres>`
}
//~? a marker type of your own: add `impl TypeName for Metres { const NAME: &'static str = "…"; }`

// One name for all instances of these would tell none from another.
#[derive(Clone, Copy, Persist)]
#[repr(C)]
struct Generic<T>(T);

#[derive(Clone, Copy, Persist)]
#[repr(C)]
struct Quantity<U> {
    value: f64,
    unit: PhantomData<U>,
}

check!(Quantity<Generic<u8>>); //~ ERROR `Generic<u8>` has no name to store for `PhantomData<Generic<u8>>`
check!(Quantity<[u8; 3]>); //~ ERROR `[u8; 3]` has no name to store
check!(Quantity<Pad<1>>); //~ ERROR Pad<1>` has no name to store
check!(Quantity<FixedStr<1>>); //~ ERROR FixedStr<1>` has no name to store
check!(Quantity<Quantity<u8>>); //~ ERROR `Quantity<u8>` has no name to store
//~? put a marker type with a hand-written `impl TypeName` in its place

fn main() {}
