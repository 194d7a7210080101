//! What runs came by, so that a test can tell when they no longer get everywhere.

#![forbid(unsafe_code)]

use std::fmt;

use super::model::Op;
use super::{DATA_OFFSET, JOURNAL_OFFSET};
use crate::storage::sim::{Call, Event, Fault};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sight {
    /// A commit that wrote a record.
    Record,
    /// A commit that wrote a slot and no record: a large append.
    Unlogged,
    /// A commit that wrote a record and a slot: the journal was full, or older records had to go.
    RecordAndSlot,
    /// A commit that made the file longer, for a payload that the journal has no room for.
    Spill,
    /// A call that wrote to the place of elements before the file was opened anew.
    Applied,
    /// A call that added elements wrote to the place of elements: room that was made ready, or a large piece.
    Ahead,
    Rollback,
    Checkpoint,
    /// The file was cut.
    Cut,
    Close,
    /// A crash while a record was written.
    TornRecord,
    /// A crash while a slot was written.
    TornSlot,
    /// A crash in a sync.
    TornSync,
    /// A crash in a commit that had written more than the journal has room for.
    TornSpill,
    /// Opening wrote what records bring back.
    Redo,
    /// A reader saw what records bring back, and wrote nothing.
    ReaderRedo,
    /// A crash in a recovery.
    NestedCrash,
    Kill,
    PowerLoss,
    /// A commit in flight was found to be done, or not.
    InFlightDone,
    InFlightUndone,
    /// The device reported an error.
    Broken,
    /// There was no space left.
    Full,
    /// A commit found no space, and the vector went on.
    CommitWithoutSpace,
    /// A record was damaged, with others after it.
    Damage,
    /// An error that a call could not report, so that a later one had to.
    Silent,
}

const COUNT: usize = Sight::Silent as usize + 1;

/// How often each was seen.
#[derive(Clone, Copy, Default)]
pub(super) struct Sights([u64; COUNT]);

impl Sights {
    pub(super) fn add(&mut self, sight: Sight) {
        self.0[sight as usize] += 1;
    }

    pub(super) fn add_all(&mut self, other: &Self) {
        self.0.iter_mut().zip(other.0).for_each(|(mine, others)| *mine += others);
    }

    /// What was seen fewer times than that.
    pub(super) fn rare(&self, times: u64) -> Vec<Sight> {
        ALL.into_iter().filter(|&sight| self.0[sight as usize] < times).collect()
    }

    /// Counts what can be told from the calls that an operation made, on a file that was of `file_bytes`.
    pub(super) fn add_calls(&mut self, op: &Op, events: &[Event], file_bytes: u64) {
        let wrote = |event: &Event| matches!(event.call, Call::Write | Call::WriteDurable);
        let in_journal = |event: &Event| {
            wrote(event) && (JOURNAL_OFFSET..DATA_OFFSET).contains(&event.bytes.start)
        };
        let in_slot = |event: &Event| wrote(event) && (4096..12288).contains(&event.bytes.start);
        let grew = |event: &Event| event.bytes.end > file_bytes;
        let crashed = |event: &&Event| event.fault == Some(Fault::Crash);

        let (record, slot) = (events.iter().any(in_journal), events.iter().any(in_slot));
        let spilled = events.iter().any(grew);
        if matches!(op, Op::Commit | Op::Close) {
            match (record, slot) {
                (true, false) => self.add(Sight::Record),
                (true, true) => self.add(Sight::RecordAndSlot),
                (false, true) => self.add(Sight::Unlogged),
                (false, false) => {}
            }
            if spilled {
                self.add(Sight::Spill);
            }
        }
        if events.iter().any(|event| wrote(event) && event.bytes.start >= DATA_OFFSET) {
            self.add(Sight::Applied);
            if matches!(op, Op::Push(_) | Op::Extend(_) | Op::TryExtend(_) | Op::Resize(_)) {
                self.add(Sight::Ahead);
            }
        }
        if events.iter().any(|event| event.call == Call::Truncate && event.fault.is_none()) {
            self.add(Sight::Cut);
        }
        if let Some(event) = events.iter().find(crashed) {
            match event.call {
                _ if in_journal(event) => self.add(Sight::TornRecord),
                _ if in_slot(event) => self.add(Sight::TornSlot),
                Call::Sync => self.add(Sight::TornSync),
                _ => {}
            }
            if spilled && matches!(op, Op::Commit) {
                self.add(Sight::TornSpill);
            }
        }
    }
}

const ALL: [Sight; COUNT] = {
    use Sight::*;
    [
        Record,
        Unlogged,
        RecordAndSlot,
        Spill,
        Applied,
        Ahead,
        Rollback,
        Checkpoint,
        Cut,
        Close,
        TornRecord,
        TornSlot,
        TornSync,
        TornSpill,
        Redo,
        ReaderRedo,
        NestedCrash,
        Kill,
        PowerLoss,
        InFlightDone,
        InFlightUndone,
        Broken,
        Full,
        CommitWithoutSpace,
        Damage,
        Silent,
    ]
};

impl fmt::Debug for Sights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(ALL.iter().map(|&sight| (sight, self.0[sight as usize]))).finish()
    }
}
