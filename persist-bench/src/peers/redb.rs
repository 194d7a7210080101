//! redb: a cache that holds everything, and its default of one flush per commit.

use std::path::Path;

use anyhow::{Context, Result};
use redb::{
    Database, Durability, ReadableDatabase, ReadableTable, ReadableTableMetadata, TableDefinition,
};

use super::{Kind, Peer, VALUE_BYTES, Value, key_of, stamp_of, value_lengths};
use crate::column::{Column, Edits};
use crate::elements::Element;

const VALUES: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("values");

/// A database with one table of values.
pub(crate) struct Redb {
    database: Database,
    value: Value,
}

impl Redb {
    /// A new database of no values, with room to cache so many bytes.
    pub(crate) fn create(directory: &Path, cache_bytes: usize) -> Result<Self> {
        let mut redb = Self::open(directory, cache_bytes)?;
        redb.insert(0..0, |key| key)?;
        Ok(redb)
    }

    pub(crate) fn open(directory: &Path, cache_bytes: usize) -> Result<Self> {
        let database = Database::builder()
            .set_cache_size(cache_bytes)
            .create(directory.join("values.redb"))?;
        Ok(Self { database, value: Value::new() })
    }

    /// A database with so many values.
    pub(crate) fn loaded(directory: &Path, keys: u64) -> Result<Self> {
        let mut redb = Self::create(directory, (2 * keys as usize * 4096).max(1 << 30))?;
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

    fn kind(&self) -> Kind {
        Kind::Database
    }

    fn update(&mut self, keys: &[u64], stamp: u64) -> Result<()> {
        self.insert(keys.iter().copied(), |_| stamp)
    }

    fn append(&mut self, bytes: u64) -> Result<()> {
        let mut transaction = self.database.begin_write()?;
        transaction.set_durability(Durability::Immediate)?;
        let mut values = transaction.open_table(VALUES)?;
        let start = values.len()?;
        for (key, length) in (start..).zip(value_lengths(bytes)) {
            let value = &self.value.stamped(key)[..length];
            values.insert_reserve(key, length)?.as_mut().copy_from_slice(value);
        }
        drop(values);
        Ok(transaction.commit()?)
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

/// A value for each element.
impl<T: Element> Column<T> for Redb {
    fn push_all(&mut self, len: u64) -> Result<()> {
        let transaction = self.database.begin_write()?;
        let mut values = transaction.open_table(VALUES)?;
        for key in 0..len {
            values.insert(key, T::nth(key).as_bytes())?;
        }
        drop(values);
        Ok(transaction.commit()?)
    }

    fn sum(&self) -> Result<u64> {
        let values = self.database.begin_read()?.open_table(VALUES)?;
        values.iter()?.try_fold(0u64, |sum, entry| {
            let (_, value) = entry?;
            Ok(sum.wrapping_add(key_of::<T>(value.value())?))
        })
    }

    fn sum_at(&self, indices: &[u64]) -> Result<u64> {
        let values = self.database.begin_read()?.open_table(VALUES)?;
        indices.iter().try_fold(0u64, |sum, index| {
            let value = values.get(index)?.context("a key is missing")?;
            Ok(sum.wrapping_add(key_of::<T>(value.value())?))
        })
    }

    fn write_at(&mut self, indices: &[u64], stamp: u64, _edits: Edits) -> Result<()> {
        let transaction = self.database.begin_write()?;
        let mut values = transaction.open_table(VALUES)?;
        for index in indices {
            values.insert(index, T::nth(index + stamp).as_bytes())?;
        }
        drop(values);
        Ok(transaction.abort()?)
    }

    /// Every commit is durable.
    fn sync(&mut self) -> Result<()> {
        Ok(())
    }

    fn close(self: Box<Self>) -> Result<()> {
        Ok(())
    }
}
