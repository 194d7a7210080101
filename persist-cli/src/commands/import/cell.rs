//! A field of CSV to the bytes of a value.

use std::collections::HashMap;

use persist_core::ByteOrder;
use persist_core::reflect::{Class, Kind, TypeRef, Value};

/// How the fields of one column become bytes.
pub(super) struct Cell<'a> {
    ty: TypeRef<'a>,
    order: ByteOrder,
    /// The discriminants of an enum by the names of its variants.
    variants: HashMap<&'a str, i128>,
}

/// What a field may be, where it isn't that.
type Expected = String;

impl<'a> Cell<'a> {
    /// For values of a scalar, in a file of this byte order.
    pub(super) fn new(ty: TypeRef<'a>, file: ByteOrder) -> Self {
        let (order, variants) = match ty.kind() {
            Kind::Primitive { order, .. } => (order.unwrap_or(file), HashMap::new()),
            Kind::Enum { variants, .. } => {
                (file, variants.map(|variant| (variant.name, variant.discriminant)).collect())
            }
            _ => (file, HashMap::new()),
        };
        Self { ty, order, variants }
    }

    /// Writes the value of a field.
    pub(super) fn parse(&self, text: &str, bytes: &mut [u8]) -> Result<(), Expected> {
        match self.ty.kind() {
            Kind::Primitive { class, .. } => self.primitive(class, text, bytes),
            Kind::Enum { .. } => self.variant(text, bytes),
            Kind::FixedStr => fixed_str(text, bytes),
            _ => hex(text, bytes),
        }
    }

    fn primitive(&self, class: Class, text: &str, bytes: &mut [u8]) -> Result<(), Expected> {
        let width_bytes = bytes.len();
        let bits = match class {
            Class::Unsigned => unsigned(text, 0, width_bytes)?,
            Class::Signed => signed(text, width_bytes)?,
            Class::Float | Class::BFloat => return self.float(text, bytes),
            Class::Bool => match text.trim() {
                "true" | "1" => 1,
                "false" | "0" => 0,
                _ => return Err("true or false (or 1 or 0)".into()),
            },
            Class::Char => char(text)?,
            Class::NonZeroUnsigned => unsigned(text, 1, width_bytes)?,
            Class::NonZeroSigned => not_zero(text, width_bytes)?,
            Class::OptionNonZeroUnsigned => or_none(text, || unsigned(text, 1, width_bytes))?,
            Class::OptionNonZeroSigned => or_none(text, || not_zero(text, width_bytes))?,
            other => return Err(format!("a type that this version knows, not {other:?}")),
        };
        self.put(bits, bytes);
        Ok(())
    }

    /// The lowest bytes of a number.
    fn put(&self, bits: u128, bytes: &mut [u8]) {
        match self.order {
            ByteOrder::Little => bytes.copy_from_slice(&bits.to_le_bytes()[..bytes.len()]),
            ByteOrder::Big => bytes.copy_from_slice(&bits.to_be_bytes()[16 - bytes.len()..]),
        }
    }

    fn variant(&self, text: &str, bytes: &mut [u8]) -> Result<(), Expected> {
        let discriminant = self.variants.get(text).ok_or_else(|| self.names())?;
        self.put(*discriminant as u128, bytes);
        Ok(())
    }

    #[cold]
    fn names(&self) -> Expected {
        const MOST: usize = 12;
        let mut names: Vec<_> = self.variants.iter().map(|(name, tag)| (tag, name)).collect();
        names.sort();
        let more = if names.len() > MOST { ", …" } else { "" };
        let names = names.into_iter().take(MOST).map(|(_, name)| name.escape_debug().to_string());
        format!("one of {}{more}", names.collect::<Vec<_>>().join(", "))
    }

    fn float(&self, text: &str, bytes: &mut [u8]) -> Result<(), Expected> {
        let text = text.trim();
        let expected = || format!("a number that {} has", self.ty.name());
        let wide: f64 = text.parse().map_err(|_| expected())?;
        let bits = match bytes.len() {
            8 => wide.to_bits().into(),
            4 => text.parse::<f32>().map_err(|_| expected())?.to_bits().into(),
            _ => self.nearest_half(wide).into(),
        };
        self.put(bits, bytes);
        let is_finite = match self.ty.value(bytes, self.order) {
            Ok(Value::F32(float)) => float.is_finite(),
            Ok(Value::F64(float)) => float.is_finite(),
            _ => true,
        };
        // Digits are never infinite, however many.
        if is_finite || !text.contains(|c: char| c.is_ascii_digit()) {
            Ok(())
        } else {
            Err(expected())
        }
    }

    /// The bits of the float of two bytes that is nearest, the even one of two.
    fn nearest_half(&self, wide: f64) -> u16 {
        let sign = if wide.is_sign_negative() { 0x8000 } else { 0 };
        if wide.is_nan() {
            return 0x7fff;
        }
        // Without the sign, floats are in the order of their bits, the infinite one last.
        let (mut below, mut above) = (0, 0x7fff);
        while above - below > 1 {
            let middle = (below + above) / 2;
            match self.half(middle) {
                value if value <= wide.abs() => below = middle,
                _ => above = middle,
            }
        }
        // What would come after the largest one, where there is only infinity.
        let (low, high) = (self.half(below), self.half(above));
        let high = if high.is_finite() { high } else { 2.0 * low - self.half(below.max(1) - 1) };
        let (to_low, to_high) = (wide.abs() - low, high - wide.abs());
        let is_low = to_low < to_high || to_low == to_high && below % 2 == 0;
        sign | if low.is_infinite() || is_low { below } else { above }
    }

