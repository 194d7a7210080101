//! How far two types are apart, and what changes field by field.

use std::borrow::Cow;
use std::fmt::{self, Display, Formatter};

use crate::byte_order::ByteOrder;
use crate::descriptor::{Descriptor, cut};
use crate::evolve::{Aliases, Outlook};

/// Text past this many bytes isn't kept: a hostile descriptor could else make long paths for each of its fields.
const MOST_TEXT_BYTES: usize = 1 << 20;

/// The most characters of a subject, and of what is said about it, that are shown.
const MOST_CHARS: usize = 96;

/// The most rows that are shown.
const MOST_ROWS: usize = 24;

/// The most losses that an error shows.
const MOST_LOSSES: usize = 8;

/// How far the layout of a file is from another: what it takes for its elements to become elements of that one.
///
/// Ordered: a greater one takes more.
///
/// ```
/// use persist_core::{Aliases, ByteOrder, Descriptor, Relation};
///
/// let between = |file, target| {
///     let order = ByteOrder::NATIVE;
///     Relation::between((&file, order), (&target, order), &Aliases::NONE)
/// };
/// let (u16, u32, f64) = (Descriptor::of::<u16>, Descriptor::of::<u32>, Descriptor::of::<f64>);
/// assert_eq!(between(u32(), u32()), Relation::Identical);
/// assert_eq!(between(u32(), f64()), Relation::Convert);
/// assert_eq!(between(u32(), u16()), Relation::Lossy);
/// assert_eq!(between(u32(), Descriptor::of::<char>()), Relation::Lossy, "not each u32 is a char");
/// assert_eq!(between(f64(), Descriptor::of::<bool>()), Relation::Incompatible);
/// assert!(Relation::Convert < Relation::Lossy);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Relation {
    /// The same: the file opens as it is.
    Identical,
    /// The bytes of the values stay as they are; names change, variants are added, or fields are made of padding that
    /// is zero.
    Relabel,
    /// Every value is kept: fields move, are added with a default, are widened, or change their byte order.
    Convert,
    /// Something may be lost, or mean something else: fields are removed or narrowed, floats rounded, versions change.
    Lossy,
    /// No rule says how.
    Incompatible,
}

impl Relation {
    /// The relation of a file's layout to another. O(nodes of both).
    ///
    /// Takes it that there are defaults for fields that the file lacks; [`Plan::new`](crate::Plan::new) asks for them.
    #[must_use]
    pub fn between(
        file: (&Descriptor, ByteOrder),
        target: (&Descriptor, ByteOrder),
        aliases: &Aliases,
    ) -> Self {
        Outlook::new(file, target, aliases).relation()
    }
}

impl Display for Relation {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Identical => "identical",
            Self::Relabel => "relabel",
            Self::Convert => "convert",
            Self::Lossy => "lossy",
            Self::Incompatible => "incompatible",
        })
    }
}

/// What changes, a row for each field that does.
#[derive(Debug, Clone)]
pub(super) struct Changes {
    pub(super) relation: Relation,
    rows: Vec<Row>,
    /// Fields that merely moved: they follow from the others, and may be many.
    moved: Vec<Row>,
    /// Every row found, also those not kept.
    count: usize,
    text_bytes: usize,
}

#[derive(Debug, Clone)]
struct Row {
    subject: String,
    relation: Relation,
    what: String,
}

impl Row {
    fn subject(&self) -> Cow<'_, str> {
        cut(&self.subject, MOST_CHARS)
    }

    fn what(&self) -> Cow<'_, str> {
        cut(&self.what, MOST_CHARS)
    }
}

impl Changes {
    pub(super) fn new(relation: Relation) -> Self {
        let (rows, moved) = (Vec::new(), Vec::new());
        Self { relation, rows, moved, count: 0, text_bytes: 0 }
    }

    /// How many changes there are.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    pub(super) fn raise(&mut self, relation: Relation) {
        self.relation = self.relation.max(relation);
    }

    pub(super) fn add(
        &mut self,
        relation: Relation,
        subject: impl FnOnce() -> String,
        what: impl Display,
    ) {
        self.raise(relation);
        if let Some(row) = self.row(relation, subject, what) {
            self.rows.push(row);
        }
    }

    pub(super) fn add_moved(&mut self, subject: impl FnOnce() -> String, from: u64, to: u64) {
        if let Some(row) = self.row(Relation::Convert, subject, format_args!("@{from} → @{to}")) {
            self.moved.push(row);
        }
    }

    /// Counts a row, and makes it if there is room.
    fn row(
        &mut self,
        relation: Relation,
        subject: impl FnOnce() -> String,
        what: impl Display,
    ) -> Option<Row> {
        self.count += 1;
        if self.text_bytes >= MOST_TEXT_BYTES {
            return None;
        }
        let row = Row { subject: subject(), relation, what: what.to_string() };
        self.text_bytes += row.subject.len() + row.what.len();
        Some(row)
    }
}

impl Changes {
    /// What may be lost, a line each, after a line break.
    pub(super) fn fmt_losses(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let losses = || self.rows.iter().filter(|row| row.relation == Relation::Lossy);
        let chars = subject_chars(losses().take(MOST_LOSSES));
        for row in losses().take(MOST_LOSSES) {
            write!(f, "\n    {:chars$}   {}", row.subject(), row.what())?;
        }
        match losses().skip(MOST_LOSSES).count() {
            0 => Ok(()),
            more => write!(f, "\n    … and {more} more"),
        }
    }
}

fn subject_chars<'a>(rows: impl Iterator<Item = &'a Row>) -> usize {
    rows.map(|row| row.subject().chars().count()).max().unwrap_or(0)
}

impl Display for Changes {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self.relation {
            Relation::Identical => "identical: nothing changes",
            Relation::Relabel => "relabel: the bytes of all values stay as they are",
            Relation::Convert => "convert: every value is kept",
            Relation::Lossy => "lossy: something may be lost",
            Relation::Incompatible => "incompatible",
        })?;
        let rows = || self.rows.iter().chain(&self.moved).take(MOST_ROWS);
        let chars = subject_chars(rows());
        for row in rows() {
            let (subject, what) = (row.subject(), row.what());
            write!(f, "\n  {subject:chars$}   {:7}   {what}", row.relation)?;
        }
        match self.count - rows().count() {
            0 => Ok(()),
            more => write!(f, "\n  … and {more} more"),
        }
    }
}
