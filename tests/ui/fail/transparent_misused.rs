//! `transparent` stands for one field.
use persist_core::Persist;

#[derive(Clone, Copy, Persist)]
#[persist(transparent)] //~ ERROR `transparent` needs `#[repr(transparent)]`
#[repr(C)]
struct C {
    a: u8,
}

#[derive(Clone, Copy, Persist)]
#[persist(transparent, rename = "X", version = 2)] //~ ERROR `rename` has no effect //~ ERROR `version` has no effect
#[repr(transparent)]
struct Labelled {
    a: u8,
}

#[derive(Clone, Copy, Persist)]
#[persist(transparent)] //~ ERROR `transparent` needs exactly one field beside `PhantomData`
#[repr(transparent)]
struct Two {
    a: u8,
    b: [u8; 0],
}

fn main() {}
