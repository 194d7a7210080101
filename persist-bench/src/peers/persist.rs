//! persist itself: a vector of `u64`, changed by index or through a borrowed slice; and columns of any
//! element.

use std::fs::File;
use std::hint::black_box;
use std::path::Path;

use anyhow::Result;
use persist_core::{Advice, MmapSlice, MmapVec, OpenOptions};
use rustix::fs::FallocateFlags;

use super::{Kind, Lacks, Peer};
use crate::column::{Access, Column, Edits, Lends, Slices, Work, sum, sum_at};
use crate::elements::Element;

/// How many bytes of the file change where one element does.
pub(crate) const PAGE_BYTES: usize = 4096;

/// How many elements a page has.
pub(crate) const PAGE_LEN: u64 = (PAGE_BYTES / size_of::<u64>()) as u64;

/// How many elements a commit has while a file is made: 64 MiB.
const LOAD_LEN: usize = 8 << 20;

/// What the report calls the library where it is used so.
pub(crate) fn name(edits: Edits) -> &'static str {
    match edits {
        Edits::ByIndex => "persist by index",
        Edits::BySlice => "persist by slice",
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
        name(self.edits).into()
    }

    fn kind(&self) -> Kind {
        Kind::Persist
    }

    fn update(&mut self, keys: &[u64], stamp: u64) -> Result<()> {
        self.edit(keys, stamp);
        Ok(self.vector.commit()?)
    }

    fn append(&mut self, bytes: u64) -> Result<()> {
        self.vector.try_extend(0..bytes / size_of::<u64>() as u64)?;
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

pub(crate) fn slice_lacks(work: Work) -> Lacks {
    match work {
        Work::FirstScan | Work::Scan | Work::Open | Work::OpenSparse | Work::Cold => None,
        _ => Some("only reads"),
    }
}

pub(crate) fn create<T: Element>(path: &Path) -> Result<Box<dyn Column<T>>> {
    Ok(Box::new(Slices(MmapVec::<T>::create(path)?)))
}

pub(crate) fn open<T: Element>(path: &Path) -> Result<Box<dyn Column<T>>> {
    Ok(Box::new(Slices(MmapVec::<T>::open(path)?)))
}

pub(crate) fn open_slice<T: Element>(path: &Path) -> Result<Box<dyn Column<T>>> {
    Ok(Box::new(Reader(MmapSlice::<T>::open(path)?)))
}

/// How many bytes of a sparse file have a place on the disk while it is made.
const SPARSE_STEP_BYTES: u64 = 1 << 30;

/// Where holes begin: after the header and the journal.
const HOLES_OFFSET: u64 = 4 << 20;

/// A file of so many bytes of numbers, nearly all of them holes.
pub(crate) fn create_sparse(path: &Path, bytes: u64) -> Result<()> {
    let mut vector = MmapVec::<u64>::create(path)?;
    let file = File::options().write(true).open(path)?;
    for start in (0..bytes).step_by(SPARSE_STEP_BYTES as usize) {
        let end = bytes.min(start + SPARSE_STEP_BYTES);
        let len = end as usize / size_of::<u64>();
        vector.reserve_exact(len - vector.len())?;
        _ = vector.spare_capacity_mut();
        // SAFETY: there is room for them, and what a file was never written reads as zeros.
        unsafe { vector.set_len(len) };
        vector.commit()?;
        let flags = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
        rustix::fs::fallocate(&file, flags, HOLES_OFFSET, end - HOLES_OFFSET)?;
    }
    Ok(vector.close()?)
}

impl<T: Element> Lends<T> for MmapVec<T> {
    #[inline]
    fn push(&mut self, element: T) -> Result<()> {
        Ok(self.push(element)?)
    }

    fn clear(&mut self) {
        self.clear();
    }

    fn append(&mut self, block: &[T]) -> Result<()> {
        Ok(self.extend_from_slice(block)?)
    }

    fn slice(&self) -> &[T] {
        self
    }

    fn slice_mut(&mut self) -> &mut [T] {
        self
    }

    #[inline]
    fn set(&mut self, index: usize, element: T) {
        self[index] = element;
    }

    fn expect(&mut self, access: Access) -> Result<()> {
        match access {
            Access::All => self.prefetch(..),
            Access::Random => self.advise(Advice::Random),
        }
        Ok(())
    }

    fn sync(&mut self) -> Result<()> {
        Ok(self.commit()?)
    }

    fn checkpoint(&mut self) -> Result<()> {
        Ok(self.checkpoint()?)
    }

    fn close(self) -> Result<()> {
        Ok(self.close()?)
    }
}

/// A vector that only reads.
struct Reader<T: Element>(MmapSlice<T>);

impl<T: Element> Column<T> for Reader<T> {
    fn sum(&self) -> Result<u64> {
        Ok(sum(&self.0))
    }

    fn sum_at(&self, indices: &[u64]) -> Result<u64> {
        Ok(sum_at(&self.0, indices))
    }

    fn expect(&mut self, access: Access) -> Result<()> {
        match access {
            Access::All => self.0.prefetch(..),
            Access::Random => self.0.advise(Advice::Random),
        }
        Ok(())
    }

    fn close(self: Box<Self>) -> Result<()> {
        Ok(())
    }
}
