//! Elements can't borrow.
use persist_core::Persist;

use std::marker::PhantomData;

#[derive(Clone, Copy, Persist)]
#[repr(C)]
struct Row<'a> { //~ ERROR elements can't borrow: `'a` means nothing in a file
    value: u8,
    borrow: PhantomData<&'a u8>,
}

fn main() {}
