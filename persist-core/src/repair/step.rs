//! What a repair does, what that loses, and what it can't do: typed, and in words.

use std::fmt;

use crate::error::{Damage, Feature, Region};

/// One thing that a [`Repair`](crate::Repair) does.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RepairStep {
    /// What is done.
    pub kind: RepairKind,
    /// What is lost by it.
    pub loss: RepairLoss,
}

/// What a step of a repair does.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RepairKind {
    /// Puts back one byte. It is the only one that makes the checksum hold.
    #[non_exhaustive]
    RestoreByte {
        /// In which part of the file.
        region: Region,
        /// Where, in bytes from the beginning of the file.
        offset_bytes: u64,
        /// What stands there.
        found: u8,
        /// What stood there.
        expected: u8,
    },
    /// Writes zeros where nothing else may be.
    #[non_exhaustive]
    ZeroReserved {
        /// Where these bytes begin.
        offset_bytes: u64,
        /// How many of them are not zero.
        bytes: u64,
    },
    /// Writes a slot anew. The first record in the journal that builds on it says what it held.
    #[non_exhaustive]
    RestoreSlot {
        /// Its epoch.
        epoch: u64,
        /// How many elements it counted.
        len: u64,
    },
    /// Takes the slot of the larger epoch for the newest, where the two don't follow each other.
    #[non_exhaustive]
    FollowLargerEpoch {
        /// The epoch that is kept.
        kept: u64,
        /// The epoch of the slot that is written anew.
        dropped: u64,
    },
    /// Gives up the journal from a damaged record on, and keeps the commits before it.
    #[non_exhaustive]
    GiveUpJournal {
        /// How many records before the damaged one are kept.
        kept: u64,
        /// How many elements the vector has then.
        len: u64,
    },
    /// Makes the file as long as its header says that the header and the journal are.
    #[non_exhaustive]
    Extend {
        /// By how many bytes.
        bytes: u64,
    },
    /// Cuts the vector to the whole elements that are in the file.
    #[non_exhaustive]
    Cut {
        /// How many elements those are.
        len: u64,
    },
    /// Brings the file to its last commit and closes it, as a writer would.
    #[non_exhaustive]
    Close {
        /// How many commits wait in the journal, and are written to their place.
        records: u64,
        /// Whether one of the slots is damaged, and written anew.
        torn: bool,
    },
    /// Cuts off what stands after the last element.
    #[non_exhaustive]
    CutSpare {
        /// How many bytes.
        bytes: u64,
    },
}

/// What is lost by a step of a repair.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RepairLoss {
    /// Nothing.
    Nothing,
    /// Elements at the end.
    #[non_exhaustive]
    Elements {
        /// How many.
        count: u64,
    },
    /// Commits, and the elements that they changed may be from before or after them: what is in the file is a mix of both.
    #[non_exhaustive]
    Commits {
        /// How many at least; the damaged one may have been followed by more that left no trace.
        count: u64,
        /// How many elements the vector had after the last of them, where that can be told.
        len: Option<u64>,
    },
    /// Commits of which only a damaged slot told, or a part of the journal that is missing, if there were any. Where a
    /// crash left a slot like that there were none.
    MaybeCommits,
}

/// What a repair can't do, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RepairObstacle {
    /// The file isn't one of this library, nor one byte away from that.
    NotPersist,
    /// The file ends before it says what it is.
    NoHeader,
    /// More of the preamble or the descriptor is damaged than can be restored: its checksum proves a byte, no more.
    #[non_exhaustive]
    Description {
        /// Which of the two.
        region: Region,
    },
    /// Both slots are damaged, and nothing else says how many elements there are.
    Slots,
    /// The file has hardly an epoch left, and each state that is written takes one. No number of commits gets there.
    #[non_exhaustive]
    Epochs {
        /// The epoch that counts.
        newest: u64,
    },
    /// Mending one fault brought another to light, again and again.
    Tangled,
    /// Bytes make no sense, and have their checksum: so they were written like that.
    Nonsense(Damage),
    /// A newer version of the library wrote the file.
    Unsupported(Feature),
    /// Elements are not values of their type. They stay as they are: another value would be made up.
    #[non_exhaustive]
    Elements {
        /// How many.
        count: u64,
    },
    /// The system can't read some elements. Copy what it can read to another device.
    #[non_exhaustive]
    Unreadable {
        /// How many bytes.
        bytes: u64,
    },
}

