//! A file must tell by its layout which version it has.
use persist_core::Persist;

mod v1 {
    #[derive(Clone, Copy, persist_core::Persist)]
    #[repr(C)]
    pub struct Tick {
        pub cents: u64,
    }
}

mod v2 {
    #[derive(Clone, Copy, persist_core::Persist)]
    #[persist(from = super::v1::Tick, version = 2)]
    #[repr(C)]
    pub struct Tick {
        pub cents: u64,
    }

    impl From<super::v1::Tick> for Tick {
        fn from(old: super::v1::Tick) -> Self {
            Self { cents: old.cents * 100 }
        }
    }
}

#[derive(Clone, Copy, Persist)]
#[persist(from = v2::Tick)] //~ ERROR give one of them another `#[persist(version = N)]`
#[repr(C)]
struct Tick {
    cents: u64,
}

impl From<v2::Tick> for Tick {
    fn from(old: v2::Tick) -> Self {
        Self { cents: old.cents }
    }
}

fn main() {}
