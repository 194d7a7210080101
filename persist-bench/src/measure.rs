//! Rounds, in which contestants take turns, and what is said of the times they took.

use std::time::{Duration, Instant};

use anyhow::Result;
use serde::Serialize;

/// What one contestant took, in nanoseconds, or in bytes.
#[derive(Clone, Debug, Serialize)]
#[serde(into = "Summary")]
pub(crate) struct Times {
    /// Of each operation, sorted.
    operations: Vec<f64>,
    /// Of the work that its operations left behind.
    rest: f64,
}

/// What is said of it.
#[derive(Serialize)]
struct Summary {
    median: f64,
    min: f64,
    max: f64,
    mean: f64,
    count: usize,
}

impl From<Times> for Summary {
    fn from(times: Times) -> Self {
        Self {
            median: times.median(),
            min: times.min(),
            max: times.max(),
            mean: times.mean(),
            count: times.count(),
        }
    }
}

impl Times {
    /// Panics where nothing was measured.
    pub(crate) fn new(mut operations: Vec<f64>) -> Self {
        assert!(!operations.is_empty(), "nothing was measured");
        operations.sort_unstable_by(f64::total_cmp);
        Self { operations, rest: 0.0 }
    }

    /// The same, and the work that the operations left behind, which counts in the mean.
    pub(crate) fn with_rest(self, rest: f64) -> Self {
        Self { rest, ..self }
    }

    pub(crate) fn median(&self) -> f64 {
        let (sorted, middle) = (&self.operations, self.count() / 2);
        if self.count() % 2 == 1 {
            sorted[middle]
        } else {
            (sorted[middle - 1] + sorted[middle]) / 2.0
        }
    }

    /// Between which times half of the operations are.
    pub(crate) fn quartiles(&self) -> [f64; 2] {
        let last = self.count() - 1;
        [last / 4, last - last / 4].map(|place| self.operations[place])
    }

    pub(crate) fn mean(&self) -> f64 {
        (self.operations.iter().sum::<f64>() + self.rest) / self.count() as f64
    }

    pub(crate) fn min(&self) -> f64 {
        self.operations[0]
    }

    pub(crate) fn max(&self) -> f64 {
        self.operations[self.count() - 1]
    }

    pub(crate) fn count(&self) -> usize {
        self.operations.len()
    }
}

/// Lets each contestant have its turn in each of the rounds, and one before, which is not counted. Every other round goes
/// backwards, so that nobody always comes after the same.
///
/// A turn is given its contestant and the number of the round, and returns what it measured of each of
/// its operations. All that a contestant's turns returned comes back together.
pub(crate) fn rounds<C, M: Clone>(
    rounds: u32,
    contestants: &mut [C],
    mut turn: impl FnMut(&mut C, u32) -> Result<Vec<M>>,
) -> Result<Vec<Vec<M>>> {
    for contestant in &mut *contestants {
        turn(contestant, 0)?;
    }
    fresh_rounds(rounds, contestants, |contestant, round| turn(contestant, round + 1))
}

/// The same without a round before: for turns that begin with nothing, each with files of its own.
pub(crate) fn fresh_rounds<C, M: Clone>(
    rounds: u32,
    contestants: &mut [C],
    mut turn: impl FnMut(&mut C, u32) -> Result<Vec<M>>,
) -> Result<Vec<Vec<M>>> {
    let mut measured = vec![Vec::new(); contestants.len()];
    for round in 0..rounds {
        let mut order: Vec<_> = contestants.iter_mut().zip(&mut measured).collect();
        if round % 2 == 1 {
            order.reverse();
        }
        for (contestant, measured) in order {
            measured.extend(turn(contestant, round)?);
        }
    }
    Ok(measured)
}

/// What two took in turns that followed each other, in nanoseconds.
pub(crate) type Pair = (f64, f64);

/// Lets two take turns, each of which returns what it took. Every other time the second comes first.
pub(crate) fn pairs(
    count: u32,
    mut one: impl FnMut(u32) -> Result<f64>,
    mut other: impl FnMut(u32) -> Result<f64>,
) -> Result<Vec<Pair>> {
    let pair = |turn| {
        if turn % 2 == 0 {
            Ok((one(turn)?, other(turn)?))
        } else {
            let second = other(turn)?;
            Ok((one(turn)?, second))
        }
    };
    (0..count).map(pair).collect()
}

/// How long a turn of many operations may take: a device that is slow to flush makes for fewer of them, and not
/// for a longer run.
const TURN: Duration = Duration::from_millis(250);

