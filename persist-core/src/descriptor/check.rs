//! Whether many elements are values of their type.
//!
//! The tree of a type is flattened once to the scalars that have bit patterns which are no values, each with its
//! place and the arrays around it; all elements of a block are then looked at scalar by scalar. The rule of each
//! scalar is the one of [`value`](super::value).

use super::node::Node;
use super::value;
use crate::byte_order::ByteOrder;

/// What is to be looked at in each element.
#[derive(Debug)]
pub(crate) struct Checks<'a> {
    element_bytes: usize,
    order: ByteOrder,
    parts: Vec<Part<'a>>,
}

/// A scalar, or all items of an array that are the same one.
#[derive(Debug)]
struct Part<'a> {
    scalar: &'a Node,
    /// Of the first item, within the element.
    offset: usize,
    /// The arrays that it is in, the outermost first.
    repeats: Vec<Repeat>,
}

/// So many items, one each `stride` bytes.
#[derive(Debug, Clone, Copy)]
struct Repeat {
    count: usize,
    stride: usize,
}

impl<'a> Checks<'a> {
    /// The checks of elements that can be in memory, in this byte order.
    pub(super) fn new(root: &'a Node, order: ByteOrder) -> Self {
        let mut parts = Vec::new();
        flatten(root, 0, &mut Vec::new(), &mut parts);
        Self { element_bytes: root.size_bytes() as usize, order, parts }
    }

    /// Whether all of these elements are values, but for what only the crates of foreign types know.
    ///
    /// # Panics
    ///
    /// Panics if the bytes are not those of whole elements.
    pub(crate) fn are_valid(&self, elements: &[u8]) -> bool {
        assert_eq!(elements.len() % self.element_bytes, 0, "whole elements are looked at");
        let each =
            Repeat { count: elements.len() / self.element_bytes, stride: self.element_bytes };
        self.parts.iter().all(|part| {
            let repeats: Vec<Repeat> =
                [each].into_iter().chain(part.repeats.iter().copied()).collect();
            part.are_valid(elements, part.offset, &repeats, self.order)
        })
    }
}

impl Part<'_> {
    fn are_valid(&self, bytes: &[u8], offset: usize, repeats: &[Repeat], order: ByteOrder) -> bool {
        let Some((Repeat { count, stride }, inner)) = repeats.split_first() else {
            let scalar = &bytes[offset..][..self.scalar.size_bytes() as usize];
            return value::of(self.scalar, scalar, order).is_ok();
        };
        (0..*count).all(|i| self.are_valid(bytes, offset + i * stride, inner, order))
    }
}

/// Gathers the scalars of a type whose element can be in memory: so its sizes are in the range of `usize`.
fn flatten<'a>(
    node: &'a Node,
    offset: usize,
    repeats: &mut Vec<Repeat>,
    parts: &mut Vec<Part<'a>>,
) {
    match node {
        Node::Struct(of) => of.fields.iter().for_each(|field| {
            flatten(&field.node, offset + field.offset_bytes as usize, repeats, parts);
        }),
        // Items without bytes hold nothing that could be wrong, and there may be 2^64 of them.
        Node::Array(of) if of.element.size_bytes() > 0 => {
            let stride = of.element.size_bytes() as usize;
            repeats.push(Repeat { count: of.len as usize, stride });
            flatten(&of.element, offset, repeats, parts);
            repeats.pop();
        }
        scalar if value::can_fail(scalar) => {
            parts.push(Part { scalar, offset, repeats: repeats.clone() });
        }
        _ => {}
    }
}
