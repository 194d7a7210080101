//! LMDB, by `heed`: keys as native integers, loaded in append mode, values written into reserved space.

use std::fs;
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};
use heed::byteorder::NativeEndian;
use heed::types::{Bytes, U64};
use heed::{Database, Env, EnvOpenOptions, IntegerComparator, PutFlags};

use super::{Kind, Peer, VALUE_BYTES, Value, key_of, stamp_of, value_lengths};
use crate::column::{Column, Edits};
use crate::elements::Element;

type Values = Database<U64<NativeEndian>, Bytes, IntegerComparator>;

/// An environment with one database of values, with LMDB's default of a flush per commit.
pub(crate) struct Lmdb {
    env: Env,
    values: Values,
    value: Value,
}

impl Lmdb {
    /// A new database of no values, which can get that large.
    pub(crate) fn create(directory: &Path, map_bytes: usize) -> Result<Self> {
        fs::create_dir(directory.join("lmdb"))?;
        Self::open(directory, map_bytes)
    }

    pub(crate) fn open(directory: &Path, map_bytes: usize) -> Result<Self> {
        let mut options = EnvOpenOptions::new();
        options.map_size(map_bytes);
        // SAFETY: the directory is this run's, and nobody else opens the files in it.
        let env = unsafe { options.open(directory.join("lmdb"))? };
        let mut transaction = env.write_txn()?;
        let values: Values = env
            .database_options()
            .types::<U64<NativeEndian>, Bytes>()
            .key_comparator::<IntegerComparator>()
            .create(&mut transaction)?;
        transaction.commit()?;
        Ok(Self { env, values, value: Value::new() })
    }

    /// A database with so many values.
    pub(crate) fn loaded(directory: &Path, keys: u64) -> Result<Self> {
        let mut lmdb = Self::create(directory, 4 * keys as usize * 4096 + (1 << 30))?;
        lmdb.append_all((0..keys).map(|_| VALUE_BYTES))?;
        Ok(lmdb)
    }

    fn append_all(&mut self, lengths: impl Iterator<Item = usize>) -> Result<()> {
        let mut transaction = self.env.write_txn()?;
        let start = self.values.len(&transaction)?;
        for (key, length) in (start..).zip(lengths) {
            let value = &self.value.stamped(key)[..length];
            self.values.put_with_flags(&mut transaction, PutFlags::APPEND, &key, value)?;
        }
        Ok(transaction.commit()?)
    }
}

impl Peer for Lmdb {
    fn name(&self) -> String {
        "LMDB".into()
    }

    fn kind(&self) -> Kind {
        Kind::Database
    }

    fn update(&mut self, keys: &[u64], stamp: u64) -> Result<()> {
        let value = self.value.stamped(stamp);
        let mut transaction = self.env.write_txn()?;
        for key in keys {
            self.values
                .put_reserved(&mut transaction, key, VALUE_BYTES, |place| place.write_all(value))?;
        }
        Ok(transaction.commit()?)
    }

    fn append(&mut self, bytes: u64) -> Result<()> {
        self.append_all(value_lengths(bytes))
    }

    /// It has no log: a transaction writes all pages to their place.
    fn checkpoint(&mut self) -> Result<()> {
        Ok(())
    }

    fn stamp(&mut self, key: u64) -> Result<u64> {
        let transaction = self.env.read_txn()?;
        let value = self.values.get(&transaction, &key)?.context("a key is missing")?;
        Ok(stamp_of(value))
    }
}

/// A value for each element.
impl<T: Element> Column<T> for Lmdb {
    fn push_all(&mut self, len: u64) -> Result<()> {
        let mut transaction = self.env.write_txn()?;
        for key in 0..len {
            let element = T::nth(key);
            let value = element.as_bytes();
            self.values.put_with_flags(&mut transaction, PutFlags::APPEND, &key, value)?;
        }
        Ok(transaction.commit()?)
    }

    fn sum(&self) -> Result<u64> {
        let transaction = self.env.read_txn()?;
        self.values.iter(&transaction)?.try_fold(0u64, |sum, entry| {
            let (_, value) = entry?;
            Ok(sum.wrapping_add(key_of::<T>(value)?))
        })
    }

    fn sum_at(&self, indices: &[u64]) -> Result<u64> {
        let transaction = self.env.read_txn()?;
        indices.iter().try_fold(0u64, |sum, index| {
            let value = self.values.get(&transaction, index)?.context("a key is missing")?;
            Ok(sum.wrapping_add(key_of::<T>(value)?))
        })
    }

    fn write_at(&mut self, indices: &[u64], stamp: u64, _edits: Edits) -> Result<()> {
        let mut transaction = self.env.write_txn()?;
        for index in indices {
            self.values.put(&mut transaction, index, T::nth(index + stamp).as_bytes())?;
        }
        transaction.abort();
        Ok(())
    }

    fn sync(&mut self) -> Result<()> {
        Ok(self.env.force_sync()?)
    }

    fn close(self: Box<Self>) -> Result<()> {
        Ok(())
    }
}
