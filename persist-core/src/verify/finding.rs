//! One thing that [`verify`](crate::verify()) found, and how bad it is.

use std::fmt;

use super::Examination;
use crate::error::{Damage, ElementFault, Feature, Region};
use crate::header::{FileFault, Preamble, SLOT_OFFSETS, slot_blocks, whole_slot};

/// Something that is not as it should be in a file, or worth knowing.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// What it is.
    pub kind: FindingKind,
    /// In which part of the file.
    pub region: Region,
    /// Where that part, or what is wrong in it, begins in the file, in bytes.
    pub offset_bytes: u64,
    /// What should be there.
    pub expected: String,
    /// What is there.
    pub found: String,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum FindingKind {
    /// The file doesn't begin as a persist file does.
    NotPersist,
    /// The file ends before what its header counts.
    Truncated,
    /// Bytes differ from what any writer would have written.
    Corrupt,
    /// The file uses something that this version of the library doesn't know.
    Unsupported(Feature),
    /// An element is not a value of its type.
    #[non_exhaustive]
    Element {
        /// Its index.
        index: u64,
        /// The path of the first field at fault; empty where the element has no fields.
        field: String,
    },
    /// The system can't read these bytes.
    Unreadable,
    /// One of the two copies of the length is damaged, as by a crash while it was written. The other one counts.
    Torn,
    /// The file was not closed. That is no damage: the next writer recovers it.
    #[non_exhaustive]
    Unclean {
        /// How many commits wait in the journal to be written to their place.
        records: u64,
    },
    /// The last commit in the journal isn't whole: it was cut short by a crash, or damaged since. The one before counts.
    CutShort,
    /// The file can only be read: it uses something that a newer version of the library writes.
    ReadOnly,
    /// Some of what the elements are was not looked at.
    NotLookedAt,
    /// There is room after the last element, as a vector makes it to grow.
    Spare,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing.
    Note,
    /// A crash leaves a file like that, and loses nothing that was committed. So may damage, which can't be told from it.
    Warning,
    /// The file can't be opened or written, or something was lost.
    Error,
}

impl Finding {
    /// How bad it is.
    #[must_use]
    pub fn severity(&self) -> Severity {
        match self.kind {
            FindingKind::NotPersist
            | FindingKind::Truncated
            | FindingKind::Corrupt
            | FindingKind::Unsupported(_)
            | FindingKind::Element { .. }
            | FindingKind::Unreadable => Severity::Error,
            FindingKind::Torn | FindingKind::CutShort => Severity::Warning,
            FindingKind::Unclean { .. }
            | FindingKind::ReadOnly
            | FindingKind::NotLookedAt
            | FindingKind::Spare => Severity::Note,
        }
    }

    pub(super) fn new(
        kind: FindingKind,
        region: Region,
        offset_bytes: u64,
        expected: impl Into<String>,
        found: impl ToString,
    ) -> Self {
        Self { kind, region, offset_bytes, expected: expected.into(), found: found.to_string() }
    }

    fn of_damage(kind: FindingKind, damage: Damage) -> Self {
        let Damage { region, offset_bytes, expected, found } = damage;
        Self::new(kind, region, offset_bytes, expected, found)
    }

