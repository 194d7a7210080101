//! [`Persist`] for std's types, and the element types that std lacks: [`Pad`] and [`FixedStr`].

mod fixed_str;
mod pad;

use std::marker::PhantomData;
use std::num::NonZero;

pub(crate) use fixed_str::fixed_str;
pub use fixed_str::{FixedStr, FixedStrError};
pub use pad::Pad;

use crate::layout::{Class, Kind, Layout, Order, Primitive};
use crate::persist::{Persist, TypeName};

impl Layout {
    /// The layout of a scalar `T` of this class.
    pub(crate) const fn primitive<T>(class: Class, order: Order) -> Self {
        let size = size_of::<T>();
        let order = if size == 1 { Order::Native } else { order };
        Self { size, kind: Kind::Primitive(Primitive { class, width: size as u8, order }) }
    }
}

/// Scalars of which every bit pattern is a value.
macro_rules! any_bits {
    ($($class:ident: $($type:ty)*;)*) => { $($(
        // SAFETY: a primitive (or, by std's guarantee, an `Option<NonZero>`, which is laid out like
        // the integer it wraps) has no padding, no pointer and no interior mutability, its width is
        // the same everywhere, and each of its bit patterns is a value.
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
    )*)* };
}

any_bits! {
    Unsigned: u8 u16 u32 u64 u128;
    Signed: i8 i16 i32 i64 i128;
    Float: f32 f64;
    OptionNonZeroUnsigned: Option<NonZero<u8>> Option<NonZero<u16>> Option<NonZero<u32>>
        Option<NonZero<u64>> Option<NonZero<u128>>;
    OptionNonZeroSigned: Option<NonZero<i8>> Option<NonZero<i16>> Option<NonZero<i32>>
        Option<NonZero<i64>> Option<NonZero<i128>>;
}

/// Scalars that are laid out like another, and valid where a condition on that one holds.
macro_rules! some_bits {
    ($($class:ident: $type:ty as $bits:ty, $valid:expr;)*) => { $(
        // SAFETY: `bool`, `char` and `NonZero` have the size of the integer named here, no padding,
        // no pointer and no interior mutability; the condition is their definition of a value.
        unsafe impl Persist for $type {
            const LAYOUT: &'static Layout =
                &Layout::primitive::<Self>(Class::$class, Order::Native);
            const ANY_BITS: bool = false;

            unsafe fn is_valid(element: *const Self) -> bool {
                const { assert!(size_of::<$type>() == size_of::<$bits>()) };
                // SAFETY: the caller vouches for as many readable, initialised bytes as the integer
                // has, by the assertion above; the read needs no alignment.
                let bits = unsafe { element.cast::<$bits>().read_unaligned() };
                let is_valid: fn($bits) -> bool = $valid;
                is_valid(bits)
            }
        }

        impl TypeName for $type {
            const NAME: &'static str = Self::LAYOUT.name();
        }
    )* };
}

some_bits! {
    Bool: bool as u8, |bits| bits <= 1;
    // Below 0x11_0000 and outside the surrogates 0xd800..0xe000, in one comparison.
    Char: char as u32, |bits| (bits ^ 0xd800).wrapping_sub(0x800) < 0x11_0000 - 0x800;
    NonZeroUnsigned: NonZero<u8> as u8, |bits| bits != 0;
    NonZeroUnsigned: NonZero<u16> as u16, |bits| bits != 0;
    NonZeroUnsigned: NonZero<u32> as u32, |bits| bits != 0;
    NonZeroUnsigned: NonZero<u64> as u64, |bits| bits != 0;
    NonZeroUnsigned: NonZero<u128> as u128, |bits| bits != 0;
    NonZeroSigned: NonZero<i8> as i8, |bits| bits != 0;
    NonZeroSigned: NonZero<i16> as i16, |bits| bits != 0;
    NonZeroSigned: NonZero<i32> as i32, |bits| bits != 0;
    NonZeroSigned: NonZero<i64> as i64, |bits| bits != 0;
    NonZeroSigned: NonZero<i128> as i128, |bits| bits != 0;
}

// SAFETY: an array is its elements, one after the other with nothing between, so each promise
// follows from the element's.
unsafe impl<T: Persist, const N: usize> Persist for [T; N] {
    const LAYOUT: &'static Layout =
        &Layout { size: size_of::<Self>(), kind: Kind::Array { element: T::LAYOUT, len: N } };
    const ANY_BITS: bool = T::ANY_BITS;

    unsafe fn is_valid(element: *const Self) -> bool {
        if T::ANY_BITS {
            return true;
        }
        let first = element.cast::<T>();
        let mut valid = true;
        for i in 0..N {
            // SAFETY: `i < N`, so the offset stays within the array that the caller vouches for.
            let item = unsafe { first.add(i) };
            // SAFETY: the item's bytes are part of the array's, readable and initialised.
            valid &= unsafe { T::is_valid(item) };
        }
        valid
    }
}

// SAFETY: no bytes at all.
unsafe impl<T: TypeName + Copy + Send + Sync + 'static> Persist for PhantomData<T> {
    const LAYOUT: &'static Layout = &Layout { size: 0, kind: Kind::Phantom { name: T::NAME } };
    const ANY_BITS: bool = true;

    unsafe fn is_valid(_: *const Self) -> bool {
        true
    }
}
