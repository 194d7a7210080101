//! The vector against `std::vec::Vec`: random sequences of calls over the whole surface, in both modes, with
//! the file closed and opened again at random points.
//!
//! What stands in a file after a reopening is told by the docs of `Mode`. In mode *atomic* the model keeps the
//! last commit beside the vector as it is, and that is what comes back. In mode *shared* it is the vector as it
//! was; after a reboot, the number of elements of the last commit, with those below both lengths as they
//! were last.

use std::collections::HashSet;
use std::fmt::Debug;
use std::fs;
use std::io::Write;
use std::mem::{self, MaybeUninit};
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

use persist_core::{Error, FixedStr, MmapSlice, MmapVec, Mode, OpenOptions, Persist};
use proptest::prelude::*;
use proptest::sample::select;
use tempfile::TempDir;

use crate::boot;

/// Elements of few distinct values, so that many are equal.
trait Sample: Persist + PartialEq + Debug {
    fn sample(seed: u8) -> Self;

    /// The seed, more or less.
    fn key(&self) -> u64;
}

impl Sample for u8 {
    fn sample(seed: u8) -> Self {
        seed
    }

    fn key(&self) -> u64 {
        u64::from(*self)
    }
}

impl Sample for u64 {
    fn sample(seed: u8) -> Self {
        u64::from(seed) | 0xfeed << 32
    }

    fn key(&self) -> u64 {
        *self
    }
}

impl Sample for [u8; 3] {
    fn sample(seed: u8) -> Self {
        [!seed, 0x55, seed]
    }

    fn key(&self) -> u64 {
        u64::from(self[2])
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Persist)]
#[repr(u8)]
enum Side {
    Buy = 1,
    Sell = 7,
}

/// An element that not every bit pattern is.
#[derive(Debug, Clone, Copy, PartialEq, Persist)]
#[repr(C)]
struct Tick {
    time: u64,
    price: f64,
    venue: FixedStr<6>,
    side: Side,
    live: bool,
}

impl Sample for Tick {
    fn sample(seed: u8) -> Self {
        let side = if seed % 2 == 0 { Side::Buy } else { Side::Sell };
        let venue = FixedStr::new(&format!("v{seed}")).unwrap();
        Self { time: seed.into(), price: f64::from(seed) / 2.0, venue, side, live: seed % 3 == 0 }
    }

    fn key(&self) -> u64 {
        self.time
    }
}

/// An element in which nothing is aligned.
#[derive(Debug, Clone, Copy, PartialEq, Persist)]
#[repr(C, packed)]
struct Packed {
    flag: bool,
    number: u64,
    letter: char,
}

impl Sample for Packed {
    fn sample(seed: u8) -> Self {
        Self { flag: seed % 2 == 0, number: seed.into(), letter: char::from(seed) }
    }

    fn key(&self) -> u64 {
        self.number
    }
}

/// An element with a cache line of its own.
#[derive(Debug, Clone, Copy, PartialEq, Persist)]
#[repr(C, align(64))]
struct Line {
    number: u64,
    rest: [u64; 7],
}

impl Sample for Line {
    fn sample(seed: u8) -> Self {
        Self { number: seed.into(), rest: [u64::MAX; 7] }
    }

    fn key(&self) -> u64 {
        self.number
    }
}

/// An element with pages of its own: the largest alignment that there is.
#[derive(Debug, Clone, Copy, PartialEq, Persist)]
#[repr(C, align(4096))]
struct Page {
    bytes: [u8; 8192],
}

impl Sample for Page {
    fn sample(seed: u8) -> Self {
        Self { bytes: [seed; 8192] }
    }

    fn key(&self) -> u64 {
        self.bytes[8191].into()
    }
}

/// An element of more than 64 KiB, and of no round size.
#[derive(Debug, Clone, Copy, PartialEq, Persist)]
#[repr(C)]
struct Large {
    bytes: [u8; 70_001],
}

impl Sample for Large {
    fn sample(seed: u8) -> Self {
        Self { bytes: [seed; 70_001] }
    }

