//! XXH3-64, the only checksum in the format.

#![forbid(unsafe_code)]

use xxhash_rust::xxh3::{Xxh3Default, xxh3_64, xxh3_64_with_seed};

/// The checksum of some bytes. About 10 GB/s and more on long input.
pub(crate) fn checksum(bytes: &[u8]) -> u64 {
    xxh3_64(bytes)
}

/// A checksum that differs for each seed.
pub(crate) fn checksum_with_seed(bytes: &[u8], seed: u64) -> u64 {
    xxh3_64_with_seed(bytes, seed)
}

/// The checksum of bytes that come in pieces.
pub(crate) struct Checksum(Box<Xxh3Default>);

impl Checksum {
    pub(crate) fn new() -> Self {
        Self(Box::default())
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    pub(crate) fn finish(&self) -> u64 {
        self.0.digest()
    }
}

impl std::fmt::Debug for Checksum {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Checksum({:#018x})", self.finish())
    }
}
