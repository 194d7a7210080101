//! A type that is written down as text: `time: i64, pos: [f32; 3]`.
//!
//! Makes the canonical encoding of a descriptor (`FORMAT.md`, "Descriptor"), with the padding that the derive would
//! demand; decoding it checks the rest.

use std::collections::HashSet;

use anyhow::{Context, bail, ensure};
use persist_core::Descriptor;

/// What a struct is called where the schema doesn't say.
const DEFAULT_NAME: &str = "Row";

/// As deep as types nest in a descriptor.
const MOST_DEPTH: usize = 64;

/// The tags of a descriptor.
mod tag {
    pub(super) const PRIMITIVE: u8 = 1;
    pub(super) const ARRAY: u8 = 2;
    pub(super) const STRUCT: u8 = 3;
    pub(super) const ENUM: u8 = 4;
    pub(super) const PADDING: u8 = 5;
    pub(super) const FIXED_STR: u8 = 6;
}

/// The type that a schema describes.
pub(super) fn schema(text: &str) -> anyhow::Result<Descriptor> {
    let mut parser = Parser { rest: text };
    let name = parser.struct_name();
    let of = parser.fields(name.unwrap_or(DEFAULT_NAME), 1)?;
    if name.is_some() {
        parser.expect('}')?;
    }
    parser.end()?;
    ensure!(of.size_bytes > 0, "expected a type that has bytes");
    Ok(Descriptor::decode(&of.encoded)?)
}

/// A type, and what is needed to put it somewhere.
struct Type {
    encoded: Vec<u8>,
    size_bytes: u64,
    align_bytes: u64,
}

struct Parser<'a> {
    rest: &'a str,
}

impl<'a> Parser<'a> {
    fn skip_spaces(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn take(&mut self, char: char) -> bool {
        self.skip_spaces();
        match self.rest.strip_prefix(char) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn expect(&mut self, char: char) -> anyhow::Result<()> {
        ensure!(self.take(char), "expected `{char}`, found {}", self.found());
        Ok(())
    }

    /// Whether nothing follows in this list.
    fn is_over(&mut self) -> bool {
        self.skip_spaces();
        self.rest.is_empty() || self.rest.starts_with('}')
    }

    /// Whether a list goes on.
    fn comma(&mut self) -> anyhow::Result<bool> {
        if self.is_over() {
            return Ok(false);
        }
        self.expect(',')?;
        Ok(true)
    }

    fn end(&mut self) -> anyhow::Result<()> {
        self.skip_spaces();
        ensure!(self.rest.is_empty(), "expected the end, found {}", self.found());
        Ok(())
    }

    /// What comes next, for an error.
    fn found(&self) -> String {
        let rest: String = self.rest.trim_start().chars().take(12).collect();
        if rest.is_empty() { "the end".into() } else { format!("`{}`", rest.escape_debug()) }
    }

    /// An identifier, or any text between quotes.
    fn name(&mut self) -> anyhow::Result<&'a str> {
        if self.take('"') {
            let (name, rest) = self.rest.split_once('"').context("expected `\"`, found the end")?;
            self.rest = rest;
            return Ok(name);
        }
        self.identifier()
    }

    fn identifier(&mut self) -> anyhow::Result<&'a str> {
        self.skip_spaces();
        let end = self.rest.find(|c: char| !(c.is_alphanumeric() || c == '_'));
        let (name, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        let is_name = !name.is_empty() && !name.starts_with(|c: char| c.is_ascii_digit());
        ensure!(is_name, "expected a name, found {}", self.found());
        self.rest = rest;
        Ok(name)
    }

    fn number(&mut self) -> anyhow::Result<u64> {
        self.skip_spaces();
        let end = self.rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(self.rest.len());
        let (digits, rest) = self.rest.split_at(end);
        let number = digits
            .parse()
            .ok()
            .with_context(|| format!("expected a number, found {}", self.found()))?;
        self.rest = rest;
        Ok(number)
    }

    /// The name of the struct that all of the schema is, where it is one.
    fn struct_name(&mut self) -> Option<&'a str> {
        let before = self.rest;
        let name = self.name().ok().filter(|_| self.take('{'));
        if name.is_none() {
            self.rest = before;
        }
        name
    }

    /// The fields of a struct, up to what follows the last one.
    fn fields(&mut self, name: &str, depth: usize) -> anyhow::Result<Type> {
        let mut of = Struct::default();
        loop {
            // After the last comma.
            if self.is_over() {
                break;
            }
            let field = self.name()?;
            self.expect(':')?;
            let ty = self.ty(depth + 1);
            let ty = ty.with_context(|| format!("field `{}`", field.escape_debug()))?;
            of.push(field, &ty)?;
            if !self.comma()? {
                break;
            }
        }
        of.finish(name)
    }

