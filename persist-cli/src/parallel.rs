//! Work on many elements, on all cores.

use std::ops::Range;
use std::thread;

/// The elements in parts of so many.
fn parts(range: Range<usize>, part_len: usize) -> impl Iterator<Item = Range<usize>> {
    let end = range.end;
    range.step_by(part_len).map(move |start| start..end.min(start.saturating_add(part_len)))
}

/// How many threads work.
fn threads() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// Makes bytes of each part of some elements, on all cores, and takes them in order. `make` gets an empty
/// buffer. Holds as many buffers as there are threads.
pub(crate) fn in_order<T: Send, E>(
    range: Range<usize>,
    part_len: usize,
    make: impl Fn(Range<usize>, &mut Vec<u8>) -> T + Sync,
    mut take: impl FnMut(Range<usize>, T, &[u8]) -> Result<(), E>,
) -> Result<(), E> {
    let mut buffers = vec![Vec::new(); threads()];
    let mut parts = parts(range, part_len);
    loop {
        let batch: Vec<_> = parts.by_ref().take(buffers.len()).zip(&mut buffers).collect();
        if batch.is_empty() {
            return Ok(());
        }
        let make = |part: Range<usize>, buffer: &mut Vec<u8>| {
            buffer.clear();
            make(part, buffer)
        };
        for (part, made, buffer) in run(batch, make) {
            take(part, made, buffer)?;
        }
    }
}

/// Makes something of each part of some elements, on all cores, and takes it in order.
pub(crate) fn each<T: Send>(
    range: Range<usize>,
    part_len: usize,
    make: impl Fn(Range<usize>) -> T + Sync,
    mut take: impl FnMut(Range<usize>, T),
) {
    let taken = in_order(
        range,
        part_len,
        |part, _: &mut Vec<u8>| make(part),
        |part, made, _| {
            take(part, made);
            Ok::<(), std::convert::Infallible>(())
        },
    );
    let Ok(()) = taken;
}

/// The results of one batch, a thread for each part but the last, which is done here.
fn run<'b, T: Send>(
    mut batch: Vec<(Range<usize>, &'b mut Vec<u8>)>,
    make: impl Fn(Range<usize>, &mut Vec<u8>) -> T + Sync,
) -> Vec<(Range<usize>, T, &'b [u8])> {
    let make = |(part, buffer): (Range<usize>, &'b mut Vec<u8>)| {
        let made = make(part.clone(), buffer);
        (part, made, &buffer[..])
    };
    let last = batch.pop();
    thread::scope(|scope| {
        let spawned: Vec<_> = batch.into_iter().map(|work| scope.spawn(|| make(work))).collect();
        let last = last.map(&make);
        let join = |thread: thread::ScopedJoinHandle<'_, _>| match thread.join() {
            Ok(done) => done,
            Err(panic) => std::panic::resume_unwind(panic),
        };
        spawned.into_iter().map(join).chain(last).collect()
    })
}
