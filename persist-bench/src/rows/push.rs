//! One push and a commit, beside the least that a durable change can cost.

use anyhow::Result;

use super::{Setup, entries};
use crate::column::Edits;
use crate::measure::{rounds, timed};
use crate::peers::Kind;
use crate::peers::bare::Bare;
use crate::report::{Report, Unit};

/// How many times the time of one page written through a push and its commit may take.
const GOAL: f64 = 1.3;

/// What the floor is called.
const BARE: &str = "bare 4 KiB write, RWF_DSYNC";

/// How many commits a turn is: enough for the first, which is not counted, to fill a journal of 2 MiB, and
/// for the others to meet checkpoints.
const TURN: u64 = 600;

pub(super) fn run(setup: &Setup, report: &mut Report) -> Result<()> {
    let directory = setup.scratch()?;
    let mut vector = setup.vector(&directory, setup.file_len(), Edits::ByIndex)?.vector;
    let mut bare = Bare::create(&directory.path().join("bare"))?;
    let mut push_and_commit = |stamp| {
        vector.push(stamp)?;
        Ok(vector.commit()?)
    };
    let mut write = |stamp| bare.write(stamp);
    let mut contestants: [&mut dyn FnMut(u64) -> Result<()>; 2] =
        [&mut push_and_commit, &mut write];

    setup.settle()?;
    let times = rounds(setup.rounds, &mut contestants, |operation, _| {
        let timed = |stamp| {
            let (result, time) = timed(|| operation(stamp));
            result.map(|()| time)
        };
        (0..TURN).map(timed).collect()
    })?;

    let heading = "1 push and commit";
    let names = [("persist", Kind::Persist), (BARE, Kind::Floor)];
    report.row(heading, Unit::Nanoseconds, entries(names, times));
    report.ratio(heading, "persist", BARE, Some(GOAL));
    Ok(())
}
