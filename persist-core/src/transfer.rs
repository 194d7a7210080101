//! Elements of a file become elements of a new one: block by block, on all cores where they are many, in order.
//!
//! This module doesn't know what becomes of an element: that is a function of a block's bytes.

#![forbid(unsafe_code)]

use std::io;
use std::num::NonZero;
use std::ops::Range;
use std::panic::resume_unwind;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, Scope, ScopedJoinHandle};
use std::time::{Duration, Instant};

use crate::any::AnySlice;
use crate::error::{Action, Error};
use crate::evolve::Plan;
use crate::writer::AnyWriter;

/// What is converted at once: enough that handing it over costs nothing beside it.
const BLOCK_BYTES: usize = 4 << 20;
/// An element that is to be larger isn't converted: one that a hostile file describes would take all memory.
const MOST_ELEMENT_BYTES: usize = 64 << 20;
/// The least bytes for which one more thread pays.
const BYTES_PER_THREAD: usize = 16 << 20;
/// How many blocks a thread has, the one that it works on included.
const BLOCKS_PER_THREAD: usize = 2;
/// How often progress is told at most.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(50);

/// How far a conversion is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// How many elements are done.
    pub done: u64,
    /// How many there are.
    pub total: u64,
}

/// The memory for a block.
#[derive(Debug, Default)]
pub(crate) struct Block {
    /// The elements that were made.
    pub(crate) elements: Vec<u8>,
    /// For what is made on the way there.
    pub(crate) spare: Vec<u8>,
}

/// A conversion of all elements of a file.
pub(crate) struct Transfer<'a> {
    pub(crate) original: &'a AnySlice,
    /// The size of what an element becomes, the largest on the way to it.
    pub(crate) element_bytes: usize,
    pub(crate) convert: Box<Convert<'a>>,
}

/// Makes elements of the bytes of others, the first of which has this index.
type Convert<'a> = dyn Fn(u64, &[u8], &mut Block) -> Result<(), Error> + Sync + 'a;

/// A block to be made, and the memory for it.
type Task = (usize, Block);
/// What became of it.
type Done = Result<Block, Error>;

/// A thread that makes blocks.
struct Worker<'scope> {
    todo: Sender<Task>,
    done: Receiver<Done>,
    thread: ScopedJoinHandle<'scope, ()>,
}

