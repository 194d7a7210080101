//! The [`Persist`] trait: which types may be elements of a file, and how they prove it.
//!
//! The implementations for std's types, and this crate's own element types, are in
//! [`elements`](crate::elements); those for other crates' types are in [`foreign`](crate::foreign).

mod bytes;
mod older;

pub(crate) use bytes::{bytes_of, element_of};
pub use older::Older;

use crate::layout::{Fingerprint, Layout, check_type};

/// A type whose bytes in memory are its bytes in a file, on every machine.
///
/// Derive it; don't implement it by hand:
///
/// ```
/// use persist_core::{Pad, Persist};
///
/// #[derive(Clone, Copy, Persist)]
/// #[repr(u8)]
/// enum Side { Buy = 0, Sell = 1 }
///
/// #[derive(Clone, Copy, Persist)]
/// #[repr(C)]
/// struct Tick { time: u64, price: f64, qty: u32, side: Side, live: bool, _pad: Pad<2> }
///
/// assert_eq!(Tick::LAYOUT.size(), 24);
/// assert!(!Tick::ANY_BITS, "a bool and an enum have bit patterns that are not values");
/// ```
///
/// # Which types
///
/// Integers and floats of fixed width, `bool`, `char`, [`NonZero`](std::num::NonZero) and `Option`
/// of it, arrays, [`Pad`](crate::Pad), [`FixedStr`](crate::FixedStr), `PhantomData`, and what the
/// derive accepts: `repr(C)`, `repr(transparent)` and `repr(C, packed)` structs of these, and
/// fieldless enums with a fixed-width `repr`. Not `usize` and `isize` (their width is the machine's),
/// references and pointers (they mean nothing in the next process), types that own memory
/// (`String`, `Vec`, `Box`), tuples (their order is the compiler's), unions and zero-sized types.
///
/// # Safety
///
/// An implementation promises that
///
/// 1. `Self` has no uninitialised bytes: every byte belongs to a field, at every value;
/// 2. `Self` has no interior mutability and holds no pointer, so any copy of its bytes is a copy of
///    its value, in this process or another;
/// 3. `LAYOUT` describes exactly the fields, offsets and size that the compiler gave `Self`, and
///    would be the same on every target that accepts the type;
/// 4. where `ANY_BITS` is true, every bit pattern of `size_of::<Self>()` bytes is a value of `Self`;
/// 5. `is_valid` returns true only for bit patterns that are values of `Self`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be stored in a persist file",
    label = "`{Self}` does not implement `Persist`",
    note = "your own types: add `#[derive(Clone, Copy, Persist)]` and `#[repr(C)]`",
    note = "`usize` and `isize`: use `u64` or `i64`; text: use `FixedStr<N>`; tuples: use a `#[repr(C)]` struct",
    note = "`Option<T>`: use `Option<NonZero<…>>`, a value that means none, or a flag in a field of its own",
    note = "types of other crates that are `bytemuck::Pod`: put `#[persist(pod = \"name\")]` on the field"
)]
pub unsafe trait Persist: Copy + Send + Sync + 'static {
    /// The names, offsets, sizes and kinds of this type.
    const LAYOUT: &'static Layout;

    /// Whether every bit pattern is a value, so that a file opens without looking at its elements.
    const ANY_BITS: bool;

    /// The hash of this type's descriptor: changes when, and only when, the layout does.
    ///
    /// ```
    /// # use persist_core::Persist;
    /// println!("u64 is {}", u64::FINGERPRINT);
    /// ```
    const FINGERPRINT: Fingerprint = {
        check_type(Self::LAYOUT);
        Self::LAYOUT.fingerprint()
    };

    /// The version before this one, as `#[persist(from = …)]` names it.
    #[doc(hidden)]
    const OLDER: &'static Option<Older> = &None;

    /// Whether the bytes at `element` are a value of this type. Branch-free for everything but
    /// text and foreign types, so that a loop over it can be vectorised.
    ///
    /// # Safety
    ///
    /// `element` must be valid for reads of `size_of::<Self>()` initialised bytes, which nobody writes
    /// meanwhile. It need not be aligned, and the bytes need not be a value.
    unsafe fn is_valid(element: *const Self) -> bool;
}

/// A name for a type that stands in a `PhantomData`, such as a unit of measure.
///
/// Scalars have one, and so has each type without parameters that derives [`Persist`]: the name that
/// the file records for it, or its own where it is `transparent`. A marker type gets one by hand:
///
/// ```
/// use std::marker::PhantomData;
/// use persist_core::{Persist, TypeName};
///
/// #[derive(Clone, Copy)]
/// struct Metres;
/// impl TypeName for Metres { const NAME: &'static str = "Metres"; }
///
/// #[derive(Clone, Copy, Persist)]
/// #[repr(C)]
/// struct Length<Unit> { value: f64, unit: PhantomData<Unit> }
///
/// assert_ne!(Length::<Metres>::FINGERPRINT, Length::<u8>::FINGERPRINT);
/// ```
///
/// Types made of others have none: generic types, arrays, [`Pad`](crate::Pad) and
/// [`FixedStr`](crate::FixedStr). One name for all their instances would give `Length<[u8; 3]>` and
/// `Length<[f64; 9]>` the same fingerprint. Let a marker type stand for the instance:
///
/// ```
/// # use std::marker::PhantomData;
/// # use persist_core::{Persist, TypeName};
/// # #[derive(Clone, Copy, Persist)]
/// # #[repr(C)]
/// # struct Length<Unit> { value: f64, unit: PhantomData<Unit> }
/// #[derive(Clone, Copy)]
/// struct SquareMetres;
/// impl TypeName for SquareMetres { const NAME: &'static str = "SquareMetres"; }
///
/// type Area = Length<SquareMetres>; // not Length<Square<Metres>>
/// # assert_eq!(Area::LAYOUT.size(), 8);
/// ```
///
/// Only names tell units apart: two types that give the same name make the same fingerprint.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no name to store for `PhantomData<{Self}>`",
    note = "a marker type of your own: add `impl TypeName for {Self} {{ const NAME: &'static str = \"…\"; }}`",
    note = "a generic type, an array, `Pad` or `FixedStr`: one name can't tell its instances apart; put a marker type with a hand-written `impl TypeName` in its place"
)]
pub trait TypeName {
    /// The name that the descriptor records.
    const NAME: &'static str;
}

/// Forces the layout checks of a type at the place where this stands.
///
/// The checks of a generic type otherwise run when a file of it is first opened, in the crate that
/// does so. `check!` also makes `cargo check` see them.
///
/// ```
/// use persist_core::{Persist, check};
///
/// #[derive(Clone, Copy, Persist)]
/// #[repr(C)]
/// struct Pair<A, B> { a: A, b: B }
///
/// check!(Pair<u32, f32>);
/// ```
///
/// `check!(Pair<u8, f32>)` would not compile: three bytes of padding follow `a`.
#[macro_export]
macro_rules! check {
    ($type:ty) => {
        const _: $crate::Fingerprint = <$type as $crate::Persist>::FINGERPRINT;
    };
}
