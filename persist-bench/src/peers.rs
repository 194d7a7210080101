//! The contestants, each with the code that is best for it.

pub(crate) mod bare;
pub(crate) mod epserde;
pub(crate) mod file_vec;
pub(crate) mod lmdb;
pub(crate) mod memmap2;
pub(crate) mod memory;
pub(crate) mod memvec;
pub(crate) mod mmap_vec;
pub(crate) mod persist;
pub(crate) mod redb;
pub(crate) mod rkyv;
pub(crate) mod sqlite;
pub(crate) mod vecdb;

use std::path::Path;

use anyhow::Result;
use serde::Serialize;

use crate::column::{Column, Work};
use crate::elements::Element;

/// How long a value is: so that it fills a page of 4 KiB with what each database keeps beside it, and no
/// database needs two.
pub(crate) const VALUE_BYTES: usize = 4_000;

/// What stands in the way of a work, or nothing.
pub(crate) type Lacks = Option<&'static str>;

/// Every peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Library {
    Persist,
    /// `MmapSlice`, which only reads.
    PersistSlice,
    /// A vector in memory, and no file.
    Vec,
    /// A vector in memory whose bytes are written to a file, and read from it.
    VecAndFile,
    Memmap2,
    Memvec,
    MmapVec,
    FileVec,
    Vecdb,
    Epserde,
    Rkyv,
    Lmdb,
    Redb,
    Sqlite,
}

/// What a peer is to persist.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    Persist,
    /// What the machine or the system alone can do.
    Floor,
    /// A vector in a mapped file.
    Vector,
    /// A file that is written as a whole, and mapped to read.
    Serializer,
    Database,
}

impl Library {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Persist => "persist",
            Self::PersistSlice => "persist, to read",
            Self::Vec => "Vec",
            Self::VecAndFile => "Vec + write/read",
            Self::Memmap2 => "memmap2",
            Self::Memvec => "memvec",
            Self::MmapVec => "mmap-vec",
            Self::FileVec => "file-vec",
            Self::Vecdb => "vecdb",
            Self::Epserde => "epserde",
            Self::Rkyv => "rkyv",
            Self::Lmdb => "LMDB",
            Self::Redb => "redb",
            Self::Sqlite => "SQLite",
        }
    }

    pub(crate) fn is_database(self) -> bool {
        self.kind() == Kind::Database
    }

    /// Whether it holds all elements in memory, at least to write them.
    pub(crate) fn needs_memory(self) -> bool {
        use Library::{Epserde, Rkyv, Vec, VecAndFile, Vecdb};
        matches!(self, Vec | VecAndFile | Vecdb | Epserde | Rkyv)
    }

    pub(crate) fn kind(self) -> Kind {
        match self {
            Self::Persist | Self::PersistSlice => Kind::Persist,
            Self::Vec | Self::VecAndFile | Self::Memmap2 => Kind::Floor,
            Self::Memvec | Self::MmapVec | Self::FileVec | Self::Vecdb => Kind::Vector,
            Self::Epserde | Self::Rkyv => Kind::Serializer,
            Self::Lmdb | Self::Redb | Self::Sqlite => Kind::Database,
        }
    }

    /// Why the peer can't do a work, or has no part in it.
    pub(crate) fn lacks(self, work: Work) -> Lacks {
        match self {
            Self::Persist => None,
            Self::PersistSlice => persist::slice_lacks(work),
            Self::Vec => memory::vec_lacks(work),
            Self::VecAndFile => memory::file_lacks(work),
            Self::Memmap2 => None,
            Self::Memvec => None,
            Self::MmapVec => mmap_vec::lacks(work),
            Self::FileVec => None,
            Self::Vecdb => vecdb::lacks(work),
            Self::Epserde => epserde::lacks(work),
            Self::Rkyv => rkyv::lacks(work),
            Self::Lmdb | Self::Redb | Self::Sqlite => database_lacks(work),
        }
    }

    /// A new file of no elements in a directory, which is the peer's own.
    pub(crate) fn create<T: Element>(self, directory: &Path) -> Result<Box<dyn Column<T>>> {
        let path = &directory.join("elements");
        Ok(match self {
            Self::Persist | Self::PersistSlice => persist::create(path)?,
            Self::Vec => memory::vec(),
            Self::VecAndFile => memory::create(path),
            Self::Memmap2 => memmap2::create(path)?,
            Self::Memvec => memvec::open(path)?,
            Self::MmapVec => mmap_vec::create(directory)?,
            Self::FileVec => file_vec::create(path)?,
            Self::Vecdb => vecdb::open(path)?,
            Self::Epserde => epserde::create(path),
            Self::Rkyv => rkyv::create(path),
            Self::Lmdb => Box::new(lmdb::Lmdb::create(directory, 4 << 30)?),
            Self::Redb => Box::new(redb::Redb::create(directory, 1 << 30)?),
            Self::Sqlite => Box::new(sqlite::Sqlite::create(directory, 1 << 30, None)?),
        })
    }

    /// The file of a column that was closed.
    pub(crate) fn open<T: Element>(self, directory: &Path) -> Result<Box<dyn Column<T>>> {
        let path = &directory.join("elements");
        Ok(match self {
            Self::Persist => persist::open(path)?,
            Self::PersistSlice => persist::open_slice(path)?,
            Self::Vec => memory::vec(),
            Self::VecAndFile => memory::open(path)?,
            Self::Memmap2 => memmap2::open(path)?,
            Self::Memvec => memvec::open(path)?,
            Self::MmapVec => mmap_vec::create(directory)?,
            Self::FileVec => file_vec::open(path)?,
            Self::Vecdb => vecdb::open(path)?,
            Self::Epserde => epserde::open(path)?,
            Self::Rkyv => rkyv::open(path)?,
            Self::Lmdb => Box::new(lmdb::Lmdb::open(directory, 4 << 30)?),
            Self::Redb => Box::new(redb::Redb::open(directory, 1 << 30)?),
            Self::Sqlite => Box::new(sqlite::Sqlite::open(directory, 1 << 30)?),
        })
    }

    /// A new database of no values in a directory, with room for so many bytes.
    pub(crate) fn database(
        self,
        directory: &Path,
        room_bytes: usize,
        journal_bytes: Option<u64>,
    ) -> Result<Box<dyn Peer>> {
        Ok(match self {
            Self::Lmdb => Box::new(lmdb::Lmdb::create(directory, room_bytes)?),
            Self::Redb => Box::new(redb::Redb::create(directory, room_bytes)?),
            Self::Sqlite => {
                Box::new(sqlite::Sqlite::create(directory, room_bytes as u64, journal_bytes)?)
            }
            _ => anyhow::bail!("is no database"),
        })
    }

    /// A file of so many bytes of elements in a directory, nearly all of them holes.
    pub(crate) fn create_sparse(self, directory: &Path, bytes: u64) -> Result<()> {
        let path = &directory.join("elements");
        match self {
            Self::Persist | Self::PersistSlice => persist::create_sparse(path, bytes),
            Self::Memvec => memvec::create_sparse(path, bytes),
            Self::Memmap2 | Self::FileVec => memmap2::create_sparse(path, bytes),
            _ => anyhow::bail!("has no sparse files"),
        }
    }
}