    fn ty(&mut self, depth: usize) -> anyhow::Result<Type> {
        ensure!(depth <= MOST_DEPTH, "expected types that nest at most {MOST_DEPTH} deep");
        if self.take('[') {
            let item = self.ty(depth + 1)?;
            self.expect(';')?;
            let len = self.number()?;
            self.expect(']')?;
            return array(&item, len);
        }
        let name = self.name()?;
        match name {
            "str" | "FixedStr" => Ok(bytes(tag::FIXED_STR, self.size()?)),
            "Pad" => Ok(bytes(tag::PADDING, self.size()?)),
            // A struct may be called so.
            "enum" if !self.rest.trim_start().starts_with('{') => self.enumeration(),
            "NonZero" => self.non_zero(5),
            "Option" => {
                self.expect('<')?;
                let inner = self.name()?;
                ensure!(inner == "NonZero", "expected `NonZero` in an `Option`, found `{inner}`");
                let of = self.non_zero(7)?;
                self.expect('>')?;
                Ok(of)
            }
            _ if self.take('{') => {
                let of = self.fields(name, depth)?;
                self.expect('}')?;
                Ok(of)
            }
            _ => primitive(name),
        }
    }

    /// `<16>`, the argument of the types that are bytes.
    fn size(&mut self) -> anyhow::Result<u64> {
        self.expect('<')?;
        let size = self.number()?;
        self.expect('>')?;
        Ok(size)
    }

    /// What follows `enum`.
    fn enumeration(&mut self) -> anyhow::Result<Type> {
        let name = self.name()?;
        self.expect(':')?;
        let repr = self.identifier()?;
        let Some((class @ (0 | 1), width @ 1..=8)) = class_and_width(repr) else {
            bail!(
                "expected an integer of at most 64 bits, such as `u8`, as what an enum is stored as, found `{repr}`"
            );
        };
        self.expect('{')?;
        let mut of = Enum { is_signed: class == 1, width, variants: Vec::new() };
        while !self.take('}') {
            let variant = self.name()?;
            let value = if self.take('=') { Some(self.signed()?) } else { None };
            let is_pushed = of.push(variant, value);
            is_pushed.with_context(|| format!("variant `{}`", variant.escape_debug()))?;
            if !self.comma()? {
                self.expect('}')?;
                break;
            }
        }
        ensure!(
            !of.variants.is_empty(),
            "expected at least one variant in `{}`",
            name.escape_debug()
        );
        Ok(of.finish(name))
    }

    fn signed(&mut self) -> anyhow::Result<i128> {
        let is_negative = self.take('-');
        let number = i128::from(self.number()?);
        Ok(if is_negative { -number } else { number })
    }

    /// `<u32>`, the argument of the never-zero types, whose unsigned ones are of this class.
    fn non_zero(&mut self, unsigned_class: u8) -> anyhow::Result<Type> {
        self.expect('<')?;
        let name = self.name()?;
        self.expect('>')?;
        let Some((class @ (0 | 1), width)) = class_and_width(name) else {
            bail!("expected an integer such as `u32` in a `NonZero`, found `{name}`");
        };
        Ok(scalar(unsigned_class + class, width))
    }
}

fn primitive(name: &str) -> anyhow::Result<Type> {
    let (class, width) = class_and_width(name).with_context(|| {
        format!("expected a type such as u32, f64, bool, char, str<8>, [u8; 4], Name {{ … }} or enum Name: u8 {{ … }}, found `{}`", name.escape_debug())
    })?;
    Ok(scalar(class, width))
}

/// The class and the width of a primitive, by the table of the format.
fn class_and_width(name: &str) -> Option<(u8, u8)> {
    let integer = |bits: &str| match bits {
        "8" => Some(1),
        "16" => Some(2),
        "32" => Some(4),
        "64" => Some(8),
        "128" => Some(16),
        _ => None,
    };
    match name {
        "f32" => Some((2, 4)),
        "f64" => Some((2, 8)),
        "bool" => Some((3, 1)),
        "char" => Some((4, 4)),
        _ => match name.split_at_checked(1)? {
            ("u", bits) => Some((0, integer(bits)?)),
            ("i", bits) => Some((1, integer(bits)?)),
            _ => None,
        },
    }
}

fn scalar(class: u8, width: u8) -> Type {
    let encoded = vec![tag::PRIMITIVE, class, width, 0];
    Type { encoded, size_bytes: width.into(), align_bytes: width.into() }
}

/// Text or padding of so many bytes.
fn bytes(tag: u8, size_bytes: u64) -> Type {
    let mut encoded = vec![tag];
    put_number(&mut encoded, size_bytes);
    Type { encoded, size_bytes, align_bytes: 1 }
}

