//! The decoder: bytes that nobody vouches for, to a tree that obeys every rule of the format.
//!
//! Linear in the input: a count is never trusted with an allocation, since each thing counted has
//! at least two bytes of its own, and names are compared through sets.

use std::collections::HashSet;

use super::error::{DescriptorError, DescriptorProblem as Problem};
use super::node::{Array, ConstArg, Enum, Field, MAX_SIZE_BYTES, Node, Opaque, Struct, Variant};
use crate::layout::{Class, MAX_DEPTH, Order, Primitive, tag};

type Result<T> = std::result::Result<T, DescriptorError>;

pub(super) fn decode(bytes: &[u8]) -> Result<Node> {
    let mut reader = Reader { bytes, at: 0 };
    let root = reader.node(1)?;
    match bytes.len() - reader.at {
        0 => Ok(root),
        found_bytes => Err(reader.fail(Problem::TrailingBytes { found_bytes })),
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    /// How many bytes are read; at most `bytes.len()`.
    at: usize,
}

/// The parts that types are made of.
impl<'a> Reader<'a> {
    fn fail(&self, problem: Problem) -> DescriptorError {
        error(self.at, problem)
    }

    fn byte(&mut self, expected: &'static str) -> Result<u8> {
        let byte = self.bytes.get(self.at).ok_or_else(|| self.fail(Problem::Ends { expected }))?;
        self.at += 1;
        Ok(*byte)
    }

    fn flag(&mut self, expected: &'static str) -> Result<bool> {
        let start = self.at;
        match self.byte(expected)? {
            0 => Ok(false),
            1 => Ok(true),
            found => Err(error(start, Problem::Flag { found })),
        }
    }

    /// Unsigned LEB128 of at most 128 bits, shortest form.
    fn wide_number(&mut self, expected: &'static str) -> Result<u128> {
        let start = self.at;
        let mut number = 0_u128;
        for shift in (0..u128::BITS).step_by(7) {
            let byte = self.byte(expected)?;
            let bits = u128::from(byte & 0x7f);
            if bits.leading_zeros() < shift {
                break;
            }
            number |= bits << shift;
            if byte == 0 && shift > 0 {
                return Err(error(start, Problem::LongNumber));
            }
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(error(start, Problem::LargeNumber { max_bits: u128::BITS }))
    }

    fn number(&mut self, expected: &'static str) -> Result<u64> {
        let start = self.at;
        let too_large = |_| error(start, Problem::LargeNumber { max_bits: u64::BITS });
        self.wide_number(expected)?.try_into().map_err(too_large)
    }

    fn size(&mut self) -> Result<u64> {
        let start = self.at;
        match self.number("a size")? {
            size if size <= MAX_SIZE_BYTES => Ok(size),
            _ => Err(error(start, Problem::TooLarge)),
        }
    }

    fn name(&mut self) -> Result<&'a str> {
        let start = self.at;
        let len = self.number("the length of a name")?;
        if len == 0 {
            return Err(error(start, Problem::EmptyName));
        }
        let text = self.take(len)?;
        std::str::from_utf8(text)
            .map_err(|e| error(start, Problem::NotUtf8 { valid_bytes: e.valid_up_to() }))
    }

    fn take(&mut self, len: u64) -> Result<&'a [u8]> {
        let rest = &self.bytes[self.at..];
        let taken = usize::try_from(len).ok().and_then(|len| rest.get(..len));
        let taken = taken.ok_or_else(|| self.fail(Problem::Ends { expected: "a name" }))?;
        self.at += taken.len();
        Ok(taken)
    }

    /// A name that is not yet in the set.
    fn new_name(&mut self, names: &mut HashSet<&'a str>) -> Result<Box<str>> {
        let start = self.at;
        let name = self.name()?;
        if names.insert(name) {
            Ok(name.into())
        } else {
            Err(error(start, Problem::DuplicateName { name: name.into() }))
        }
    }
}

