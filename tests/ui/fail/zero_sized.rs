//! A file of zero-sized elements would have no bytes.
use persist_core::Persist;

use std::marker::PhantomData;

#[derive(Clone, Copy, Persist)]
#[repr(C)]
struct Unit; //~ ERROR `Unit` is zero-sized: a file of it would have no bytes

#[derive(Clone, Copy, Persist)]
#[repr(C)]
struct Empty {} //~ ERROR `Empty` is zero-sized

#[derive(Clone, Copy, Persist)]
#[repr(C)]
struct Tuple(); //~ ERROR `Tuple` is zero-sized
//~? add a field, or store the count as a number

fn main() {}
