//! Opening a file whose elements must be looked at, because not all their bits are values.

use std::path::Path;

use anyhow::{Result, ensure};
use memmap2::Mmap;
use persist_core::{MmapSlice, MmapVec};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

use super::{Setup, size};
use crate::elements::Tick;
use crate::measure::{Times, rounds, timed};
use crate::peers::{Kind, Library, rkyv};
use crate::report::{Entry, Report, Unit};

/// How many nanoseconds a byte may take a core: 10 GB/s.
const GOAL_NANOSECONDS: f64 = 0.1;

/// How many ticks a block has.
const BLOCK_LEN: u64 = 1 << 16;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Contestant {
    /// On so many CPUs.
    Persist(usize),
    Rkyv,
    /// All bytes are read through a mapping, on so many CPUs, and nothing is asked of them.
    Scan(usize),
}

pub(super) fn run(setup: &Setup, report: &mut Report) -> Result<()> {
    let directory = setup.scratch()?;
    let path = |name: &str| directory.path().join(name);
    let len = setup.file_bytes / size_of::<Tick>() as u64 / BLOCK_LEN * BLOCK_LEN;
    let bytes = len * size_of::<Tick>() as u64;
    create(&path("persist"), len)?;
    let with_rkyv = setup.fits(bytes);
    if with_rkyv {
        rkyv::store_ticks(&path("rkyv"), (0..len).map(|number| Tick::nth(number).into()))?;
    }
    setup.settle()?;

    let cpus = std::thread::available_parallelism()?.get();
    // All of them first, which is how persist is used.
    let counts =
        std::iter::successors(Some(cpus), |count| Some(count / 2).filter(|&half| half > 0));
    let mut contestants: Vec<_> =
        counts.flat_map(|cpus| [Contestant::Persist(cpus), Contestant::Scan(cpus)]).collect();
    if with_rkyv {
        contestants.push(Contestant::Rkyv);
    }
    let times = rounds(setup.rounds, &mut contestants, |&mut contestant, _| {
        let (result, time) = match contestant {
            Contestant::Persist(cpus) => on_cpus(cpus, || open(&path("persist"), len))?,
            Contestant::Rkyv => on_cpus(1, || open_with_rkyv(&path("rkyv"), len))?,
            Contestant::Scan(cpus) => on_cpus(cpus, || scan(&path("persist"), cpus))?,
        };
        result?;
        Ok(vec![time])
    })?;

    let heading = format!("validated open, {} of 24-byte structs", size(setup.file_bytes));
    let entry = |(contestant, times): (&Contestant, Vec<f64>)| {
        let each = times.iter().map(|time| time / bytes as f64).collect();
        Entry { name: contestant.name(), kind: contestant.kind(), times: Times::new(each) }
    };
    let entries = contestants.iter().zip(times).map(entry).collect();
    report.row(&format!("{heading}, each byte"), Unit::NanosecondsEach, entries);
    for library in
        [Library::Memvec, Library::MmapVec, Library::FileVec, Library::Vecdb, Library::Epserde]
    {
        report.lacks(library, "validates nothing, or takes no such type");
    }
    goals(report, &format!("{heading}, each byte"), &contestants);
    Ok(())
}

fn goals(report: &mut Report, heading: &str, contestants: &[Contestant]) {
    for contestant in contestants {
        let &Contestant::Persist(cpus) = contestant else { continue };
        let figure = format!("10 GB/s a core, {cpus} of them");
        report.figure(heading, &contestant.name(), &figure, GOAL_NANOSECONDS / cpus as f64);
        report.ratio(heading, &contestant.name(), &Contestant::Scan(cpus).name(), None);
    }
}

impl Contestant {
    fn name(self) -> String {
        let on = |cpus| if cpus == 1 { "1 CPU".into() } else { format!("{cpus} CPUs") };
        match self {
            Self::Persist(cpus) => format!("persist, {}", on(cpus)),
            Self::Rkyv => format!("rkyv, {}", on(1)),
            Self::Scan(cpus) => format!("scan of the mapped file, {}", on(cpus)),
        }
    }

    fn kind(self) -> Kind {
        match self {
            Self::Persist(_) => Kind::Persist,
            Self::Rkyv => Kind::Serializer,
            Self::Scan(_) => Kind::Floor,
        }
    }
}

fn create(path: &Path, len: u64) -> Result<()> {
    let mut ticks = MmapVec::<Tick>::create(path)?;
    for start in (0..len).step_by(BLOCK_LEN as usize) {
        ticks.try_extend((start..start + BLOCK_LEN).map(Tick::nth))?;
    }
    Ok(ticks.close()?)
}

fn open(path: &Path, len: u64) -> Result<()> {
    ensure!(MmapSlice::<Tick>::open(path)?.len() as u64 == len, "elements are missing");
    Ok(())
}

fn open_with_rkyv(path: &Path, len: u64) -> Result<()> {
    ensure!(rkyv::open_ticks(path)? as u64 == len, "elements are missing");
    Ok(())
}

fn scan(path: &Path, cpus: usize) -> Result<()> {
    // SAFETY: the file is in a directory of this run, and nothing else writes or cuts it.
    let map = unsafe { Mmap::map(&std::fs::File::open(path)?)? };
    std::thread::scope(|scope| {
        for part in map.chunks(map.len().div_ceil(cpus)) {
            scope.spawn(|| std::hint::black_box(sum(part)));
        }
    });
    Ok(())
}

fn sum(bytes: &[u8]) -> u64 {
    let words = bytes.chunks_exact(8);
    words.fold(0, |sum, word| {
        sum.wrapping_add(u64::from_ne_bytes(word.try_into().expect("eight bytes")))
    })
}

/// Times what runs on the first so many CPUs of those that this thread may use. Threads that it starts inherit them.
fn on_cpus<R>(count: usize, run: impl FnOnce() -> R) -> Result<(R, f64)> {
    let all = sched_getaffinity(None)?;
    let mut some = CpuSet::new();
    (0..CpuSet::MAX_CPU).filter(|&cpu| all.is_set(cpu)).take(count).for_each(|cpu| some.set(cpu));
    sched_setaffinity(None, &some)?;
    let result = timed(run);
    sched_setaffinity(None, &all)?;
    Ok(result)
}
