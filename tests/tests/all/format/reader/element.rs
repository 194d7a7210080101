//! Descriptors by their grammar, and elements as values: the sections "Descriptor" and step 13.

use std::collections::HashSet;
use std::fmt::Write;

use half::{bf16, f16};

use super::is_zero;

/// The order of the bytes of a primitive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    OfTheFile,
    Little,
    Big,
}

#[derive(Debug)]
pub(super) enum Type {
    Primitive { class: u8, width: u8, order: Order },
    Array { len: u64, element: Box<Type>, size: u64 },
    Struct { name: String, size: u64, fields: Vec<(String, Type)> },
    Enum { width: u8, variants: Vec<(String, u64)> },
    Padding(u64),
    Text(u64),
    Phantom(String),
    Opaque { name: String, size: u64 },
}

const MAX_SIZE: u64 = (1 << 63) - 1;

/// The type that a descriptor describes, if it keeps to the grammar.
pub(super) fn decode(descriptor: &[u8]) -> Option<Type> {
    let mut rest = descriptor;
    let element = decode_type(&mut rest, 1)?;
    rest.is_empty().then_some(element)
}

fn decode_type(rest: &mut &[u8], depth: u32) -> Option<Type> {
    if depth > 64 {
        return None;
    }
    let decoded = match byte(rest)? {
        1 => {
            let (class, width, order) = (byte(rest)?, byte(rest)?, byte(rest)?);
            let order =
                [Order::OfTheFile, Order::Little, Order::Big][..].get(usize::from(order))?;
            exists(class, width, *order).then_some(Type::Primitive {
                class,
                width,
                order: *order,
            })?
        }
        2 => {
            let len = number(rest)?;
            let element = Box::new(decode_type(rest, depth + 1)?);
            let size = len.checked_mul(element.size()).filter(|&size| size <= MAX_SIZE)?;
            Type::Array { len, element, size }
        }
        3 => decode_struct(rest, depth)?,
        4 => decode_enum(rest)?,
        5 => Type::Padding(size(rest)?),
        6 => Type::Text(size(rest)?),
        7 => Type::Phantom(text(rest)?),
        8 => {
            let opaque = Type::Opaque { name: text(rest)?, size: size(rest)? };
            flag(rest)?;
            opaque
        }
        _ => return None,
    };
    Some(decoded)
}

fn decode_struct(rest: &mut &[u8], depth: u32) -> Option<Type> {
    let name = text(rest)?;
    let _version = number(rest)?;
    let size = size(rest)?;
    for _ in 0..number(rest)? {
        text(rest)?;
        wide_number(rest)?;
    }
    let (mut fields, mut names, mut end) = (Vec::new(), HashSet::new(), 0_u64);
    for _ in 0..number(rest)? {
        let name = text(rest)?;
        if !names.insert(name.clone()) || number(rest)? != end {
            return None;
        }
        let field = decode_type(rest, depth + 1)?;
        end = end.checked_add(field.size()).filter(|&end| end <= MAX_SIZE)?;
        fields.push((name, field));
    }
    (end == size).then_some(Type::Struct { name, size, fields })
}

fn decode_enum(rest: &mut &[u8]) -> Option<Type> {
    let _name = text(rest)?;
    let _version = number(rest)?;
    let _signed = flag(rest)?;
    let width = byte(rest).filter(|width| [1, 2, 4, 8].contains(width))?;
    let (mut variants, mut names) = (Vec::<(String, u64)>::new(), HashSet::new());
    for _ in 0..number(rest)? {
        let name = text(rest)?;
        let tag = number(rest)?;
        let fits = width == 8 || tag < 1 << (8 * width);
        let ascends = variants.last().is_none_or(|last| last.1 < tag);
        if !fits || !ascends || !names.insert(name.clone()) {
            return None;
        }
        variants.push((name, tag));
    }
    (!variants.is_empty()).then_some(Type::Enum { width, variants })
}

fn byte(rest: &mut &[u8]) -> Option<u8> {
    let (&first, others) = rest.split_first()?;
    *rest = others;
    Some(first)
}

fn flag(rest: &mut &[u8]) -> Option<bool> {
    match byte(rest)? {
        0 => Some(false),
        1 => Some(true),
        _ => None,
    }
}

fn wide_number(rest: &mut &[u8]) -> Option<u128> {
    let mut number = 0_u128;
    for i in 0.. {
        let byte = byte(rest)?;
        let bits = u128::from(byte & 0x7f);
        let shifted = bits.checked_shl(7 * i).filter(|shifted| shifted >> (7 * i) == bits)?;
        number |= shifted;
        if byte == 0 && i > 0 {
            return None;
        }
        if byte & 0x80 == 0 {
            break;
        }
    }
    Some(number)
}

fn number(rest: &mut &[u8]) -> Option<u64> {
    wide_number(rest)?.try_into().ok()
}

fn size(rest: &mut &[u8]) -> Option<u64> {
    number(rest).filter(|&size| size <= MAX_SIZE)
}

fn text(rest: &mut &[u8]) -> Option<String> {
    let len = usize::try_from(number(rest)?).ok().filter(|&len| len > 0 && len <= rest.len())?;
    let (text, others) = rest.split_at(len);
    *rest = others;
    String::from_utf8(text.to_vec()).ok()
}

/// Whether there is such a primitive, by the document's table of classes.
fn exists(class: u8, width: u8, order: Order) -> bool {
    let classes = class_table();
    let Some((_, _, widths)) = classes.iter().find(|row| row.0 == class) else { return false };
    let has_order = match class {
        0 | 1 => width > 1,
        2 => [4, 8].contains(&width),
        _ => false,
    };
    widths.contains(&width) && (order == Order::OfTheFile || has_order)
}

