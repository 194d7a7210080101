//! Writes in a loop to elements whose pages were all written before, beside those to a slice in memory.
//! Nothing is committed.

use std::hint::black_box;

use anyhow::Result;

use super::{Setup, entries};
use crate::measure::{rounds, timed};
use crate::peers::persist::{Edits, Vector};
use crate::report::Report;

/// How many elements there are, and how many writes a turn is.
const LEN: usize = 10_000_000;
const QUICK_LEN: usize = 1_000_000;

enum Contestant {
    Persist(Box<Vector>, Edits),
    Memory(Vec<u64>),
}

impl Contestant {
    fn name(&self) -> &'static str {
        match self {
            Self::Persist(_, edits) => edits.name(),
            Self::Memory(_) => "slice of a Vec",
        }
    }

    /// Writes an element after the other.
    fn write_all(&mut self, stamp: u64) {
        match self {
            Self::Persist(vector, Edits::ByIndex) => {
                let vector = black_box(&mut vector.vector);
                for index in 0..vector.len() {
                    vector[index] = stamp;
                }
            }
            Self::Persist(vector, Edits::BySlice) => {
                write_slice(vector.vector.as_mut_slice(), stamp)
            }
            Self::Memory(vector) => write_slice(vector, stamp),
        }
    }

    /// Writes the elements at the indices.
    fn write_at(&mut self, indices: &[u32], stamp: u64) {
        match self {
            Self::Persist(vector, Edits::ByIndex) => {
                let vector = black_box(&mut vector.vector);
                for &index in indices {
                    vector[index as usize] = stamp;
                }
            }
            Self::Persist(vector, Edits::BySlice) => {
                write_slice_at(vector.vector.as_mut_slice(), indices, stamp);
            }
            Self::Memory(vector) => write_slice_at(vector, indices, stamp),
        }
    }
}

pub(super) fn run(setup: &Setup, report: &mut Report) -> Result<()> {
    let directory = setup.scratch()?;
    let len = if setup.quick { QUICK_LEN } else { LEN };
    let persist = |edits| -> Result<_> {
        let vector = setup.vector(&directory, len as u64, edits)?;
        Ok(Contestant::Persist(Box::new(vector), edits))
    };
    let mut contestants = [
        persist(Edits::ByIndex)?,
        Contestant::Memory((0..len as u64).collect()),
        persist(Edits::BySlice)?,
    ];
    let mut random = fastrand::Rng::with_seed(1);
    let indices: Vec<u32> = (0..len).map(|_| random.u32(..len as u32)).collect();

    // The round that warms up touches all pages of each.
    let sequential = rounds(setup.rounds, &mut contestants, |contestant, round| {
        let ((), time) = timed(|| contestant.write_all(round.into()));
        Ok(vec![time / len as f64])
    })?;
    let random = rounds(setup.rounds, &mut contestants, |contestant, round| {
        let ((), time) = timed(|| contestant.write_at(&indices, round.into()));
        Ok(vec![time / len as f64])
    })?;

    for (heading, times) in [("1 write at random", random), ("1 write in sequence", sequential)] {
        let entries = entries(contestants.iter().map(Contestant::name), times);
        report.times(heading, &entries);
        report.ratio(heading, &entries[0], &entries[1], None);
        report.ratio(heading, &entries[2], &entries[1], None);
    }
    Ok(())
}

/// The same code for every slice, so that only the memory differs.
#[inline(never)]
fn write_slice(slice: &mut [u64], stamp: u64) {
    for element in slice {
        *element = stamp;
    }
}

#[inline(never)]
fn write_slice_at(slice: &mut [u64], indices: &[u32], stamp: u64) {
    for &index in indices {
        slice[index as usize] = stamp;
    }
}
