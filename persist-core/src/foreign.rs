//! [`Persist`](crate::Persist) for other crates' types: what the derive's `pod` and `checked`
//! attributes call, and implementations behind the feature of each crate's name.

use bytemuck::{CheckedBitPattern, NoUninit, Pod};

use crate::layout::{Layout, MAX_ALIGN_BYTES};
use crate::persist::Persist;

#[cfg(feature = "glam")]
mod glam;
#[cfg(feature = "half")]
mod half;
#[cfg(feature = "uuid")]
mod uuid;
#[cfg(feature = "zerocopy")]
mod zerocopy;

/// The layout of `As`, for a foreign `F` that is stored as it: `#[persist(pod, as = As)]`.
#[doc(hidden)]
#[track_caller]
#[must_use]
pub const fn pod_as<F: Pod, As: Persist>() -> &'static Layout {
    assert!(
        size_of::<F>() == size_of::<As>(),
        "persist: the type in `as` has another size than the field's"
    );
    // A transparent struct is described as `As`, which doesn't show how the field is aligned.
    assert!(
        align_of::<F>() <= MAX_ALIGN_BYTES,
        "persist: the field needs an alignment of more than the 4096 a file can give"
    );
    assert!(
        As::ANY_BITS,
        "persist: the type in `as` has bit patterns that are not values, but the field is plain old data"
    );
    As::LAYOUT
}

/// Proves that a foreign type may be stored as opaque bytes: `#[persist(pod = "name")]`.
#[doc(hidden)]
pub const fn assert_pod<F: Pod + Send + Sync>() {}

/// Proves that a foreign type may be stored as bytes it can check: `#[persist(checked = "name")]`.
#[doc(hidden)]
pub const fn assert_checked<F: CheckedBitPattern + NoUninit + Send + Sync>() {}

/// Whether the bytes at `field` are a value of `F`.
///
/// # Safety
///
/// `field` must be valid for reads of `size_of::<F>()` initialised bytes; it need not be aligned.
#[doc(hidden)]
#[must_use]
pub unsafe fn is_valid_checked<F: CheckedBitPattern>(field: *const F) -> bool {
    const { assert!(size_of::<F>() == size_of::<F::Bits>()) };
    // SAFETY: `Bits` is as large as `F` and any bit pattern is a value of it, so the bytes that the
    // caller vouches for are one.
    let bits = unsafe { field.cast::<F::Bits>().read_unaligned() };
    F::is_valid_bit_pattern(&bits)
}
