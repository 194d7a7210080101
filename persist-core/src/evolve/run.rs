//! Runs a program on elements: each operation on a block of them, small enough to stay in the cache.
//!
//! So the choice of what to do is made once for a block, and the loops are simple. Where a block doesn't fit, halves
//! of it are tried until the first value at fault is found.

use super::kernel::{self, Dim, with_width};
use super::number::{Domain, Integer, read};
use super::op::{Checked, Convert, Move, Op, Program, Tags, Test};
use crate::elements::fixed_str;

/// The bytes of a block, in the file or in the target, whichever has more.
const BLOCK_BYTES: usize = 16 << 10;

/// A program with what it needs to be run.
#[derive(Debug, Clone)]
pub(super) struct Machine {
    pub(super) program: Program,
    /// The size of an element of the file, never 0.
    pub(super) from_bytes: usize,
    /// The size of an element of the target, never 0.
    pub(super) to_bytes: usize,
    /// An element of the target, of which the fills are parts; empty where there are none.
    pub(super) defaults: Box<[u8]>,
    /// Whether the program leaves bytes of the target alone.
    pub(super) leaves_gaps: bool,
}

/// A value at fault.
pub(super) struct Stop<'a> {
    pub(super) element: usize,
    pub(super) op: &'a Op<Checked>,
    /// The index in each array around it, the outermost first.
    pub(super) indexes: Vec<usize>,
    /// Where the value is, in the element of the file.
    pub(super) from: usize,
}

impl Machine {
    /// Converts whole elements, as many as there are in both.
    pub(super) fn run(&self, from: &[u8], to: &mut [u8]) -> Result<(), Stop<'_>> {
        let block_len = (BLOCK_BYTES / self.from_bytes.max(self.to_bytes)).max(1);
        let blocks = from.chunks(block_len * self.from_bytes);
        for (i, (from, to)) in blocks.zip(to.chunks_mut(block_len * self.to_bytes)).enumerate() {
            if !self.convert(from, to) {
                let mut stop = self.find(from, to);
                stop.element += i * block_len;
                return Err(stop);
            }
        }
        Ok(())
    }

    /// Converts a block, and says whether all values fitted.
    fn convert(&self, from: &[u8], to: &mut [u8]) -> bool {
        if self.leaves_gaps {
            to.fill(0);
        }
        self.program.moves.iter().for_each(|op| self.move_all(op, from, to));
        self.check(from, to)
    }

    fn check(&self, from: &[u8], to: &mut [u8]) -> bool {
        self.program.checked.iter().all(|op| self.checked_all(op, from, to))
    }

    fn elements(&self, from: &[u8]) -> Dim {
        let count = from.len() / self.from_bytes;
        Dim { count, from_stride: self.from_bytes, to_stride: self.to_bytes }
    }

    fn move_all(&self, op: &Op<Move>, from: &[u8], to: &mut [u8]) {
        let elements = self.elements(from);
        let mut dims: Vec<Dim> = self.program.loops(op.place).collect();
        if let Move::Fill { bytes } = op.kind {
            return self.fill(&dims, op.to, bytes, elements, to);
        }
        dims.insert(0, elements);
        let mut kind = op.kind;
        // Elements that are one thing from end to end, one after the other: one large thing.
        while let Some(dim) = dims.last().copied() {
            let bytes = kind.bytes();
            if (dim.from_stride, dim.to_stride) != (bytes, bytes) {
                break;
            }
            kind = kind.times(dim.count);
            dims.pop();
        }
        if let Move::Swap { width, count } = kind {
            let stride = usize::from(width);
            dims.push(Dim { count, from_stride: stride, to_stride: stride });
        }
        each(dims, op.from, op.to, |at, into, dim| {
            let (from, to) = (&from[at..], &mut to[into..]);
            match kind {
                Move::Swap { width, .. } => kernel::swap(from, to, dim, width),
                kind => kernel::copy(from, to, dim, kind.bytes()),
            }
            true
        });
    }

    /// The same bytes in each element.
    fn fill(&self, dims: &[Dim], at: usize, bytes: usize, elements: Dim, to: &mut [u8]) {
        each_item(dims, at, at, &mut |_, at| {
            kernel::fill(&self.defaults[at..][..bytes], &mut to[at..], elements);
            true
        });
    }

    fn checked_all(&self, op: &Op<Checked>, from: &[u8], to: &mut [u8]) -> bool {
        let mut dims = vec![self.elements(from)];
        dims.extend(self.program.loops(op.place));
        checked_at(op, dims, op.from, op.to, from, to)
    }

    /// The first value of a block that doesn't fit.
    fn find(&self, from: &[u8], to: &mut [u8]) -> Stop<'_> {
        let (from_bytes, to_bytes) = (self.from_bytes, self.to_bytes);
        let element = first(self.elements(from).count, |range| {
            let to = &mut to[range.start * to_bytes..range.end * to_bytes];
            self.check(&from[range.start * from_bytes..range.end * from_bytes], to)
        });
        let from = &from[element * from_bytes..][..from_bytes];
        let to = &mut to[element * to_bytes..][..to_bytes];
        let op = self.program.checked.iter().find(|op| !self.checked_all(op, from, to));
        let op = op.expect("a block that failed has an operation that fails");
        let (mut at, mut into, mut indexes) = (op.from, op.to, Vec::new());
        let loops: Vec<Dim> = self.program.loops(op.place).collect();
        for (i, dim) in loops.iter().enumerate() {
            let index = first(dim.count, |range| {
                let mut dims = vec![Dim { count: range.len(), ..*dim }];
                dims.extend(&loops[i + 1..]);
                let start = range.start;
                let (at, into) = (at + start * dim.from_stride, into + start * dim.to_stride);
                checked_at(op, dims, at, into, from, to)
            });
            at += index * dim.from_stride;
            into += index * dim.to_stride;
            indexes.push(index);
        }
        Stop { element, op, indexes, from: at }
    }
}

