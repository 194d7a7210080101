//! Crashes at any call of the storage, with any part of what wasn't durable lost: what is found afterwards is
//! the last commit, or the one in flight.
//!
//! A run does random things to a vector on a [simulated disk](crate::storage::sim), and the same to a model.
//! All of it follows from a seed. `PERSIST_CRASH_SEEDS` says how many seeds to try; `PERSIST_CRASH_SEED`
//! is one to run alone, with all that happens.

#![forbid(unsafe_code)]

mod model;
mod sights;

use std::any::Any;
use std::ops::RangeInclusive;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use fastrand::Rng;
use model::{Element, Op, Style};
use sights::{Sight, Sights};

use super::*;
use crate::Shutdown;
use crate::mutant::{self, Mutant};
use crate::storage::sim::{Call, DISK_BYTES, Event, Fault, Reboot, SimDisk};

const JOURNAL_BYTES: u64 = 1 << 16;
const JOURNAL_OFFSET: u64 = 1 << 16;
const DATA_OFFSET: u64 = JOURNAL_OFFSET + JOURNAL_BYTES;

/// How many seeds are tried where nothing else is said.
const SEEDS: u64 = if cfg!(miri) { 2 } else { 200_000 };
/// How many things a run does. Miri takes seconds for one.
const STEPS: RangeInclusive<usize> = if cfg!(miri) { 4..=6 } else { 8..=40 };
/// A mutant that so many seeds don't catch is one that no test catches.
const MUTANT_SEEDS: u64 = 100_000;

/// A vector, its disk, and what the two should hold.
struct Run<T: Element> {
    rng: Rng,
    disk: SimDisk,
    style: Style,
    /// How often a call is made to fail, of eight times.
    faults: u32,
    reserve_bytes: usize,
    /// The last commit.
    committed: Vec<T>,
    /// What a crash may have left instead: commits that were in flight.
    others: Vec<Vec<T>>,
    /// Whether what is found now is durable, so that it must be found again.
    settled: bool,
    current: Vec<T>,
    /// What to do next, the first at the end, before anything is drawn by lot.
    urgent: Vec<Op>,
    /// Where the records lie that the journal has since the newest slot was written.
    records: Vec<u64>,
    /// A call failed, and nobody said so.
    suspect: bool,
    /// The vector was closed, and nothing happened since.
    closed: bool,
    sights: Sights,
    traced: bool,
}

/// One run, or how it failed.
fn run(seed: u64, traced: bool) -> Result<Sights, String> {
    match seed % 2 {
        0 => Run::<u64>::new(seed, traced).go(),
        _ => Run::<[u64; 3]>::new(seed, traced).go(),
    }
}

/// One run, where a panic is a failure, too.
fn attempt(seed: u64) -> Result<Sights, String> {
    let message = |panic: Box<dyn Any + Send>| match panic.downcast::<String>() {
        Ok(message) => format!("panicked: {message}"),
        Err(panic) => format!("panicked: {:?}", panic.downcast_ref::<&str>()),
    };
    catch_unwind(AssertUnwindSafe(|| run(seed, false))).unwrap_or_else(|panic| Err(message(panic)))
}

impl<T: Element> Run<T> {
    fn new(seed: u64, traced: bool) -> Self {
        let mut rng = Rng::with_seed(seed);
        let page_bytes = [512, 1024, 4096][rng.usize(..3)];
        Self {
            disk: SimDisk::new(rng.u64(..), rng.u32(..3) > 0, page_bytes),
            style: Style::new(&mut rng, size_of::<T>()),
            faults: [0, 2, 6][rng.usize(..3)],
            reserve_bytes: if rng.bool() { DISK_BYTES - DATA_OFFSET as usize } else { 0 },
            committed: Vec::new(),
            others: Vec::new(),
            settled: true,
            current: Vec::new(),
            urgent: Vec::new(),
            records: Vec::new(),
            suspect: false,
            closed: true,
            sights: Sights::default(),
            traced,
            rng,
        }
    }

    fn go(mut self) -> Result<Sights, String> {
        create_file::<T>(&self.disk);
        self.trace(|run| format!("{:?}, page_bytes: {}", run.style, run.disk.page_bytes()));
        let mut vector = self.reopen()?;
        for _ in 0..self.rng.usize(STEPS) {
            let drawn = |run: &mut Self| run.style.next(&mut run.rng, run.current.len());
            let op = self.urgent.pop().unwrap_or_else(|| drawn(&mut self));
            vector = match self.step(vector, &op)? {
                Some(vector) => vector,
                None => self.reopen()?,
            };
            self.disk.idle();
        }
        self.finish(vector)?;
        Ok(self.sights)
    }

