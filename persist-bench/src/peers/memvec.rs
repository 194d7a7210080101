//! memvec: a length of eight bytes before the elements; no lock, no type, no flush of its own.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use anyhow::{Result, anyhow};
use memvec::{MemVec, VecFile};

use crate::column::{Column, Lends, Slices};
use crate::elements::Element;

struct Vector<T: Element>(MemVec<'static, T, VecFile<'static>>);

/// Opens the file, or creates it.
pub(crate) fn open<T: Element>(path: &Path) -> Result<Box<dyn Column<T>>> {
    let file = VecFile::open_or_create(path, |_| Ok(()))?;
    // SAFETY: any bits are values, and the file was made for this type.
    let vector = unsafe { MemVec::try_from_memory(file) };
    let vector = vector.map_err(|(_, error)| anyhow!("{error:?}"))?;
    Ok(Box::new(Slices(Vector(vector))))
}

/// A file of so many bytes of elements of eight bytes, all of them holes.
pub(crate) fn create_sparse(path: &Path, bytes: u64) -> Result<()> {
    let mut file = File::create_new(path)?;
    file.write_all(&(bytes / 8).to_ne_bytes())?;
    Ok(file.set_len(8 + bytes)?)
}

impl<T: Element> Lends<T> for Vector<T> {
    #[inline]
    fn push(&mut self, element: T) -> Result<()> {
        self.0.push(element);
        Ok(())
    }

    fn clear(&mut self) {
        self.0.clear();
    }

    /// It has no append of a slice, only the parts of one.
    fn append(&mut self, block: &[T]) -> Result<()> {
        self.0.reserve(block.len());
        let len = self.0.len();
        // SAFETY: there is room after the last element.
        let end = unsafe { self.0.as_mut_ptr().add(len) };
        // SAFETY: there is room for the block, which is elsewhere.
        unsafe { end.copy_from_nonoverlapping(block.as_ptr(), block.len()) };
        // SAFETY: the elements were just written.
        unsafe { self.0.set_len(len + block.len()) };
        Ok(())
    }

    fn slice(&self) -> &[T] {
        &self.0
    }

    fn slice_mut(&mut self) -> &mut [T] {
        &mut self.0
    }

    fn sync(&mut self) -> Result<()> {
        Ok(self.0.as_mem().file().sync_data()?)
    }

    fn close(self) -> Result<()> {
        Ok(())
    }
}
