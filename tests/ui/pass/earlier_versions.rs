//! Earlier names, and earlier versions, also of generic structs.
use persist_core::{Persist, check};

mod v1 {
    use persist_core::Persist;

    #[derive(Clone, Copy, Persist)]
    #[repr(C)]
    pub struct Tick {
        pub price: f32,
    }

    #[derive(Clone, Copy, Persist)]
    #[repr(C)]
    pub struct Pair<T> {
        pub a: T,
    }
}

mod v2 {
    use persist_core::Persist;

    #[derive(Clone, Copy, Persist)]
    #[persist(from = super::v1::Tick)]
    #[repr(C)]
    pub struct Tick {
        pub price: f64,
    }

    impl From<super::v1::Tick> for Tick {
        fn from(old: super::v1::Tick) -> Self {
            Self { price: old.price.into() }
        }
    }
}

#[derive(Clone, Copy, Persist)]
#[persist(version = 3, from = v2::Tick)]
#[repr(C)]
pub struct Tick {
    #[persist(alias = "price", alias = "cost", rename = "p")]
    pub price: f64,
    #[persist(alias = "volume")]
    pub quantity: u64,
}

impl From<v2::Tick> for Tick {
    fn from(old: v2::Tick) -> Self {
        Self { price: old.price, quantity: 0 }
    }
}

#[derive(Clone, Copy, Persist)]
#[persist(from = v1::Pair<T>)]
#[repr(C)]
pub struct Pair<T> {
    pub a: T,
    pub b: T,
}

impl<T: Copy> From<v1::Pair<T>> for Pair<T> {
    fn from(old: v1::Pair<T>) -> Self {
        Self { a: old.a, b: old.a }
    }
}

check!(Pair<u32>);

#[derive(Clone, Copy, Persist)]
#[repr(u8)]
pub enum Side {
    #[persist(alias = "Bid")]
    Buy,
    Sell,
}

fn main() {
    let _ = (Side::Buy, Side::Sell);
}
