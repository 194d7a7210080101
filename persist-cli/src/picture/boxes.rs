//! Which boxes a picture has.

use persist_core::reflect::{Kind, TypeRef};

/// A picture of more boxes would help nobody.
const MOST_BOXES: usize = 64;

/// Bytes of an element that are drawn as one.
#[derive(Debug)]
pub(super) struct Area {
    pub(super) start: u64,
    /// Larger than `start`.
    pub(super) end: u64,
    /// What it is called, the longest text first. None for padding.
    pub(super) labels: Vec<String>,
}

/// The boxes of a type, which touch each other, and how many bytes follow that aren't drawn.
pub(super) fn boxes(ty: TypeRef<'_>) -> (Vec<Area>, u64) {
    let mut found = Vec::new();
    add(&mut found, "", 0, ty);
    let drawn = found.last().map_or(0, |last| last.end);
    (found, ty.size_bytes() - drawn)
}

fn add(found: &mut Vec<Area>, path: &str, start: u64, ty: TypeRef<'_>) {
    match ty.kind() {
        _ if ty.size_bytes() == 0 => {}
        Kind::Struct { fields, .. } => {
            for field in fields {
                let dot = if path.is_empty() { "" } else { "." };
                let path = format!("{path}{dot}{}", field.name.escape_debug());
                add(found, &path, start + field.offset_bytes, field.ty);
                if found.len() >= MOST_BOXES {
                    return;
                }
            }
        }
        Kind::Array { item, len } if has_fields(item) => {
            add(found, &format!("{path}[0]"), start, item);
            if found.len() < MOST_BOXES {
                add_rest(found, path, start, item, len);
            }
        }
        Kind::Padding => push(found, start, ty.size_bytes(), Vec::new()),
        _ => push(found, start, ty.size_bytes(), labels(path, &ty.to_string())),
    }
}

/// The items of an array but the first, in one box.
fn add_rest(found: &mut Vec<Area>, path: &str, start: u64, item: TypeRef<'_>, len: u64) {
    let (range, what) = match len {
        1 => return,
        2 => ("[1]".to_owned(), item.to_string()),
        _ => (format!("[1..{len}]"), format!("[{item}; {}]", len - 1)),
    };
    let labels = labels(&format!("{path}{range}"), &what);
    push(found, start + item.size_bytes(), (len - 1) * item.size_bytes(), labels);
}

fn push(found: &mut Vec<Area>, start: u64, bytes: u64, labels: Vec<String>) {
    found.push(Area { start, end: start + bytes, labels });
}

/// Whether there is something to be seen within an item.
fn has_fields(ty: TypeRef<'_>) -> bool {
    match ty.kind() {
        Kind::Struct { .. } => true,
        Kind::Array { item, .. } => has_fields(item),
        _ => false,
    }
}

/// `legs[0].side: Side`, `legs[0].side`, `side`.
fn labels(path: &str, ty: &str) -> Vec<String> {
    if path.is_empty() {
        return vec![ty.to_owned()];
    }
    let is_lone = |&(at, _): &(usize, &str)| {
        // Not one of the dots of `[1..3]`.
        !path[at + 1..].starts_with('.') && !path[..at].ends_with('.')
    };
    let dot = path.rmatch_indices('.').find(is_lone);
    let last = dot.map_or(path, |(at, _)| &path[at + 1..]);
    vec![format!("{path}: {ty}"), path.to_owned(), last.to_owned()]
}
