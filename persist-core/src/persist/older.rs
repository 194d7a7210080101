//! What `#[persist(from = v1::Tick)]` says: from which earlier version a type can be made.

#![forbid(unsafe_code)]

use super::Persist;
use super::bytes::{bytes_of, element_of};
use crate::layout::Layout;

/// The version of a type before this one, which has one before it in turn, or none.
#[derive(Debug)]
pub struct Older {
    layout: &'static Layout,
    type_name: fn() -> &'static str,
    older: &'static Option<Older>,
    convert: Convert,
}

/// Appends the bytes of the elements that are made from these. Fails with the index of the first that is none.
type Convert = fn(from: &[u8], to: &mut Vec<u8>) -> Result<(), usize>;

impl Older {
    /// `Old` before `New`. A chain of versions that comes back to where it began can't be evaluated, so that
    /// the compiler refuses it.
    #[must_use]
    #[track_caller]
    pub const fn of<Old: Persist, New: Persist + From<Old>>() -> Self {
        check_distinct(New::LAYOUT, Old::LAYOUT, Old::OLDER);
        let type_name = std::any::type_name::<Old>;
        Self { layout: Old::LAYOUT, type_name, older: Old::OLDER, convert: convert::<Old, New> }
    }

    /// The layout of that version.
    pub(crate) fn layout(&self) -> &'static Layout {
        self.layout
    }

    /// What the program calls it, such as `ticks::v1::Tick`: versions often have one name in files.
    pub(crate) fn type_name(&self) -> &'static str {
        (self.type_name)()
    }

    /// The version before that one.
    pub(crate) fn older(&self) -> Option<&'static Self> {
        self.older.as_ref()
    }

    /// Makes elements of the newer version from the bytes of elements of this one, and appends their bytes. Fails
    /// with the index of the first that isn't a value.
    pub(crate) fn convert(&self, from: &[u8], to: &mut Vec<u8>) -> Result<(), usize> {
        (self.convert)(from, to)
    }
}

/// Refuses a type that a file can't tell from one of its earlier versions.
#[track_caller]
const fn check_distinct(
    newest: &'static Layout,
    older: &'static Layout,
    older_still: &'static Option<Older>,
) {
    let (newest, mut older, mut rest) = (newest.fingerprint(), older, older_still);
    loop {
        assert!(
            !newest.equals(older.fingerprint()),
            "persist: a version that this type is made from has the same layout, so that no file tells which of them \
             it has\n  help: give one of them another `#[persist(version = N)]`"
        );
        match rest {
            None => return,
            Some(version) => (older, rest) = (version.layout, version.older),
        }
    }
}

fn convert<Old: Persist, New: Persist + From<Old>>(
    from: &[u8],
    to: &mut Vec<u8>,
) -> Result<(), usize> {
    for (index, old) in from.chunks_exact(size_of::<Old>()).enumerate() {
        let old: Old = element_of(old).ok_or(index)?;
        to.extend_from_slice(bytes_of(&[New::from(old)]));
    }
    Ok(())
}
