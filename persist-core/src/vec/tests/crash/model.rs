//! What is done to a vector, drawn by lot, and to a `Vec` beside it.

#![forbid(unsafe_code)]

use std::fmt::Debug;
use std::ops::Range;

use fastrand::Rng;

use crate::{Error, MmapVec, Persist};

/// Elements that can be told apart.
pub(super) trait Element: Persist + Ord + Debug {
    fn new(number: u64) -> Self;
}

impl Element for u64 {
    fn new(number: u64) -> Self {
        number
    }
}

/// Elements that lie across sectors and pages.
impl Element for [u64; 3] {
    fn new(number: u64) -> Self {
        [number, !number, number.rotate_left(7)]
    }
}

/// One thing to do. A number is that of elements, or an index.
#[derive(Debug, Clone)]
pub(super) enum Op {
    Push(usize),
    Extend(usize),
    TryExtend(usize),
    Insert(usize),
    Remove(usize),
    Pop,
    Truncate(usize),
    Clear,
    Resize(usize),
    Set(usize),
    /// Writes what is there already.
    SetSame(usize),
    Fill(Range<usize>),
    Swap(usize, usize),
    Sort(Range<usize>),
    Shrink,
    Commit,
    Rollback,
    Checkpoint,
    Close,
    Drop,
    LosePower,
}

/// How many kinds of operations there are, as [`Style::next`] numbers them.
const KINDS: usize = 21;

/// What one run does often, seldom or never.
#[derive(Debug)]
pub(super) struct Style {
    weights: [u32; KINDS],
    /// How many elements there are at most, roughly.
    most_len: usize,
    /// Whether much is often done at once.
    bulky: bool,
    /// Of so many growths, one isn't exact.
    amortized_every: u32,
}

impl Style {
    pub(super) fn new(rng: &mut Rng, element_bytes: usize) -> Self {
        let (most_bytes, bulky) = match rng.u32(..40) {
            0..=15 => (512, false),
            16..=28 => (4 << 10, false),
            29..=36 => (24 << 10, false),
            // More than the journal takes, up to more than the disk has room for twice.
            _ => (rng.usize(80 << 10..240 << 10), true),
        };
        let mut weights = [(); KINDS].map(|()| [0, 1, 1, 3, 10][rng.usize(..5)]);
        // Without these nothing happens.
        weights[1] += 1;
        weights[9] += 1;
        weights[15] += [2, 10, 40][rng.usize(..3)];
        if bulky {
            weights[1] += 5;
            weights[11] += 5;
            weights[15] += 5;
        }
        // These begin anew, or leave little to look at.
        for rare in [5, 7, 18, 19, 20] {
            weights[rare] = weights[rare].min(1);
        }
        Self {
            weights,
            most_len: most_bytes / element_bytes,
            bulky,
            amortized_every: [u32::MAX, 100][usize::from(rng.u32(..16) == 0)],
        }
    }

    /// What to do next to a vector of `len` elements.
    pub(super) fn next(&self, rng: &mut Rng, len: usize) -> Op {
        let room = self.most_len.saturating_sub(len);
        let index = |rng: &mut Rng| if rng.u32(..4) == 0 { len - 1 } else { rng.usize(..len) };
        match self.kind(rng) {
            0 => Op::Push(1 + rng.usize(..room.clamp(1, 4))),
            1 => Op::Extend(self.amount(rng, room)),
            2 => Op::TryExtend(self.amount(rng, room)),
            3 => Op::Insert(rng.usize(..=len)),
            15 => Op::Commit,
            16 => Op::Rollback,
            17 => Op::Checkpoint,
            14 => Op::Shrink,
            18 => Op::Close,
            19 => Op::Drop,
            20 => Op::LosePower,
            8 => Op::Resize(rng.usize(..=self.most_len.min(2 * len + 8))),
            _ if len == 0 => Op::Extend(self.amount(rng, room)),
            4 => Op::Remove(index(rng)),
            5 => Op::Pop,
            6 => Op::Truncate(len - self.amount(rng, len).min(len)),
            7 => Op::Clear,
            9 => Op::Set(index(rng)),
            10 => Op::SetSame(index(rng)),
            11 => Op::Fill(self.range(rng, len)),
            12 => Op::Swap(index(rng), index(rng)),
            _ => Op::Sort(self.range(rng, len)),
        }
    }

