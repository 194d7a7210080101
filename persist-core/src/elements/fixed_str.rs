//! Text of bounded length, stored inline.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::str::FromStr;

use crate::layout::{Kind, Layout};
use crate::persist::Persist;

/// UTF-8 text of at most `N` bytes, stored inline and filled up with NUL bytes.
///
/// Derefs to [`str`]. The text holds no NUL itself, so equal texts are equal bytes.
///
/// ```
/// use persist_core::FixedStr;
///
/// let origin = FixedStr::<3>::new("JFK")?;
/// assert_eq!(&*origin, "JFK");
/// assert!(FixedStr::<3>::new("EGLL").is_err(), "four bytes don't fit three");
/// # Ok::<(), persist_core::FixedStrError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(transparent)]
pub struct FixedStr<const N: usize>([u8; N]);

/// Why a text is not a [`FixedStr`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FixedStrError {
    /// The text has more bytes than fit.
    #[error(
        "text of {len_bytes} bytes, expected at most {capacity_bytes}: shorten it, or use a larger `FixedStr`"
    )]
    TooLong {
        /// The length of the text in bytes.
        len_bytes: usize,
        /// The bytes that fit.
        capacity_bytes: usize,
    },
    /// The text holds a NUL, which marks the end of shorter texts.
    #[error("NUL in text at byte {index}: remove it, or use a byte array")]
    ContainsNul {
        /// Where the first NUL stands, in bytes.
        index: usize,
    },
}

impl<const N: usize> FixedStr<N> {
    /// The text `""`.
    pub const EMPTY: Self = Self([0; N]);

    /// Stores a text. O(N).
    ///
    /// # Errors
    ///
    /// [`TooLong`](FixedStrError::TooLong) where the text has more than `N` bytes, and
    /// [`ContainsNul`](FixedStrError::ContainsNul) where it holds a NUL.
    pub const fn new(text: &str) -> Result<Self, FixedStrError> {
        let bytes = text.as_bytes();
        if bytes.len() > N {
            return Err(FixedStrError::TooLong { len_bytes: bytes.len(), capacity_bytes: N });
        }
        let mut stored = [0; N];
        let mut index = 0;
        while index < bytes.len() {
            if bytes[index] == 0 {
                return Err(FixedStrError::ContainsNul { index });
            }
            stored[index] = bytes[index];
            index += 1;
        }
        Ok(Self(stored))
    }

    /// The text. O(N).
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(text_of(&self.0)).expect("a FixedStr holds UTF-8")
    }

    /// The most bytes of text that fit: `N`.
    #[must_use]
    pub const fn capacity_bytes(&self) -> usize {
        N
    }
}

/// The bytes before the NULs at the end.
fn text_of(bytes: &[u8]) -> &[u8] {
    let len = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
    &bytes[..len]
}

/// The text in the bytes of a [`FixedStr`]; `None` where they aren't UTF-8 without a NUL, then NULs to the end.
pub(crate) fn fixed_str(bytes: &[u8]) -> Option<&str> {
    let (text, rest) = bytes.split_at(text_of(bytes).len());
    std::str::from_utf8(text).ok().filter(|_| rest.iter().all(|&byte| byte == 0))
}

impl<const N: usize> Default for FixedStr<N> {
    fn default() -> Self {
        Self::EMPTY
    }
}

impl<const N: usize> Deref for FixedStr<N> {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl<const N: usize> AsRef<str> for FixedStr<N> {
    fn as_ref(&self) -> &str {
        self
    }
}

impl<const N: usize> Borrow<str> for FixedStr<N> {
    fn borrow(&self) -> &str {
        self
    }
}

impl<const N: usize> FromStr for FixedStr<N> {
    type Err = FixedStrError;

    fn from_str(text: &str) -> Result<Self, FixedStrError> {
        Self::new(text)
    }
}

impl<const N: usize> TryFrom<&str> for FixedStr<N> {
    type Error = FixedStrError;

    fn try_from(text: &str) -> Result<Self, FixedStrError> {
        Self::new(text)
    }
}

impl<const N: usize> PartialEq<str> for FixedStr<N> {
    fn eq(&self, other: &str) -> bool {
        text_of(&self.0) == other.as_bytes()
    }
}

impl<const N: usize> PartialEq<&str> for FixedStr<N> {
    fn eq(&self, other: &&str) -> bool {
        *self == **other
    }
}

impl<const N: usize> PartialOrd for FixedStr<N> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<const N: usize> Ord for FixedStr<N> {
    /// The order of [`str`]: a NUL at the end sorts before any byte of text.
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.cmp(&other.0)
    }
}

impl<const N: usize> Hash for FixedStr<N> {
    /// The hash of [`str`], as `Borrow<str>` requires.
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl<const N: usize> fmt::Display for FixedStr<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.as_str(), f)
    }
}

impl<const N: usize> fmt::Debug for FixedStr<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

// SAFETY: a transparent array of bytes; `is_valid` accepts only what `new` can make.
unsafe impl<const N: usize> Persist for FixedStr<N> {
    const LAYOUT: &'static Layout = &Layout { size: N, kind: Kind::FixedStr };
    const ANY_BITS: bool = false;

    unsafe fn is_valid(element: *const Self) -> bool {
        // SAFETY: the caller vouches for N readable, initialised bytes that nobody writes meanwhile, and
        // bytes need no alignment. They aren't copied: N may be more than a stack has.
        let bytes = unsafe { std::slice::from_raw_parts(element.cast::<u8>(), N) };
        fixed_str(bytes).is_some()
    }
}
