//! Padding that is a field, and so is written as zeros instead of leaking memory.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use crate::layout::{Kind, Layout};
use crate::persist::Persist;

/// `N` bytes of explicit padding, written as zeros.
///
/// The compiler's own padding is uninitialised memory; [`Persist`](crate::Persist) refuses it, and
/// names the line to add:
///
/// ```
/// use persist_core::{Pad, Persist};
///
/// #[derive(Clone, Copy, Persist)]
/// #[repr(C)]
/// struct Sample { time: u64, value: u32, _pad: Pad<4> }
///
/// let sample = Sample { time: 1, value: 2, _pad: Pad::new() };
/// # assert_eq!(sample.time + u64::from(sample.value), 3);
/// ```
///
/// All paddings are equal: they carry no information, whatever bytes a file holds there.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct Pad<const N: usize>([u8; N]);

impl<const N: usize> Pad<N> {
    /// Zeros.
    #[must_use]
    pub const fn new() -> Self {
        Self([0; N])
    }
}

impl<const N: usize> Default for Pad<N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize> fmt::Debug for Pad<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pad<{N}>")
    }
}

impl<const N: usize> PartialEq for Pad<N> {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl<const N: usize> Eq for Pad<N> {}

impl<const N: usize> PartialOrd for Pad<N> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<const N: usize> Ord for Pad<N> {
    fn cmp(&self, _: &Self) -> Ordering {
        Ordering::Equal
    }
}

impl<const N: usize> Hash for Pad<N> {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

// SAFETY: a transparent array of bytes.
unsafe impl<const N: usize> Persist for Pad<N> {
    const LAYOUT: &'static Layout = &Layout { size: N, kind: Kind::Padding };
    const ANY_BITS: bool = true;

    unsafe fn is_valid(_: *const Self) -> bool {
        true
    }
}

// SAFETY: a transparent array of bytes, for which zeros are a value.
unsafe impl<const N: usize> bytemuck::Zeroable for Pad<N> {}

// SAFETY: a transparent array of bytes: no padding, and every bit pattern is a value.
unsafe impl<const N: usize> bytemuck::Pod for Pad<N> {}