    fn kind(&self, rng: &mut Rng) -> usize {
        let mut ticket = rng.u32(..self.weights.iter().sum::<u32>());
        let is_drawn = |&weight: &u32| {
            let is_drawn = ticket < weight;
            ticket = ticket.wrapping_sub(weight);
            is_drawn
        };
        self.weights.iter().position(is_drawn).expect("the ticket is below the sum")
    }

    /// At least 1, mostly few, sometimes all there is room for.
    fn amount(&self, rng: &mut Rng, room: usize) -> usize {
        let most = match rng.u32(..if self.bulky { 3 } else { 8 }) {
            0 => room,
            1 | 2 => room / 4,
            _ => room.min(10),
        };
        1 + rng.usize(..most.max(1))
    }

    /// A part of `len` elements, of at least one.
    fn range(&self, rng: &mut Rng, len: usize) -> Range<usize> {
        if self.bulky && rng.bool() {
            return 0..len;
        }
        let start = rng.usize(..len);
        start..start + self.amount(rng, len - start).min(len - start)
    }

    pub(super) fn grows_exactly(&self, rng: &mut Rng) -> bool {
        rng.u32(..self.amortized_every) != 0
    }
}

impl Op {
    /// How many elements it may add.
    pub(super) fn growth(&self, len: usize) -> usize {
        match *self {
            Self::Push(count) | Self::Extend(count) | Self::TryExtend(count) => count,
            Self::Insert(_) => 1,
            Self::Resize(new_len) => new_len.saturating_sub(len),
            _ => 0,
        }
    }

    /// Does it to a vector, and to the model as much as was done. The elements it adds are made of `salt`.
    ///
    /// Not for what makes or ends a state: commits and the like.
    pub(super) fn apply<T: Element>(
        &self,
        vector: &mut MmapVec<T>,
        model: &mut Vec<T>,
        salt: u64,
    ) -> Result<(), Error> {
        let element = |i: usize| T::new(salt.wrapping_add((i as u64).wrapping_mul(0x9e37_79b9)));
        let elements = |count: usize| (0..count).map(element);
        match *self {
            Self::Push(count) => {
                for new in elements(count) {
                    vector.push(new)?;
                    model.push(new);
                }
            }
            Self::Extend(count) => {
                let new: Vec<T> = elements(count).collect();
                vector.extend_from_slice(&new)?;
                model.extend(new);
            }
            Self::TryExtend(count) => {
                let old_len = vector.len();
                let result = vector.try_extend(elements(count));
                model.extend(elements(vector.len() - old_len));
                return result;
            }
            Self::Insert(index) => {
                vector.insert(index, element(0))?;
                model.insert(index, element(0));
            }
            Self::Resize(new_len) => {
                // Where it can't grow it has the old length or the new one.
                vector.resize(new_len, element(0))?;
                model.resize(new_len, element(0));
            }
            Self::Shrink => vector.shrink_to_fit()?,
            _ => self.edit(vector, model, salt),
        }
        Ok(())
    }

    /// Does what can't fail.
    fn edit<T: Element>(&self, vector: &mut MmapVec<T>, model: &mut Vec<T>, salt: u64) {
        match self.clone() {
            Self::Remove(index) => {
                assert_eq!(vector.remove(index), model.remove(index));
            }
            Self::Pop => assert_eq!(vector.pop(), model.pop()),
            Self::Truncate(len) => {
                vector.truncate(len);
                model.truncate(len);
            }
            Self::Clear => {
                vector.clear();
                model.clear();
            }
            Self::Set(index) => {
                vector[index] = T::new(salt);
                model[index] = T::new(salt);
            }
            Self::SetSame(index) => vector[index] = model[index],
            Self::Fill(range) => {
                vector[range.clone()].fill(T::new(salt));
                model[range].fill(T::new(salt));
            }
            Self::Swap(a, b) => {
                vector.swap(a, b);
                model.swap(a, b);
            }
            Self::Sort(range) => {
                vector.as_mut_slice()[range.clone()].sort_unstable();
                model[range].sort_unstable();
            }
            _ => unreachable!("{self:?} is no edit"),
        }
    }
}
