//! Through a re-export, and by another name.
#![allow(dead_code)]
mod vendored {
    pub mod inner {
        pub use persist_core as renamed;
    }
}

#[derive(Clone, Copy, vendored::inner::renamed::Persist)]
#[persist(crate = "vendored::inner::renamed")]
#[repr(C)]
struct Relative<T>(T);

#[derive(Clone, Copy, vendored::inner::renamed::Persist)]
#[persist(crate = "crate::vendored::inner::renamed")]
#[repr(u8)]
enum Absolute {
    A,
}
mod persist_core_ {}

fn main() {}
