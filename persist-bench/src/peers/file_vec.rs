//! file-vec: a file that is as long as the capacity until it is closed; no header, no flush of its own.

use std::fs::File;
use std::path::Path;

use anyhow::{Context, Result};
use file_vec::FileVec;

use crate::column::{Column, Lends, Slices};
use crate::elements::Element;

struct Vector<T: Element>(FileVec<T>);

pub(crate) fn create<T: Element>(path: &Path) -> Result<Box<dyn Column<T>>> {
    let mut vector = FileVec::new();
    // SAFETY: nothing else has the file.
    unsafe { vector.set_path(path)? };
    vector.set_persistent(true);
    Ok(Box::new(Slices(Vector(vector))))
}

pub(crate) fn open<T: Element>(path: &Path) -> Result<Box<dyn Column<T>>> {
    // SAFETY: any bits are values, and nothing else has the file.
    let vector = unsafe { FileVec::open(path)? };
    Ok(Box::new(Slices(Vector(vector))))
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

    fn append(&mut self, block: &[T]) -> Result<()> {
        self.0.extend_from_slice(block);
        Ok(())
    }

    fn slice(&self) -> &[T] {
        &self.0
    }

    fn slice_mut(&mut self) -> &mut [T] {
        &mut self.0
    }

    fn sync(&mut self) -> Result<()> {
        Ok(File::open(self.0.path().context("no file")?)?.sync_data()?)
    }

    fn close(mut self) -> Result<()> {
        self.0.close();
        Ok(())
    }
}
