//! Why no rule makes elements of one type into elements of another.

use std::fmt::{self, Display, Formatter};

use crate::descriptor::cut;

/// Text past this many bytes isn't kept: a hostile descriptor could else make long paths for each of its fields.
const MOST_TEXT_BYTES: usize = 1 << 20;

/// The most characters of a reason that are shown.
const MOST_CHARS: usize = 256;

/// The most names that are shown of a type.
const MOST_NAMES: usize = 4;

/// The most characters that are shown of a name.
const MOST_NAME_CHARS: usize = 24;

/// The most reasons that are shown.
const MOST_ROWS: usize = 12;

/// Why elements of a file can't become elements of another type by any rule. The reasons are all there are, unless
/// their text exceeds 1 MiB.
///
/// [`Display`](fmt::Display) lists them, a line each.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub struct Incompatible {
    /// Never empty.
    pub reasons: Vec<Obstacle>,
    /// The earlier version of the target, by `#[persist(from = …)]`, that is the nearest to the file: the reasons are in
    /// the way to that. `None` where they are in the way to the target itself.
    pub version: Option<&'static str>,
    text_bytes: usize,
}

/// One reason.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Obstacle {
    /// The path of the field in the target, such as `legs[].side`; empty for the element itself.
    pub field: String,
    /// What is in the way.
    pub problem: Problem,
}

/// What is in the way of a conversion.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// No value of one type is a value of the other.
    Types {
        /// The type in the file.
        file: String,
        /// The type it should become.
        target: String,
    },
    /// Two structs have no field in common, or two enums no variant.
    NothingInCommon {
        /// The type in the file, with its names, such as `Tick { time, price }`.
        file: String,
        /// The type it should become, with its names.
        target: String,
    },
    /// The file lacks a field, and there are no defaults to take it from.
    NoDefault {
        /// The type of the field.
        target: String,
    },
    /// The file lacks a field, and the default is not a value of its type.
    BadDefault {
        /// What the field may hold.
        expected: String,
        /// What the default is.
        found: String,
    },
    /// Nobody knows how the bytes of a foreign type change with the byte order.
    ForeignOrder {
        /// The name of the foreign type.
        name: String,
    },
    /// One of the types has no bytes, so nobody can tell how many elements there are.
    NoBytes,
    /// An element is larger than this machine can address.
    TooLarge,
}

/// A struct or enum with what is in it, but for names that nobody would read.
pub(super) fn with_names<'a>(of: &str, parts: impl IntoIterator<Item = &'a str>) -> String {
    let mut names = parts.into_iter();
    let mut shown: Vec<_> = names.by_ref().take(MOST_NAMES).map(beginning).collect();
    if names.next().is_some() {
        shown.push("…".into());
    }
    format!("{} {{ {} }}", beginning(of), shown.join(", "))
}

/// A name, or how a long one begins. However long it is, that takes the same time.
fn beginning(name: &str) -> String {
    let end = name.char_indices().nth(MOST_NAME_CHARS).map(|(end, _)| end);
    let dots = if end.is_some() { "…" } else { "" };
    format!("{}{dots}", name[..end.unwrap_or(name.len())].escape_debug())
}

impl Incompatible {
    pub(super) fn none() -> Self {
        Self { reasons: Vec::new(), version: None, text_bytes: 0 }
    }

    /// Adds a reason, if there is room.
    pub(super) fn add(
        &mut self,
        field: impl FnOnce() -> String,
        problem: impl FnOnce() -> Problem,
    ) {
        if self.text_bytes < MOST_TEXT_BYTES {
            let reason = Obstacle { field: field(), problem: problem() };
            self.text_bytes += reason.to_string().len();
            self.reasons.push(reason);
        }
    }
}

impl Incompatible {
    /// The reasons, each after this.
    pub(super) fn fmt_reasons(&self, f: &mut Formatter<'_>, line: &str) -> fmt::Result {
        for reason in self.reasons.iter().take(MOST_ROWS) {
            write!(f, "{line}{}", cut(&reason.to_string(), MOST_CHARS))?;
        }
        match self.reasons.len().saturating_sub(MOST_ROWS) {
            0 => Ok(()),
            more => write!(f, "{line}… and {more} more"),
        }
    }
}

impl Display for Incompatible {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("incompatible: no rule converts it")?;
        if let Some(version) = self.version {
            write!(f, ", nor to the earlier version `{version}`:")?;
        }
        self.fmt_reasons(f, "\n  ")
    }
}

impl Display for Obstacle {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &*self.field {
            "" => write!(f, "{}", self.problem),
            field => write!(f, "field `{field}`: {}", self.problem),
        }
    }
}

impl Display for Problem {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Types { file, target } => write!(f, "{file} can't become {target}"),
            Self::NothingInCommon { file, target } => {
                write!(f, "{file} and {target} have no name in common")
            }
            Self::NoDefault { target } => {
                write!(f, "{target} is not in the file, and there is no default for it")
            }
            Self::BadDefault { expected, found } => {
                write!(
                    f,
                    "not in the file, and the default is no value: expected {expected}, found {found}"
                )
            }
            Self::ForeignOrder { name } => {
                write!(
                    f,
                    "nobody knows how the bytes of the foreign type {name} change with the byte order"
                )
            }
            Self::NoBytes => f.write_str("elements without bytes can't be counted"),
            Self::TooLarge => f.write_str("the elements are larger than this machine can address"),
        }
    }
}
