//! What becomes of one element, worked out value by value and without any plan: the slowest way that is plainly right.

use std::sync::LazyLock;

use super::*;

/// Why an element doesn't become one of the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bad {
    /// Whatever the value.
    Type,
    Value,
}

/// The two sides, where each begins in its element, and whether the items of the arrays around are as far apart.
#[derive(Clone, Copy)]
pub(super) struct Here<'a> {
    pub(super) orders: (ByteOrder, ByteOrder),
    pub(super) defaults: Option<&'a [u8]>,
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) aligned: bool,
}

/// The bytes of `target` for these bytes of `file`; all that goes wrong is told, types before values.
pub(super) fn convert(
    here: Here<'_>,
    (file, bytes): (&Node, &[u8]),
    target: &Node,
) -> Result<Vec<u8>, Bad> {
    match (file, target) {
        (Node::Padding { .. }, Node::Padding { .. })
        | (Node::Phantom { .. }, Node::Phantom { .. }) => Ok(vec![0; size(target)]),
        (Node::Primitive(from), Node::Primitive(to)) => scalar(here, *from, bytes, *to),
        (Node::Enum(from), Node::Enum(to)) => variant(here, from, bytes, to),
        (Node::FixedStr { .. }, Node::FixedStr { .. }) => {
            let len = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
            let (text, rest) = bytes.split_at(len);
            let valid = std::str::from_utf8(text).is_ok() && rest.iter().all(|&byte| byte == 0);
            let mut out = text.to_vec();
            out.resize(size(target).max(len), 0);
            if valid && out.len() == size(target) { Ok(out) } else { Err(Bad::Value) }
        }
        (Node::Opaque(from), Node::Opaque(to)) => {
            let same = from.name == to.name && from.size_bytes == to.size_bytes;
            let known = to.any_bits || !from.any_bits;
            if same && known && here.orders.0 == here.orders.1 {
                Ok(bytes.to_vec())
            } else {
                Err(Bad::Type)
            }
        }
        (Node::Array(from), Node::Array(to)) => array(here, from, bytes, to),
        (Node::Struct(from), Node::Struct(to)) => structure(here, from, bytes, to),
        _ => Err(Bad::Type),
    }
}

fn size(node: &Node) -> usize {
    node.size_bytes() as usize
}

pub(super) fn says_nothing(node: &Node) -> bool {
    match node {
        Node::Padding { .. } | Node::Phantom { .. } => true,
        Node::Array(of) => of.len == 0 || says_nothing(&of.element),
        Node::Struct(of) => of.fields.iter().all(|field| says_nothing(&field.node)),
        scalar => size(scalar) == 0,
    }
}

/// All of them, or what is wrong with them.
fn gather(parts: Vec<Result<(usize, Vec<u8>), Bad>>, bytes: usize) -> Result<Vec<u8>, Bad> {
    if parts.contains(&Err(Bad::Type)) {
        return Err(Bad::Type);
    }
    let mut out = vec![0; bytes];
    for part in parts {
        let (at, bytes) = part?;
        out[at..at + bytes.len()].copy_from_slice(&bytes);
    }
    Ok(out)
}

/// The default of what the file lacks.
fn default(here: Here<'_>, node: &Node) -> Result<Vec<u8>, Bad> {
    if says_nothing(node) {
        return Ok(vec![0; size(node)]);
    }
    here.defaults.map(|defaults| defaults[here.to..][..size(node)].to_vec()).ok_or(Bad::Type)
}

fn array(here: Here<'_>, from: &Array, bytes: &[u8], to: &Array) -> Result<Vec<u8>, Bad> {
    let (old, new) = (size(&from.element), size(&to.element));
    let aligned = here.aligned && (old == new || from.len.min(to.len) == 1);
    let part = |i: u64| {
        let (start, end) = (i as usize * old, i as usize * new);
        let here = Here { from: here.from + start, to: here.to + end, aligned, ..here };
        let bytes = match i < from.len {
            true => convert(here, (&from.element, &bytes[start..start + old]), &to.element),
            false => default(here, &to.element),
        };
        bytes.map(|bytes| (end, bytes))
    };
    gather((0..to.len).map(part).collect(), new * to.len as usize)
}

