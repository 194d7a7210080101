//! The alignment of a type, as far as its layout tells: what a new file says for programs that map it.

use super::node::{Node, Struct};
use crate::layout::{Order, Primitive};

/// What `repr(packed(N))` can be below the largest alignment of a primitive; the last means that it isn't.
const PACKED: [u64; 5] = [1, 2, 4, 8, 16];

/// The largest alignment that any machine gives a type of this layout, in bytes. A descriptor doesn't hold
/// what a program demanded beyond its fields (`repr(align)`, foreign types).
pub(super) fn of(node: &Node) -> u64 {
    match node {
        Node::Primitive(Primitive { width, order: Order::Native, .. }) => (*width).into(),
        Node::Array(array) => of(&array.element),
        Node::Struct(fields) => of_struct(fields),
        Node::Enum(of) => of.width_bytes.into(),
        Node::Primitive(_)
        | Node::Padding { .. }
        | Node::FixedStr { .. }
        | Node::Phantom { .. }
        | Node::Opaque(_) => 1,
    }
}

/// A struct whose fields don't lie at multiples of their alignment is a packed one.
fn of_struct(of: &Struct) -> u64 {
    let fields: Vec<_> =
        of.fields.iter().map(|field| (field.offset_bytes, self::of(&field.node))).collect();
    let align = |packed| fields.iter().map(|&(_, align)| align.min(packed)).max().unwrap_or(1);
    let suits = |&packed: &u64| {
        let in_place = |&(offset, align): &(u64, u64)| offset % align.min(packed) == 0;
        fields.iter().all(in_place) && of.size_bytes % align(packed) == 0
    };
    PACKED.into_iter().filter(suits).map(align).max().unwrap_or(1)
}