    /// What is found in the end is what a loss of power leaves, and what was closed.
    fn finish(&mut self, vector: MmapVec<T>) -> Result<(), String> {
        self.faults = 0;
        self.step(vector, &Op::LosePower)?;
        let vector = self.reopen()?;
        self.step(vector, &Op::Close)?;
        drop(self.reopen()?);
        Ok(())
    }

    /// Does one thing, and compares. The vector is gone where the machine has crashed, the handle is
    /// poisoned, or that was the thing to do.
    fn step(&mut self, mut vector: MmapVec<T>, op: &Op) -> Result<Option<MmapVec<T>>, String> {
        let file_bytes = self.disk.size_bytes();
        let salt = self.rng.u64(..);
        let growth = op.growth(self.current.len());
        self.closed = false;
        if matches!(op, Op::Commit) && self.faults > 0 && self.rng.u32(..8) == 0 {
            self.disk.fail_after(self.rng.usize(..8), Fault::Crash);
        }
        let (result, vector) = match op {
            Op::Commit => (vector.commit(), Some(vector)),
            Op::Rollback => (vector.rollback(), Some(vector)),
            Op::Checkpoint => (vector.checkpoint(), Some(vector)),
            Op::Close => (vector.close(), None),
            Op::Drop => {
                drop(vector);
                (Ok(()), None)
            }
            Op::LosePower => {
                drop(vector);
                self.reboot(Reboot::Power);
                (Ok(()), None)
            }
            _ => {
                let exact = growth > 0 && self.style.grows_exactly(&mut self.rng);
                let result = if exact { vector.reserve_exact(growth) } else { Ok(()) };
                let result = result.and_then(|()| op.apply(&mut vector, &mut self.current, salt));
                (result, Some(vector))
            }
        };
        let fired = self.look_at_calls(op, &result, file_bytes);
        let done = result.is_ok();
        let usable = self.judge(op, result, fired)?;
        let Some(vector) = vector else { return Ok(None) };
        if !usable {
            // Reading goes on, but a machine that has stopped can't even map.
            if !self.disk.has_crashed() && !matches!(op, Op::Rollback | Op::Shrink) {
                self.check_elements(&vector)?;
                self.change_in_vain(vector, salt);
            }
            return Ok(None);
        }
        if done {
            self.suspect |= fired;
        }
        self.check(&vector)?;
        Ok(Some(vector))
    }

    /// What is done with a poisoned vector must never be seen again.
    fn change_in_vain(&mut self, mut vector: MmapVec<T>, salt: u64) {
        let mut model = self.current.clone();
        let len = model.len();
        for op in [Op::Extend(2), Op::Fill(0..len), Op::Truncate(len / 2), Op::Push(3), Op::Push(3)]
        {
            // Where there is no room for it the call says so, and the elements differ from the model's.
            if op.apply(&mut vector, &mut model, salt).is_err() {
                break;
            }
        }
        self.disk.take_events();
    }

    /// Whether a fault fired in the calls that were made.
    fn look_at_calls(&mut self, op: &Op, result: &Result<(), Error>, file_bytes: u64) -> bool {
        let events = self.disk.take_events();
        self.sights.add_calls(op, &events, file_bytes);
        self.trace(|_| format!("{op:?} -> {} {}", said(result), listed(&events)));
        self.look_at_faults(&events)
    }

    fn look_at_faults(&mut self, events: &[Event]) -> bool {
        for event in events {
            let start = event.bytes.start;
            match event.call {
                Call::Write if start < JOURNAL_OFFSET => self.records.clear(),
                Call::WriteDurable if event.fault.is_none() => self.records.push(start),
                Call::WriteDurable => self.records.clear(),
                _ => {}
            }
            match event.fault {
                Some(Fault::Broken) => self.sights.add(Sight::Broken),
                Some(Fault::Full { .. }) => self.sights.add(Sight::Full),
                Some(Fault::Crash) | None => {}
            }
        }
        events.iter().any(|event| event.fault.is_some())
    }