    fn key(&self) -> u64 {
        self.bytes[70_000].into()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Grow {
    Push,
    Insert,
    ExtendFromSlice,
    ExtendFromWithin,
    TryExtend,
    Append,
    Resize,
    ResizeWith,
    SpareRoom,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cut {
    Pop,
    PopIf,
    Remove,
    SwapRemove,
    Truncate,
    Clear,
    SplitOff,
    Retain,
    RetainMut,
    Dedup,
    DedupBy,
    DedupByKey,
    Drain,
    DrainLeaked,
    ExtractIf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Edit {
    Write,
    IterMut,
    Sort,
    Reverse,
    Rotate,
    Fill,
    Swap,
    CopyWithin,
}

/// What has to do with the file, and nothing with elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Reserve,
    ReserveExact,
    ShrinkTo,
    ShrinkToFit,
    Commit,
    Rollback,
    Checkpoint,
    ReopenCommitted,
    ReopenClosed,
    ReopenDropped,
    ReopenRebooted,
    OpenSliceCommitted,
    OpenSliceDropped,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Call {
    Grow(Grow),
    Cut(Cut),
    Edit(Edit),
    Place(Place),
}

const GROW: [Grow; 9] = [
    Grow::Push,
    Grow::Insert,
    Grow::ExtendFromSlice,
    Grow::ExtendFromWithin,
    Grow::TryExtend,
    Grow::Append,
    Grow::Resize,
    Grow::ResizeWith,
    Grow::SpareRoom,
];
const CUT: [Cut; 15] = [
    Cut::Pop,
    Cut::PopIf,
    Cut::Remove,
    Cut::SwapRemove,
    Cut::Truncate,
    Cut::Clear,
    Cut::SplitOff,
    Cut::Retain,
    Cut::RetainMut,
    Cut::Dedup,
    Cut::DedupBy,
    Cut::DedupByKey,
    Cut::Drain,
    Cut::DrainLeaked,
    Cut::ExtractIf,
];
const EDIT: [Edit; 8] = [
    Edit::Write,
    Edit::IterMut,
    Edit::Sort,
    Edit::Reverse,
    Edit::Rotate,
    Edit::Fill,
    Edit::Swap,
    Edit::CopyWithin,
];
const PLACE: [Place; 13] = [
    Place::Reserve,
    Place::ReserveExact,
    Place::ShrinkTo,
    Place::ShrinkToFit,
    Place::Commit,
    Place::Rollback,
    Place::Checkpoint,
    Place::ReopenCommitted,
    Place::ReopenClosed,
    Place::ReopenDropped,
    Place::ReopenRebooted,
    Place::OpenSliceCommitted,
    Place::OpenSliceDropped,
];

/// A call, and numbers to make its arguments of.
#[derive(Debug, Clone, Copy)]
struct Step {
    call: Call,
    a: usize,
    b: usize,
    seed: u8,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let call = prop_oneof![
        4 => select(&GROW[..]).prop_map(Call::Grow),
        2 => select(&CUT[..]).prop_map(Call::Cut),
        2 => select(&EDIT[..]).prop_map(Call::Edit),
        3 => select(&PLACE[..]).prop_map(Call::Place),
    ];
    let step = (call, any::<u16>(), any::<u16>(), 0..5_u8).prop_map(|(call, a, b, seed)| Step {
        call,
        a: a.into(),
        b: b.into(),
        seed,
    });
    proptest::collection::vec(step, 1..40)
}

impl Step {
    /// A place in `0..=len`.
    fn place(self, len: usize) -> usize {
        self.a % (len + 1)
    }

    /// Some range of `0..len`.
    fn range(self, len: usize) -> Range<usize> {
        let (a, b) = (self.a % (len + 1), self.b % (len + 1));
        a.min(b)..a.max(b)
    }

    /// A few elements: at most `most`.
    fn samples<T: Sample>(self, most: usize) -> Vec<T> {
        (0..self.b % (most + 1)).map(|i| T::sample(self.seed + (i % 3) as u8)).collect()
    }
}

/// The vector in a file, and beside it what it should be.
struct Pair<T: Persist> {
    directory: TempDir,
    options: OpenOptions<T>,
    mode: Mode,
    /// `None` only while the file is closed.
    ours: Option<MmapVec<T>>,
    model: Vec<T>,
    /// The model as it was committed.
    committed: Vec<T>,
    /// Above so many elements nothing more is added.
    most: usize,
    /// Whether growth may map the file anew.
    moves: bool,
}

impl<T: Sample> Pair<T> {
    fn new(mode: Mode, reserve_bytes: Option<usize>) -> Self {
        let directory = tempfile::tempdir().unwrap();
        // Few commits of large elements fit into the smallest journal, and some don't at all.
        let mut options = MmapVec::<T>::options().mode(mode).journal_bytes(0);
        if let Some(bytes) = reserve_bytes {
            options = options.reserve_bytes(bytes);
        }
        let ours = Some(options.create(directory.path().join("vec.pv")).unwrap());
        let most = (4 << 20) / size_of::<T>();
        Self {
            directory,
            options,
            mode,
            ours,
            model: Vec::new(),
            committed: Vec::new(),
            most: most.min(300),
            moves: reserve_bytes.is_some(),
        }
    }

    fn ours(&mut self) -> &mut MmapVec<T> {
        self.ours.as_mut().expect("open but for a reopening")
    }

    fn play(&mut self, step: Step) {
        match step.call {
            Call::Grow(call) if self.model.len() < self.most => self.grow(call, step),
            Call::Grow(_) => {}
            Call::Cut(call) => self.cut(call, step),
            Call::Edit(call) => self.edit(call, step),
            Call::Place(call) => self.place(call, step),
        }
        self.check();
    }

    fn check(&self) {
        let ours = self.ours.as_ref().expect("open again after each step");
        assert_eq!(ours.as_slice(), self.model);
        assert_eq!((ours.len(), ours.is_empty()), (self.model.len(), self.model.is_empty()));
        assert!(ours.capacity() >= ours.len());
        assert_eq!(ours.committed_len(), self.committed.len());
        let has_changes = self.model != self.committed;
        match self.mode {
            Mode::Atomic => assert_eq!(ours.has_uncommitted_changes(), has_changes),
            _ => assert!(ours.has_uncommitted_changes() || !has_changes),
        }
        assert!(ours.as_ptr().is_aligned());
    }

    fn grow(&mut self, call: Grow, step: Step) {
        let most = self.most / 3 + 1;
        let (ours, model) = (self.ours.as_mut().unwrap(), &mut self.model);
        let (value, samples, len) = (T::sample(step.seed), step.samples::<T>(most), model.len());
        match call {
            Grow::Push => {
                ours.push(value).unwrap();
                model.push(value);
            }
            Grow::Insert => {
                ours.insert(step.place(len), value).unwrap();
                model.insert(step.place(len), value);
            }
            Grow::ExtendFromSlice => {
                ours.extend_from_slice(&samples).unwrap();
                model.extend_from_slice(&samples);
            }
            Grow::ExtendFromWithin => {
                ours.extend_from_within(step.range(len)).unwrap();
                model.extend_from_within(step.range(len));
            }
            Grow::TryExtend => {
                ours.try_extend(samples.iter().copied().filter(|s| s.key() % 2 == 0)).unwrap();
                model.extend(samples.iter().copied().filter(|s| s.key() % 2 == 0));
            }
            Grow::Append => {
                let other = self.directory.path().join("other.pv");
                let mut other = self.options.create(other).unwrap();
                other.extend_from_slice(&samples).unwrap();
                ours.append(&mut other).unwrap();
                assert!(other.is_empty());
                std::fs::remove_file(other.path()).unwrap();
                model.extend(samples);
            }
            Grow::Resize => {
                ours.resize(step.a % (most + 1), value).unwrap();
                model.resize(step.a % (most + 1), value);
            }
            Grow::ResizeWith => {
                let make = || (0_u8..5).cycle().map(T::sample);
                let (mut a, mut b) = (make(), make());
                ours.resize_with(step.a % (most + 1), || a.next().unwrap()).unwrap();
                model.resize_with(step.a % (most + 1), || b.next().unwrap());
            }
            Grow::SpareRoom => {
                ours.reserve(samples.len()).unwrap();
                let spare = ours.spare_capacity_mut();
                assert!(spare.len() >= samples.len());
                for (place, &sample) in spare.iter_mut().zip(&samples) {
                    *place = MaybeUninit::new(sample);
                }
                // SAFETY: there was room for them, and they were just written.
                unsafe { ours.set_len(len + samples.len()) };
                model.extend(samples);
            }
        }
    }

    fn cut(&mut self, call: Cut, step: Step) {
        let (ours, model) = (self.ours.as_mut().unwrap(), &mut self.model);
        let (len, range, seed) = (model.len(), step.range(model.len()), step.seed);
        let odd = move |element: &T| (element.key() + u64::from(seed)) % 2 == 1;
        match call {
            Cut::Pop => assert_eq!(ours.pop(), model.pop()),
            Cut::PopIf => {
                let expected = if model.last().is_some_and(odd) { model.pop() } else { None };
                assert_eq!(ours.pop_if(|last| odd(last)), expected);
            }
            Cut::Remove | Cut::SwapRemove if len == 0 => {}
            Cut::Remove => assert_eq!(ours.remove(step.a % len), model.remove(step.a % len)),
            Cut::SwapRemove => {
                assert_eq!(ours.swap_remove(step.a % len), model.swap_remove(step.a % len));
            }
            Cut::Truncate => {
                ours.truncate(step.a % (len + 3));
                model.truncate(step.a % (len + 3));
            }
            Cut::Clear => {
                ours.clear();
                model.clear();
            }
            Cut::SplitOff => {
                assert_eq!(ours.split_off(step.place(len)), model.split_off(step.place(len)));
            }
            Cut::Retain => {
                ours.retain(odd);
                model.retain(odd);
            }
            Cut::RetainMut => {
                let change = |element: &mut T| {
                    let keep = odd(element);
                    *element = T::sample(seed);
                    keep
                };
                ours.retain_mut(change);
                model.retain_mut(change);
            }
            Cut::Dedup => {
                ours.dedup();
                model.dedup();
            }
            Cut::DedupBy => {
                // Not symmetric, so that the order of the two arguments counts.
                let same = |a: &mut T, b: &mut T| a.key() <= b.key();
                ours.dedup_by(same);
                model.dedup_by(same);
            }
            Cut::DedupByKey => {
                ours.dedup_by_key(|element| odd(element));
                model.dedup_by_key(|element| odd(element));
            }
            Cut::Drain => drain(ours.drain(range.clone()), model.drain(range), step),
            Cut::DrainLeaked => {
                let mut leaked = ours.drain(range.clone());
                assert_eq!(leaked.next(), model[range].first().copied());
                mem::forget(leaked);
            }
            Cut::ExtractIf => {
                let most = step.seed as usize * 2;
                let extracted: Vec<T> =
                    ours.extract_if(range.clone(), |e| odd(e)).take(most).collect();
                assert_eq!(extracted, extract(model, range, most, odd));
            }
        }
    }

    fn edit(&mut self, call: Edit, step: Step) {
        let (ours, model) = (self.ours.as_mut().unwrap(), &mut self.model);
        let (len, range, value) = (model.len(), step.range(model.len()), T::sample(step.seed));
        // The slice of ours comes by deref, as a user's would.
        let edit = |elements: &mut [T]| match call {
            _ if len == 0 => {}
            Edit::Write => elements[step.a % len] = value,
            Edit::IterMut => elements.iter_mut().skip(step.a % len).for_each(|e| *e = value),
            Edit::Sort => elements.sort_by_key(T::key),
            Edit::Reverse => elements[range.clone()].reverse(),
            Edit::Rotate => elements.rotate_left(step.a % len),
            Edit::Fill => elements[range.clone()].fill(value),
            Edit::Swap => elements.swap(step.a % len, step.b % len),
            Edit::CopyWithin => {
                elements.copy_within(range.clone(), step.b % (len - range.len() + 1));
            }
        };
        edit(ours);
        edit(model);
    }

    fn place(&mut self, call: Place, step: Step) {
        let (most, len, committed_len) = (self.most, self.model.len(), self.committed.len());
        let moves = self.moves;
        let ours = self.ours();
        let capacity = ours.capacity();
        match call {
            Place::Reserve => {
                ours.reserve(step.a % most).unwrap();
                assert!(ours.capacity() >= len + step.a % most);
                assert!(ours.capacity() >= capacity);
            }
            Place::ReserveExact => {
                ours.reserve_exact(step.a % most).unwrap();
                let wanted = capacity.max(len + step.a % most);
                // A mapping that moves may show more of what the file has already.
                assert!(ours.capacity() == wanted || moves && ours.capacity() > wanted);
            }
            Place::ShrinkTo => {
                ours.shrink_to(step.a % most).unwrap();
                let kept = (step.a % most).max(len).max(committed_len);
                assert_eq!(ours.capacity(), capacity.min(kept));
            }
            Place::ShrinkToFit => {
                ours.shrink_to_fit().unwrap();
                assert_eq!(ours.capacity(), len.max(committed_len));
            }
            Place::Commit => self.commit(),
            Place::Rollback => self.rollback(),
            Place::Checkpoint => ours.checkpoint().unwrap(),
            Place::ReopenCommitted => {
                self.commit();
                self.reopen(drop);
                assert_eq!(self.model.len(), len);
            }
            Place::ReopenClosed => {
                self.committed.clone_from(&self.model);
                self.reopen(|ours| ours.close().unwrap());
            }
            Place::ReopenDropped => self.reopen(drop),
            Place::ReopenRebooted => self.reboot(),
            Place::OpenSliceCommitted => {
                self.commit();
                self.open_slice();
            }
            Place::OpenSliceDropped => self.open_slice(),
        }
    }

    fn commit(&mut self) {
        self.ours().commit().unwrap();
        self.committed.clone_from(&self.model);
    }

    fn rollback(&mut self) {
        let result = self.ours().rollback();
        match self.mode {
            Mode::Atomic => {
                result.unwrap();
                self.model.clone_from(&self.committed);
            }
            _ => assert!(matches!(result, Err(Error::NoRollback { .. })), "{result:?}"),
        }
    }

    fn close(&mut self, close: impl FnOnce(MmapVec<T>)) -> PathBuf {
        let ours = self.ours.take().expect("open");
        let path = ours.path().to_path_buf();
        close(ours);
        path
    }

    fn reopen(&mut self, close: impl FnOnce(MmapVec<T>)) {
        let path = self.close(close);
        self.ours = Some(self.options.open_or_create(&path).unwrap());
        self.expect_what_was_left();
    }

    /// What a process finds that opens the file after this one: the model becomes that.
    fn expect_what_was_left(&mut self) {
        if self.mode == Mode::Atomic {
            self.model.clone_from(&self.committed);
        } else if !boot::is_known() {
            self.expect_committed_len();
        }
    }

    /// Where only the number of elements of the last commit is known. Of what was removed since, some older
    /// state is in the file.
    fn expect_committed_len(&mut self) {
        let ours = self.ours.as_ref().expect("open");
        assert_eq!(ours.len(), self.committed.len());
        self.model.truncate(ours.len());
        self.model.extend_from_slice(&ours[self.model.len()..]);
    }

    /// As if the machine had been started anew since the file was written, and had lost nothing.
    fn reboot(&mut self) {
        let path = self.close(drop);
        boot::another(&path);
        self.ours = Some(self.options.open(&path).unwrap());
        match self.mode {
            Mode::Atomic => self.expect_what_was_left(),
            _ => self.expect_committed_len(),
        }
    }

    /// Looks at the file before somebody who may write it does.
    fn open_slice(&mut self) {
        let path = self.close(drop);
        let before = fs::read(&path).unwrap();
        let slices = [(); 2].map(|()| MmapSlice::<T>::open(&path).unwrap());
        let seen = slices.each_ref().map(|slice| slice.to_vec());
        drop(slices);
        assert!(fs::read(&path).unwrap() == before, "reading has changed the file");
        self.ours = Some(self.options.open(&path).unwrap());
        self.expect_what_was_left();
        assert!(seen.iter().all(|elements| *elements == self.model));
    }
}

/// Drains two ranges from both ends, in the same order.
fn drain<T: Sample>(
    mut ours: persist_core::Drain<'_, T>,
    mut std: std::vec::Drain<'_, T>,
    step: Step,
) {
    for i in 0..step.seed {
        assert_eq!((ours.len(), ours.size_hint()), (std.len(), std.size_hint()));
        assert_eq!(ours.as_slice(), std.as_slice());
        match (step.a >> i) % 3 {
            0 => assert_eq!(ours.next(), std.next()),
            1 => assert_eq!(ours.next_back(), std.next_back()),
            _ => assert_eq!(ours.nth(step.b % 4), std.nth(step.b % 4)),
        }
    }
}

/// `Vec::extract_if`, which younger compilers have: the first `most` matches in a range.
fn extract<T: Copy>(
    vec: &mut Vec<T>,
    range: Range<usize>,
    most: usize,
    matches: impl Fn(&T) -> bool,
) -> Vec<T> {
    let (mut i, mut end, mut extracted) = (range.start, range.end, Vec::new());
    while i < end && extracted.len() < most {
        if matches(&vec[i]) {
            extracted.push(vec.remove(i));
            end -= 1;
        } else {
            i += 1;
        }
    }
    extracted
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

macro_rules! models {
    ($($name:ident: $type:ty, $reserve_bytes:expr, $cases:expr;)*) => { $(
        mod $name {
            use super::*;

            fn play(mode: Mode, steps: Vec<Step>) {
                let mut pair = Pair::<$type>::new(mode, $reserve_bytes);
                steps.into_iter().for_each(|step| pair.play(step));
            }

            proptest! {
                #![proptest_config(config($cases))]

                #[test]
                fn atomic(steps in steps()) {
                    play(Mode::Atomic, steps);
                }

                #[test]
                fn shared(steps in steps()) {
                    play(Mode::Shared, steps);
                }
            }
        }
    )* };
}

models! {
    bytes: u8, None, 60;
    words: u64, None, 60;
    odd_sizes: [u8; 3], None, 60;
    structs: Tick, None, 60;
    packed_structs: Packed, None, 60;
    aligned_structs: Line, None, 60;
    aligned_structs_that_move: Line, Some(1), 60;
    words_that_move: u64, Some(0), 60;
    page_aligned_structs: Page, None, 30;
    page_aligned_structs_that_move: Page, Some(4096), 30;
    large_structs: Large, None, 20;
    large_structs_that_move: Large, Some(100_000), 20;
}

#[test]
fn no_call_is_left_out() {
    fn distinct<T: Debug>(calls: &[T]) -> usize {
        calls.iter().map(|call| format!("{call:?}")).collect::<HashSet<_>>().len()
    }
    // Adding a call without its line in the table would not compile in `play`, but be unused: so the
    // last of each enum has the last number.
    assert_eq!(distinct(&GROW), Grow::SpareRoom as usize + 1);
    assert_eq!(distinct(&CUT), Cut::ExtractIf as usize + 1);
    assert_eq!(distinct(&EDIT), Edit::CopyWithin as usize + 1);
    assert_eq!(distinct(&PLACE), Place::OpenSliceDropped as usize + 1);
}

/// A vector of the numbers below 6, in a file and in memory.
fn six() -> (TempDir, MmapVec<u32>, Vec<u32>) {
    let directory = tempfile::tempdir().unwrap();
    let mut ours = MmapVec::create(directory.path().join("six.pv")).unwrap();
    let model: Vec<u32> = (0..6).collect();
    ours.extend_from_slice(&model).unwrap();
    (directory, ours, model)
}

/// What a call panicked with.
fn panic_of<R>(f: impl FnOnce() -> R) -> Option<String> {
    let panic = catch_unwind(AssertUnwindSafe(|| drop(f()))).err()?;
    let text = panic.downcast_ref::<String>().cloned();
    Some(text.or_else(|| Some(panic.downcast_ref::<&str>()?.to_string())).expect("text"))
}

#[test]
fn the_same_indexes_panic() {
    let (_directory, mut ours, mut model) = six();
    // With the beginning of the message, where std has one that is more than its numbers.
    macro_rules! same_panic {
        ($call:ident($($argument:expr),*), $message:expr) => {
            let (found, expected) = (
                panic_of(|| { let _ = ours.$call($($argument),*); }),
                panic_of(|| { let _ = model.$call($($argument),*); }),
            );
            assert_eq!(found.is_some(), expected.is_some(), stringify!($call($($argument),*)));
            if let (Some(found), Some(expected)) = (found, expected) {
                assert!(expected.starts_with($message), "std: {expected}");
                assert!(found.starts_with($message), "ours: {found}");
            }
            assert_eq!(ours, model);
        };
    }
    for index in [6, 7, usize::MAX] {
        same_panic!(remove(index), "removal index (is ");
        same_panic!(swap_remove(index), "swap_remove index (is ");
    }
    for index in [7, usize::MAX] {
        same_panic!(insert(index, 1), "insertion index (is ");
        same_panic!(split_off(index), "`at` split index (is ");
    }
    same_panic!(split_off(6), "");
    #[expect(clippy::reversed_empty_ranges, reason = "that is the point")]
    for range in [5..3, 0..7, 7..7, 6..usize::MAX, usize::MAX..0, 6..6] {
        same_panic!(drain(range.clone()), "");
        same_panic!(extend_from_within(range.clone()), "");
        let found = panic_of(|| ours.extract_if(range.clone(), |_| true).count());
        assert_eq!(found.is_some(), range != (6..6));
    }
    for range in [0..=6, 3..=usize::MAX, 7..=7] {
        same_panic!(drain(range.clone()), "");
        same_panic!(extend_from_within(range.clone()), "");
    }
    for range in [7.., usize::MAX.., 6..] {
        same_panic!(drain(range.clone()), "");
    }
    assert!(panic_of(|| ours[6]).is_some());
    assert!(panic_of(|| ours[6] = 1).is_some());
    // The place in the panic is the caller's.
    assert_eq!(ours, [0, 1, 2, 3, 4, 5]);
}

#[test]
fn closures_that_panic_leave_the_elements_that_std_leaves() {
    for at in 0..6 {
        let (_directory, mut ours, mut model) = six();
        let keep = |element: &mut u32| {
            assert_ne!(*element, at);
            *element += 10;
            *element % 2 == 0
        };
        let panics = (panic_of(|| ours.retain_mut(keep)), panic_of(|| model.retain_mut(keep)));
        assert!(panics.0.is_some() && panics.1.is_some());
        assert_eq!(ours, model, "retain_mut, {at}");

        let (_directory, mut ours, mut model) = six();
        let same = |a: &mut u32, _: &mut u32| {
            assert_ne!(*a, at);
            *a % 2 == 0
        };
        let panics = (panic_of(|| ours.dedup_by(same)), panic_of(|| model.dedup_by(same)));
        assert_eq!((panics.0.is_some(), panics.1.is_some()), (at > 0, at > 0));
        assert_eq!(ours, model, "dedup_by, {at}");

        let (_directory, mut ours, mut model) = six();
        let even = |element: &mut u32| {
            assert_ne!(*element, at);
            *element % 2 == 0
        };
        assert!(panic_of(|| ours.extract_if(.., even).count()).is_some());
        model.retain(|&element| element >= at || element % 2 == 1);
        assert_eq!(ours, model, "extract_if, {at}");

        let (_directory, mut ours, mut model) = six();
        let make = || {
            let mut next = 0;
            move || {
                assert_ne!(next, at);
                next += 1;
                next
            }
        };
        assert!(panic_of(|| ours.resize_with(20, make())).is_some());
        assert!(panic_of(|| model.resize_with(20, make())).is_some());
        assert_eq!(ours, model, "resize_with, {at}");

        let items = || (0..).inspect(|&item| assert_ne!(item, at));
        assert!(panic_of(|| ours.try_extend(items())).is_some());
        assert!(panic_of(|| model.extend(items())).is_some());
        assert_eq!(ours, model, "try_extend, {at}");

        let (_directory, mut ours, _) = six();
        assert!(panic_of(|| ours.pop_if(|_| panic!("expected"))).is_some());
        assert_eq!(ours.len(), 6);
    }
}

#[test]
fn a_reader_of_committed_elements_sees_no_others() {
    let (_directory, mut ours, model) = six();
    ours.commit().unwrap();
    ours.extend_from_slice(&[6, 7, 8]).unwrap();
    let path = ours.path().to_path_buf();
    drop(ours);
    assert_eq!(MmapSlice::<u32>::open(&path).unwrap(), model);
}

#[test]
fn bytes_are_written_as_to_a_vec() {
    let directory = tempfile::tempdir().unwrap();
    let mut ours = MmapVec::<u8>::create(directory.path().join("log.pv")).unwrap();
    let mut model = Vec::<u8>::new();
    for text in ["", "one", "\n", "zwölf"] {
        assert_eq!(ours.write(text.as_bytes()).unwrap(), model.write(text.as_bytes()).unwrap());
        ours.write_all(text.as_bytes()).unwrap();
        model.write_all(text.as_bytes()).unwrap();
        writeln!(ours, "{text}").unwrap();
        writeln!(model, "{text}").unwrap();
    }
    ours.flush().unwrap();
    assert_eq!(ours, model);
    std::io::copy(&mut &b"copied"[..], &mut ours).unwrap();
    assert!(ours.ends_with(b"copied"));
}

/// What a vector is besides its methods. That it compiles is most of the test.
#[test]
fn the_traits_of_a_vec_are_there() {
    use std::borrow::{Borrow, BorrowMut};
    use std::hash::Hash;
    use std::ops::{Deref, DerefMut};

    fn traits<V, T: Debug + PartialEq + Clone + 'static>(vector: &V, slice: &[T])
    where
        V: Debug
            + Send
            + Sync
            + Unpin
            + Deref<Target = [T]>
            + AsRef<[T]>
            + Borrow<[T]>
            + Ord
            + Hash,
        V: PartialEq<[T]> + PartialEq<Vec<T>> + for<'a> PartialEq<&'a [T]>,
        for<'a> &'a V: IntoIterator<Item = &'a T>,
    {
        assert_eq!(format!("{vector:?}"), format!("{slice:?}"));
        assert_eq!(vector.as_ref(), slice);
        assert_eq!(vector.borrow(), slice);
        assert_eq!(&**vector, slice);
        assert!(*vector == *slice && *vector == slice && *vector == slice.to_vec());
        assert!(*vector != slice[1..] && vector == vector);
        assert!(vector.into_iter().eq(slice));
    }
    fn traits_to_write<V, T: Copy>(vector: &mut V)
    where
        V: AsMut<[T]> + BorrowMut<[T]> + DerefMut<Target = [T]>,
        for<'a> &'a mut V: IntoIterator<Item = &'a mut T>,
    {
        vector.as_mut().swap(0, 1);
        vector.borrow_mut().swap(0, 1);
        for _ in &mut *vector {}
    }

    let (_directory, mut ours, model) = six();
    traits(&ours, &model);
    traits_to_write(&mut ours);
    assert_eq!(ours, [0, 1, 2, 3, 4, 5]);
    assert_eq!((ours.first(), ours.last(), ours.get(6)), (Some(&0), Some(&5), None));
    ours.commit().unwrap();
    let path = ours.path().to_path_buf();
    drop(ours);
    let slice = MmapSlice::<u32>::open(&path).unwrap();
    traits(&slice, &model);
    assert_eq!(slice, [0, 1, 2, 3, 4, 5]);
}

/// A vector may go where its elements may, which is everywhere: `Persist` asks for it, so that
/// `MmapVec<Rc<Cell<u8>>>` is no type at all.
#[test]
fn a_vector_goes_where_its_elements_may() {
    fn goes_everywhere<T: Persist>() {
        fn everywhere<V: Send + Sync + 'static>() {}
        everywhere::<MmapVec<T>>();
        everywhere::<MmapSlice<T>>();
        everywhere::<T>();
    }
    goes_everywhere::<u8>();
    goes_everywhere::<Tick>();
}