/// The rows of the table of primitives: class, what it is, widths.
fn class_table() -> Vec<(u8, &'static str, Vec<u8>)> {
    let rows = crate::support::FORMAT.lines().skip_while(|line| !line.starts_with("| class |"));
    rows.skip(2)
        .take_while(|line| line.starts_with('|'))
        .map(|line| {
            let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
            let widths = cells[2].split(", ").map(|width| width.parse().unwrap()).collect();
            (cells[0].parse().unwrap(), cells[1], widths)
        })
        .collect()
}

impl Type {
    pub(super) fn size(&self) -> u64 {
        match self {
            Self::Primitive { width, .. } | Self::Enum { width, .. } => (*width).into(),
            Self::Array { size, .. } | Self::Struct { size, .. } | Self::Opaque { size, .. } => {
                *size
            }
            Self::Padding(size) | Self::Text(size) => *size,
            Self::Phantom(_) => 0,
        }
    }

    pub(super) fn depends_on_byte_order(&self) -> bool {
        match self {
            Self::Primitive { width, order, .. } => *width > 1 && *order == Order::OfTheFile,
            Self::Array { element, .. } => element.depends_on_byte_order(),
            Self::Struct { fields, .. } => fields.iter().any(|(_, of)| of.depends_on_byte_order()),
            Self::Enum { width, .. } => *width > 1,
            Self::Padding(_) | Self::Text(_) | Self::Phantom(_) => false,
            Self::Opaque { .. } => true,
        }
    }

    /// The value as Rust's `Debug` shows it, if the bytes are one.
    pub(super) fn show(&self, bytes: &[u8]) -> Option<String> {
        Some(match self {
            Self::Primitive { class, width, order } => {
                show_primitive(*class, *width, *order, unsigned(bytes, *order))?
            }
            Self::Array { len, element, .. } => {
                let size = element.size() as usize;
                let items = (0..*len as usize).map(|i| element.show(&bytes[i * size..][..size]));
                format!("[{}]", items.collect::<Option<Vec<_>>>()?.join(", "))
            }
            Self::Struct { name, fields, .. } => show_struct(name, fields, bytes)?,
            Self::Enum { variants, .. } => {
                let tag = unsigned(bytes, Order::OfTheFile);
                variants.iter().find(|variant| u128::from(variant.1) == tag)?.0.clone()
            }
            Self::Padding(size) => format!("Pad<{size}>"),
            Self::Text(_) => {
                let len = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
                is_zero(&bytes[len..]).then_some(())?;
                format!("{:?}", std::str::from_utf8(&bytes[..len]).ok()?)
            }
            Self::Phantom(name) => format!("PhantomData<{name}>"),
            Self::Opaque { name, size: 1 } => format!("{name}({})", bytes[0]),
            Self::Opaque { name, .. } => format!("{name}({bytes:?})"),
        })
    }
}

fn show_struct(name: &str, fields: &[(String, Type)], bytes: &[u8]) -> Option<String> {
    let is_tuple = fields[0].0 == "0";
    let mut shown = String::new();
    let mut offset = 0;
    for (name, of) in fields {
        let size = of.size() as usize;
        let value = of.show(&bytes[offset..][..size])?;
        offset += size;
        shown.push_str(if shown.is_empty() { "" } else { ", " });
        match is_tuple {
            true => write!(shown, "{value}").ok()?,
            false => write!(shown, "{name}: {value}").ok()?,
        }
    }
    Some(if is_tuple { format!("{name}({shown})") } else { format!("{name} {{ {shown} }}") })
}

fn unsigned(bytes: &[u8], order: Order) -> u128 {
    let most_significant_first = |number: u128, &byte: &u8| number << 8 | u128::from(byte);
    match order {
        // Of a file that was refused, had it another order than the machine.
        Order::OfTheFile if cfg!(target_endian = "big") => unsigned(bytes, Order::Big),
        Order::Big => bytes.iter().fold(0, most_significant_first),
        Order::Little | Order::OfTheFile => bytes.iter().rev().fold(0, most_significant_first),
    }
}

fn show_primitive(class: u8, width: u8, order: Order, bits: u128) -> Option<String> {
    let unused_bits = 128 - 8 * u32::from(width);
    let signed = (bits << unused_bits) as i128 >> unused_bits;
    let number = match class {
        0 | 5 | 7 => bits.to_string(),
        1 | 6 | 8 => signed.to_string(),
        2 if width == 2 => format!("{:?}", f16::from_bits(bits as u16)),
        2 if width == 4 => format!("{:?}", f32::from_bits(bits as u32)),
        2 => format!("{:?}", f64::from_bits(bits as u64)),
        3 => [false, true].get(usize::try_from(bits).ok()?)?.to_string(),
        4 => format!("{:?}", char::from_u32(bits as u32)?),
        9 => format!("{:?}", bf16::from_bits(bits as u16)),
        _ => unreachable!("no such class: {class}"),
    };
    match class {
        5 | 6 if bits == 0 => return None,
        7 | 8 if bits == 0 => return Some("None".into()),
        7 | 8 => return Some(format!("Some({number})")),
        _ => {}
    }
    // zerocopy's names.
    Some(match (order, class) {
        (Order::OfTheFile, _) => number,
        (_, 0) => format!("U{}({number})", 8 * width),
        (_, 1) => format!("I{}({number})", 8 * width),
        _ => format!("F{}({number})", 8 * width),
    })
}