impl RepairObstacle {
    /// Whether nothing can be done as long as there is this. Otherwise the rest can be repaired.
    #[must_use]
    pub fn is_final(&self) -> bool {
        !matches!(self, Self::Elements { .. } | Self::Unreadable { .. })
    }
}

impl fmt::Display for RepairStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, which loses {}", self.kind, self.loss)
    }
}

impl fmt::Display for RepairKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RestoreByte { region, offset_bytes, found, expected } => write!(
                f,
                "restore byte {offset_bytes}, in the {region}, from {found:#04x} to {expected:#04x}, as the checksum proves"
            ),
            Self::ZeroReserved { offset_bytes, bytes } => {
                write!(
                    f,
                    "write zeros over {} from byte {offset_bytes} on",
                    Count(*bytes, "reserved byte")
                )
            }
            Self::RestoreSlot { epoch, len } => write!(
                f,
                "write the slot of epoch {epoch} anew, with the {} that the first record after it builds on",
                Count(*len, "element")
            ),
            Self::FollowLargerEpoch { kept, dropped } => {
                write!(
                    f,
                    "take the slot of epoch {kept} for the newest, and write the one of epoch {dropped} anew"
                )
            }
            Self::GiveUpJournal { kept, len } => write!(
                f,
                "give up the journal after {}, which leaves {}",
                Count(*kept, "record"),
                Count(*len, "element")
            ),
            Self::Extend { bytes } => {
                write!(f, "add the {} that are missing before the elements", Count(*bytes, "byte"))
            }
            Self::Cut { len } => {
                write!(f, "cut the vector to the {} that are there", Count(*len, "element"))
            }
            Self::Close { records: 0, torn } => f.write_str(match torn {
                true => "write the damaged slot anew and close the file",
                false => "close the file",
            }),
            Self::Close { records, .. } => write!(
                f,
                "write {} from the journal to the elements and close the file",
                Count(*records, "commit")
            ),
            Self::CutSpare { bytes } => {
                write!(f, "cut off the {} after the last element", Count(*bytes, "byte"))
            }
        }
    }
}

impl fmt::Display for RepairLoss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("nothing"),
            Self::Elements { count } => Count(*count, "element").fmt(f),
            Self::Commits { count, len } => {
                write!(f, "at least {}", Count(*count, "commit"))?;
                if let Some(len) = len {
                    write!(f, " (the last left {})", Count(*len, "element"))?;
                }
                f.write_str("; elements that they changed may be from before or after them")
            }
            Self::MaybeCommits => f.write_str(
                "commits that only what is damaged or missing told of, if there were any",
            ),
        }
    }
}

impl fmt::Display for RepairObstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotPersist => f.write_str("this is not a persist file"),
            Self::NoHeader => {
                f.write_str("the file ends before it says what it is: restore it from a copy")
            }
            Self::Description { region } => write!(
                f,
                "more than a byte of the {region} is damaged, and nothing else says what stood there: restore the file from a copy"
            ),
            Self::Slots => f.write_str(
                "both slots are damaged, and nothing else says how many elements there are: restore the file from a copy",
            ),
            Self::Epochs { newest } => write!(
                f,
                "epoch {newest} leaves too few that a writer could go on to: make a new file of its elements, as by `persist convert`"
            ),
            Self::Tangled => f.write_str(
                "mending one fault brings another to light, again and again: restore the file from a copy",
            ),
            Self::Nonsense(damage) => {
                write!(f, "{damage}; it has its checksum, so it was written like that and not damaged later")
            }
            Self::Unsupported(feature) => {
                write!(f, "{feature}: repair it with a newer version of persist")
            }
            Self::Elements { count } => write!(
                f,
                "{} bytes that are no value of their type, and stay as they are: any other value would be made up",
                match count {
                    1 => "1 element has".to_owned(),
                    count => format!("{count} elements have"),
                }
            ),
            Self::Unreadable { bytes } => write!(
                f,
                "{} of elements can't be read: copy what can be read to another device",
                Count(*bytes, "byte")
            ),
        }
    }
}

/// A number of things that are named in the singular.
struct Count(u64, &'static str);

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}{}", self.0, self.1, if self.0 == 1 { "" } else { "s" })
    }
}
