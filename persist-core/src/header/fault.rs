//! What can be wrong with the bytes of a file, and who stops at what.
//!
//! One check serves two readers: who opens a file stops at the first fault, who verifies it goes on as far as
//! what follows can still be made sense of.

use std::io;

use crate::error::{Damage, Feature, Region};

/// Why bytes are not a file. The path is added by who knows it.
#[derive(Debug)]
pub(crate) enum FileFault {
    NotPersist { found: Box<[u8]> },
    Truncated { expected_bytes: u64 },
    Corrupt(Damage),
    Unsupported(Feature),
    Unreadable(io::Error),
}

impl FileFault {
    pub(crate) fn corrupt(
        region: Region,
        offset_bytes: u64,
        expected: impl Into<Box<str>>,
        found: impl ToString,
    ) -> Self {
        let found = found.to_string().into();
        Self::Corrupt(Damage { region, offset_bytes, expected: expected.into(), found })
    }
}

impl From<io::Error> for FileFault {
    fn from(error: io::Error) -> Self {
        Self::Unreadable(error)
    }
}

/// The faults of a file, in the order in which they were found.
#[derive(Debug)]
pub(crate) struct Faults {
    found: Vec<FileFault>,
    goes_on: bool,
}

/// Nothing that follows is looked at: the last of the [`Faults`] says why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stop;

impl Faults {
    /// What `read` makes of a file, or the first fault of that.
    pub(crate) fn first<T>(
        read: impl FnOnce(&mut Self) -> Result<T, Stop>,
    ) -> Result<T, FileFault> {
        let mut faults = Self { found: Vec::new(), goes_on: false };
        read(&mut faults).map_err(|Stop| faults.found.pop().expect("who stops says why"))
    }

    /// Gathers all faults.
    pub(crate) fn all() -> Self {
        Self { found: Vec::new(), goes_on: true }
    }

    pub(crate) fn found(&self) -> impl Iterator<Item = &FileFault> {
        self.found.iter()
    }

    pub(crate) fn into_found(self) -> Vec<FileFault> {
        self.found
    }

    /// A fault in spite of which what follows still makes sense.
    pub(crate) fn add(&mut self, fault: FileFault) -> Result<(), Stop> {
        self.found.push(fault);
        if self.goes_on { Ok(()) } else { Err(Stop) }
    }

    /// The same, where there is one.
    pub(crate) fn note(&mut self, result: Result<(), FileFault>) -> Result<(), Stop> {
        result.or_else(|fault| self.add(fault))
    }

    /// A fault after which nothing makes sense.
    pub(crate) fn stop(&mut self, fault: impl Into<FileFault>) -> Stop {
        self.found.push(fault.into());
        Stop
    }
}
