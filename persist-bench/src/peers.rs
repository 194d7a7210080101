//! The contestants, each with the code that is best for it.

pub(crate) mod bare;
pub(crate) mod lmdb;
pub(crate) mod persist;
pub(crate) mod redb;
pub(crate) mod sqlite;

use anyhow::Result;

/// How long a value is: so that it fills a page of 4 KiB with what each database keeps beside it, and no
/// database needs two.
pub(crate) const VALUE_BYTES: usize = 4_000;

/// Something with numbered pages, or values of [`VALUE_BYTES`] under numbers, that can be changed durably.
pub(crate) trait Peer {
    /// What the report calls it.
    fn name(&self) -> String;

    /// Changes what is under each of the keys so that it holds the stamp, in one durable transaction.
    fn update(&mut self, keys: &[u64], stamp: u64) -> Result<()>;

    /// Moves what committed transactions left in a log to its place, durably.
    fn checkpoint(&mut self) -> Result<()>;

    /// The stamp under a key: what the last [`update`](Self::update) of it left.
    fn stamp(&mut self, key: u64) -> Result<u64>;
}

/// A value whose first eight bytes can be set.
struct Value([u8; VALUE_BYTES]);

impl Value {
    fn new() -> Self {
        Self([0x5a; VALUE_BYTES])
    }

    fn stamped(&mut self, stamp: u64) -> &[u8] {
        self.0[..size_of::<u64>()].copy_from_slice(&stamp.to_ne_bytes());
        &self.0
    }
}

/// The stamp of a value that was [`stamped`](Value::stamped).
fn stamp_of(value: &[u8]) -> u64 {
    u64::from_ne_bytes(value[..size_of::<u64>()].try_into().expect("eight bytes"))
}
