//! What stands in a `PhantomData` needs a name for the file.
use persist_core::Persist;

use std::marker::PhantomData;

#[derive(Clone, Copy)]
struct Metres;

#[derive(Clone, Copy, Persist)]
#[repr(C)]
struct Length {
    value: f64,
    unit: PhantomData<Metres>, //~ ERROR `Metres` has no name to store for `PhantomData<Metres>`
}

fn main() {}
