//! rkyv: an archive that is written as a whole, and mapped to read. Its numbers are little-endian by type,
//! so its elements are others than those that were written.

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use memmap2::Mmap;
use rkyv::rancor::Error;
use rkyv::ser::writer::IoWriter;
use rkyv::vec::ArchivedVec;
use rkyv::{access, access_unchecked};

use super::Lacks;
use crate::column::{Column, Work};
use crate::elements::{Element, Particle, Side};

/// Elements whose vectors rkyv stores and maps.
pub(crate) trait Archivable: Sized {
    type Archived: 'static;

    fn store(elements: Vec<Self>, path: &Path) -> Result<()>;

    /// The elements of an archive that was written by this program.
    fn elements(archive: &[u8]) -> &[Self::Archived];

    fn archived_key(element: &Self::Archived) -> u64;
}

macro_rules! archivable {
    ($element:ty, $archived:ident, $key:expr) => {
        impl Archivable for $element {
            type Archived = rkyv::Archived<$element>;

            fn store(elements: Vec<Self>, path: &Path) -> Result<()> {
                let file = std::fs::File::create(path)?;
                let writer = IoWriter::new(BufWriter::with_capacity(1 << 20, file));
                let writer = rkyv::api::high::to_bytes_in::<_, Error>(&elements, writer)?;
                Ok(writer.into_inner().flush()?)
            }

            fn elements(archive: &[u8]) -> &[Self::Archived] {
                // SAFETY: the file was stored as such a vector, and is mapped at a page.
                unsafe { access_unchecked::<ArchivedVec<Self::Archived>>(archive) }.as_slice()
            }

            #[inline]
            fn archived_key($archived: &Self::Archived) -> u64 {
                $key
            }
        }
    };
}

archivable!(u64, element, element.to_native());
archivable!(Particle, element, element.key.to_native());

/// A 24-byte struct with an enum and a `bool`, for which an archive is validated.
#[derive(rkyv::Archive, rkyv::Serialize)]
pub(crate) struct Tick {
    time: u64,
    price: f64,
    quantity: u32,
    side: Side,
    live: bool,
}

impl From<crate::elements::Tick> for Tick {
    fn from(tick: crate::elements::Tick) -> Self {
        let crate::elements::Tick { time, price, quantity, side, live, pad: _ } = tick;
        Self { time, price, quantity, side, live }
    }
}

/// Writes an archive of ticks.
pub(crate) fn store_ticks(path: &Path, ticks: impl Iterator<Item = Tick>) -> Result<()> {
    let ticks: Vec<_> = ticks.collect();
    let writer = IoWriter::new(BufWriter::with_capacity(1 << 20, std::fs::File::create(path)?));
    let writer = rkyv::api::high::to_bytes_in::<_, Error>(&ticks, writer)?;
    Ok(writer.into_inner().flush()?)
}

/// Maps an archive of ticks and validates it. How many there are.
pub(crate) fn open_ticks(path: &Path) -> Result<usize> {
    let archive = map(path)?;
    Ok(access::<ArchivedVec<ArchivedTick>, Error>(&archive)?.len())
}

enum File<T> {
    Writing(Vec<T>, PathBuf),
    Reading(Mmap),
}

pub(crate) fn lacks(work: Work) -> Lacks {
    match work {
        Work::FirstScan | Work::Scan | Work::Read | Work::Open | Work::Cold => None,
        Work::OpenSparse => Some("its file is written from a Vec in memory"),
        _ => Some("is taken for reading alone"),
    }
}

pub(crate) fn create<T: Element>(path: &Path) -> Box<dyn Column<T>> {
    Box::new(File::Writing(Vec::new(), path.to_owned()))
}

pub(crate) fn open<T: Element>(path: &Path) -> Result<Box<dyn Column<T>>> {
    let archive = map(path)?;
    T::elements(&archive);
    Ok(Box::new(File::<T>::Reading(archive)))
}

fn map(path: &Path) -> Result<Mmap> {
    // SAFETY: the file is in a directory of this run, and nothing else writes or cuts it.
    Ok(unsafe { Mmap::map(&std::fs::File::open(path)?)? })
}

impl<T: Element> File<T> {
    fn elements(&self) -> Result<&[T::Archived]> {
        match self {
            Self::Writing(..) => bail!("isn't mapped"),
            Self::Reading(archive) => Ok(T::elements(archive)),
        }
    }
}

impl<T: Element> Column<T> for File<T> {
    fn extend(&mut self, block: &[T], times: u64) -> Result<()> {
        let Self::Writing(elements, path) = self else { bail!("is mapped to read") };
        for _ in 0..times {
            elements.extend_from_slice(block);
        }
        <T as Archivable>::store(std::mem::take(elements), path)
    }

    fn sum(&self) -> Result<u64> {
        Ok(self.elements()?.iter().map(T::archived_key).fold(0, u64::wrapping_add))
    }

    fn sum_at(&self, indices: &[u64]) -> Result<u64> {
        let elements = self.elements()?;
        let key = |&index: &u64| T::archived_key(&elements[index as usize]);
        Ok(indices.iter().map(key).fold(0, u64::wrapping_add))
    }

    fn close(self: Box<Self>) -> Result<()> {
        Ok(())
    }
}