/// Runs so many operations, or those that begin in the time of a turn, and one at least. Each is given its number, and
/// returns what it measured.
pub(crate) fn turn<M>(count: u64, mut operation: impl FnMut(u64) -> Result<M>) -> Result<Vec<M>> {
    let start = Instant::now();
    let mut measured = Vec::new();
    for number in 0..count {
        measured.push(operation(number)?);
        if start.elapsed() >= TURN {
            break;
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

/// The same of one that can fail, and returns nothing.
pub(crate) fn time(operation: impl FnOnce() -> Result<()>) -> Result<f64> {
    let (result, time) = timed(operation);
    result.map(|()| time)
}

pub(crate) fn nanoseconds(duration: Duration) -> f64 {
    duration.as_nanos() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_summary(operations: &[f64], rest: f64, expected: [f64; 4]) {
        let times = Times::new(operations.to_vec()).with_rest(rest);
        let summary = [times.median(), times.min(), times.max(), times.mean()];
        assert_eq!(summary, expected, "{operations:?} and {rest}");
    }

    #[test]
    fn the_median_is_of_the_middle_and_the_mean_has_its_share_of_the_rest() {
        check_summary(&[7.0], 0.0, [7.0, 7.0, 7.0, 7.0]);
        check_summary(&[9.0, 1.0, 2.0], 0.0, [2.0, 1.0, 9.0, 4.0]);
        check_summary(&[10.0, 1.0, 2.0, 3.0], 0.0, [2.5, 1.0, 10.0, 4.0]);
        // As text, 10 would come before 9.
        check_summary(&[9.0, 10.0, 11.0], 0.0, [10.0, 9.0, 11.0, 10.0]);
        check_summary(&[1.0, 2.0, 3.0], 6.0, [2.0, 1.0, 3.0, 4.0]);
    }

    #[test]
    #[should_panic(expected = "nothing was measured")]
    fn nothing_has_no_median() {
        let _ = Times::new(Vec::new());
    }

    /// What each turn was given.
    type Turns = Vec<(char, u32)>;

    fn check_order(
        run: impl FnOnce(&mut Turns) -> Vec<Vec<u32>>,
        turns: &str,
        counted: [&[u32]; 2],
    ) {
        let mut order = Turns::new();
        assert_eq!(run(&mut order), counted);
        let order: Vec<_> =
            order.iter().map(|(contestant, round)| format!("{contestant}{round}")).collect();
        assert_eq!(order.join(" "), turns);
    }

    #[test]
    fn contestants_take_turns_and_the_first_round_is_not_counted() {
        let mut contestants = ['a', 'b'];
        check_order(
            |turns| {
                let turn = |contestant: &mut char, round| {
                    turns.push((*contestant, round));
                    Ok(vec![round; 2])
                };
                rounds(2, &mut contestants, turn).unwrap()
            },
            "a0 b0 a1 b1 b2 a2",
            [&[1, 1, 2, 2]; 2],
        );
        check_order(
            |turns| {
                let turn = |contestant: &mut char, round| {
                    turns.push((*contestant, round));
                    Ok(vec![round])
                };
                fresh_rounds(2, &mut contestants, turn).unwrap()
            },
            "a0 b0 b1 a1",
            [&[0, 1]; 2],
        );
    }

    #[test]
    fn half_of_the_times_are_between_the_quartiles() {
        let check = |times: &[f64], expected| {
            assert_eq!(Times::new(times.to_vec()).quartiles(), expected, "{times:?}");
        };
        check(&[1.0], [1.0, 1.0]);
        check(&[5.0, 4.0, 3.0, 2.0, 1.0], [2.0, 4.0]);
        check(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0], [2.0, 7.0]);
    }

    #[test]
    fn two_take_turns_and_neither_always_comes_first() {
        let order = std::cell::RefCell::new(String::new());
        let turn = |name, time: f64| {
            let order = &order;
            move |turn: u32| {
                order.borrow_mut().push(name);
                Ok(time + f64::from(turn))
            }
        };
        let measured = pairs(3, turn('a', 10.0), turn('b', 20.0)).unwrap();
        assert_eq!(measured, [(10.0, 20.0), (11.0, 21.0), (12.0, 22.0)]);
        assert_eq!(order.into_inner(), "abbaab");
        assert!(pairs(1, |_| anyhow::bail!("no disk"), |_| Ok(1.0)).is_err());
    }

    #[test]
    fn a_turn_has_so_many_operations_but_at_least_one_that_is_slow() {
        assert_eq!(turn(3, |number| Ok(10 * number)).unwrap(), [0, 10, 20]);

        let slow = turn(1000, |_| {
            time(|| {
                std::thread::sleep(TURN);
                Ok(())
            })
        });
        let slow = slow.unwrap();
        assert_eq!(slow.len(), 1);
        assert!(slow[0] >= nanoseconds(TURN));

        assert!(turn::<f64>(3, |_| anyhow::bail!("no disk")).is_err());
    }
}