fn structure(here: Here<'_>, from: &Struct, bytes: &[u8], to: &Struct) -> Result<Vec<u8>, Bad> {
    let is_data = |field: &&Field| !matches!(field.node, Node::Padding { .. });
    let old = |name: &str| from.fields.iter().filter(is_data).find(|field| *field.name == *name);
    let common = to.fields.iter().filter(is_data).any(|field| old(&field.name).is_some());
    let speak = |of: &Struct| !of.fields.iter().all(|field| says_nothing(&field.node));
    if !common && speak(from) && speak(to) {
        return Err(Bad::Type);
    }
    let part = |field: &Field| {
        let (start, len) = (field.offset_bytes as usize, size(&field.node));
        let bytes = match old(&field.name) {
            Some(old) => {
                let at = old.offset_bytes as usize;
                let here = Here { from: here.from + at, to: here.to + start, ..here };
                convert(here, (&old.node, &bytes[at..at + size(&old.node)]), &field.node)
            }
            None if says_nothing(&field.node) => Ok(vec![0; len]),
            None => {
                let stays = here.aligned && here.from == here.to;
                let here = Here { to: here.to + start, ..here };
                let zero = here.defaults.is_none_or(|of| of[here.to..][..len] == vec![0; len]);
                match stays && zero && zero_is_valid(&field.node) && is_padding(from, start, len) {
                    true if bytes[start..start + len] == vec![0; len] => Ok(vec![0; len]),
                    true => Err(Bad::Value),
                    false => default(here, &field.node),
                }
            }
        };
        bytes.map(|bytes| (start, bytes))
    };
    gather(to.fields.iter().filter(is_data).map(part).collect(), to.size_bytes as usize)
}

fn is_padding(of: &Struct, start: usize, len: usize) -> bool {
    (start..start + len).all(|at| {
        of.fields.iter().any(|field| {
            let offset = field.offset_bytes as usize;
            says_nothing(&field.node) && (offset..offset + size(&field.node)).contains(&at)
        })
    })
}

pub(super) fn zero_is_valid(node: &Node) -> bool {
    match node {
        Node::Primitive(of) => !matches!(of.class, Class::NonZeroSigned | Class::NonZeroUnsigned),
        Node::Enum(of) => of.variants.iter().any(|variant| variant.tag == 0),
        Node::Array(of) => size(node) == 0 || zero_is_valid(&of.element),
        Node::Struct(of) => of.fields.iter().all(|field| zero_is_valid(&field.node)),
        Node::Opaque(of) => of.any_bits,
        _ => true,
    }
}

fn variant(here: Here<'_>, from: &Enum, bytes: &[u8], to: &Enum) -> Result<Vec<u8>, Bad> {
    let target = |name: &str| to.variants.iter().find(|variant| *variant.name == *name);
    if !from.variants.iter().any(|variant| target(&variant.name).is_some()) {
        return Err(Bad::Type);
    }
    let tag = number(bytes, here.orders.0) as u64;
    let old = from.variants.iter().find(|variant| variant.tag == tag).ok_or(Bad::Value)?;
    let new = target(&old.name).ok_or(Bad::Value)?;
    Ok(encode_number(new.tag.into(), to.width_bytes, here.orders.1))
}

fn number(bytes: &[u8], order: ByteOrder) -> u128 {
    let digit = |number: u128, byte: &u8| number * 256 + u128::from(*byte);
    match order {
        ByteOrder::Little => bytes.iter().rev().fold(0, digit),
        ByteOrder::Big => bytes.iter().fold(0, digit),
    }
}

pub(super) fn encode_number(number: u128, width: u8, order: ByteOrder) -> Vec<u8> {
    let mut bytes: Vec<u8> = (0..width).map(|i| (number >> (8 * i)) as u8).collect();
    if order == ByteOrder::Big {
        bytes.reverse();
    }
    bytes
}

