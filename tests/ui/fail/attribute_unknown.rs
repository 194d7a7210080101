//! Unknown keys, with what is allowed.
use persist_core::Persist;

#[derive(Clone, Copy, Persist)]
#[persist(nane = "R")] //~ ERROR unknown attribute
#[repr(C)]
struct Row {
    #[persist(skip)] //~ ERROR unknown attribute
    a: u8,
    #[persist(skip = "old", from::x)] //~ ERROR unknown attribute //~ ERROR unknown attribute
    b: u8,
}
//~? on a struct or an enum these are allowed: `rename`, `version`, `transparent`, `fingerprint`, `bytemuck`, `from`, `crate`
//~? on a field these are allowed: `rename`, `alias`, `pod`, `as`, `checked`

#[derive(Clone, Copy, Persist)]
#[repr(u8)]
enum Side {
    #[persist(value = 3)] //~ ERROR unknown attribute
    Buy,
}
//~? on a variant these are allowed: `rename`, `alias`

fn main() {}
