//! SQLite in WAL mode with `synchronous=FULL`: one connection that has the file for itself, a statement
//! prepared once, integer primary keys.
//!
//! Its log is checkpointed at 4 MiB by default, within the commit that fills it. A longer log makes
//! checkpoints rarer for all who have one, so its length changes with that of persist's journal.

use std::path::Path;

use anyhow::{Context, Result};
use rusqlite::{Connection, TransactionBehavior};

use super::{Kind, Peer, Value, key_of, stamp_of, value_lengths};
use crate::column::{Column, Edits};
use crate::elements::Element;

const INSERT: &str = "INSERT INTO entries VALUES (?1, ?2)";
const UPDATE: &str = "UPDATE entries SET value = ?1 WHERE key = ?2";

/// A database with one table of values.
pub(crate) struct Sqlite {
    connection: Connection,
    value: Value,
}

impl Sqlite {
    /// A new database of no values, with room to cache and to map so many bytes.
    pub(crate) fn create(
        directory: &Path,
        cache_bytes: u64,
        journal_bytes: Option<u64>,
    ) -> Result<Self> {
        let sqlite = Self::open(directory, cache_bytes)?;
        if let Some(bytes) = journal_bytes {
            // None at all would be unlimited.
            let pages = (bytes / 4096).max(1);
            sqlite.connection.execute_batch(&format!("PRAGMA wal_autocheckpoint = {pages}"))?;
        }
        sqlite
            .connection
            .execute_batch("CREATE TABLE entries (key INTEGER PRIMARY KEY, value BLOB NOT NULL)")?;
        Ok(sqlite)
    }

    pub(crate) fn open(directory: &Path, cache_bytes: u64) -> Result<Self> {
        let connection = Connection::open(directory.join("values.sqlite"))?;
        // The file for itself: no shared memory, no locks to take.
        connection.execute_batch(&format!(
            "PRAGMA locking_mode = EXCLUSIVE;
             PRAGMA journal_mode = WAL;
             PRAGMA cache_size = -{cache_kib};
             PRAGMA mmap_size = {cache_bytes};
             PRAGMA synchronous = FULL;",
            cache_kib = cache_bytes / 1024,
        ))?;
        Ok(Self { connection, value: Value::new() })
    }

    /// A database with so many values.
    pub(crate) fn loaded(directory: &Path, keys: u64, journal_bytes: Option<u64>) -> Result<Self> {
        let mut sqlite = Self::create(directory, 2 * keys * 4096, journal_bytes)?;
        sqlite.append(keys * super::VALUE_BYTES as u64)?;
        // The log of the load is longer than any later one, and is cut off.
        sqlite.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        Ok(sqlite)
    }

    /// How many values there are.
    fn len(&self) -> Result<u64> {
        let next = "SELECT coalesce(max(key) + 1, 0) FROM entries";
        let len: i64 = self.connection.query_row(next, [], |row| row.get(0))?;
        Ok(len as u64)
    }
}

impl Peer for Sqlite {
    fn name(&self) -> String {
        // How the bundled one flushes was settled when it was compiled.
        match option_env!("LIBSQLITE3_FLAGS") {
            Some(flags) if flags.contains("-DHAVE_FDATASYNC=1") => "SQLite".into(),
            _ => "SQLite (by fsync)".into(),
        }
    }

    fn kind(&self) -> Kind {
        Kind::Database
    }

    fn update(&mut self, keys: &[u64], stamp: u64) -> Result<()> {
        let value = self.value.stamped(stamp);
        let transaction =
            self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut update = transaction.prepare_cached(UPDATE)?;
        for &key in keys {
            update.execute((value, key as i64))?;
        }
        drop(update);
        Ok(transaction.commit()?)
    }

    fn append(&mut self, bytes: u64) -> Result<()> {
        let start = self.len()?;
        let transaction = self.connection.transaction()?;
        let mut insert = transaction.prepare_cached(INSERT)?;
        for (key, length) in (start..).zip(value_lengths(bytes)) {
            insert.execute((key as i64, &self.value.stamped(key)[..length]))?;
        }
        drop(insert);
        Ok(transaction.commit()?)
    }

    fn checkpoint(&mut self) -> Result<()> {
        // The log keeps its size, so that nobody pays for its growth.
        Ok(self.connection.query_row("PRAGMA wal_checkpoint(RESTART)", [], |_| Ok(()))?)
    }

    fn stamp(&mut self, key: u64) -> Result<u64> {
        let value: Vec<u8> = self.connection.query_row(
            "SELECT value FROM entries WHERE key = ?1",
            [key as i64],
            |row| row.get(0),
        )?;
        Ok(stamp_of(&value))
    }
}

/// A value for each element.
impl<T: Element> Column<T> for Sqlite {
    fn push_all(&mut self, len: u64) -> Result<()> {
        let transaction = self.connection.transaction()?;
        let mut insert = transaction.prepare_cached(INSERT)?;
        for key in 0..len {
            insert.execute((key as i64, T::nth(key).as_bytes()))?;
        }
        drop(insert);
        Ok(transaction.commit()?)
    }

    fn sum(&self) -> Result<u64> {
        let mut select = self.connection.prepare_cached("SELECT value FROM entries")?;
        let mut rows = select.query([])?;
        let mut sum = 0u64;
        while let Some(row) = rows.next()? {
            sum = sum.wrapping_add(key_of::<T>(row.get_ref(0)?.as_blob()?)?);
        }
        Ok(sum)
    }

    fn sum_at(&self, indices: &[u64]) -> Result<u64> {
        let mut select =
            self.connection.prepare_cached("SELECT value FROM entries WHERE key = ?1")?;
        indices.iter().try_fold(0u64, |sum, &index| {
            let mut rows = select.query([index as i64])?;
            let row = rows.next()?.context("a key is missing")?;
            Ok(sum.wrapping_add(key_of::<T>(row.get_ref(0)?.as_blob()?)?))
        })
    }

    fn write_at(&mut self, indices: &[u64], stamp: u64, _edits: Edits) -> Result<()> {
        let transaction = self.connection.transaction()?;
        let mut update = transaction.prepare_cached(UPDATE)?;
        for &index in indices {
            update.execute((T::nth(index + stamp).as_bytes(), index as i64))?;
        }
        drop(update);
        Ok(transaction.rollback()?)
    }

    /// Every commit is durable.
    fn sync(&mut self) -> Result<()> {
        Ok(())
    }

    fn close(self: Box<Self>) -> Result<()> {
        Ok(())
    }
}
