//! How many different values there are.
//!
//! Exact while they are few. Beyond that HyperLogLog: Flajolet et al., "HyperLogLog: the analysis of a
//! near-optimal cardinality estimation algorithm", 2007, with 64-bit hashes, which need none of its
//! corrections for large counts.

use std::collections::HashSet;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

/// So many values of one field are counted exactly.
const MOST_EXACT: usize = 1 << 14;

/// So many values are kept for all fields together.
const MOST_KEPT: usize = 1 << 20;

/// 2^14 registers: a standard error of 0.8 %.
const INDEX_BITS: u32 = 14;

/// Values that were seen, as the bytes in the file.
#[derive(Debug, Clone)]
pub(super) enum Distinct {
    Exact {
        seen: HashSet<Box<[u8]>, Hasher>,
        most: usize,
    },
    /// For each register the longest run of zeros at the beginning of a hash, plus one.
    Estimated(Vec<u8>),
}

/// The same for every run, so that the same file gives the same estimate.
type Hasher = BuildHasherDefault<DefaultHasher>;

impl Distinct {
    /// For one of so many fields.
    pub(super) fn new(fields: usize) -> Self {
        let most = MOST_EXACT.min(MOST_KEPT / fields.max(1));
        Self::Exact { seen: HashSet::default(), most }
    }

    pub(super) fn add(&mut self, bytes: &[u8]) {
        match self {
            Self::Exact { seen, .. } => {
                if !seen.contains(bytes) {
                    seen.insert(bytes.into());
                    self.estimate_if_many();
                }
            }
            Self::Estimated(registers) => note(registers, bytes),
        }
    }

    pub(super) fn merge(&mut self, other: Self) {
        match (&mut *self, other) {
            (_, Self::Exact { seen, .. }) => seen.iter().for_each(|bytes| self.add(bytes)),
            (Self::Exact { .. }, Self::Estimated(other)) => {
                let mine = std::mem::replace(self, Self::Estimated(other));
                self.merge(mine);
            }
            (Self::Estimated(registers), Self::Estimated(other)) => {
                for (register, other) in registers.iter_mut().zip(other) {
                    *register = other.max(*register);
                }
            }
        }
    }

    /// How many there are, and whether that is exact.
    pub(super) fn count(&self) -> (u64, bool) {
        match self {
            Self::Exact { seen, .. } => (seen.len() as u64, true),
            Self::Estimated(registers) => (estimate(registers), false),
        }
    }

    fn estimate_if_many(&mut self) {
        match self {
            Self::Exact { seen, most } if seen.len() > *most => {
                let mut registers = vec![0; 1 << INDEX_BITS];
                seen.iter().for_each(|bytes| note(&mut registers, bytes));
                *self = Self::Estimated(registers);
            }
            _ => {}
        }
    }
}

fn note(registers: &mut [u8], bytes: &[u8]) {
    let hash = Hasher::default().hash_one(bytes);
    let (index, rest) = (hash >> (64 - INDEX_BITS), hash << INDEX_BITS);
    let run = rest.leading_zeros().min(64 - INDEX_BITS) as u8 + 1;
    let register = &mut registers[index as usize];
    *register = run.max(*register);
}

fn estimate(registers: &[u8]) -> u64 {
    let len = registers.len() as f64;
    let sum: f64 = registers.iter().map(|&run| (-f64::from(run)).exp2()).sum();
    let raw = 0.7213 / (1.0 + 1.079 / len) * len * len / sum;
    let zeros = registers.iter().filter(|&&run| run == 0).count() as f64;
    // Where many registers are empty, their number says more.
    let count = if raw <= 2.5 * len && zeros > 0.0 { len * (len / zeros).ln() } else { raw };
    count.round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(numbers: std::ops::Range<u64>) -> Distinct {
        let mut distinct = Distinct::new(1);
        numbers.for_each(|number| distinct.add(&number.to_le_bytes()));
        distinct
    }

    #[track_caller]
    fn check(distinct: &Distinct, expected: u64) {
        let (count, is_exact) = distinct.count();
        assert_eq!(is_exact, expected <= MOST_EXACT as u64);
        let error = (count as f64 / expected as f64 - 1.0).abs();
        assert!(if is_exact { count == expected } else { error < 0.03 }, "{count} for {expected}");
    }

    #[test]
    fn counts_are_exact_or_near() {
        for expected in [1, 100, 16_384, 16_385, 40_000, 50_000, 1_000_000] {
            check(&of(0..expected), expected);
        }
    }

    #[test]
    fn parts_that_overlap_are_counted_once() {
        for (left, right) in [(0..10, 5..20), (0..10, 5..40_000), (0..30_000, 20_000..90_000)] {
            let expected = right.end;
            for (first, second) in [(left.clone(), right.clone()), (right, left)] {
                let mut distinct = of(first);
                distinct.merge(of(second));
                check(&distinct, expected);
            }
        }
    }
}
