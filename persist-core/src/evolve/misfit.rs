//! The value that stops a conversion.

use std::fmt::{self, Display, Formatter};

use super::number::{Domain, Integer};
use super::op::{Checked, Convert, Op, PlaceId, Program, Step, Test};
use super::run::Stop;
use crate::byte_order::ByteOrder;
use crate::descriptor::node::Node;
use crate::descriptor::{Bytes, Descriptor, Value, hex, known_fault, value_of};

/// The most characters of a text that are shown.
const MOST_CHARS: usize = 32;

/// A value that stops a conversion: it has no place in the target, or isn't one.
///
/// ```text
/// element 7, field `legs[3].qty`: expected 0 to 255, found 1000
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub struct Misfit {
    /// The index of the element, among those that were to be converted.
    pub index: usize,
    /// The path of the field in the file, such as `legs[3].side`; empty where the element has no fields.
    pub field: String,
    /// What is wrong with the value.
    pub kind: MisfitKind,
    /// What was expected.
    pub expected: String,
    /// What the field holds.
    pub found: String,
}

/// What is wrong with a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum MisfitKind {
    /// It isn't a value of its own type: the file is damaged.
    NotAValue,
    /// The target's type doesn't have it.
    DoesNotFit,
}

impl Display for Misfit {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "element {}", self.index)?;
        if !self.field.is_empty() {
            write!(f, ", field `{}`", self.field)?;
        }
        write!(f, ": expected {}, found {}", self.expected, self.found)
    }
}

/// The words for a value at fault in this element.
pub(super) fn of_stop(
    stop: &Stop<'_>,
    program: &Program,
    file: (&Descriptor, ByteOrder),
    element: &[u8],
) -> Misfit {
    let (field, node) = walk(program, stop.op.place, file.0.node(), &stop.indexes);
    let (kind, expected, found) = match &stop.op.kind {
        Checked::Test(Test::Zero { bytes, becomes }) => {
            let expected =
                format!("zeros in the padding that becomes `{}`", becomes.escape_debug());
            (MisfitKind::DoesNotFit, expected, hex(&element[stop.from..][..*bytes]))
        }
        _ => {
            // The element is in memory, so this part of it fits.
            let bytes = &element[stop.from..][..node.size_bytes() as usize];
            match known_fault(node, bytes, file.1) {
                Some(fault) => (MisfitKind::NotAValue, fault.expected, fault.found),
                None => {
                    let found = value_of(node, bytes, file.1).map_or_else(|_| hex(bytes), shown);
                    (MisfitKind::DoesNotFit, expected(stop.op), found)
                }
            }
        }
    };
    Misfit { index: stop.element, field, kind, expected, found }
}

/// The way to a place with these indexes, and the type that is there.
fn walk<'a>(
    program: &Program,
    place: Option<PlaceId>,
    root: &'a Node,
    indexes: &[usize],
) -> (String, &'a Node) {
    let mut steps = Vec::new();
    let mut next = place;
    while let Some(id) = next {
        let place = program.place(id);
        steps.push(place.step);
        next = place.parent;
    }
    let (mut path, mut node, mut indexes) = (String::new(), root, indexes.iter());
    for step in steps.into_iter().rev() {
        match (step, node) {
            (Step::Field(index), Node::Struct(of)) => {
                let field = &of.fields[index];
                path.push_str(if path.is_empty() { "" } else { "." });
                path.extend(field.name.escape_debug());
                node = &field.node;
            }
            (Step::Items(_), Node::Array(of)) => {
                path.extend(indexes.next().map(|index| format!("[{index}]")));
                node = &of.element;
            }
            _ => unreachable!("places were made from this type"),
        }
    }
    (path, node)
}

/// What an operation takes.
fn expected(op: &Op<Checked>) -> String {
    match &op.kind {
        Checked::Test(Test::Integer(to)) => range(*to),
        Checked::Convert(Convert::Integer { to, .. }) => range(*to),
        Checked::Convert(Convert::FloatToInteger { to, .. }) => {
            format!("an integer, {}", range(*to))
        }
        Checked::Convert(Convert::Float { to, .. } | Convert::IntegerToFloat { to, .. }) => {
            format!("a number that is finite as {}", to.format.name())
        }
        Checked::Test(Test::Tag(_)) | Checked::Convert(Convert::Tag { .. }) => {
            "a variant that still exists".into()
        }
        Checked::Test(Test::Text { most, .. }) => {
            format!("text of at most {}", Bytes(*most as u64))
        }
        Checked::Test(Test::Zero { .. }) => "zeros".into(),
    }
}

fn range(of: Integer) -> String {
    let (least, greatest) = of.range();
    match of.domain {
        Domain::All => format!("{least} to {greatest}"),
        Domain::NonZero => format!("{least} to {greatest} and not 0"),
        Domain::Bool => "0 or 1".into(),
        Domain::Char => "a Unicode scalar value".into(),
    }
}

fn shown(value: Value<'_>) -> String {
    match value {
        Value::Unsigned(value) => value.to_string(),
        Value::Signed(value) => value.to_string(),
        Value::F32(value) => value.to_string(),
        Value::F64(value) => value.to_string(),
        Value::Bool(value) => value.to_string(),
        Value::Char(value) => format!("{value:?}"),
        Value::Text(text) if text.chars().count() > MOST_CHARS => {
            let beginning: String = text.chars().take(MOST_CHARS).collect();
            format!("{beginning:?}… of {}", Bytes(text.len() as u64))
        }
        Value::Text(text) => format!("{text:?} of {}", Bytes(text.len() as u64)),
        Value::Variant(name) => format!("`{}`", name.escape_debug()),
        Value::None => "None".into(),
        Value::Bytes(bytes) => hex(bytes),
    }
}
