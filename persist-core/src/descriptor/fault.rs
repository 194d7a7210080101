//! Which field of an element holds something that is not a value of its type.
//!
//! For the text of an error, once the typed check has refused the element: it says where and why,
//! and needn't be fast.

use super::node::Node;
use super::value::{self, NotAValue, hex, not_a_value};
use crate::byte_order::ByteOrder;

/// A place in an element that does not hold a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// The path, such as `legs[3].side`; empty where the element is one scalar.
    pub(crate) field: String,
    pub(crate) expected: String,
    pub(crate) found: String,
}

/// By the rules of the types that the format defines.
pub(crate) fn known_fault(root: &Node, element: &[u8], order: ByteOrder) -> Option<Fault> {
    first(root, element, &|node, bytes| value::of(node, bytes, order).err())
}

/// Foreign types that are checked: their rule is not in the file.
pub(super) fn foreign(root: &Node, element: &[u8]) -> Option<Fault> {
    first(root, element, &|node, bytes| match node {
        Node::Opaque(opaque) if !opaque.any_bits => {
            let expected = format!("a value of `{}`", opaque.name.escape_debug());
            Some(not_a_value(expected, hex(bytes)))
        }
        _ => None,
    })
}

/// The first place in memory order that the check refuses.
fn first(
    node: &Node,
    bytes: &[u8],
    check: &impl Fn(&Node, &[u8]) -> Option<NotAValue>,
) -> Option<Fault> {
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
        scalar => check(scalar, bytes).map(|NotAValue { expected, found }| Fault {
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
