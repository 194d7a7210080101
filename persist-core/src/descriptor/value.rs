//! The value that the bytes of a scalar are.
//!
//! The one place that knows which bit patterns are values: what [`fault`](super::fault) refuses is what
//! can't be read here.

use std::fmt::Write;

use super::node::{Enum, Node};
use crate::byte_order::ByteOrder;
use crate::elements::fixed_str;
use crate::layout::{Class, Order, Primitive};

/// The most variants that an error lists.
const MOST_VARIANTS: usize = 8;

/// The most bytes that an error shows.
const MOST_BYTES: usize = 32;

/// A value within an element.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Value<'a> {
    /// An unsigned integer, `NonZero` or `Option<NonZero>` of one included.
    Unsigned(u128),
    /// A signed integer, `NonZero` or `Option<NonZero>` of one included.
    Signed(i128),
    /// `f32`, and the narrower floats, of which it has every value.
    F32(f32),
    /// `f64`.
    F64(f64),
    /// `bool`.
    Bool(bool),
    /// `char`.
    Char(char),
    /// The text of a `FixedStr`.
    Text(&'a str),
    /// The name of an enum's variant.
    Variant(&'a str),
    /// The `None` of an `Option<NonZero>`.
    None,
    /// Bytes that are no single value, or none that is known here: padding, foreign types, structs and arrays.
    Bytes(&'a [u8]),
}

/// Bytes that are not a value of their type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}, found {found}")]
#[non_exhaustive]
pub struct NotAValue {
    /// What the bytes may be.
    pub expected: String,
    /// What they are.
    pub found: String,
}

pub(crate) fn of<'a>(
    node: &'a Node,
    bytes: &'a [u8],
    order: ByteOrder,
) -> Result<Value<'a>, NotAValue> {
    match node {
        Node::Primitive(of) => primitive(*of, bytes, order),
        Node::Enum(of) => variant(of, bytes, order).map(Value::Variant),
        Node::FixedStr { .. } => fixed_str(bytes)
            .map(Value::Text)
            .ok_or_else(|| not_a_value("UTF-8, then NULs to the end", hex(bytes))),
        _ => Ok(Value::Bytes(bytes)),
    }
}

/// Whether there are bytes that are not a value of this scalar.
pub(super) fn can_fail(scalar: &Node) -> bool {
    match scalar {
        Node::Primitive(of) => matches!(
            of.class,
            Class::Bool | Class::Char | Class::NonZeroUnsigned | Class::NonZeroSigned
        ),
        Node::Enum(_) | Node::FixedStr { .. } => true,
        _ => false,
    }
}

#[cold]
pub(super) fn not_a_value(expected: impl Into<String>, found: impl Into<String>) -> NotAValue {
    NotAValue { expected: expected.into(), found: found.into() }
}

fn primitive(of: Primitive, bytes: &[u8], file: ByteOrder) -> Result<Value<'static>, NotAValue> {
    let bits = number(bytes, order_of(of, file));
    Ok(match of.class {
        Class::Unsigned => Value::Unsigned(bits),
        Class::Signed => Value::Signed(signed(bits, of.width)),
        Class::Float => float(bits, of.width),
        Class::BFloat => Value::F32(f32::from_bits((bits as u32) << 16)),
        Class::Bool => match bits {
            0 | 1 => Value::Bool(bits == 1),
            _ => return Err(not_a_value("0 or 1", bits.to_string())),
        },
        Class::Char => Value::Char(
            char::from_u32(bits as u32)
                .ok_or_else(|| not_a_value("a Unicode scalar value", format!("{bits:#x}")))?,
        ),
        Class::NonZeroUnsigned | Class::NonZeroSigned if bits == 0 => {
            return Err(not_a_value("a number other than 0", "0"));
        }
        Class::OptionNonZeroUnsigned | Class::OptionNonZeroSigned if bits == 0 => Value::None,
        Class::NonZeroUnsigned | Class::OptionNonZeroUnsigned => Value::Unsigned(bits),
        Class::NonZeroSigned | Class::OptionNonZeroSigned => Value::Signed(signed(bits, of.width)),
    })
}

fn order_of(of: Primitive, file: ByteOrder) -> ByteOrder {
    match of.order {
        Order::Native => file,
        Order::Little => ByteOrder::Little,
        Order::Big => ByteOrder::Big,
    }
}

/// At most 16 bytes as a number.
fn number(bytes: &[u8], order: ByteOrder) -> u128 {
    let mut wide = [0; 16];
    match order {
        ByteOrder::Little => {
            wide[..bytes.len()].copy_from_slice(bytes);
            u128::from_le_bytes(wide)
        }
        ByteOrder::Big => {
            wide[16 - bytes.len()..].copy_from_slice(bytes);
            u128::from_be_bytes(wide)
        }
    }
}

fn signed(bits: u128, width_bytes: u8) -> i128 {
    let unused_bits = u128::BITS - 8 * u32::from(width_bytes);
    (bits << unused_bits) as i128 >> unused_bits
}

/// A float of 2, 4 or 8 bytes: there are no others.
fn float(bits: u128, width_bytes: u8) -> Value<'static> {
    match width_bytes {
        2 => Value::F32(from_half(bits as u16)),
        4 => Value::F32(f32::from_bits(bits as u32)),
        _ => Value::F64(f64::from_bits(bits as u64)),
    }
}

/// IEEE 754 binary16 as binary32, exactly.
fn from_half(bits: u16) -> f32 {
    let sign = u32::from(bits & 0x8000) << 16;
    let (exponent, mantissa) = (u32::from(bits >> 10 & 0x1f), u32::from(bits & 0x3ff));
    let magnitude = match exponent {
        // Below 2^-14 a half is a multiple of 2^-24.
        0 => (mantissa as f32 / 16_777_216.0).to_bits(),
        31 => 0x7f80_0000 | mantissa << 13,
        // The bias is 15 there and 127 here.
        _ => (exponent + 112) << 23 | mantissa << 13,
    };
    f32::from_bits(sign | magnitude)
}

fn variant<'a>(of: &'a Enum, bytes: &[u8], order: ByteOrder) -> Result<&'a str, NotAValue> {
    // An enum has at most eight bytes.
    let tag = number(bytes, order) as u64;
    match of.variants.binary_search_by_key(&tag, |variant| variant.tag) {
        Ok(index) => Ok(&of.variants[index].name),
        Err(_) => Err(not_a_value(expected_tags(of), of.discriminant(tag).to_string())),
    }
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

/// `bytes 4a 46 4b`, cut where they are many.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut text = String::from(if bytes.is_empty() { "no bytes" } else { "bytes" });
    for byte in bytes.iter().take(MOST_BYTES) {
        let _ = write!(text, " {byte:02x}");
    }
    if bytes.len() > MOST_BYTES {
        text.push_str(" …");
    }
    text
}
