//! A type without `Persist`, with the ways out.
use persist_core::Persist;

#[derive(Clone, Copy)]
struct Foreign;

#[derive(Clone, Copy, Persist)]
#[repr(C)]
struct Row {
    field: Foreign, //~ ERROR `Foreign` can't be stored in a persist file
}
//~? your own types: add `#[derive(Clone, Copy, Persist)]` and `#[repr(C)]`
//~? put `#[persist(pod = "name")]` on the field

fn main() {}