/// The types.
impl Reader<'_> {
    /// A type at this depth, the root being at depth 1.
    fn node(&mut self, depth: usize) -> Result<Node> {
        let start = self.at;
        if depth > MAX_DEPTH {
            return Err(self.fail(Problem::TooDeep { max_depth: MAX_DEPTH }));
        }
        Ok(match self.byte("the tag of a type")? {
            tag::PRIMITIVE => Node::Primitive(self.primitive()?),
            tag::ARRAY => Node::Array(self.array(depth)?),
            tag::STRUCT => Node::Struct(self.structure(depth)?),
            tag::ENUM => Node::Enum(self.enumeration()?),
            tag::PADDING => Node::Padding { size_bytes: self.size()? },
            tag::FIXED_STR => Node::FixedStr { size_bytes: self.size()? },
            tag::PHANTOM => Node::Phantom { name: self.name()?.into() },
            tag::OPAQUE => Node::Opaque(self.opaque()?),
            found => return Err(error(start, Problem::UnknownTag { found })),
        })
    }

    fn primitive(&mut self) -> Result<Primitive> {
        let start = self.at;
        let class = self.byte("the class of a primitive")?;
        let width_bytes = self.byte("the width of a primitive")?;
        let order = self.byte("the byte order of a primitive")?;
        existing_primitive(class, width_bytes, order)
            .ok_or_else(|| error(start, Problem::NoSuchPrimitive { class, width_bytes, order }))
    }

    fn array(&mut self, depth: usize) -> Result<Array> {
        let start = self.at;
        let len = self.number("the length of an array")?;
        let element = Box::new(self.node(depth + 1)?);
        let size_bytes =
            len.checked_mul(element.size_bytes()).filter(|&size| size <= MAX_SIZE_BYTES);
        let size_bytes = size_bytes.ok_or_else(|| error(start, Problem::TooLarge))?;
        Ok(Array { len, element, size_bytes })
    }

    fn structure(&mut self, depth: usize) -> Result<Struct> {
        let name = self.name()?.into();
        let version = self.number("the version of a struct")?;
        let size_at = self.at;
        let size_bytes = self.size()?;
        let args = self.const_args()?;
        let (fields, end) = self.fields(depth + 1)?;
        if size_bytes != end {
            return Err(error(
                size_at,
                Problem::StructSize { expected_bytes: end, found_bytes: size_bytes },
            ));
        }
        Ok(Struct { name, version, size_bytes, args, fields })
    }

    fn const_args(&mut self) -> Result<Vec<ConstArg>> {
        let count = self.number("the number of const arguments")?;
        (0..count)
            .map(|_| {
                let name = self.name()?.into();
                let value = self.wide_number("the value of a const argument")?;
                Ok(ConstArg { name, value })
            })
            .collect()
    }

    /// The fields of a struct, and where the last one ends.
    fn fields(&mut self, depth: usize) -> Result<(Vec<Field>, u64)> {
        let count = self.number("the number of fields")?;
        let (mut fields, mut names, mut end) = (Vec::new(), HashSet::new(), 0);
        for _ in 0..count {
            let start = self.at;
            let name = self.new_name(&mut names)?;
            let offset_bytes = self.field_offset(end)?;
            let node = self.node(depth)?;
            // Both terms are at most 2^63 - 1.
            end += node.size_bytes();
            if end > MAX_SIZE_BYTES {
                return Err(error(start, Problem::TooLarge));
            }
            fields.push(Field { name, offset_bytes, node });
        }
        Ok((fields, end))
    }

    fn field_offset(&mut self, expected_bytes: u64) -> Result<u64> {
        let start = self.at;
        match self.number("the offset of a field")? {
            offset if offset == expected_bytes => Ok(offset),
            found_bytes => Err(error(start, Problem::FieldOffset { expected_bytes, found_bytes })),
        }
    }

    fn enumeration(&mut self) -> Result<Enum> {
        let name = self.name()?.into();
        let version = self.number("the version of an enum")?;
        let signed = self.flag("the signedness of an enum")?;
        let width_at = self.at;
        let width_bytes = match self.byte("the width of an enum")? {
            width @ (1 | 2 | 4 | 8) => width,
            found_bytes => return Err(error(width_at, Problem::EnumWidth { found_bytes })),
        };
        let variants = self.variants(width_bytes)?;
        Ok(Enum { name, version, signed, width_bytes, variants })
    }

    fn variants(&mut self, width_bytes: u8) -> Result<Vec<Variant>> {
        let start = self.at;
        let count = self.number("the number of variants")?;
        if count == 0 {
            return Err(error(start, Problem::NoVariants));
        }
        let (mut variants, mut names) = (Vec::<Variant>::new(), HashSet::new());
        for _ in 0..count {
            let name = self.new_name(&mut names)?;
            let tag = self.tag(width_bytes, variants.last().map(|variant| variant.tag))?;
            variants.push(Variant { name, tag });
        }
        Ok(variants)
    }

    fn tag(&mut self, width_bytes: u8, previous: Option<u64>) -> Result<u64> {
        let start = self.at;
        let found = self.number("the tag of a variant")?;
        if found > u64::MAX >> (64 - 8 * u32::from(width_bytes)) {
            return Err(error(start, Problem::LargeTag { width_bytes, found }));
        }
        match previous {
            Some(previous) if found <= previous => {
                Err(error(start, Problem::TagOrder { previous, found }))
            }
            _ => Ok(found),
        }
    }

    fn opaque(&mut self) -> Result<Opaque> {
        let name = self.name()?.into();
        let size_bytes = self.size()?;
        let any_bits = self.flag("whether any bit pattern is a value")?;
        Ok(Opaque { name, size_bytes, any_bits })
    }
}

fn existing_primitive(class: u8, width: u8, order: u8) -> Option<Primitive> {
    let class = *Class::ALL.get(usize::from(class))?;
    let order = *Order::ALL.get(usize::from(order))?;
    let primitive = Primitive { class, width, order };
    primitive.name().map(|_| primitive)
}

fn error(offset_bytes: usize, problem: Problem) -> DescriptorError {
    DescriptorError { offset_bytes, problem }
}