fn array(item: &Type, len: u64) -> anyhow::Result<Type> {
    let mut encoded = vec![tag::ARRAY];
    put_number(&mut encoded, len);
    encoded.extend_from_slice(&item.encoded);
    let size_bytes = item.size_bytes.checked_mul(len).context("expected a smaller array")?;
    Ok(Type { encoded, size_bytes, align_bytes: item.align_bytes })
}

/// An enum that is being made.
struct Enum<'a> {
    is_signed: bool,
    width: u8,
    /// With the discriminants.
    variants: Vec<(&'a str, i128)>,
}

impl<'a> Enum<'a> {
    /// Adds a variant, by default with the discriminant that Rust would give it.
    fn push(&mut self, name: &'a str, value: Option<i128>) -> anyhow::Result<()> {
        let is_new = self.variants.iter().all(|(other, _)| *other != name);
        ensure!(is_new, "expected names that differ, found `{}` twice", name.escape_debug());
        let next = self.variants.last().map_or(0, |(_, before)| before + 1);
        let value = value.unwrap_or(next);
        let bits = 8 * u32::from(self.width) - u32::from(self.is_signed);
        let (least, end) = (if self.is_signed { -(1_i128 << bits) } else { 0 }, 1_i128 << bits);
        ensure!((least..end).contains(&value), "expected {least} to {}, found {value}", end - 1);
        let is_new = self.variants.iter().all(|(_, other)| *other != value);
        ensure!(is_new, "expected a number that no other variant has, found {value}");
        self.variants.push((name, value));
        Ok(())
    }

    fn finish(self, name: &str) -> Type {
        let mask = u64::MAX >> (64 - 8 * u32::from(self.width));
        let tag_of = |value: i128| value as u64 & mask;
        let mut variants = self.variants;
        variants.sort_by_key(|(_, value)| tag_of(*value));
        let mut encoded = vec![tag::ENUM];
        put_text(&mut encoded, name);
        // No version.
        put_number(&mut encoded, 0);
        encoded.extend([u8::from(self.is_signed), self.width]);
        put_number(&mut encoded, variants.len() as u64);
        for (name, value) in variants {
            put_text(&mut encoded, name);
            put_number(&mut encoded, tag_of(value));
        }
        Type { encoded, size_bytes: self.width.into(), align_bytes: self.width.into() }
    }
}

/// A struct that is being made.
#[derive(Default)]
struct Struct {
    names: HashSet<String>,
    fields: Vec<u8>,
    size_bytes: u64,
    align_bytes: u64,
    /// How many fields the schema has so far.
    written: usize,
}

impl Struct {
    fn push(&mut self, name: &str, ty: &Type) -> anyhow::Result<()> {
        self.pad_to(ty.align_bytes)?;
        let is_new = !self.names.contains(name);
        ensure!(is_new, "expected names that differ, found `{}` twice", name.escape_debug());
        self.put(name, &ty.encoded, ty.size_bytes)?;
        self.written += 1;
        self.align_bytes = self.align_bytes.max(ty.align_bytes);
        Ok(())
    }

    /// Adds padding up to a multiple of an alignment, under the name that the derive proposes.
    fn pad_to(&mut self, align_bytes: u64) -> anyhow::Result<()> {
        let size_bytes = self.size_bytes;
        let padded =
            size_bytes.checked_next_multiple_of(align_bytes).context("expected a smaller type")?;
        if padded == size_bytes {
            return Ok(());
        }
        let mut name = format!("_pad{}", self.written.saturating_sub(1));
        while self.names.contains(&name) {
            name.push('_');
        }
        let mut encoded = vec![tag::PADDING];
        put_number(&mut encoded, padded - size_bytes);
        self.put(&name, &encoded, padded - size_bytes)
    }

    fn put(&mut self, name: &str, encoded: &[u8], size_bytes: u64) -> anyhow::Result<()> {
        put_text(&mut self.fields, name);
        put_number(&mut self.fields, self.size_bytes);
        self.fields.extend_from_slice(encoded);
        self.names.insert(name.to_owned());
        let size = self.size_bytes.checked_add(size_bytes);
        self.size_bytes = size.context("expected a smaller type")?;
        Ok(())
    }

    fn finish(mut self, name: &str) -> anyhow::Result<Type> {
        self.pad_to(self.align_bytes.max(1))?;
        let mut encoded = vec![tag::STRUCT];
        put_text(&mut encoded, name);
        // No version, and no const generic arguments.
        for number in [0, self.size_bytes, 0, self.names.len() as u64] {
            put_number(&mut encoded, number);
        }
        encoded.extend_from_slice(&self.fields);
        Ok(Type { encoded, size_bytes: self.size_bytes, align_bytes: self.align_bytes.max(1) })
    }
}

/// Unsigned LEB128.
fn put_number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    put_number(out, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
}