    /// Takes over what an operation made of the state. Whether the vector can still be used.
    fn judge(&mut self, op: &Op, result: Result<(), Error>, fired: bool) -> Result<bool, String> {
        let commits = matches!(op, Op::Commit | Op::Close);
        let crashed = self.disk.has_crashed();
        match result {
            Ok(()) => {
                self.succeeded(op);
                return Ok(!crashed);
            }
            Err(Error::DiskFull { .. }) => {
                if commits {
                    self.sights.add(Sight::CommitWithoutSpace);
                }
                return Ok(!crashed);
            }
            Err(Error::Io { .. }) if fired && !crashed => return Ok(self.rng.bool()),
            Err(Error::Poisoned { .. }) if fired || self.suspect => {}
            Err(_) if crashed => {}
            Err(error) => return Err(format!("{op:?} failed: {error:?}")),
        }
        if commits {
            self.others.push(self.current.clone());
            self.settled = false;
        }
        Ok(false)
    }

    fn succeeded(&mut self, op: &Op) {
        match op {
            Op::Commit | Op::Close => {
                self.committed.clone_from(&self.current);
                self.others.clear();
                self.closed = matches!(op, Op::Close) && !self.suspect;
                if self.closed {
                    self.sights.add(Sight::Close);
                }
            }
            Op::Rollback => {
                self.current.clone_from(&self.committed);
                self.sights.add(Sight::Rollback);
            }
            Op::Checkpoint => self.sights.add(Sight::Checkpoint),
            _ => {}
        }
    }

    fn check(&mut self, vector: &MmapVec<T>) -> Result<(), String> {
        self.check_elements(vector)?;
        if self.suspect {
            self.sights.add(Sight::Silent);
            return Ok(());
        }
        let (found, expected) = (vector.committed_len(), self.committed.len());
        if found != expected {
            return Err(format!("committed_len is {found} where {expected} were committed"));
        }
        let (found, expected) = (vector.has_uncommitted_changes(), self.current != self.committed);
        if found != expected {
            return Err(format!("has_uncommitted_changes says {found}"));
        }
        Ok(())
    }

    fn check_elements(&self, vector: &MmapVec<T>) -> Result<(), String> {
        match vector.as_slice() == self.current {
            true => Ok(()),
            false => Err(format!("the vector has {}", difference(vector, &self.current))),
        }
    }

    fn reboot(&mut self, reboot: Reboot) {
        self.disk.reboot(reboot);
        self.trace(|_| format!("-- {reboot:?}"));
        match reboot {
            Reboot::Power => {
                self.settled = true;
                self.sights.add(Sight::PowerLoss);
            }
            Reboot::Kill => self.sights.add(Sight::Kill),
        }
    }

    /// Opens what is there, through crashes, until it is open, and finds a state that it may have.
    fn reopen(&mut self) -> Result<MmapVec<T>, String> {
        self.suspect = false;
        loop {
            if self.disk.has_crashed() || self.rng.u32(..4) == 0 {
                let reboot = [Reboot::Power, Reboot::Kill][usize::from(self.rng.bool())];
                self.reboot(reboot);
            }
            self.damage_sometimes()?;
            let seen = self.read_sometimes()?;
            self.plan_fault(12);
            if !self.settled && self.faults > 0 && self.rng.u32(..4) > 0 {
                // A recovery of what isn't durable yet is where most can go wrong.
                self.disk.fail_after(self.rng.usize(..4), Fault::Crash);
            }
            let opened = self.open();
            let events = self.disk.take_events();
            self.trace(|_| format!("open -> {} {}", said(&opened), listed(&events)));
            let fired = self.look_at_faults(&events);
            match opened {
                Err(_) if fired => self.sights.add(Sight::NestedCrash),
                Err(error) => return Err(format!("opening failed: {error:?}")),
                Ok(_) if self.disk.has_crashed() => {}
                Ok(vector) => {
                    self.suspect = fired;
                    self.opened(&vector, seen, &events)?;
                    return Ok(vector);
                }
            }
        }
    }

    /// A record that was durable and has become another while later ones are as they were is no end of the
    /// journal: it is damage, and to be told.
    fn damage_sometimes(&mut self) -> Result<(), String> {
        const HEADER_BYTES: u64 = 64;

        if self.records.len() < 2 || self.rng.u32(..8) > 0 {
            return Ok(());
        }
        let record = self.records[self.rng.usize(..self.records.len() - 1)];
        let (offset, bit) = (record + self.rng.u64(..HEADER_BYTES), self.rng.u32(..8));
        self.disk.fail_no_more();
        self.disk.flip_bit(offset, bit);
        let (opened, read) = (self.open().map(drop), self.read().map(drop));
        self.disk.flip_bit(offset, bit);
        self.disk.take_events();
        self.trace(|_| format!("-- damage at {offset} -> {} {}", said(&opened), said(&read)));
        self.sights.add(Sight::Damage);
        match (opened, read) {
            (Err(Error::Corrupt { .. }), Err(Error::Corrupt { .. })) => Ok(()),
            _ => Err(format!("damage at {offset} was not noticed")),
        }
    }

