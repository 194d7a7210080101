//! half's 16-bit floats.

use half::{bf16, f16};

use super::assert_pod;
use crate::layout::{Class, Layout, Order};
use crate::persist::{Persist, TypeName};

macro_rules! half_float {
    ($type:ident, $class:ident) => {
        const _: () = assert_pod::<$type>();

        // SAFETY: a transparent `u16`, and plain old data by the assertion above.
        unsafe impl Persist for $type {
            const LAYOUT: &'static Layout =
                &Layout::primitive::<Self>(Class::$class, Order::Native);
            const ANY_BITS: bool = true;

            unsafe fn is_valid(_: *const Self) -> bool {
                true
            }
        }

        impl TypeName for $type {
            const NAME: &'static str = Self::LAYOUT.name();
        }
    };
}

half_float!(f16, Float);
half_float!(bf16, BFloat);
