//! Rounds, in which contestants take turns, and what is said of the times they took.

use std::time::{Duration, Instant};

use anyhow::Result;

/// The times of one contestant, in nanoseconds, sorted.
#[derive(Debug)]
pub(crate) struct Times(Vec<f64>);

impl Times {
    /// Panics where nothing was measured.
    pub(crate) fn new(mut nanoseconds: Vec<f64>) -> Self {
        assert!(!nanoseconds.is_empty(), "nothing was measured");
        nanoseconds.sort_unstable_by(f64::total_cmp);
        Self(nanoseconds)
    }

    pub(crate) fn median(&self) -> f64 {
        let middle = self.0.len() / 2;
        if self.0.len() % 2 == 1 {
            self.0[middle]
        } else {
            (self.0[middle - 1] + self.0[middle]) / 2.0
        }
    }

    pub(crate) fn mean(&self) -> f64 {
        self.0.iter().sum::<f64>() / self.0.len() as f64
    }

    pub(crate) fn min(&self) -> f64 {
        self.0[0]
    }

    pub(crate) fn max(&self) -> f64 {
        self.0[self.0.len() - 1]
    }

    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }
}

/// Lets each contestant have its turn in each of the rounds, and one before, which is not counted.
///
/// A turn is given its contestant and the number of the round, and returns what it measured of each of
/// its operations. All that a contestant's turns returned comes back together.
pub(crate) fn rounds<C, M: Clone>(
    rounds: u32,
    contestants: &mut [C],
    mut turn: impl FnMut(&mut C, u32) -> Result<Vec<M>>,
) -> Result<Vec<Vec<M>>> {
    let mut measured = vec![Vec::new(); contestants.len()];
    for round in 0..=rounds {
        for (contestant, measured) in contestants.iter_mut().zip(&mut measured) {
            let operations = turn(contestant, round)?;
            if round > 0 {
                measured.extend(operations);
            }
        }
    }
    Ok(measured)
}

/// What an operation returned, and how many nanoseconds it took.
pub(crate) fn timed<R>(operation: impl FnOnce() -> R) -> (R, f64) {
    let start = Instant::now();
    let result = operation();
    (result, nanoseconds(start.elapsed()))
}

fn nanoseconds(duration: Duration) -> f64 {
    duration.as_nanos() as f64
}
