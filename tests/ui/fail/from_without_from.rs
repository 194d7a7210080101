//! The earlier version must be one that this can be made from.
use persist_core::Persist;

mod v1 {
    #[derive(Clone, Copy, persist_core::Persist)]
    #[repr(C)]
    pub struct Tick {
        pub price: f32,
    }
}

#[derive(Clone, Copy, Persist)]
#[persist(from = v1::Tick)] //~ ERROR the trait bound `Tick: From<v1::Tick>` is not satisfied
#[repr(C)]
struct Tick {
    price: f64,
}

fn main() {}
