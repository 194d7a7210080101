//! The two ways in which a vector is committed.

#![forbid(unsafe_code)]

use std::fmt;

/// How a vector is committed. A file has the mode that it was created with.
///
/// The number is the one in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
#[repr(u32)]
pub enum Mode {
    /// Elements are shared with the file at once; a commit makes them, and then their number, durable.
    ///
    /// For sets of changes larger than memory, and where a kill of the process should lose nothing.
    /// What it promises is weaker:
    ///
    /// - After a kill of the process, or a drop, everything is there that was done, committed or not: elements
    ///   changed in place, pushed and removed. (On Linux. Elsewhere, and where the machine was started anew
    ///   since, the number of elements is that of the last commit.)
    /// - After a crash of the machine the number of elements is that of the last commit, and each change
    ///   in place since then may or may not have reached the disk: **a mix of old and new**.
    /// - There is nothing to roll back to.
    Shared = 0,
    /// The default: a commit happens as a whole or not at all.
    ///
    /// After any crash, of the process or the machine, the file has exactly the elements and the number of
    /// them of the last [`commit`](crate::MmapVec::commit) that returned `Ok`, or of the one in flight: never a
    /// mix. Changed pages stay in memory until then, so there must be memory for them.
    #[default]
    Atomic = 1,
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Shared => "shared",
            Self::Atomic => "atomic",
        })
    }
}
