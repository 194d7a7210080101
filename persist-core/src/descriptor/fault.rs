//! Which field of an element holds something that is not a value of its type.
//!
//! For the text of an error, once the typed check has refused the element: it says where and why,
//! and needn't be fast.

use std::fmt::Write;

use super::node::{Enum, Node};
use crate::elements::is_fixed_str;
use crate::layout::{Class, Primitive};

/// The most variants that an error lists.
const MOST_VARIANTS: usize = 8;

/// The most bytes that an error shows.
const MOST_BYTES: usize = 32;

/// A place in an element that does not hold a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// The path, such as `legs[3].side`; empty where the element is one scalar.
    pub(crate) field: String,
    pub(crate) expected: String,
    pub(crate) found: String,
}

pub(super) fn of_element(root: &Node, element: &[u8]) -> Option<Fault> {
    first(root, element, known).or_else(|| first(root, element, foreign))
}

/// What a scalar should hold and what it holds, where that is not a value.
type Check = fn(&Node, &[u8]) -> Option<(String, String)>;

/// The first place in memory order that the check refuses.
fn first(node: &Node, bytes: &[u8], check: Check) -> Option<Fault> {
    match node {
        Node::Struct(of) => of.fields.iter().find_map(|field| {
            let bytes = part(bytes, field.offset_bytes, field.node.size_bytes());
            first(&field.node, bytes, check).map(|fault| fault.within_field(&field.name))
        }),
        Node::Array(array) => {
            let size_bytes = array.element.size_bytes();
            // Items without bytes are all the same, and there may be 2^64 of them.
            let len = if size_bytes == 0 { array.len.min(1) } else { array.len };
            (0..len).find_map(|i| {
                let item = part(bytes, i * size_bytes, size_bytes);
                first(&array.element, item, check).map(|fault| fault.within_item(i))
            })
        }
        scalar => check(scalar, bytes).map(|(expected, found)| Fault {
            field: String::new(),
            expected,
            found,
        }),
    }
}

/// The bytes of a field or item, which lies within bytes that are in memory: so the numbers fit.
fn part(bytes: &[u8], offset_bytes: u64, size_bytes: u64) -> &[u8] {
    &bytes[offset_bytes as usize..][..size_bytes as usize]
}

impl Fault {
    fn within_field(self, name: &str) -> Self {
        self.within(name.escape_debug().to_string())
    }

    fn within_item(self, index: u64) -> Self {
        self.within(format!("[{index}]"))
    }

    fn within(self, mut path: String) -> Self {
        if !self.field.is_empty() && !self.field.starts_with('[') {
            path.push('.');
        }
        path.push_str(&self.field);
        Self { field: path, ..self }
    }
}

/// The rules of the types that the format defines.
fn known(node: &Node, bytes: &[u8]) -> Option<(String, String)> {
    match node {
        Node::Primitive(primitive) => primitive_fault(*primitive, bytes),
        Node::Enum(of) => enum_fault(of, bytes),
        Node::FixedStr { .. } if !is_fixed_str(bytes) => {
            Some(("UTF-8, then NULs to the end".into(), hex(bytes)))
        }
        _ => None,
    }
}

/// Foreign types that are checked: their rule is not in the file.
fn foreign(node: &Node, bytes: &[u8]) -> Option<(String, String)> {
    match node {
        Node::Opaque(opaque) if !opaque.any_bits => {
            Some((format!("a value of `{}`", opaque.name.escape_debug()), hex(bytes)))
        }
        _ => None,
    }
}

/// Primitives that have a rule are in native order, or of one byte.
fn primitive_fault(primitive: Primitive, bytes: &[u8]) -> Option<(String, String)> {
    let bits = native_number(bytes);
    match primitive.class {
        Class::Bool if bits > 1 => Some(("0 or 1".into(), bits.to_string())),
        Class::Char if !is_char(bits) => {
            Some(("a Unicode scalar value".into(), format!("{bits:#x}")))
        }
        Class::NonZeroUnsigned | Class::NonZeroSigned if bits == 0 => {
            Some(("a number other than 0".into(), "0".into()))
        }
        _ => None,
    }
}

fn is_char(bits: u128) -> bool {
    u32::try_from(bits).is_ok_and(|bits| char::from_u32(bits).is_some())
}

fn enum_fault(of: &Enum, bytes: &[u8]) -> Option<(String, String)> {
    // An enum has at most eight bytes.
    let tag = native_number(bytes) as u64;
    if of.has_tag(tag) {
        return None;
    }
    Some((expected_tags(of), of.discriminant(tag).to_string()))
}

/// `0 (Buy) or 1 (Sell)`.
fn expected_tags(of: &Enum) -> String {
    let count = of.variants.len();
    if count > MOST_VARIANTS {
        return format!("one of {count} tags of `{}`", of.name.escape_debug());
    }
    let mut text = String::new();
    for (i, variant) in of.variants.iter().enumerate() {
        text.push_str(match i {
            0 => "",
            _ if i + 1 == count => " or ",
            _ => ", ",
        });
        let (tag, name) = (of.discriminant(variant.tag), variant.name.escape_debug());
        // Writing to a String does not fail.
        let _ = write!(text, "{tag} ({name})");
    }
    text
}

/// At most 16 bytes as a number in this machine's order.
fn native_number(bytes: &[u8]) -> u128 {
    let most_significant_first = |number: u128, &byte: &u8| number << 8 | u128::from(byte);
    if cfg!(target_endian = "little") {
        bytes.iter().rev().fold(0, most_significant_first)
    } else {
        bytes.iter().fold(0, most_significant_first)
    }
}

/// `bytes 4a 46 4b`, cut where they are many.
fn hex(bytes: &[u8]) -> String {
    let mut text = String::from(if bytes.is_empty() { "no bytes" } else { "bytes" });
    for byte in bytes.iter().take(MOST_BYTES) {
        let _ = write!(text, " {byte:02x}");
    }
    if bytes.len() > MOST_BYTES {
        text.push_str(" …");
    }
    text
}
