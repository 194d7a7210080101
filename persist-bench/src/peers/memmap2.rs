//! A file mapped with `memmap2`, grown by doubling and `mremap`: what a program does that has no library
//! for it. Blocks go in by `write`, which gives the file large folios. There is no header, and no promise: the file
//! is as long as the capacity until it is closed.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;

use anyhow::Result;
use memmap2::{Advice, MmapMut, RemapOptions};
use zerocopy::IntoBytes;

use crate::column::{Access, Column, Lends, Slices};
use crate::elements::Element;

const LEAST_BYTES: usize = 1 << 20;

struct Mapped<T> {
    file: File,
    map: MmapMut,
    len: usize,
    elements: std::marker::PhantomData<T>,
}

pub(crate) fn create<T: Element>(path: &Path) -> Result<Box<dyn Column<T>>> {
    let file = File::options().read(true).write(true).create_new(true).open(path)?;
    file.set_len(LEAST_BYTES as u64)?;
    map::<T>(file, 0)
}

pub(crate) fn open<T: Element>(path: &Path) -> Result<Box<dyn Column<T>>> {
    let file = File::options().read(true).write(true).open(path)?;
    let len = file.metadata()?.len() as usize / size_of::<T>();
    map::<T>(file, len)
}

/// A file of so many bytes, all of them holes.
pub(crate) fn create_sparse(path: &Path, bytes: u64) -> Result<()> {
    Ok(File::create_new(path)?.set_len(bytes)?)
}

fn map<T: Element>(file: File, len: usize) -> Result<Box<dyn Column<T>>> {
    // SAFETY: the file is in a directory of this run, and nothing else writes or cuts it.
    let map = unsafe { MmapMut::map_mut(&file)? };
    Ok(Box::new(Slices(Mapped::<T> { file, map, len, elements: std::marker::PhantomData })))
}

impl<T: Element> Mapped<T> {
    fn capacity(&self) -> usize {
        self.map.len() / size_of::<T>()
    }

    #[cold]
    fn resize(&mut self, bytes: usize) -> Result<()> {
        self.file.set_len(bytes as u64)?;
        // SAFETY: the file is that long, and no slice of the mapping is borrowed.
        unsafe { self.map.remap(bytes, RemapOptions::new().may_move(true))? };
        Ok(())
    }

    fn all(&self) -> *const T {
        self.map.as_ptr().cast()
    }
}

impl<T: Element> Lends<T> for Mapped<T> {
    #[inline]
    fn push(&mut self, element: T) -> Result<()> {
        if self.len == self.capacity() {
            self.resize(2 * self.map.len())?;
        }
        // SAFETY: `len < capacity`, so the place is in the mapping.
        let place = unsafe { self.map.as_mut_ptr().cast::<T>().add(self.len) };
        // SAFETY: a mapping begins at a page, so the place is aligned; nothing refers to it.
        unsafe { place.write(element) };
        self.len += 1;
        Ok(())
    }

    fn clear(&mut self) {
        self.len = 0;
    }

    fn append(&mut self, block: &[T]) -> Result<()> {
        self.file.seek(SeekFrom::Start((self.len * size_of::<T>()) as u64))?;
        self.file.write_all(block.as_bytes())?;
        self.len += block.len();
        Ok(())
    }

    fn slice(&self) -> &[T] {
        // SAFETY: the elements were written, any bits are values, and a mapping begins at a page.
        unsafe { std::slice::from_raw_parts(self.all(), self.len) }
    }

    fn slice_mut(&mut self) -> &mut [T] {
        // SAFETY: as for `slice`, and `self` is borrowed mutably.
        unsafe { std::slice::from_raw_parts_mut(self.all().cast_mut(), self.len) }
    }

    fn publish(&mut self) -> Result<()> {
        let bytes = self.len * size_of::<T>();
        if bytes > self.map.len() { self.resize(bytes) } else { Ok(()) }
    }

    fn expect(&mut self, access: Access) -> Result<()> {
        Ok(self.map.advise(match access {
            Access::All => Advice::WillNeed,
            Access::Random => Advice::Random,
        })?)
    }

    fn sync(&mut self) -> Result<()> {
        Ok(self.file.sync_data()?)
    }

    fn close(self) -> Result<()> {
        Ok(self.file.set_len((self.len * size_of::<T>()) as u64)?)
    }
}
