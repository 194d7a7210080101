//! Types that come through `macro_rules!` are wrapped in invisible groups.
#![allow(dead_code, non_camel_case_types)]
use persist_core::Persist;

macro_rules! row {
    ($name:ident, $repr:ident, $type:ty, $len:expr, $value:literal) => {
        #[derive(Clone, Copy, Persist)]
        #[persist(rename = $value)]
        #[repr($repr)]
        struct $name {
            #[persist(pod, as = $type)]
            a: $type,
            b: [$type; $len],
            c: Option<std::num::NonZero<$type>>,
        }
    };
}

row!(Row, C, u32, 1 + 2, "R");
row!(r#type, C, u64, 3 + 3, "T");

fn main() {}
