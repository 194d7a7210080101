//! persist itself: a vector of `u64`, changed by index or through a borrowed slice.

use std::hint::black_box;
use std::path::Path;

use anyhow::Result;
use persist_core::{MmapVec, OpenOptions};

use super::Peer;

/// How many bytes of the file change where one element does.
pub(crate) const PAGE_BYTES: usize = 4096;

/// How many elements a page has.
pub(crate) const PAGE_LEN: u64 = (PAGE_BYTES / size_of::<u64>()) as u64;

/// How many elements a commit has while a file is made: 64 MiB.
const LOAD_LEN: usize = 8 << 20;

/// How elements are changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Edits {
    /// `vector[i] = x`
    ByIndex,
    /// `let slice = vector.as_mut_slice(); slice[i] = x`
    BySlice,
}

impl Edits {
    pub(crate) const BOTH: [Self; 2] = [Self::ByIndex, Self::BySlice];

    /// What the report calls the library where it is used so.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::ByIndex => "persist by index",
            Self::BySlice => "persist by slice",
        }
    }
}

/// A vector, and how it is changed.
pub(crate) struct Vector {
    pub(crate) vector: MmapVec<u64>,
    edits: Edits,
}

impl Vector {
    /// Creates a file of so many written and committed elements.
    pub(crate) fn create(
        path: &Path,
        options: &OpenOptions<u64>,
        len: u64,
        edits: Edits,
    ) -> Result<Self> {
        let mut vector = options.create(path)?;
        vector.reserve_exact(len as usize)?;
        // By parts, so that no commit has to hold a large file in memory.
        for start in (0..len).step_by(LOAD_LEN) {
            vector.try_extend(start..len.min(start + LOAD_LEN as u64))?;
            vector.commit()?;
        }
        Ok(Self { vector, edits })
    }

    /// Opens a file.
    pub(crate) fn open(path: &Path, options: &OpenOptions<u64>, edits: Edits) -> Result<Self> {
        Ok(Self { vector: options.open(path)?, edits })
    }

    /// Sets the elements at the indices.
    pub(crate) fn set(&mut self, indices: impl Iterator<Item = u64>, value: u64) {
        match self.edits {
            Edits::ByIndex => {
                for index in indices {
                    self.vector[index as usize] = value;
                }
            }
            Edits::BySlice => {
                let slice = black_box(self.vector.as_mut_slice());
                for index in indices {
                    slice[index as usize] = value;
                }
            }
        }
    }

    /// Sets one element of each of the pages, without a commit.
    pub(crate) fn edit(&mut self, pages: &[u64], stamp: u64) {
        self.set(pages.iter().map(|&page| index(page)), stamp);
    }
}

impl Peer for Vector {
    fn name(&self) -> String {
        self.edits.name().into()
    }

    fn update(&mut self, keys: &[u64], stamp: u64) -> Result<()> {
        self.edit(keys, stamp);
        Ok(self.vector.commit()?)
    }

    fn checkpoint(&mut self) -> Result<()> {
        Ok(self.vector.checkpoint()?)
    }

    fn stamp(&mut self, key: u64) -> Result<u64> {
        Ok(self.vector[index(key) as usize])
    }
}

/// The element of a page that changes: not the same of each.
fn index(page: u64) -> u64 {
    page * PAGE_LEN + page % PAGE_LEN
}
