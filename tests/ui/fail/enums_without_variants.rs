//! An enum without variants has no values.
use persist_core::Persist;

#[derive(Clone, Copy, Persist)]
#[repr(u8)] //~ ERROR unsupported representation for zero-variant enum
enum Never {} //~ ERROR `Never` has no variants, and so no values

fn main() {}
