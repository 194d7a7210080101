//! Plans: each rule as a row of a table, random pairs of types against a naive oracle, and hostile types.

mod hostile;
mod numbers;
mod oracle;
mod random;
mod rules;
mod stops;
mod text;

use super::{Aliases, Incompatible, Misfit, Plan, Relation};
use crate::byte_order::ByteOrder;
use crate::descriptor::node::*;
use crate::descriptor::tests::*;
use crate::layout::{Class, Order, Primitive};

const ORDERS: [ByteOrder; 2] = [ByteOrder::Little, ByteOrder::Big];

fn plan_with(
    file: (&Node, ByteOrder),
    target: (&Node, ByteOrder),
    defaults: Option<&[u8]>,
) -> Result<Plan, Incompatible> {
    let (from, to) = (descriptor(file.0), descriptor(target.0));
    Plan::new((&from, file.1), (&to, target.1), &Aliases::NONE, defaults)
}

/// A plan between types of one byte order, with zeros as the defaults.
fn plan(file: &Node, target: &Node) -> Result<Plan, Incompatible> {
    let zeros = vec![0; target.size_bytes() as usize];
    plan_with((file, ByteOrder::Little), (target, ByteOrder::Little), Some(&zeros))
}

fn run(plan: &Plan, from: &[u8], to_bytes: usize) -> Result<Vec<u8>, Misfit> {
    // What isn't written would show.
    let mut to = vec![0xee; to_bytes];
    plan.run(from, &mut to)?;
    Ok(to)
}

fn signed(width: u8) -> Node {
    primitive(Class::Signed, width)
}

fn explicit(class: Class, width: u8, order: Order) -> Node {
    Node::Primitive(Primitive { class, width, order })
}

fn text(size_bytes: u64) -> Node {
    Node::FixedStr { size_bytes }
}

fn enums(variants: &[(&str, u64)]) -> Node {
    Node::Enum(enumeration("Side", variants))
}