    fn read(&self) -> Result<MmapSlice<T>, Error> {
        MmapSlice::options().slice(store(self.disk.clone())?)
    }

    fn open(&self) -> Result<MmapVec<T>, Error> {
        MmapVec::options().reserve_bytes(self.reserve_bytes).vec(store(self.disk.clone())?)
    }

    fn opened(
        &mut self,
        vector: &MmapVec<T>,
        seen: Option<Vec<T>>,
        events: &[Event],
    ) -> Result<(), String> {
        if events.iter().any(|event| event.bytes.start >= DATA_OFFSET) {
            self.sights.add(Sight::Redo);
            if seen.is_some() {
                self.sights.add(Sight::ReaderRedo);
            }
        }
        if let Some(seen) = seen.filter(|seen| vector != seen) {
            return Err(format!("a reader had seen another state: {}", difference(vector, &seen)));
        }
        // That both slots say so may be known to the kernel only, so a sync is no fault.
        let changed = events.iter().any(|event| event.call != Call::Sync);
        if self.closed && (vector.info().shutdown != Shutdown::Clean || changed) {
            return Err("a file that was closed was not found to be".to_owned());
        }
        self.find(vector)?;
        self.current.clone_from(&self.committed);
        self.plan_fault(60);
        if !self.others.is_empty() && self.rng.bool() {
            // What was found may be known to the kernel only. Whatever comes now has to bear that in mind.
            let op = [Op::Commit, Op::Shrink, Op::Extend(10)][self.rng.usize(..3)].clone();
            self.urgent = vec![Op::LosePower, op];
            self.disk.fail_no_more();
        }
        self.check(vector)
    }

    /// What a reader sees, who must not change anything.
    fn read_sometimes(&mut self) -> Result<Option<Vec<T>>, String> {
        if self.rng.bool() {
            return Ok(None);
        }
        self.disk.fail_no_more();
        let slice = self.read().map_err(|error| format!("reading failed: {error:?}"))?;
        self.find(&slice)?;
        let seen = slice.to_vec();
        drop(slice);
        self.disk.idle();
        match self.disk.take_events() {
            events if events.is_empty() => Ok(Some(seen)),
            events => Err(format!("a reader changed the file: {}", listed(&events))),
        }
    }

    /// Compares what was found after a crash with what may be.
    fn find(&mut self, found: &[T]) -> Result<(), String> {
        if found == self.committed {
            if !self.others.is_empty() {
                self.sights.add(Sight::InFlightUndone);
            }
        } else if let Some(i) = self.others.iter().position(|other| found == other) {
            self.sights.add(Sight::InFlightDone);
            std::mem::swap(&mut self.committed, &mut self.others[i]);
        } else {
            let others: String = self
                .others
                .iter()
                .map(|other| format!("; compared with one in flight: {}", difference(found, other)))
                .collect();
            return Err(format!("found {}{others}", difference(found, &self.committed)));
        }
        if self.settled {
            self.others.clear();
        }
        Ok(())
    }

    /// Lets one of the next calls fail, or none.
    fn plan_fault(&mut self, most_calls: usize) {
        let rng = &mut self.rng;
        if rng.u32(..8) >= self.faults {
            return self.disk.fail_no_more();
        }
        let fault = match rng.u32(..8) {
            0 => Fault::Broken,
            1 => Fault::Full { calls: [0, 1, 40][rng.usize(..3)] },
            _ => Fault::Crash,
        };
        let most_calls = [most_calls / 4, most_calls][rng.usize(..2)];
        self.disk.fail_after(rng.usize(..most_calls), fault);
    }

    fn trace(&self, line: impl FnOnce(&Self) -> String) {
        if self.traced {
            println!("{}", line(self));
        }
    }
}

/// Writes a file of no elements, and makes it durable.
fn create_file<T: Element>(disk: &SimDisk) {
    let new_file = NewFile {
        descriptor: &T::LAYOUT.encode(),
        byte_order: ByteOrder::NATIVE,
        element_bytes: size_of::<T>() as u64,
        element_align_bytes: T::LAYOUT.natural_align(),
        app_magic: [0; 8],
        app_version: [0; 3],
        mode: Mode::Atomic,
        journal_bytes: Some(JOURNAL_BYTES),
        created_unix_ms: 0,
        journal_salt: 0x5a17,
    };
    let preamble = Preamble::new(&new_file).unwrap();
    assert_eq!(preamble.journal_offset.get(), JOURNAL_OFFSET);
    assert_eq!(preamble.data_offset.get(), DATA_OFFSET);
    let header = Header::create(&preamble, new_file.descriptor, new_file.mode, 0);
    disk.write_all_at(0, &header).unwrap();
    disk.allocate(JOURNAL_OFFSET, DATA_OFFSET).unwrap();
    disk.sync(&crate::mapping::Mapping::none()).unwrap();
    disk.take_events();
}