    fn half(&self, bits: u16) -> f64 {
        let bytes = match self.order {
            ByteOrder::Little => bits.to_le_bytes(),
            ByteOrder::Big => bits.to_be_bytes(),
        };
        match self.ty.value(&bytes, self.order) {
            Ok(Value::F32(float)) => float.into(),
            _ => f64::NAN,
        }
    }
}

fn unsigned(text: &str, least: u128, width_bytes: usize) -> Result<u128, Expected> {
    let most = u128::MAX >> (128 - 8 * width_bytes);
    let number = text.trim().parse().ok().filter(|number| (least..=most).contains(number));
    number.ok_or_else(|| format!("a number from {least} to {most}"))
}

fn signed(text: &str, width_bytes: usize) -> Result<u128, Expected> {
    let (least, most) = signed_limits(width_bytes);
    let number = text.trim().parse().ok().filter(|number| (least..=most).contains(number));
    number.map(|number| number as u128).ok_or_else(|| signed_range(width_bytes))
}

fn signed_limits(width_bytes: usize) -> (i128, i128) {
    let unused_bits = 128 - 8 * width_bytes;
    (i128::MIN >> unused_bits, i128::MAX >> unused_bits)
}

fn signed_range(width_bytes: usize) -> Expected {
    let (least, most) = signed_limits(width_bytes);
    format!("a number from {least} to {most}")
}

/// A signed number that isn't 0.
fn not_zero(text: &str, width_bytes: usize) -> Result<u128, Expected> {
    let number = signed(text, width_bytes);
    let number = number.ok().filter(|&number| number != 0);
    number.ok_or_else(|| format!("{} other than 0", signed_range(width_bytes)))
}

/// A number, or 0 where nothing stands for none.
fn or_none(text: &str, number: impl FnOnce() -> Result<u128, Expected>) -> Result<u128, Expected> {
    if text.trim().is_empty() {
        return Ok(0);
    }
    number().map_err(|expected| format!("{expected}, or nothing for none"))
}

fn char(text: &str) -> Result<u128, Expected> {
    let mut chars = text.chars();
    match (chars.next(), chars.next()) {
        (Some(char), None) => Ok(u32::from(char).into()),
        _ => Err("one character".into()),
    }
}

fn fixed_str(text: &str, bytes: &mut [u8]) -> Result<(), Expected> {
    if text.len() > bytes.len() || text.contains('\0') {
        return Err(format!("at most {} bytes of text without NUL", bytes.len()));
    }
    let (start, rest) = bytes.split_at_mut(text.len());
    start.copy_from_slice(text.as_bytes());
    rest.fill(0);
    Ok(())
}

fn hex(text: &str, bytes: &mut [u8]) -> Result<(), Expected> {
    let text = text.trim().as_bytes();
    let expected = || format!("{} hexadecimal digits", 2 * bytes.len());
    let digit = |digit: u8| char::from(digit).to_digit(16).map(|digit| digit as u8);
    let pair = |pair: &[u8]| Some(digit(pair[0])? << 4 | digit(pair[1])?);
    if text.len() != 2 * bytes.len() {
        return Err(expected());
    }
    let parsed: Option<Vec<u8>> = text.chunks(2).map(pair).collect();
    bytes.copy_from_slice(&parsed.ok_or_else(expected)?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use persist_core::Descriptor;

    use super::*;

    /// What a text is as a float of two bytes, of this class of the format.
    fn half(class: u8, text: &str) -> Result<u16, Expected> {
        let descriptor = Descriptor::decode(&[1, class, 2, 0]).unwrap();
        let mut bytes = [0; 2];
        Cell::new(descriptor.root(), ByteOrder::Big).parse(text, &mut bytes)?;
        Ok(u16::from_be_bytes(bytes))
    }

    #[test]
    fn every_narrow_float_is_read_back() {
        for class in [2, 9] {
            let descriptor = Descriptor::decode(&[1, class, 2, 0]).unwrap();
            for bits in 0..=u16::MAX {
                let bytes = bits.to_be_bytes();
                let Ok(Value::F32(float)) = descriptor.root().value(&bytes, ByteOrder::Big) else {
                    panic!("{bits:#x} is a float")
                };
                let read = half(class, &float.to_string()).unwrap();
                assert!(read == bits || float.is_nan() && read == 0x7fff, "{bits:#x}: {read:#x}");
            }
        }
    }

    #[test]
    fn narrow_floats_are_rounded_to_the_nearest() {
        // Half a unit in the last place goes to the even one.
        for (text, expected) in [
            ("1.00048828125", 0x3c00),
            ("1.000488281250001", 0x3c01),
            ("1.00146484375", 0x3c02),
            ("65519.99", 0x7bff),
            ("0.00000002980232238769531250", 0),
            ("0.0000000298023223876954", 1),
            ("-0", 0x8000),
            ("-inf", 0xfc00),
        ] {
            assert_eq!(half(2, text), Ok(expected), "{text}");
        }
        for text in ["65520", "-1e300"] {
            assert!(half(2, text).unwrap_err().contains("a number that"), "{text}");
        }
        assert_eq!(half(9, "3.3895313892515355e38"), Ok(0x7f7f));
    }
}