/// What the databases can't do with elements.
fn database_lacks(work: Work) -> Lacks {
    match work {
        Work::PushAgain => Some("has no capacity to push into"),
        Work::Extend => Some("has no bulk insert: the same as pushing one by one"),
        Work::WriteByIndex | Work::WriteBySlice => Some("lends no reference to a value"),
        Work::Sort => Some("has its keys sorted, and doesn't sort values"),
        Work::OpenSparse => Some("its pages can't be holes"),
        Work::Grow => Some("has no push outside of a transaction"),
        _ => None,
    }
}

/// Something with numbered pages, or values of [`VALUE_BYTES`] under numbers, that can be changed durably.
pub(crate) trait Peer {
    /// What the report calls it.
    fn name(&self) -> String;

    fn kind(&self) -> Kind;

    /// Changes what is under each of the keys so that it holds the stamp, in one durable transaction.
    fn update(&mut self, keys: &[u64], stamp: u64) -> Result<()>;

    /// Appends so many bytes in one durable transaction: a value of less than [`VALUE_BYTES`], or as many values as fit.
    fn append(&mut self, bytes: u64) -> Result<()>;

    /// Moves what committed transactions left in a log to its place, durably.
    fn checkpoint(&mut self) -> Result<()>;

    /// The stamp under a key: what the last [`update`](Self::update) of it left.
    fn stamp(&mut self, key: u64) -> Result<u64>;
}

/// The lengths of the values that make up so many bytes.
fn value_lengths(bytes: u64) -> impl Iterator<Item = usize> {
    let values = (bytes / VALUE_BYTES as u64).max(1);
    (0..values).map(move |_| VALUE_BYTES.min(bytes as usize))
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

/// The key of an element that was stored as bytes.
fn key_of<T: Element>(bytes: &[u8]) -> Result<u64> {
    let element =
        T::read_from_bytes(bytes).map_err(|_| anyhow::anyhow!("a value has another size"))?;
    Ok(element.key())
}
