//! Giving up what was changed in many pages, beside committing as many. The changes themselves are not
//! timed.

use anyhow::{Result, ensure};

use super::{Setup, entries, random_pages};
use crate::column::Edits;
use crate::measure::{rounds, timed};
use crate::peers::persist::name;
use crate::peers::{Kind, Peer};
use crate::report::{Report, Unit};

/// How many pages are changed.
const PAGES: usize = 10_000;

/// How many times a turn does it.
const TURN: u64 = 2;

#[derive(Clone, Copy)]
enum Ending {
    Rollback,
    Commit,
}

pub(super) fn run(setup: &Setup, report: &mut Report) -> Result<()> {
    for edits in Edits::BOTH {
        let directory = setup.scratch()?;
        let mut vector = setup.vector(&directory, setup.file_len(), edits)?;
        setup.settle()?;
        let mut endings = [Ending::Rollback, Ending::Commit];
        let times = rounds(setup.rounds, &mut endings, |&mut ending, round| {
            let end = |number| {
                let stamp = u64::from(round) * TURN + number + 1;
                let chosen = random_pages(stamp, PAGES, setup.pages());
                let before = vector.stamp(chosen[0])?;
                vector.edit(&chosen, stamp);
                let (result, time) = timed(|| match ending {
                    Ending::Rollback => vector.vector.rollback(),
                    Ending::Commit => vector.vector.commit(),
                });
                result?;
                let expected = match ending {
                    Ending::Rollback => before,
                    Ending::Commit => stamp,
                };
                ensure!(vector.stamp(chosen[0])? == expected, "the element is another");
                Ok(time)
            };
            (0..TURN).map(end).collect()
        })?;
        let [rollback, commit] =
            ["rollback", "commit"].map(|ending| format!("{}, {ending}", name(edits)));
        let names = [(rollback.clone(), Kind::Persist), (commit.clone(), Kind::Persist)];
        let heading = format!("{PAGES} changed pages, {}", name(edits));
        report.row(&heading, Unit::Nanoseconds, entries(names, times));
        report.ratio(&heading, &rollback, &commit, None);
    }
    Ok(())
}
