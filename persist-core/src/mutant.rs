//! Ways to break the commit protocol on purpose, so that tests show that each rule is needed.
//!
//! Outside this crate's own tests no mutant is ever active, and the compiler removes every trace of them.

#![forbid(unsafe_code)]

/// One broken rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(not(test), allow(dead_code, reason = "only tests look at all of them"))]
pub(crate) enum Mutant {
    /// A record is written, and not made durable.
    SkipRecordFlush,
    /// Pages go to their place before the record that brings them back is durable.
    ApplyBeforeRecord,
    /// The journal is used anew before the slot that empties it is durable.
    ReuseJournalBeforeSlotIsDurable,
    /// A slot empties the journal before what its records brought is durable in its place.
    EmptyJournalBeforeDataIsDurable,
    /// What was found when a file was opened is built on, and may be known to the kernel only.
    SkipFlushAfterOpen,
    /// The state of an epoch goes to the slot of the epoch before.
    WrongSlot,
    /// An append that isn't in the journal leaves older records there.
    KeepEpochOnUnloggedAppend,
    /// The record forgets what was appended.
    ForgetAppendedRange,
    /// What was appended to a private page isn't written to the file before it is counted.
    ForgetPrivateAppend,
    /// Records count whatever their checksum.
    TrustBadChecksum,
    /// Records of an older epoch count, too.
    TrustOldEpoch,
    /// Only the first record counts.
    ReplayOneRecord,
    /// Recovery empties the journal before its redo is durable.
    RecoverWithoutFlush,
    /// Recovery leaves the journal as it is, and the next commit overwrites it.
    RecoverWithoutSlot,
    /// A record points at a payload that isn't durable.
    SkipSpillFlush,
    /// The payload of a large commit is cut off before its pages are durable in their place.
    CutSpillTooEarly,
    /// Changes are found by comparing with the file, though committed pages wait to go there.
    ForgetPagesInMemory,
    /// Elements are changed in pages that the file shares.
    SharedPages,
    /// Pages that wait are written although a commit removed their elements.
    KeepPagesPastTheEnd,
    /// A rollback restores the length alone.
    RollbackLengthOnly,
    /// What is appended in large pieces goes to the file where elements of the last commit are, too.
    WriteThroughPrivatePages,
    /// Room is made ready after the last element, where elements of the last commit may be.
    MakeCommittedReady,
}

/// Whether the rule is to be broken here and now.
#[cfg(not(test))]
pub(crate) const fn is(_: Mutant) -> bool {
    false
}

#[cfg(test)]
pub(crate) use testing::{ALL, is, with};

#[cfg(test)]
mod testing {
    use std::cell::Cell;

    use super::Mutant;

    /// As many as there are, so that none is forgotten.
    pub(crate) const ALL: [Mutant; Mutant::MakeCommittedReady as usize + 1] = [
        Mutant::SkipRecordFlush,
        Mutant::ApplyBeforeRecord,
        Mutant::ReuseJournalBeforeSlotIsDurable,
        Mutant::EmptyJournalBeforeDataIsDurable,
        Mutant::SkipFlushAfterOpen,
        Mutant::WrongSlot,
        Mutant::KeepEpochOnUnloggedAppend,
        Mutant::ForgetAppendedRange,
        Mutant::ForgetPrivateAppend,
        Mutant::TrustBadChecksum,
        Mutant::TrustOldEpoch,
        Mutant::ReplayOneRecord,
        Mutant::KeepPagesPastTheEnd,
        Mutant::RecoverWithoutFlush,
        Mutant::RecoverWithoutSlot,
        Mutant::SkipSpillFlush,
        Mutant::CutSpillTooEarly,
        Mutant::ForgetPagesInMemory,
        Mutant::SharedPages,
        Mutant::RollbackLengthOnly,
        Mutant::WriteThroughPrivatePages,
        Mutant::MakeCommittedReady,
    ];

    thread_local! {
        static ACTIVE: Cell<Option<Mutant>> = const { Cell::new(None) };
    }

    pub(crate) fn is(mutant: Mutant) -> bool {
        ACTIVE.get() == Some(mutant)
    }

    /// Runs `test` with a rule broken on this thread.
    pub(crate) fn with<R>(mutant: Option<Mutant>, test: impl FnOnce() -> R) -> R {
        /// Also where `test` panics.
        struct Reset;

        impl Drop for Reset {
            fn drop(&mut self) {
                ACTIVE.set(None);
            }
        }

        let _reset = Reset;
        ACTIVE.set(mutant);
        test()
    }
}
