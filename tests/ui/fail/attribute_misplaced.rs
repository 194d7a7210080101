//! Keys in the wrong place, with the right one.
use persist_core::Persist;

#[derive(Clone, Copy, Persist)]
#[persist(pod)] //~ ERROR `pod` belongs on a field, not on a struct or an enum
#[repr(C)]
struct Row {
    #[persist(version = 1)] //~ ERROR `version` belongs on a struct or an enum, not on a field
    a: u8,
}

#[derive(Clone, Copy, Persist)]
#[persist(transparent, bytemuck)] //~ ERROR `transparent` belongs on a struct of one field, not on an enum //~ ERROR an enum can't be `bytemuck::Pod`
#[repr(u8)]
enum Side {
    #[persist(pod = "x")] //~ ERROR `pod` belongs on a field, not on a variant
    Buy,
}

fn main() {}
