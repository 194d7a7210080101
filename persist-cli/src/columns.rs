//! The values of an element as columns: `time`, `pos.x`, `legs[0].side`.
//!
//! A name may be any text, so that two values can have one path: a field `a.b`, and a field `b` of `a`. Of such elements
//! the names that look like paths stand in quotes: `"a.b"`.

use std::collections::HashSet;
use std::convert::Infallible;
use std::fmt::Write;
use std::str::FromStr;

use persist_core::reflect::{Kind, NotAValue, TypeRef, Value};
use persist_core::{ByteOrder, Descriptor};

use crate::cell;

/// More columns than this nobody reads, and a hostile type has any number.
const MOST_COLUMNS: u64 = 10_000;

/// Nor longer paths than this in all: a hostile type has a long name with many items.
const MOST_PATH_BYTES: u64 = 16 << 20;

/// How many names an error lists.
const MOST_NAMES: usize = 12;

/// So much of a name is shown in an error.
const MOST_CHARS: usize = 60;

/// What the only value of an element without fields is called.
const LONE_NAME: &str = "value";

/// A single value within each element. Padding has none.
#[derive(Debug, Clone)]
pub(crate) struct Column<'a> {
    /// What a terminal could act on in names is escaped.
    pub(crate) path: String,
    pub(crate) ty: TypeRef<'a>,
    start: usize,
    end: usize,
}

/// The paths that an option names: a line of CSV, as a name may have a comma in it.
#[derive(Debug, Clone)]
pub(crate) struct Fields(Vec<String>);

impl FromStr for Fields {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        let mut reader = csv::ReaderBuilder::new();
        let mut reader = reader.has_headers(false).flexible(true).from_reader(text.as_bytes());
        // Text in memory can be read, and its pieces are text.
        let paths = reader.records().flatten();
        let paths: Vec<String> =
            paths.flat_map(|it| it.iter().map(str::to_owned).collect::<Vec<_>>()).collect();
        Ok(Self(if paths.is_empty() { vec![String::new()] } else { paths }))
    }
}

/// All paths of an option that may be there several times.
pub(crate) fn paths(fields: &[Fields]) -> Vec<String> {
    fields.iter().flat_map(|fields| fields.0.iter().cloned()).collect()
}

/// How names stand in paths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Naming {
    Plain,
    /// Those that look like paths in quotes.
    Quoted,
}

impl Naming {
    /// A name without what a terminal acts on.
    fn text(self, name: &str) -> String {
        match self == Self::Quoted && name.contains(['.', '[', ']']) {
            true => format!("\"{}\"", name.escape_debug()),
            false => name.escape_debug().to_string(),
        }
    }
}

/// Why there are no columns.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoColumns {
    #[error(
        "the elements have {found} values each, expected at most {MOST_COLUMNS}: choose some with --fields"
    )]
    TooMany { found: u64 },
    #[error(
        "the names of the {values} values of an element take {bytes} bytes, expected at most {MOST_PATH_BYTES}: choose some with --fields"
    )]
    TooLong { values: u64, bytes: u64 },
    #[error("there is no field `{path}`: {hint}")]
    NoSuchField { path: String, hint: String },
    #[error("the field `{path}` was chosen twice: name each once, and nothing within it")]
    Twice { path: String },
}

impl<'a> Column<'a> {
    /// The bytes of this value in an element.
    pub(crate) fn bytes<'e>(&self, element: &'e [u8]) -> &'e [u8] {
        &element[self.start..self.end]
    }

    /// The place of this value in an element.
    pub(crate) fn bytes_mut<'e>(&self, element: &'e mut [u8]) -> &'e mut [u8] {
        &mut element[self.start..self.end]
    }

    /// The value in an element.
    pub(crate) fn value<'v>(
        &'v self,
        element: &'v [u8],
        order: ByteOrder,
    ) -> Result<Value<'v>, NotAValue> {
        self.ty.value(self.bytes(element), order)
    }
}

/// The columns of the fields with these paths, in this order, with all that is within them; of all fields where
/// no path is given.
pub(crate) fn columns<'a>(
    descriptor: &'a Descriptor,
    paths: &[String],
) -> Result<Vec<Column<'a>>, NoColumns> {
    let plain = columns_named(descriptor, paths, Naming::Plain)?;
    if twice(&plain).is_none() {
        return Ok(plain);
    }
    let quoted = columns_named(descriptor, paths, Naming::Quoted)?;
    match twice(&quoted) {
        Some(path) => Err(NoColumns::Twice { path: path.to_owned() }),
        None => Ok(quoted),
    }
}