/// A number, and whether it is negative.
#[derive(Clone, Copy, PartialEq)]
enum Value {
    Integer(bool, u128),
    Float(f64),
}

pub(super) fn order_of(of: Primitive, file: ByteOrder) -> ByteOrder {
    match of.order {
        Order::Native => file,
        Order::Little => ByteOrder::Little,
        Order::Big => ByteOrder::Big,
    }
}

fn scalar(here: Here<'_>, from: Primitive, bytes: &[u8], to: Primitive) -> Result<Vec<u8>, Bad> {
    if !becomes(from.class, to.class) {
        return Err(Bad::Type);
    }
    let bits = number(bytes, order_of(from, here.orders.0));
    let bits = match decode(from, bits).ok_or(Bad::Value)? {
        _ if (from.class, from.width) == (to.class, to.width) => bits,
        value => encode(to, value).ok_or(Bad::Value)?,
    };
    Ok(encode_number(bits, to.width, order_of(to, here.orders.1)))
}

fn becomes(from: Class, to: Class) -> bool {
    let group = |class| match class {
        Class::Unsigned | Class::Signed => 0,
        Class::Float | Class::BFloat => 1,
        Class::Bool => 2,
        Class::Char => 3,
        _ => 4,
    };
    group(from) == group(to) || group(from) == 0 || group(to) == 0
}

fn is_signed(class: Class) -> bool {
    matches!(class, Class::Signed | Class::NonZeroSigned | Class::OptionNonZeroSigned)
}

fn is_member(class: Class, value: u128) -> bool {
    match class {
        Class::Bool => value < 2,
        Class::Char => u32::try_from(value).is_ok_and(|value| char::from_u32(value).is_some()),
        Class::NonZeroSigned | Class::NonZeroUnsigned => value != 0,
        _ => true,
    }
}

fn decode(of: Primitive, bits: u128) -> Option<Value> {
    Some(match (of.class, of.width) {
        (Class::Float, 8) => Value::Float(f64::from_bits(bits as u64)),
        (Class::Float, 4) => Value::Float(f32::from_bits(bits as u32).into()),
        (Class::Float, _) => Value::Float(short(bits as u16, 10)),
        (Class::BFloat, _) => Value::Float(short(bits as u16, 7)),
        (class, width) => {
            let sign = 1 << (8 * u32::from(width) - 1);
            if is_signed(class) && bits & sign != 0 {
                // Two's complement: 2^n - bits.
                Value::Integer(true, (sign - (bits & (sign - 1))).max(1))
            } else {
                is_member(class, bits).then_some(Value::Integer(false, bits))?
            }
        }
    })
}

fn encode(to: Primitive, value: Value) -> Option<u128> {
    match (to.class, to.width) {
        (Class::Float, 8) => {
            let float = match value {
                Value::Float(float) => float,
                Value::Integer(negative, magnitude) => parsed(negative, magnitude),
            };
            Some(float.to_bits().into())
        }
        (Class::Float, 4) => {
            let (float, finite) = match value {
                Value::Float(float) => (float as f32, float.is_finite()),
                Value::Integer(negative, magnitude) => (parsed(negative, magnitude), true),
            };
            (float.is_finite() || !finite).then_some(float.to_bits().into())
        }
        (Class::Float, _) => nearest(&HALVES, value, 10),
        (Class::BFloat, _) => nearest(&BRAINS, value, 7),
        (class, width) => {
            let (negative, magnitude) = match value {
                Value::Integer(negative, magnitude) => (negative, magnitude),
                Value::Float(float) => whole(float)?,
            };
            let bits = 8 * u32::from(width);
            let room = if is_signed(class) { bits - 1 } else { bits };
            let greatest = u128::MAX >> (128 - room);
            match (negative, is_signed(class)) {
                (false, _) => {
                    (magnitude <= greatest && is_member(class, magnitude)).then_some(magnitude)
                }
                (true, false) => None,
                (true, true) => (magnitude <= greatest + 1)
                    .then_some(magnitude.wrapping_neg() & u128::MAX >> (128 - bits)),
            }
        }
    }
}