/// Where two states differ, in short.
fn difference<T: Element>(found: &[T], expected: &[T]) -> String {
    let (found_len, expected_len) = (found.len(), expected.len());
    let equal = found.iter().zip(expected).take_while(|(a, b)| a == b).count();
    let count = found.iter().zip(expected).filter(|(a, b)| a != b).count();
    format!(
        "{found_len} elements, expected {expected_len}; {count} differ, the first is {equal}: {:?}, expected {:?}",
        found.get(equal),
        expected.get(equal)
    )
}

fn said<R>(result: &Result<R, Error>) -> String {
    match result {
        Ok(_) => "ok".to_owned(),
        Err(error) => format!("{error:?}"),
    }
}

fn listed(events: &[Event]) -> String {
    let line = |Event { call, bytes, fault }: &Event| match fault {
        None => format!("\n    {call:?} {bytes:?}"),
        Some(fault) => format!("\n    {call:?} {bytes:?}: {fault:?}"),
    };
    events.iter().map(line).collect()
}

fn number_from(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} must be a number")))
}

/// Does `work` on as many threads as the machine has.
fn on_all_threads(work: impl Fn() + Sync) {
    let threads = if cfg!(miri) { 1 } else { thread::available_parallelism().unwrap().get() };
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(&work);
        }
    });
}

/// Runs the seeds below `count`: what they came by, and the first that fails, if one does.
fn run_seeds(count: u64) -> (Sights, Option<(u64, String)>) {
    const STEP: u64 = 16;

    let next = AtomicU64::new(0);
    let found = Mutex::new((Sights::default(), None));
    on_all_threads(|| {
        loop {
            let start = next.fetch_add(STEP, Ordering::Relaxed);
            if start >= count {
                break;
            }
            for seed in start..count.min(start + STEP) {
                let result = attempt(seed);
                let mut found = found.lock().unwrap();
                match result {
                    Ok(sights) => found.0.add_all(&sights),
                    Err(failure) => {
                        next.store(count, Ordering::Relaxed);
                        if found.1.as_ref().is_none_or(|&(first, _)| seed < first) {
                            found.1 = Some((seed, failure));
                        }
                        break;
                    }
                }
            }
        }
    });
    found.into_inner().unwrap()
}

#[test]
fn after_any_crash_the_last_commit() {
    if let Some(seed) = number_from("PERSIST_CRASH_SEED") {
        run(seed, true).unwrap();
        return;
    }
    let count = number_from("PERSIST_CRASH_SEEDS").unwrap_or(SEEDS);
    let (sights, failed) = run_seeds(count);
    if let Some((seed, failure)) = failed {
        let _ = catch_unwind(|| run(seed, true));
        panic!(
            "seed {seed}: {failure}\n\
             again: PERSIST_CRASH_SEED={seed} cargo test -p persist-core after_any_crash -- --nocapture"
        );
    }
    println!("{count} seeds: {sights:#?}");
    assert_eq!(
        sights.rare(count / 10_000),
        [],
        "some paths are hardly taken any more: {sights:#?}"
    );
}

/// Each rule of the protocol is needed: where it is broken, some crash shows it.
#[test]
#[cfg_attr(miri, ignore = "takes too long")]
fn every_broken_rule_is_caught() {
    let next = AtomicU64::new(0);
    let missed = Mutex::new(Vec::<Mutant>::new());
    on_all_threads(|| {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed) as usize;
            let Some(&mutant) = mutant::ALL.get(index) else { break };
            let is_caught = |&seed: &u64| mutant::with(Some(mutant), || attempt(seed)).is_err();
            match (0..MUTANT_SEEDS).find(is_caught) {
                Some(seed) => println!("{mutant:?}: caught by seed {seed}"),
                None => missed.lock().unwrap().push(mutant),
            }
        }
    });
    let missed = missed.into_inner().unwrap();
    assert!(missed.is_empty(), "not caught by {MUTANT_SEEDS} seeds: {missed:?}");
}
