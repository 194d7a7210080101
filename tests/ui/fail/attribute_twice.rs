//! Each key stands once.
use persist_core::Persist;

#[derive(Clone, Copy, Persist)]
#[persist(version = 1, version = 2)] //~ ERROR `version` stands twice
#[persist(rename = "A")]
#[persist(rename = "B")] //~ ERROR `rename` stands twice
#[repr(C)]
struct Row {
    #[persist(rename = "x", rename = "y")] //~ ERROR `rename` stands twice
    a: u8,
}

fn main() {}
