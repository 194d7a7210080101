//! What has no parts: numbers, texts, and bytes that only a foreign crate knows.

use super::{At, Compiler, Convert, Move, Problem, Relation, Test, text};
use crate::descriptor::node::{Node, Opaque};
use crate::evolve::number::{Domain, Float, Integer, Scalar};
use crate::layout::{Order, Primitive};

/// What must be done for a scalar.
enum Rule {
    /// The same value, in as many bytes.
    Same {
        width: u8,
        swap: bool,
        domain: Option<Integer>,
    },
    Convert(Convert, Relation),
}

impl Compiler<'_> {
    pub(super) fn primitives(&mut self, at: &At<'_>, file: Primitive, target: Primitive) {
        let (from, to) =
            (Scalar::new(file, self.file_order), Scalar::new(target, self.target_order));
        let texts = || {
            let text = |of| text(&Node::Primitive(of)).to_string();
            (text(file), text(target))
        };
        let Some(rule) = rule(from, to) else {
            let (file, target) = texts();
            return self.obstacle(at, || Problem::Types { file, target });
        };
        self.swaps_bytes |= from.order != to.order
            && file.width > 1
            && (file.order, target.order) == (Order::Native, Order::Native);
        let relation = match rule {
            Rule::Same { swap: false, .. } => Relation::Relabel,
            Rule::Same { swap: true, .. } => Relation::Convert,
            Rule::Convert(_, relation) => relation,
        };
        let zero_is_none = to.has_none() && !from.has_none() && from.has_zero();
        let relation = if zero_is_none { Relation::Lossy } else { relation };
        self.changes.raise(if file == target && relation == Relation::Relabel {
            Relation::Identical
        } else {
            relation
        });
        if file != target {
            let (file, target) = texts();
            let note = if zero_is_none { ": 0 becomes None" } else { "" };
            let what = format!("{file} → {target}{note}");
            self.change(at, relation, what);
        }
        match rule {
            Rule::Same { width, swap, domain } => self.same(at, width, swap, domain),
            Rule::Convert(convert, _) => self.convert(at, convert),
        }
    }

    /// The same value in as many bytes, maybe the other way round.
    pub(super) fn same(&mut self, at: &At<'_>, width: u8, swap: bool, domain: Option<Integer>) {
        if let Some(of) = domain {
            self.test(at, Test::Integer(of));
        }
        self.add_move(
            at,
            match swap {
                true => Move::Swap { width, count: 1 },
                false => Move::Copy { bytes: width.into() },
            },
        );
    }

    pub(super) fn strings(&mut self, at: &At<'_>, file: usize, target: usize) {
        if file != target {
            let relation = if file < target { Relation::Convert } else { Relation::Lossy };
            self.change(at, relation, format_args!("FixedStr<{file}> → FixedStr<{target}>"));
        }
        if file > 0 {
            self.test(at, Test::Text { bytes: file, most: target });
            self.add_move(at, Move::Copy { bytes: file.min(target) });
        }
    }

    pub(super) fn opaques(&mut self, at: &At<'_>, file: &Opaque, target: &Opaque) {
        let same = (&file.name, file.size_bytes) == (&target.name, target.size_bytes);
        // Whether any bytes are values of a type that is checked, only its own crate can say.
        if !same || file.any_bits && !target.any_bits {
            let text = |of: &Opaque| text(&Node::Opaque(of.clone())).to_string();
            let (file, target) = (text(file), text(target));
            return self.obstacle(at, || Problem::Types { file, target });
        }
        if self.file_order != self.target_order {
            let name = file.name.escape_debug().to_string();
            return self.obstacle(at, || Problem::ForeignOrder { name });
        }
        self.add_move(at, Move::Copy { bytes: super::bytes(file.size_bytes) });
    }
}

/// How a scalar becomes another; `None` where it doesn't.
fn rule(from: Scalar, to: Scalar) -> Option<Rule> {
    if !from.family().becomes(to.family()) {
        return None;
    }
    Some(match (from.float(), to.float()) {
        (None, None) => integers(from.integer(), to.integer()),
        (Some(from), Some(to)) => floats(from, to),
        (None, Some(to)) => {
            let from = from.integer();
            let exact = from.is_exact_in(to.format);
            Rule::Convert(Convert::IntegerToFloat { from, to }, lossless_if(exact))
        }
        (Some(from), None) => {
            let to = to.integer();
            Rule::Convert(Convert::FloatToInteger { from, to }, Relation::Lossy)
        }
    })
}

fn lossless_if(exact: bool) -> Relation {
    if exact { Relation::Convert } else { Relation::Lossy }
}

fn integers(from: Integer, to: Integer) -> Rule {
    let within = from.is_within(to);
    if !within || from.width != to.width {
        return Rule::Convert(Convert::Integer { from, to }, lossless_if(within));
    }
    let domain = (from.domain != Domain::All).then_some(from);
    Rule::Same { width: from.width, swap: swaps(from.width, from.order != to.order), domain }
}

fn floats(from: Float, to: Float) -> Rule {
    if from.format != to.format {
        let within = from.format.is_within(to.format);
        return Rule::Convert(Convert::Float { from, to }, lossless_if(within));
    }
    let width = from.format.width();
    Rule::Same { width, swap: swaps(width, from.order != to.order), domain: None }
}

/// One byte has no order.
pub(super) fn swaps(width: u8, orders_differ: bool) -> bool {
    width > 1 && orders_differ
}
