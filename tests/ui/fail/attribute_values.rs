//! Values of the wrong kind.
use persist_core::Persist;

#[derive(Clone, Copy, Persist)]
#[persist(rename = "")] //~ ERROR a name can't be empty
#[persist(version = "1")] //~ ERROR expected integer literal
#[persist(crate = "not a path")] //~ ERROR this is not a path
#[repr(C)]
struct Row {
    #[persist(rename = 7)] //~ ERROR expected string literal
    a: u8,
    #[persist] //~ ERROR expected attribute arguments in parentheses
    b: u8,
    #[persist(pod, as = "u8")] //~ ERROR expected
    c: u8,
    #[persist(checked)] //~ ERROR expected `=`
    d: u8,
}

#[derive(Clone, Copy, Persist)]
#[persist(transparent = true)] //~ ERROR expected `,`
#[repr(transparent)]
struct Flag {
    a: u8,
}

#[derive(Clone, Copy, Persist)]
#[persist(version = 18446744073709551616)] //~ ERROR this is not a 64-bit version number
#[repr(C)]
struct Large {
    a: u8,
}

#[derive(Clone, Copy, Persist)]
#[persist(fingerprint = 0x1_00000000_00000000_00000000_00000000)] //~ ERROR this is not a 128-bit fingerprint
#[repr(C)]
struct Larger {
    a: u8,
}

fn main() {}