    pub(super) fn of_element(fault: ElementFault, offset_bytes: u64) -> Self {
        let ElementFault { index, field, expected, found } = fault;
        let kind = FindingKind::Element { index, field };
        Self::new(kind, Region::Elements, offset_bytes, expected, found)
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.region, self.offset_bytes)?;
        if let FindingKind::Element { index, field } = &self.kind {
            write!(f, ", element {index}")?;
            if !field.is_empty() {
                write!(f, ", field `{field}`")?;
            }
        }
        let Self { expected, found, .. } = self;
        match self.kind {
            // Nothing is wrong, so nothing else was to be expected.
            FindingKind::Unclean { .. } | FindingKind::Spare => write!(f, ": {found}"),
            FindingKind::NotLookedAt => write!(f, ": not looked at: {found}"),
            FindingKind::ReadOnly => {
                write!(
                    f,
                    ": the file can only be read: a newer version wrote it, with ro_compat features {found}"
                )
            }
            _ => write!(f, ": expected {expected}, found {found}"),
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

/// Everything that is to be said of a file but of its elements.
pub(super) fn of_header(file: &Examination) -> Vec<Finding> {
    let faults = file.faults.iter().map(|fault| of_fault(fault, file));
    faults.chain(torn(file)).chain(unclean(file)).chain(rest(file)).collect()
}

fn of_fault(fault: &FileFault, file: &Examination) -> Finding {
    match fault {
        FileFault::NotPersist { found } => {
            let found = match found.is_empty() {
                true => "an empty file".to_owned(),
                false => format!("\"{}\"", found.escape_ascii()),
            };
            let expected = "the file to begin with \"\\x89PVF\"";
            Finding::new(FindingKind::NotPersist, Region::Preamble, 0, expected, found)
        }
        FileFault::Truncated { expected_bytes } => truncated(*expected_bytes, file),
        FileFault::Corrupt(damage) => Finding::of_damage(FindingKind::Corrupt, damage.clone()),
        FileFault::Unsupported(feature) => unsupported(*feature),
        FileFault::Unreadable(error) => {
            Finding::new(FindingKind::Unreadable, Region::Preamble, 0, "bytes", error)
        }
    }
}

/// Where a file that is too short ends.
fn truncated(expected_bytes: u64, file: &Examination) -> Finding {
    let region = match &file.preamble {
        Some(preamble) if file.file_bytes >= preamble.data_offset.get() => Region::Elements,
        Some(preamble) if file.file_bytes >= preamble.journal_offset.get() => Region::Journal,
        Some(_) => Region::Descriptor,
        None => Region::Preamble,
    };
    let expected = match expected_bytes {
        u64::MAX => "a number of elements that a file can have".to_owned(),
        bytes => format!("at least {bytes} bytes"),
    };
    Finding::new(FindingKind::Truncated, region, file.file_bytes, expected, file.file_bytes)
}

fn unsupported(feature: Feature) -> Finding {
    let (region, offset) = match feature {
        Feature::Mode(_) => (Region::Slots, SLOT_OFFSETS[0]),
        _ => (Region::Preamble, 0),
    };
    let (expected, found) = feature.expected_and_found();
    Finding::new(FindingKind::Unsupported(feature), region, offset, expected, found)
}

/// The slot that isn't whole, where the other one is.
fn torn(file: &Examination) -> Option<Finding> {
    file.header.as_ref().filter(|header| header.slots.torn)?;
    let blocks = slot_blocks(&file.bytes).into_iter().zip(0..);
    let fault = blocks.map(|(block, parity)| whole_slot(block, parity)).find_map(Result::err);
    match fault? {
        FileFault::Corrupt(damage) => Some(Finding::of_damage(FindingKind::Torn, damage)),
        _ => None,
    }
}

fn unclean(file: &Examination) -> Vec<Finding> {
    let (Some(header), Some(replay)) = (&file.header, &file.replay) else { return Vec::new() };
    let mut findings = Vec::new();
    if !header.slots.newest.clean {
        let found = match (replay.records, file.live_len) {
            (0, None) => "not closed".to_owned(),
            (1, _) => "not closed, with 1 commit that waits in the journal".to_owned(),
            (0, Some(len)) => format!("not closed, with {len} elements that a writer left there"),
            (records, _) => format!("not closed, with {records} commits that wait in the journal"),
        };
        let kind = FindingKind::Unclean { records: replay.records };
        let offset = header.slots.newest.slot_offset();
        findings.push(Finding::new(kind, Region::Slots, offset, "a file that was closed", found));
    }
    if let Some(offset) = replay.cut_short {
        let expected = format!("record {} to be whole", replay.records + 1);
        let found = "another checksum of its payload: cut short by a crash, or damaged since";
        findings.push(Finding::new(
            FindingKind::CutShort,
            Region::Journal,
            offset,
            expected,
            found,
        ));
    }
    findings
}

/// What is only worth knowing.
fn rest(file: &Examination) -> Vec<Finding> {
    let mut findings = Vec::new();
    let ro_compat = file.preamble.as_ref().map_or(0, |preamble| preamble.ro_compat.get());
    if ro_compat != 0 {
        let offset = std::mem::offset_of!(Preamble, ro_compat) as u64;
        let (expected, found) = Feature::ReadOnlyCompat(ro_compat).expected_and_found();
        let kind = FindingKind::ReadOnly;
        findings.push(Finding::new(kind, Region::Preamble, offset, expected, found));
    }
    let end = file.header.as_ref().zip(file.len()).and_then(|(it, len)| it.file_bytes(len));
    if let Some(end) = end.filter(|&end| end < file.file_bytes) {
        let found = format!("{} bytes of room to grow", file.file_bytes - end);
        let expected = "the end of the file";
        findings.push(Finding::new(FindingKind::Spare, Region::Spare, end, expected, found));
    }
    let foreign = file.descriptor.as_ref().and_then(|descriptor| descriptor.unchecked());
    if let Some((name, preamble)) = foreign.zip(file.preamble.as_ref()) {
        let offset = preamble.data_offset.get();
        let expected = "bytes that can be checked";
        let found = format!("bytes that only the crate of `{}` can check", name.escape_debug());
        let kind = FindingKind::NotLookedAt;
        findings.push(Finding::new(kind, Region::Elements, offset, expected, found));
    }
    findings
}

/// Says why no element was looked at, where there may be any.
pub(super) fn not_looked_at(file: &Examination) -> Option<Finding> {
    let preamble = file.preamble.as_ref()?;
    let found = match (&file.descriptor, file.len()) {
        (None, _) => "nothing that says what they are",
        (_, None) => "nothing that says how many there are",
        _ => return None,
    };
    let (kind, offset) = (FindingKind::NotLookedAt, preamble.data_offset.get());
    Some(Finding::new(kind, Region::Elements, offset, "elements to look at", found))
}
