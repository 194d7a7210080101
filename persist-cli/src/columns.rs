//! The values of an element as columns: `time`, `pos.x`, `legs[0].side`.

use std::collections::HashSet;
use std::fmt::Write;

use persist_core::reflect::{Kind, NotAValue, TypeRef, Value};
use persist_core::{ByteOrder, Descriptor};

/// More columns than this nobody reads, and a hostile type has any number.
const MOST_COLUMNS: u64 = 10_000;

/// How many names an error lists.
const MOST_NAMES: usize = 12;

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

/// Why there are no columns.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoColumns {
    #[error(
        "the elements have {found} values each, expected at most {MOST_COLUMNS}: choose some with --fields"
    )]
    TooMany { found: u64 },
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
    let root = Place { path: String::new(), offset_bytes: 0, ty: descriptor.root() };
    let places: Vec<Place<'_>> = match paths {
        [] => vec![root],
        paths => {
            paths.iter().map(|path| root.clone().find_named(path)).collect::<Result<_, _>>()?
        }
    };
    let found = places.iter().map(|place| count(place.ty)).fold(0, u64::saturating_add);
    if found > MOST_COLUMNS {
        return Err(NoColumns::TooMany { found });
    }
    let mut columns = Vec::new();
    places.into_iter().for_each(|place| place.add_to(&mut columns));
    match twice(&columns).filter(|_| !paths.is_empty()) {
        Some(path) => Err(NoColumns::Twice { path: path.to_owned() }),
        None => Ok(columns),
    }
}

/// The first path that more than one column has.
fn twice<'c>(columns: &'c [Column<'_>]) -> Option<&'c str> {
    let mut seen = HashSet::new();
    columns.iter().map(|column| &*column.path).find(|path| !seen.insert(*path))
}

/// How many values there are within a type.
fn count(ty: TypeRef<'_>) -> u64 {
    match ty.kind() {
        Kind::Array { item, len } => count(item).saturating_mul(len),
        Kind::Struct { fields, .. } => {
            fields.map(|field| count(field.ty)).fold(0, u64::saturating_add)
        }
        Kind::Padding | Kind::Phantom => 0,
        _ => 1,
    }
}

/// The values within a type, each at its place in it. Every type is looked at once, however often it is repeated: a
/// hostile file can have many items, each with many fields that have no value.
fn values(ty: TypeRef<'_>) -> Vec<Place<'_>> {
    match ty.kind() {
        Kind::Array { item, len } => match values(item) {
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
                let before = format!(".{}", field.name.escape_debug());
                let of_field = values(field.ty).into_iter();
                of_field.map(move |value| (before.clone(), field.offset_bytes, value))
            })
            .map(|(before, by, value)| Place::moved(before, by, &value))
            .collect(),
        Kind::Padding | Kind::Phantom => Vec::new(),
        _ => vec![Place { path: String::new(), offset_bytes: 0, ty }],
    }
}

/// A type at its place in the element.
#[derive(Debug, Clone)]
struct Place<'a> {
    path: String,
    offset_bytes: u64,
    ty: TypeRef<'a>,
}

impl<'a> Place<'a> {
    /// Adds the values within it. There aren't too many: they were counted.
    fn add_to(self, columns: &mut Vec<Column<'a>>) {
        columns.extend(values(self.ty).into_iter().map(|value| self.within(value).column()));
    }

    /// A value of a part that stands at an offset, under a name.
    fn moved(before: String, by: u64, value: &Self) -> Self {
        let path = before + &value.path;
        Self { path, offset_bytes: by + value.offset_bytes, ty: value.ty }
    }

    fn within(&self, value: Self) -> Self {
        let path = match self.path.is_empty() {
            true => value.path.strip_prefix('.').unwrap_or(&value.path).into(),
            false => format!("{}{}", self.path, value.path),
        };
        Self { path, offset_bytes: self.offset_bytes + value.offset_bytes, ty: value.ty }
    }

    fn field(&self, name: &str, offset_bytes: u64, ty: TypeRef<'a>) -> Self {
        let dot = if self.path.is_empty() { "" } else { "." };
        let path = format!("{}{dot}{}", self.path, name.escape_debug());
        Self { path, offset_bytes: self.offset_bytes + offset_bytes, ty }
    }

    fn item(&self, item: TypeRef<'a>, index: u64) -> Self {
        let path = format!("{}[{index}]", self.path);
        Self { path, offset_bytes: self.offset_bytes + index * item.size_bytes(), ty: item }
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
                let rest = path.strip_prefix(&*field.name.escape_debug().to_string())?;
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
                let names: Vec<_> = names.map(|it| it.name.escape_debug().to_string()).collect();
                let more = if fields.len() > MOST_NAMES { ", …" } else { "" };
                write!(hint, "has {}{more}", names.join(", "))
            }
            Kind::Array { len, .. } => write!(hint, "has items [0] to [{}]", len.saturating_sub(1)),
            _ => write!(hint, "is one {}", self.ty),
        };
        NoColumns::NoSuchField { path: path.escape_debug().to_string(), hint }
    }
}
