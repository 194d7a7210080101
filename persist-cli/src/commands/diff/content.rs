//! How the elements of two files differ.

use std::ops::Range;

use persist_core::reflect::{NotAValue, Value};
use persist_core::{AnySlice, ByteOrder};
use serde::Serialize;
use serde_json::{Value as Json, json};

use super::same::same;
use crate::columns::Column;
use crate::progress::Progress;
use crate::{cell, parallel};

/// How many bytes of elements a thread compares at a time.
const PART_BYTES: usize = 1 << 20;

/// So much is shown of a value.
pub(super) const MOST_CHARS: usize = 60;

/// A field that both files have.
pub(super) struct Pair<'a> {
    pub(super) a: Column<'a>,
    pub(super) b: Column<'a>,
}

/// What was found in the elements that both files have.
#[derive(Debug, Serialize)]
pub(super) struct Content {
    /// How many were compared.
    pub(super) compared: usize,
    /// How many of them differ.
    pub(super) elements: u64,
    /// In which fields, those without a difference left out.
    pub(super) fields: Vec<FieldCount>,
    /// The first of the values that differ.
    pub(super) first: Vec<Different>,
}

#[derive(Debug, Serialize)]
pub(super) struct FieldCount {
    pub(super) path: String,
    pub(super) values: u64,
}

/// A value that differs.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Different {
    pub(super) index: usize,
    pub(super) path: String,
    pub(super) a: Seen,
    pub(super) b: Seen,
}

/// A value, or bytes that are none: not all of it where it is long.
#[derive(Debug, Clone, Serialize)]
#[serde(transparent)]
pub(super) struct Seen {
    /// As `dump` has it.
    json: Json,
    /// For people.
    #[serde(skip)]
    pub(super) text: String,
}

/// What was found in some elements.
#[derive(Default)]
struct Found {
    elements: u64,
    counts: Vec<u64>,
    first: Vec<Different>,
}

/// Two files, ready to be compared.
struct Files<'a> {
    files: [&'a AnySlice; 2],
    orders: [ByteOrder; 2],
    pairs: &'a [Pair<'a>],
    limit: usize,
    /// Whether equal bytes are equal elements.
    are_alike: bool,
}

/// Compares the elements that both files have, on all cores.
pub(super) fn compare(files: [&AnySlice; 2], pairs: &[Pair<'_>], limit: usize) -> Content {
    let [a, b] = files;
    let orders = files.map(|file| file.info().byte_order);
    let are_alike = a.descriptor() == b.descriptor() && orders[0] == orders[1];
    let files = Files { files, orders, pairs, limit, are_alike };
    let (compared, element_bytes) = (a.len().min(b.len()), a.descriptor().size_bytes() as usize);
    let mut progress = Progress::of_bytes((compared * element_bytes) as u64, "comparing");
    let mut all = Found { counts: vec![0; pairs.len()], ..Found::default() };
    let part_len = (PART_BYTES / element_bytes).max(1);
    parallel::each(
        0..compared,
        part_len,
        |part| files.part(part),
        |part, found| {
            progress.set((part.end * element_bytes) as u64);
            all.elements += found.elements;
            all.counts.iter_mut().zip(found.counts).for_each(|(all, found)| *all += found);
            let room = limit - all.first.len();
            all.first.extend(found.first.into_iter().take(room));
        },
    );
    let counts = pairs.iter().zip(all.counts).filter(|(_, values)| *values > 0);
    let fields = counts.map(|(pair, values)| FieldCount { path: pair.a.path.clone(), values });
    Content { compared, elements: all.elements, fields: fields.collect(), first: all.first }
}

impl Files<'_> {
    fn part(&self, part: Range<usize>) -> Found {
        let mut found = Found { counts: vec![0; self.pairs.len()], ..Found::default() };
        for index in part {
            let [a, b] = self.files.map(|file| file.element(index));
            if !(self.are_alike && a == b) {
                self.element(index, a, b, &mut found);
            }
        }
        found
    }

    fn element(&self, index: usize, a: &[u8], b: &[u8], found: &mut Found) {
        let mut is_different = false;
        for (pair, count) in self.pairs.iter().zip(&mut found.counts) {
            let values = (pair.a.value(a, self.orders[0]), pair.b.value(b, self.orders[1]));
            let is_same = match &values {
                (Ok(a), Ok(b)) => same(*a, *b),
                (Err(_), Err(_)) => pair.a.bytes(a) == pair.b.bytes(b),
                _ => false,
            };
            if is_same {
                continue;
            }
            is_different = true;
            *count += 1;
            if found.first.len() < self.limit {
                let path = pair.a.path.clone();
                let (a, b) =
                    (Seen::new(values.0, pair.a.bytes(a)), Seen::new(values.1, pair.b.bytes(b)));
                found.first.push(Different { index, path, a, b });
            }
        }
        found.elements += u64::from(is_different);
    }
}

impl Seen {
    fn new(value: Result<Value<'_>, NotAValue>, bytes: &[u8]) -> Self {
        let mut text = Vec::new();
        let json = match value {
            Ok(value) => {
                cell::text(&mut text, value);
                cell::to_json(value)
            }
            Err(_) => {
                cell::invalid(&mut text, bytes);
                json!({ "invalid": short(cell::to_json(Value::Bytes(bytes))) })
            }
        };
        Self { json: short(json), text: cut(&String::from_utf8_lossy(&text)) }
    }
}

/// JSON but for the end of a long text.
fn short(json: Json) -> Json {
    match json {
        Json::String(text) => Json::String(cut(&text)),
        json => json,
    }
}

fn cut(text: &str) -> String {
    cell::cut(text, MOST_CHARS).into_owned()
}