impl Transfer<'_> {
    /// Makes all blocks, and hands them to `sink` in their order, each with the index of its first element.
    pub(crate) fn run(
        &self,
        mut sink: impl FnMut(u64, &[u8]) -> Result<(), Error>,
        mut progress: impl FnMut(Progress),
    ) -> Result<(), Error> {
        let total = self.original.len() as u64;
        let mut told = Instant::now();
        let sink = &mut |range: Range<usize>, elements: &[u8]| {
            sink(range.start as u64, elements)?;
            let done = range.end as u64;
            if done == total || told.elapsed() >= PROGRESS_INTERVAL {
                told = Instant::now();
                progress(Progress { done, total });
            }
            Ok(())
        };
        thread::scope(|scope| match self.threads() {
            0 | 1 => self.run_here(sink),
            threads => self.run_on(Worker::start_all(scope, self, threads), sink),
        })
    }

    fn run_here(
        &self,
        sink: &mut impl FnMut(Range<usize>, &[u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut block = Block::default();
        for index in 0..self.blocks() {
            self.make(index, &mut block)?;
            sink(self.range(index), &block.elements)?;
        }
        Ok(())
    }

    /// Each worker makes every so-manieth block, so that its next one is the next in order.
    fn run_on(
        &self,
        mut workers: Vec<Worker<'_>>,
        sink: &mut impl FnMut(Range<usize>, &[u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let count = workers.len();
        if count == 0 {
            return self.run_here(sink);
        }
        let ahead = count * BLOCKS_PER_THREAD;
        let send = |workers: &[Worker<'_>], index: usize, block: Block| {
            if index < self.blocks() {
                // Where the thread has died, receiving from it says so.
                let _ = workers[index % count].todo.send((index, block));
            }
        };
        (0..ahead).for_each(|index| send(&workers, index, Block::default()));
        for index in 0..self.blocks() {
            let Ok(done) = workers[index % count].done.recv() else {
                let worker = workers.swap_remove(index % count);
                let panic = worker.thread.join().expect_err("a thread ends early in a panic alone");
                // The others end when their senders are dropped.
                drop(workers);
                resume_unwind(panic);
            };
            let block = done?;
            sink(self.range(index), &block.elements)?;
            send(&workers, index + ahead, block);
        }
        Ok(())
    }

    fn make(&self, index: usize, block: &mut Block) -> Result<(), Error> {
        let range = self.range(index);
        let size = self.original.descriptor().size_bytes() as usize;
        let bytes = &self.original.as_bytes()[range.start * size..range.end * size];
        (self.convert)(range.start as u64, bytes, block)
    }

    /// The elements of a block.
    fn range(&self, index: usize) -> Range<usize> {
        let start = index * self.block_len();
        start..(start + self.block_len()).min(self.original.len())
    }

    /// How many elements a block has.
    fn block_len(&self) -> usize {
        let largest = self.element_bytes.max(self.original.descriptor().size_bytes() as usize);
        (BLOCK_BYTES / largest).max(1)
    }

    fn blocks(&self) -> usize {
        self.original.len().div_ceil(self.block_len())
    }

    fn threads(&self) -> usize {
        let most = self.original.as_bytes().len() / BYTES_PER_THREAD;
        let parallelism = thread::available_parallelism().map_or(1, NonZero::get);
        most.min(parallelism).min(self.blocks())
    }
}

impl<'scope> Worker<'scope> {
    /// As many as the system gives.
    fn start_all<'env>(
        scope: &'scope Scope<'scope, 'env>,
        transfer: &'scope Transfer<'_>,
        count: usize,
    ) -> Vec<Self> {
        (0..count).map_while(|_| Self::start(scope, transfer)).collect()
    }

    fn start<'env>(
        scope: &'scope Scope<'scope, 'env>,
        transfer: &'scope Transfer<'_>,
    ) -> Option<Self> {
        let (todo, tasks) = channel::<Task>();
        let (results, done) = channel();
        let work = move || {
            for (index, mut block) in tasks {
                let made = transfer.make(index, &mut block).map(|()| block);
                if results.send(made).is_err() {
                    return;
                }
            }
        };
        let thread = thread::Builder::new().spawn_scoped(scope, work).ok()?;
        Some(Self { todo, done, thread })
    }
}

/// Runs a plan on elements of a file, the first of which has this index, and makes `to` what becomes of them:
/// elements of `size` bytes.
pub(crate) fn run_plan(
    file: &AnySlice,
    plan: &Plan,
    size: usize,
    (first, from): (u64, &[u8]),
    to: &mut Vec<u8>,
) -> Result<(), Error> {
    let len = from.len() / file.descriptor().size_bytes() as usize;
    if size > MOST_ELEMENT_BYTES {
        let reason = "elements of more than 64 MiB are not converted";
        return Err(Error::io(Action::Read, file.path(), io::Error::other(reason)));
    }
    let too_large = || Error::io(Action::Read, file.path(), io::ErrorKind::OutOfMemory.into());
    let bytes = len.checked_mul(size).ok_or_else(too_large)?;
    to.try_reserve_exact(bytes.saturating_sub(to.len())).map_err(|_| too_large())?;
    to.resize(bytes, 0);
    plan.run(from, to).map_err(|misfit| Error::misfit(file.path(), first, misfit))
}

impl AnyWriter {
    /// Appends all elements of a file, converted by a plan: in blocks, on all cores where they are many. `progress` is
    /// told each 50 ms at most, and at the end.
    ///
    /// # Errors
    ///
    /// [`Error::Misfit`] names the first value that isn't one of the new type; else those of
    /// [`append`](Self::append). Elements before that may have been appended.
    ///
    /// # Panics
    ///
    /// Panics if the plan is for elements of other sizes.
    pub fn append_converted(
        &mut self,
        original: &AnySlice,
        plan: &Plan,
        progress: impl FnMut(Progress),
    ) -> Result<(), Error> {
        let size = self.descriptor().size_bytes() as usize;
        let transfer = Transfer {
            original,
            element_bytes: size,
            convert: Box::new(move |first, from, block| {
                run_plan(original, plan, size, (first, from), &mut block.elements)
            }),
        };
        transfer.run(|_, elements| self.append(elements), progress)
    }
}
