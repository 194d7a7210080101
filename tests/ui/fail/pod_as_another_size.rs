//! The type in `as` has the field's bytes.
use persist_core::Persist;

#[derive(Clone, Copy, Persist)]
#[repr(C)]
struct Row {
    #[persist(pod, as = [u8; 3])]
    number: u32, //~ ERROR persist: the type in `as` has another size than the field's
}

fn main() {}