/// The nearest float, by way of the decimal digits.
fn parsed<T: std::str::FromStr>(negative: bool, magnitude: u128) -> T {
    let sign = if negative { "-" } else { "" };
    format!("{sign}{magnitude}").parse().unwrap_or_else(|_| panic!("a number"))
}

fn whole(float: f64) -> Option<(bool, u128)> {
    let digits = format!("{float:.0}");
    let magnitude: u128 = digits.trim_start_matches('-').parse().ok()?;
    let is_whole = float.is_finite() && float.fract() == 0.0;
    is_whole.then_some((float < 0.0, magnitude))
}

/// A float of 16 bits with so many bits of mantissa, by its definition.
pub(super) fn short(bits: u16, mantissa_bits: u32) -> f64 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let (exponent, mantissa) =
        (i32::from(bits << 1 >> 1 >> mantissa_bits), bits & ((1 << mantissa_bits) - 1));
    let bias = (1 << (14 - mantissa_bits)) - 1;
    let fraction = f64::from(mantissa) / f64::from(1 << mantissa_bits);
    let magnitude = match exponent {
        0 => fraction * 2_f64.powi(1 - bias),
        _ if exponent == 2 * bias + 1 && mantissa == 0 => f64::INFINITY,
        _ if exponent == 2 * bias + 1 => f64::NAN,
        _ => (1.0 + fraction) * 2_f64.powi(exponent - bias),
    };
    magnitude.copysign(sign)
}

/// The finite floats of 16 bits that aren't negative, in ascending order, and then what infinity would be.
fn finite(mantissa_bits: u32) -> Vec<f64> {
    let infinity = 0x7fff >> mantissa_bits << mantissa_bits;
    let bias = (1 << (14 - mantissa_bits)) - 1;
    (0..infinity).map(|bits| short(bits, mantissa_bits)).chain([2_f64.powi(bias + 1)]).collect()
}

static HALVES: LazyLock<Vec<f64>> = LazyLock::new(|| finite(10));
static BRAINS: LazyLock<Vec<f64>> = LazyLock::new(|| finite(7));

/// The nearest float of 16 bits, of the even one where two are as near; none where that is infinite.
fn nearest(table: &[f64], value: Value, mantissa_bits: u32) -> Option<u128> {
    let infinity = table.len() as u128 - 1;
    let (negative, magnitude, integer) = match value {
        Value::Float(float) if float.is_nan() => {
            let quiet = infinity | 1 << (mantissa_bits - 1);
            return Some(quiet | u128::from(float.is_sign_negative()) << 15);
        }
        Value::Float(float) if float.is_infinite() => {
            return Some(infinity | u128::from(float < 0.0) << 15);
        }
        Value::Float(float) => (float.is_sign_negative(), float.abs(), None),
        Value::Integer(negative, magnitude) => (negative, magnitude as f64, Some(magnitude)),
    };
    // An integer past 2^53 isn't a double; the floats of 16 bits there are all integers.
    let above = table.partition_point(|&of| match integer.filter(|&of| of >= 1 << 53) {
        Some(integer) => of < 2_f64.powi(100) * 2_f64.powi(28) && of as u128 <= integer,
        None => of <= magnitude,
    });
    let below = above - 1;
    let index = match table.get(above) {
        None => below,
        Some(&upper) => {
            let ordering = match integer.filter(|&of| of >= 1 << 53) {
                Some(integer) => {
                    let to_upper = (upper as u128)
                        .wrapping_sub(integer)
                        .wrapping_add(u128::from(upper >= 2_f64.powi(128)));
                    (integer - table[below] as u128).cmp(&to_upper)
                }
                None => (magnitude - table[below]).total_cmp(&(upper - magnitude)),
            };
            match ordering {
                std::cmp::Ordering::Less => below,
                std::cmp::Ordering::Greater => above,
                std::cmp::Ordering::Equal => below + below % 2,
            }
        }
    };
    (index as u128 != infinity).then_some(index as u128 | u128::from(negative) << 15)
}
