//! vecdb: a `ZeroCopyVec`, which appends to a buffer in memory until `write`, and lends no slice. Changes
//! in place are a `MutableVec`'s, which keeps them in a tree until `write`.

use std::path::Path;

use anyhow::Result;
use vecdb::{
    AnyStoredVec, AnyVec, Database, ImportableVec, MutableVec, ReadableVec, Version, WritableVec,
    ZeroCopyVec,
};

use super::Lacks;
use crate::column::{Column, Edits, Work};
use crate::elements::Element;

struct Vector<T: Element> {
    vector: MutableVec<ZeroCopyVec<usize, T>>,
    // Dropped after the vector that is in it.
    _database: Database,
}

pub(crate) fn lacks(work: Work) -> Lacks {
    match work {
        Work::PushAgain => Some("has no capacity to push into"),
        Work::Extend => Some("appends one by one only"),
        Work::WriteByIndex | Work::WriteBySlice | Work::Sort => Some("lends no `&mut [T]`"),
        Work::Grow => Some("pushes to a buffer in memory"),
        Work::OpenSparse => Some("keeps lengths in a file of its own"),
        Work::Append | Work::Fill => Some("can't make anything durable"),
        _ => None,
    }
}

/// Opens the database, or creates it.
pub(crate) fn open<T: Element>(path: &Path) -> Result<Box<dyn Column<T>>> {
    let database = Database::open(path)?;
    let vector = MutableVec::import(&database, "elements", Version::ONE)?;
    Ok(Box::new(Vector { vector, _database: database }))
}

impl<T: Element> Column<T> for Vector<T> {
    fn push_all(&mut self, len: u64) -> Result<()> {
        for number in 0..len {
            self.vector.push(T::nth(number));
        }
        self.vector.write()?;
        Ok(())
    }

    fn extend(&mut self, block: &[T], times: u64) -> Result<()> {
        for _ in 0..times {
            for &element in block {
                self.vector.push(element);
            }
            self.vector.write()?;
        }
        Ok(())
    }

    fn sum(&self) -> Result<u64> {
        let len = self.vector.len();
        Ok(self
            .vector
            .fold_range_at(0, len, 0, |sum: u64, element: T| sum.wrapping_add(element.key())))
    }

    fn sum_at(&self, indices: &[u64]) -> Result<u64> {
        let reader = self.vector.reader();
        let key = |&index: &u64| reader.get_at(index as usize).key();
        Ok(indices.iter().map(key).fold(0, u64::wrapping_add))
    }

    fn write_at(&mut self, indices: &[u64], stamp: u64, _edits: Edits) -> Result<()> {
        let updates = indices.iter().map(|&index| (index as usize, T::nth(index + stamp)));
        self.vector.update_many(updates)?;
        self.vector.write()?;
        Ok(())
    }

    fn close(self: Box<Self>) -> Result<()> {
        Ok(())
    }
}
