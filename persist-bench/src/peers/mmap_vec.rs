//! mmap-vec: a vector for data that doesn't fit into memory. The file is deleted when the vector is
//! dropped, and has no length in it.

use std::fs::File;
use std::path::Path;

use anyhow::Result;
use mmap_vec::{DefaultSegmentBuilder, MmapVec, MmapVecBuilder};

use super::Lacks;
use crate::column::{Column, Lends, Slices, Work};
use crate::elements::Element;

struct Vector<T>(MmapVec<T>);

pub(crate) fn lacks(work: Work) -> Lacks {
    match work {
        Work::FirstScan | Work::Open | Work::OpenSparse | Work::Cold => {
            Some("deletes its file when dropped")
        }
        Work::Append | Work::Fill => Some("can't make anything durable"),
        _ => None,
    }
}

pub(crate) fn create<T: Element>(directory: &Path) -> Result<Box<dyn Column<T>>> {
    let builder = DefaultSegmentBuilder::with_path(directory);
    Ok(Box::new(Slices(Vector(MmapVecBuilder::new().segment_builder(builder).try_build()?))))
}

impl<T: Element> Lends<T> for Vector<T> {
    #[inline]
    fn push(&mut self, element: T) -> Result<()> {
        Ok(self.0.push(element)?)
    }

    fn clear(&mut self) {
        self.0.clear();
    }

    /// It has no append of a slice, only room for one.
    fn append(&mut self, block: &[T]) -> Result<()> {
        let missing = (self.0.len() + block.len()).saturating_sub(self.0.capacity());
        if missing > 0 {
            self.0.reserve(block.len().max(self.0.len()))?;
        }
        for &element in block {
            self.0.push_within_capacity(element).map_err(|_| anyhow::anyhow!("no room"))?;
        }
        Ok(())
    }

    fn slice(&self) -> &[T] {
        &self.0
    }

    fn slice_mut(&mut self) -> &mut [T] {
        &mut self.0
    }

    fn sync(&mut self) -> Result<()> {
        Ok(File::open(self.0.path())?.sync_data()?)
    }

    fn close(self) -> Result<()> {
        Ok(())
    }
}
