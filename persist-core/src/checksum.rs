//! XXH3-64, the only checksum in the format.

#![forbid(unsafe_code)]

/// The checksum of some bytes. About 10 GB/s and more on long input.
pub(crate) fn checksum(bytes: &[u8]) -> u64 {
    xxhash_rust::xxh3::xxh3_64(bytes)
}
