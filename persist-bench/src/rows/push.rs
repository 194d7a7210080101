//! One push and a commit, beside the least that a durable change can cost.

use anyhow::Result;
use persist_core::MmapVec;

use super::{Setup, entries};
use crate::column::Edits;
use crate::measure::{rounds, time, turn};
use crate::peers::Kind;
use crate::peers::bare::Bare;
use crate::report::{Entry, Report, Unit};

/// How many times the time of one page written through a push and its commit may take.
const GOAL: f64 = 1.3;

/// What the floor is called.
const BARE: &str = "bare 4 KiB write, RWF_DSYNC";

/// How many commits a turn is at most: enough for checkpoints.
const TURN: u64 = 600;

enum Contestant {
    Persist(MmapVec<u64>),
    Bare(Bare),
}

pub(super) fn run(setup: &Setup, report: &mut Report) -> Result<()> {
    let directory = setup.scratch()?;
    let vector = setup.vector(&directory, setup.file_len(), Edits::ByIndex)?.vector;
    let bare = Bare::create(&directory.path().join("bare"))?;
    let mut contestants = [Contestant::Persist(vector), Contestant::Bare(bare)];

    setup.settle()?;
    let times = rounds(setup.rounds, &mut contestants, |contestant, round| {
        if round == 1 {
            // What was done before is no one's to pay for.
            contestant.checkpoint()?;
        }
        turn(TURN, |stamp| time(|| contestant.write(stamp)))
    })?;

    let heading = "1 push and commit";
    let names = [("persist", Kind::Persist), (BARE, Kind::Floor)];
    let entries = contestants.iter_mut().zip(entries(names, times)).map(|(contestant, entry)| {
        let rest = time(|| contestant.checkpoint())?;
        Ok(Entry { times: entry.times.with_rest(rest), ..entry })
    });
    report.row(heading, Unit::Nanoseconds, entries.collect::<Result<_>>()?);
    report.ratio(heading, "persist", BARE, Some(GOAL));
    Ok(())
}

impl Contestant {
    /// Makes a number durable.
    fn write(&mut self, stamp: u64) -> Result<()> {
        match self {
            Self::Persist(vector) => {
                vector.push(stamp)?;
                Ok(vector.commit()?)
            }
            Self::Bare(bare) => bare.write(stamp),
        }
    }

    fn checkpoint(&mut self) -> Result<()> {
        match self {
            Self::Persist(vector) => Ok(vector.checkpoint()?),
            Self::Bare(_) => Ok(()),
        }
    }
}
