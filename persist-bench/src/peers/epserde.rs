//! ε-serde: a `Vec` that is stored as a whole, and mapped to read.

use std::path::{Path, PathBuf};

use anyhow::Result;
use epserde::deser::{Deserialize, Flags, MemCase};
use epserde::ser::Serialize;

use super::Lacks;
use crate::column::{Column, Work, sum, sum_at};
use crate::elements::{Element, Particle};

/// Elements whose vectors ε-serde stores and maps.
pub(crate) trait Mappable: Sized + 'static {
    type Mapped: AsRef<[Self]>;

    fn store(elements: &[Self], path: &Path) -> Result<()>;
    fn map(path: &Path) -> Result<Self::Mapped>;
}

/// A vector in a mapped file.
pub(crate) struct Mapped<T>(MemCase<Vec<T>>)
where
    Vec<T>: epserde::deser::DeserInner;

macro_rules! mappable {
    ($($element:ty),*) => {$(
        impl Mappable for $element {
            type Mapped = Mapped<Self>;

            fn store(elements: &[Self], path: &Path) -> Result<()> {
                // SAFETY: the elements have no padding that would be written.
                Ok(unsafe { Serialize::store(&elements, path)? })
            }

            fn map(path: &Path) -> Result<Self::Mapped> {
                // SAFETY: the file was stored as such a vector.
                Ok(Mapped(unsafe { Vec::mmap(path, Flags::empty())? }))
            }
        }

        impl AsRef<[$element]> for Mapped<$element> {
            fn as_ref(&self) -> &[$element] {
                self.0.uncase()
            }
        }
    )*};
}

mappable!(u64, Particle);

enum File<T: Element> {
    Writing(Vec<T>, PathBuf),
    Reading(T::Mapped),
}

pub(crate) fn lacks(work: Work) -> Lacks {
    match work {
        Work::Extend | Work::FirstScan | Work::Scan | Work::Read | Work::Open | Work::Cold => None,
        Work::OpenSparse => Some("its file is written from a Vec in memory"),
        Work::Fill => Some("can't make anything durable"),
        _ => Some("only reads what it stored"),
    }
}

pub(crate) fn create<T: Element>(path: &Path) -> Box<dyn Column<T>> {
    Box::new(File::Writing(Vec::new(), path.to_owned()))
}

pub(crate) fn open<T: Element>(path: &Path) -> Result<Box<dyn Column<T>>> {
    Ok(Box::new(File::Reading(T::map(path)?)))
}

impl<T: Element> File<T> {
    fn slice(&self) -> &[T] {
        match self {
            Self::Writing(elements, _) => elements,
            Self::Reading(mapped) => mapped.as_ref(),
        }
    }
}

impl<T: Element> Column<T> for File<T> {
    fn extend(&mut self, block: &[T], times: u64) -> Result<()> {
        let Self::Writing(elements, path) = self else { anyhow::bail!("is mapped to read") };
        for _ in 0..times {
            elements.extend_from_slice(block);
        }
        <T as Mappable>::store(elements, path)
    }

    fn sum(&self) -> Result<u64> {
        Ok(sum(self.slice()))
    }

    fn sum_at(&self, indices: &[u64]) -> Result<u64> {
        Ok(sum_at(self.slice(), indices))
    }

    fn close(self: Box<Self>) -> Result<()> {
        Ok(())
    }
}
