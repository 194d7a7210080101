//! The first change after opening a file, and its commit, beside those in a sixteenth of the file: what
//! looked at the whole file would take sixteen times as long.

use std::path::PathBuf;

use anyhow::Result;

use super::{Setup, entries, size};
use crate::column::Edits;
use crate::measure::{rounds, timed};
use crate::peers::Kind;
use crate::peers::persist::{Vector, name};
use crate::report::{Report, Unit};

/// How many times a file is opened in a turn.
const TURN: u64 = 3;

/// What is timed of each opening, and how the report calls it.
const STEPS: [&str; 3] = ["open to edit", "first edit after open", "commit of the first edit"];

struct Contestant {
    path: PathBuf,
    bytes: u64,
    edits: Edits,
}

pub(super) fn run(setup: &Setup, report: &mut Report) -> Result<()> {
    let directory = setup.scratch()?;
    let sizes = [setup.file_bytes / 16, setup.file_bytes];
    let path = |bytes: u64| directory.path().join(bytes.to_string());
    for &bytes in &sizes {
        let file = Vector::create(&path(bytes), &setup.options(), len(bytes), Edits::ByIndex)?;
        file.vector.close()?;
    }
    let contestant = |edits| {
        let path = &path;
        sizes.iter().map(move |&bytes| Contestant { path: path(bytes), bytes, edits })
    };
    let mut contestants: Vec<_> = Edits::BOTH.into_iter().flat_map(contestant).collect();

    setup.settle()?;
    let measured = rounds(setup.rounds, &mut contestants, |contestant, round| {
        let opening = |number| contestant.open_edit_commit(setup, u64::from(round) * TURN + number);
        (0..TURN).map(opening).collect()
    })?;
    for (step, heading) in STEPS.into_iter().enumerate() {
        let times =
            measured.iter().map(|openings| openings.iter().map(|times| times[step]).collect());
        let names = contestants.iter().map(|contestant| (contestant.name(), Kind::Persist));
        report.row(heading, Unit::Nanoseconds, entries(names, times.collect()));
        for [small, large] in contestants.as_chunks().0 {
            report.ratio(heading, &large.name(), &small.name(), None);
        }
    }
    Ok(())
}

impl Contestant {
    fn name(&self) -> String {
        format!("{}, {}", name(self.edits), size(self.bytes))
    }

    /// Times the [`STEPS`].
    fn open_edit_commit(&self, setup: &Setup, seed: u64) -> Result<[f64; 3]> {
        let index = fastrand::Rng::with_seed(seed).u64(..len(self.bytes));
        // Never what is there already: both kinds of edits change the same file.
        let value = 2 * seed + u64::from(self.edits == Edits::BySlice);
        let (vector, open) = timed(|| Vector::open(&self.path, &setup.options(), self.edits));
        let mut vector = vector?;
        let ((), edit) = timed(|| vector.set([index].into_iter(), value));
        let (committed, commit) = timed(|| vector.vector.commit());
        committed?;
        vector.vector.close()?;
        Ok([open, edit, commit])
    }
}

/// How many elements so many bytes are.
fn len(bytes: u64) -> u64 {
    bytes / size_of::<u64>() as u64
}
