//! Finds the byte that was damaged, where a checksum tells.

/// The most work that a search may be: bytes to try, times bytes of each attempt.
const MOST_WORK: usize = 1 << 24;

/// One byte that is put back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Restored {
    pub(super) index: usize,
    pub(super) found: u8,
    pub(super) expected: u8,
}

/// Looks for the one byte among those of `indices` that makes bytes right, and puts it back.
///
/// With a checksum of 64 bits the wrong one is found once in as many files as 2^64 divided by 255 times the number
/// of bytes. Gives up where that would take long: time is in proportion to the square of the size.
pub(super) fn restore_byte(
    bytes: &mut [u8],
    indices: impl Iterator<Item = usize> + Clone,
    is_right: impl Fn(&[u8]) -> bool,
) -> Option<Restored> {
    if indices.clone().count().saturating_mul(bytes.len()) > MOST_WORK {
        return None;
    }
    for index in indices {
        let found = bytes[index];
        for flipped in 1..=u8::MAX {
            let expected = found ^ flipped;
            bytes[index] = expected;
            if is_right(bytes) {
                return Some(Restored { index, found, expected });
            }
        }
        bytes[index] = found;
    }
    None
}
