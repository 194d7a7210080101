//! SQLite in WAL mode with `synchronous=FULL`: one connection that has the file for itself, a statement
//! prepared once, integer primary keys.
//!
//! Its log is checkpointed at 4 MiB by default, within the commit that fills it. A longer log makes
//! checkpoints rarer for all who have one, so its length changes with that of persist's journal.

use std::path::Path;

use anyhow::Result;
use rusqlite::{Connection, TransactionBehavior};

use super::{Peer, Value, stamp_of};

const UPDATE: &str = "UPDATE entries SET value = ?1 WHERE key = ?2";

/// A database with one table of values.
pub(crate) struct Sqlite {
    connection: Connection,
    value: Value,
}

impl Sqlite {
    pub(crate) fn create(directory: &Path, keys: u64, journal_bytes: Option<u64>) -> Result<Self> {
        let mut connection = Connection::open(directory.join("values.sqlite"))?;
        let bytes = keys * 4096;
        // The file for itself: no shared memory, no locks to take. Room to cache and to map all pages.
        connection.execute_batch(&format!(
            "PRAGMA locking_mode = EXCLUSIVE;
             PRAGMA journal_mode = WAL;
             PRAGMA cache_size = -{cache_kib};
             PRAGMA mmap_size = {map_bytes};
             PRAGMA synchronous = FULL;
             CREATE TABLE entries (key INTEGER PRIMARY KEY, value BLOB NOT NULL);",
            cache_kib = 2 * bytes / 1024,
            map_bytes = 2 * bytes,
        ))?;
        if let Some(bytes) = journal_bytes {
            // None at all would be unlimited.
            let pages = (bytes / 4096).max(1);
            connection.execute_batch(&format!("PRAGMA wal_autocheckpoint = {pages}"))?;
        }

        let mut value = Value::new();
        let transaction = connection.transaction()?;
        let mut insert = transaction.prepare("INSERT INTO entries VALUES (?1, ?2)")?;
        for key in 0..keys {
            insert.execute((key as i64, value.stamped(key)))?;
        }
        drop(insert);
        transaction.commit()?;
        // The log of the load is longer than any later one, and is cut off.
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        Ok(Self { connection, value })
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
