//! The type in `as` takes any bytes, as the field does.
use persist_core::Persist;

#[derive(Clone, Copy, Persist)]
#[repr(C)]
struct Row {
    #[persist(pod, as = bool)]
    number: u8, //~ ERROR persist: the type in `as` has bit patterns that are not values
}

fn main() {}
