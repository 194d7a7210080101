//! Only an `Option` of `NonZero` has a layout of its own.
use persist_core::Persist;

#[derive(Clone, Copy, Persist)]
#[repr(C)]
struct Row {
    number: Option<u32>, //~ ERROR how an `Option` of this type marks `None` is the compiler's choice
    float: std::option::Option<f64>, //~ ERROR how an `Option` of this type marks `None`
    array: Option<[u8; 4]>, //~ ERROR how an `Option` of this type marks `None`
}
//~? use `Option<NonZero<…>>`, a value that means none, or a flag in a field of its own

fn main() {}