/// The first of these many that doesn't fit, where one of them doesn't: by halves, so that each is tried about once.
fn first(count: usize, mut fits: impl FnMut(std::ops::Range<usize>) -> bool) -> usize {
    let (mut start, mut end) = (0, count);
    while end - start > 1 {
        let middle = start + (end - start) / 2;
        if fits(start..middle) {
            start = middle;
        } else {
            end = middle;
        }
    }
    start
}

/// Calls the kernel for all dimensions but the one with the most items, which is its loop.
fn each(
    mut dims: Vec<Dim>,
    from: usize,
    to: usize,
    mut kernel: impl FnMut(usize, usize, Dim) -> bool,
) -> bool {
    let longest = (0..dims.len()).max_by_key(|&i| dims[i].count);
    let inner = longest.map_or(Dim::ONE, |i| dims.remove(i));
    each_item(&dims, from, to, &mut |from, to| kernel(from, to, inner))
}

/// Calls the function for the offsets of each item.
pub(super) fn each_item(
    dims: &[Dim],
    from: usize,
    to: usize,
    kernel: &mut impl FnMut(usize, usize) -> bool,
) -> bool {
    match dims {
        [] => kernel(from, to),
        [outer, inner @ ..] => (0..outer.count).fold(true, |fits, i| {
            let (from, to) = (from + i * outer.from_stride, to + i * outer.to_stride);
            each_item(inner, from, to, kernel) && fits
        }),
    }
}

/// Runs an operation at these offsets, and says whether all values fitted.
fn checked_at(
    op: &Op<Checked>,
    dims: Vec<Dim>,
    from_offset: usize,
    to_offset: usize,
    from: &[u8],
    to: &mut [u8],
) -> bool {
    each(dims, from_offset, to_offset, |at, into, dim| match &op.kind {
        Checked::Test(test) => run_test(test, &from[at..], dim),
        Checked::Convert(convert) => run_convert(convert, &from[at..], &mut to[into..], dim),
    })
}

fn run_test(test: &Test, from: &[u8], dim: Dim) -> bool {
    let items = |bytes: usize| (0..dim.count).map(move |i| &from[i * dim.from_stride..][..bytes]);
    match *test {
        Test::Integer(of) => test_integer(of, from, dim),
        Test::Tag(ref tags) => test_tags(tags, from, dim),
        Test::Text { bytes, most } => {
            items(bytes).all(|text| fixed_str(text).is_some_and(|text| text.len() <= most))
        }
        Test::Zero { bytes, .. } => items(bytes).all(|bytes| bytes.iter().all(|&byte| byte == 0)),
    }
}

fn test_integer(of: Integer, from: &[u8], dim: Dim) -> bool {
    // The domains apart, so that each loop has no branch.
    macro_rules! domains {
        ($($domain:ident)*) => {
            match of.domain {
                $(Domain::$domain => with_width!(of.width, W => {
                    kernel::all::<W>(from, dim, |bytes| Domain::$domain.has(of.read(bytes)))
                }),)*
            }
        };
    }
    domains!(All NonZero Bool Char)
}

fn test_tags(tags: &Tags, from: &[u8], dim: Dim) -> bool {
    let order = tags.from.order;
    with_width!(tags.from.width, W => {
        kernel::all::<W>(from, dim, |bytes| tags.get(read(bytes, order) as u64).is_some())
    })
}

fn run_convert(convert: &Convert, from: &[u8], to: &mut [u8], dim: Dim) -> bool {
    macro_rules! widths {
        ($from:expr, $to:expr, $convert:expr) => {
            with_width!($from, F => with_width!($to, T => {
                kernel::map::<F, T>(from, to, dim, $convert)
            }))
        };
    }
    match *convert {
        Convert::Integer { from: of, to: into } => {
            widths!(of.width, into.width, |bytes| of.convert(into, bytes))
        }
        Convert::Float { from: of, to: into } => {
            widths!(of.format.width(), into.format.width(), |bytes| of.convert(into, bytes))
        }
        Convert::IntegerToFloat { from: of, to: into } => {
            widths!(of.width, into.format.width(), |bytes| into.of_integer(of, bytes))
        }
        Convert::FloatToInteger { from: of, to: into } => {
            widths!(of.format.width(), into.width, |bytes| of.to_integer(into, bytes))
        }
        Convert::Tag { ref map, to: into } => widths!(map.from.width, into.width, |bytes| {
            let tag = map.get(read(bytes, map.from.order) as u64);
            (super::number::write(tag.unwrap_or(0).into(), into.order), tag.is_some())
        }),
    }
}
