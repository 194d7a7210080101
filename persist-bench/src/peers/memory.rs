//! A `Vec`, which is what all the others are measured by; and one whose bytes are written to a file with
//! `write`, and read from it with `read`.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow};
use zerocopy::IntoBytes;

use super::Lacks;
use crate::column::{Column, Lends, Slices, Work};
use crate::elements::Element;

/// How many bytes are written by one call.
const WRITE_BYTES: usize = 1 << 20;

/// A vector in memory alone.
struct Memory<T>(Vec<T>);

/// A vector in memory, and how many of its elements are in the file.
struct Written<T> {
    elements: Vec<T>,
    file: Option<File>,
    path: PathBuf,
    written: usize,
}

pub(crate) fn vec_lacks(work: Work) -> Lacks {
    match work {
        Work::FirstScan | Work::Open | Work::OpenSparse | Work::Append | Work::Cold => {
            Some("has no file")
        }
        _ => None,
    }
}

pub(crate) fn file_lacks(work: Work) -> Lacks {
    match work {
        Work::Extend | Work::FirstScan | Work::Open | Work::Append | Work::Cold | Work::Fill => {
            None
        }
        Work::OpenSparse => Some("reads all of it into memory"),
        _ => Some("is a Vec then"),
    }
}

pub(crate) fn vec<T: Element>() -> Box<dyn Column<T>> {
    Box::new(Slices(Memory(Vec::new())))
}

pub(crate) fn create<T: Element>(path: &Path) -> Box<dyn Column<T>> {
    let path = path.to_owned();
    Box::new(Slices(Written { elements: Vec::new(), file: None, path, written: 0 }))
}

/// Reads the whole file.
pub(crate) fn open<T: Element>(path: &Path) -> Result<Box<dyn Column<T>>> {
    let mut file = File::options().read(true).write(true).open(path)?;
    let len = file.metadata()?.len() as usize / size_of::<T>();
    let mut elements = T::new_vec_zeroed(len).map_err(|_| anyhow!("no memory"))?;
    file.read_exact(elements.as_mut_slice().as_mut_bytes())?;
    Ok(Box::new(Slices(Written {
        elements,
        file: Some(file),
        path: path.to_owned(),
        written: len,
    })))
}

impl<T: Element> Lends<T> for Memory<T> {
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
        Ok(())
    }

    fn close(self) -> Result<()> {
        Ok(())
    }
}

impl<T: Element> Lends<T> for Written<T> {
    #[inline]
    fn push(&mut self, element: T) -> Result<()> {
        self.elements.push(element);
        Ok(())
    }

    fn clear(&mut self) {
        self.elements.clear();
    }

    fn append(&mut self, block: &[T]) -> Result<()> {
        self.elements.extend_from_slice(block);
        Ok(())
    }

    fn slice(&self) -> &[T] {
        &self.elements
    }

    fn slice_mut(&mut self) -> &mut [T] {
        &mut self.elements
    }

    fn publish(&mut self) -> Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            file => file.insert(File::create_new(&self.path)?),
        };
        for block in self.elements[self.written..].as_bytes().chunks(WRITE_BYTES) {
            file.write_all(block)?;
        }
        self.written = self.elements.len();
        Ok(())
    }

    fn sync(&mut self) -> Result<()> {
        self.publish()?;
        Ok(fs::File::open(&self.path)?.sync_data()?)
    }

    fn close(mut self) -> Result<()> {
        self.publish()
    }
}