/// The same, in which columns may have the same path.
fn columns_named<'a>(
    descriptor: &'a Descriptor,
    paths: &[String],
    naming: Naming,
) -> Result<Vec<Column<'a>>, NoColumns> {
    let root = Place { path: String::new(), offset_bytes: 0, ty: descriptor.root(), naming };
    let places: Vec<Place<'_>> = match paths {
        [] => vec![root],
        paths => {
            paths.iter().map(|path| root.clone().find_named(path)).collect::<Result<_, _>>()?
        }
    };
    let found = places.iter().map(Place::size).fold(Size::default(), Size::plus);
    if found.values > MOST_COLUMNS {
        return Err(NoColumns::TooMany { found: found.values });
    }
    if found.path_bytes > MOST_PATH_BYTES {
        return Err(NoColumns::TooLong { values: found.values, bytes: found.path_bytes });
    }
    let mut columns = Vec::new();
    places.into_iter().for_each(|place| place.add_to(&mut columns));
    Ok(columns)
}

/// The first path that more than one column has.
fn twice<'c>(columns: &'c [Column<'_>]) -> Option<&'c str> {
    let mut seen = HashSet::new();
    columns.iter().map(|column| &*column.path).find(|path| !seen.insert(*path))
}

/// How many values there are within a type, and how long their paths are together.
#[derive(Debug, Clone, Copy, Default)]
struct Size {
    values: u64,
    path_bytes: u64,
}

impl Size {
    fn of(ty: TypeRef<'_>, naming: Naming) -> Self {
        match ty.kind() {
            Kind::Array { item, len } => {
                let index_bytes = format_args!("[{len}]").to_string().len();
                Self::of(item, naming).after(index_bytes).times(len)
            }
            Kind::Struct { fields, .. } => fields
                .map(|field| match Self::of(field.ty, naming) {
                    // Of what has no values no name is looked at.
                    Self { values: 0, .. } => Self::default(),
                    size => size.after(1 + naming.text(field.name).len()),
                })
                .fold(Self::default(), Self::plus),
            Kind::Padding | Kind::Phantom => Self::default(),
            _ => Self { values: 1, path_bytes: 0 },
        }
    }

    /// With so many bytes before each path.
    fn after(self, bytes: usize) -> Self {
        let before = self.values.saturating_mul(bytes as u64);
        Self { path_bytes: self.path_bytes.saturating_add(before), ..self }
    }

    fn times(self, count: u64) -> Self {
        let Self { values, path_bytes } = self;
        Self { values: values.saturating_mul(count), path_bytes: path_bytes.saturating_mul(count) }
    }

    fn plus(self, other: Self) -> Self {
        let path_bytes = self.path_bytes.saturating_add(other.path_bytes);
        Self { values: self.values.saturating_add(other.values), path_bytes }
    }
}

/// The values within a type, each at its place in it. Every type is looked at once, however often it is repeated: a
/// hostile file can have many items, each with many fields that have no value.
fn values(ty: TypeRef<'_>, naming: Naming) -> Vec<Place<'_>> {
    match ty.kind() {
        Kind::Array { item, len } => match values(item, naming) {
            none if none.is_empty() => none,
            of_item => (0..len)
                .flat_map(|index| of_item.iter().map(move |value| (index, value)))
                .map(|(index, value)| {
                    Place::moved(format!("[{index}]"), index * item.size_bytes(), value)
                })
                .collect(),
        },
        Kind::Struct { fields, .. } => fields
            .flat_map(|field| {
                let before = format!(".{}", naming.text(field.name));
                let of_field = values(field.ty, naming).into_iter();
                of_field.map(move |value| (before.clone(), field.offset_bytes, value))
            })
            .map(|(before, by, value)| Place::moved(before, by, &value))
            .collect(),
        Kind::Padding | Kind::Phantom => Vec::new(),
        _ => vec![Place { path: String::new(), offset_bytes: 0, ty, naming }],
    }
}

/// A type at its place in the element.
#[derive(Debug, Clone)]
struct Place<'a> {
    path: String,
    offset_bytes: u64,
    ty: TypeRef<'a>,
    naming: Naming,
}

impl<'a> Place<'a> {
    fn size(&self) -> Size {
        Size::of(self.ty, self.naming).after(self.path.len())
    }

    /// Adds the values within it. There aren't too many: they were counted.
    fn add_to(self, columns: &mut Vec<Column<'a>>) {
        columns.extend(
            values(self.ty, self.naming).into_iter().map(|value| self.within(value).column()),
        );
    }

    /// A value of a part that stands at an offset, under a name.
    fn moved(before: String, by: u64, value: &Self) -> Self {
        let path = before + &value.path;
        Self { path, offset_bytes: by + value.offset_bytes, ..*value }
    }

    fn within(&self, value: Self) -> Self {
        let path = match self.path.is_empty() {
            true => value.path.strip_prefix('.').unwrap_or(&value.path).into(),
            false => format!("{}{}", self.path, value.path),
        };
        Self { path, offset_bytes: self.offset_bytes + value.offset_bytes, ..value }
    }

    fn field(&self, name: &str, offset_bytes: u64, ty: TypeRef<'a>) -> Self {
        let dot = if self.path.is_empty() { "" } else { "." };
        let path = format!("{}{dot}{}", self.path, self.naming.text(name));
        Self { path, offset_bytes: self.offset_bytes + offset_bytes, ty, naming: self.naming }
    }

    fn item(&self, item: TypeRef<'a>, index: u64) -> Self {
        let path = format!("{}[{index}]", self.path);
        let offset_bytes = self.offset_bytes + index * item.size_bytes();
        Self { path, offset_bytes, ty: item, naming: self.naming }
    }

    /// Elements are in memory, so their offsets fit.
    fn column(self) -> Column<'a> {
        let start = self.offset_bytes as usize;
        let end = start + self.ty.size_bytes() as usize;
        let path = if self.path.is_empty() { LONE_NAME.into() } else { self.path };
        Column { path, ty: self.ty, start, end }
    }

    /// The place that was named by a path, which may stand between spaces.
    fn find_named(self, path: &str) -> Result<Self, NoColumns> {
        let trimmed = path.trim();
        if trimmed.is_empty() {
            return Err(self.no_such(trimmed));
        }
        // A name may have such spaces itself.
        self.clone().find(path).or_else(|_| self.find(trimmed))
    }

    /// The place within this one that a path leads to.
    fn find(self, path: &str) -> Result<Self, NoColumns> {
        let mut place = self;
        let mut rest = path;
        while !rest.is_empty() {
            let (next, left) = place.step(rest).ok_or_else(|| place.no_such(path))?;
            (place, rest) = (next, left);
        }
        Ok(place)
    }

    /// The field or item that a path begins with, and the path from there.
    fn step<'p>(&self, path: &'p str) -> Option<(Self, &'p str)> {
        match self.ty.kind() {
            Kind::Struct { mut fields, .. } => fields.find_map(|field| {
                let names = [Naming::Quoted, Naming::Plain].map(|naming| naming.text(field.name));
                let rest = names.iter().find_map(|name| path.strip_prefix(&**name))?;
                let is_whole = rest.is_empty() || rest.starts_with(['.', '[']);
                let next = || self.field(field.name, field.offset_bytes, field.ty);
                is_whole.then(|| (next(), rest.strip_prefix('.').unwrap_or(rest)))
            }),
            Kind::Array { item, len } => {
                let (index, rest) = path.strip_prefix('[')?.split_once(']')?;
                let index = index.parse().ok().filter(|&index: &u64| index < len)?;
                Some((self.item(item, index), rest.strip_prefix('.').unwrap_or(rest)))
            }
            _ if self.path.is_empty() && path == LONE_NAME => Some((self.clone(), "")),
            _ => None,
        }
    }

    #[cold]
    fn no_such(&self, path: &str) -> NoColumns {
        let owner = if self.path.is_empty() { "an element" } else { &self.path };
        let mut hint = format!("{owner} ");
        // Writing to a String does not fail.
        let _ = match self.ty.kind() {
            Kind::Struct { fields, .. } => {
                let names = fields.clone().take(MOST_NAMES);
                let names: Vec<_> = names.map(|it| shown(it.name)).collect();
                let more = if fields.len() > MOST_NAMES { ", …" } else { "" };
                write!(hint, "has {}{more}", names.join(", "))
            }
            Kind::Array { len, .. } => write!(hint, "has items [0] to [{}]", len.saturating_sub(1)),
            _ => write!(hint, "is one {}", self.ty),
        };
        NoColumns::NoSuchField { path: path.escape_debug().to_string(), hint }
    }
}

/// A name in an error.
fn shown(name: &str) -> String {
    cell::cut(&Naming::Plain.text(name), MOST_CHARS).into_owned()
}
