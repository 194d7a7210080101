//! redb: a cache that holds everything, and its default of one flush per commit.

use std::path::Path;

use anyhow::{Context, Result};
use redb::{Database, Durability, ReadableDatabase, TableDefinition};

use super::{Peer, VALUE_BYTES, Value, stamp_of};

const VALUES: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("values");

/// A database with one table of values.
pub(crate) struct Redb {
    database: Database,
    value: Value,
}

impl Redb {
    pub(crate) fn create(directory: &Path, keys: u64) -> Result<Self> {
        let database = Database::builder()
            .set_cache_size((2 * keys as usize * 4096).max(1 << 30))
            .create(directory.join("values.redb"))?;
        let mut redb = Self { database, value: Value::new() };
        redb.insert(0..keys, |key| key)?;
        Ok(redb)
    }

    /// Inserts values that hold the stamps of their keys, or replaces them.
    fn insert(
        &mut self,
        keys: impl Iterator<Item = u64>,
        stamp: impl Fn(u64) -> u64,
    ) -> Result<()> {
        let mut transaction = self.database.begin_write()?;
        transaction.set_durability(Durability::Immediate)?;
        let mut values = transaction.open_table(VALUES)?;
        for key in keys {
            let value = self.value.stamped(stamp(key));
            values.insert_reserve(key, VALUE_BYTES)?.as_mut().copy_from_slice(value);
        }
        drop(values);
        Ok(transaction.commit()?)
    }
}

impl Peer for Redb {
    fn name(&self) -> String {
        "redb".into()
    }

    fn update(&mut self, keys: &[u64], stamp: u64) -> Result<()> {
        self.insert(keys.iter().copied(), |_| stamp)
    }

    /// It has no log: a transaction writes all pages to their place.
    fn checkpoint(&mut self) -> Result<()> {
        Ok(())
    }

    fn stamp(&mut self, key: u64) -> Result<u64> {
        let values = self.database.begin_read()?.open_table(VALUES)?;
        let value = values.get(key)?.context("a key is missing")?;
        Ok(stamp_of(value.value()))
    }
}
