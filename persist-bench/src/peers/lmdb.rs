//! LMDB, by `heed`: keys as native integers, loaded in append mode, values written into reserved space.

use std::fs;
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};
use heed::byteorder::NativeEndian;
use heed::types::{Bytes, U64};
use heed::{Database, Env, EnvOpenOptions, IntegerComparator, PutFlags};

use super::{Peer, VALUE_BYTES, Value, stamp_of};

type Values = Database<U64<NativeEndian>, Bytes, IntegerComparator>;

/// An environment with one database of values, with LMDB's default of a flush per commit.
pub(crate) struct Lmdb {
    env: Env,
    values: Values,
    value: Value,
}

impl Lmdb {
    pub(crate) fn create(directory: &Path, keys: u64) -> Result<Self> {
        let directory = directory.join("lmdb");
        fs::create_dir(&directory)?;
        let mut options = EnvOpenOptions::new();
        options.map_size(4 * keys as usize * 4096 + (1 << 30));
        // SAFETY: the directory was just made, and nobody else opens the files in it.
        let env = unsafe { options.open(&directory)? };

        let mut value = Value::new();
        let mut transaction = env.write_txn()?;
        let values: Values = env
            .database_options()
            .types::<U64<NativeEndian>, Bytes>()
            .key_comparator::<IntegerComparator>()
            .create(&mut transaction)?;
        for key in 0..keys {
            let value = value.stamped(key);
            values.put_with_flags(&mut transaction, PutFlags::APPEND, &key, value)?;
        }
        transaction.commit()?;
        Ok(Self { env, values, value })
    }
}

impl Peer for Lmdb {
    fn name(&self) -> String {
        "LMDB".into()
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
