//! Numbers of every class: what they can hold, and how they become each other.
//!
//! Integers pass through 128 bits, floats through `f64`, which has every value of the narrower ones. So each conversion
//! rounds at most once.

use crate::byte_order::ByteOrder;
use crate::layout::{Class, Order, Primitive};

/// A scalar with its byte order made plain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Scalar {
    pub(super) class: Class,
    pub(super) width: u8,
    pub(super) order: ByteOrder,
}

impl Scalar {
    /// The primitive as it stands in a file of this order.
    pub(super) fn new(of: Primitive, file: ByteOrder) -> Self {
        let order = match of.order {
            Order::Native => file,
            Order::Little => ByteOrder::Little,
            Order::Big => ByteOrder::Big,
        };
        Self { class: of.class, width: of.width, order }
    }

    pub(super) fn family(self) -> Family {
        match self.class {
            Class::Unsigned | Class::Signed => Family::Integer,
            Class::Float | Class::BFloat => Family::Float,
            Class::Bool => Family::Bool,
            Class::Char => Family::Char,
            Class::NonZeroUnsigned
            | Class::NonZeroSigned
            | Class::OptionNonZeroUnsigned
            | Class::OptionNonZeroSigned => Family::NonZero,
        }
    }

    pub(super) fn has_any_bits(self) -> bool {
        self.integer().domain == Domain::All
    }

    pub(super) fn has_zero(self) -> bool {
        self.integer().domain != Domain::NonZero
    }

    /// Whether 0 stands for no number.
    pub(super) fn has_none(self) -> bool {
        matches!(self.class, Class::OptionNonZeroUnsigned | Class::OptionNonZeroSigned)
    }

    fn is_signed(self) -> bool {
        matches!(self.class, Class::Signed | Class::NonZeroSigned | Class::OptionNonZeroSigned)
    }

    /// The integer as which this is stored. Of no use for floats.
    pub(super) fn integer(self) -> Integer {
        let domain = match self.class {
            Class::Bool => Domain::Bool,
            Class::Char => Domain::Char,
            Class::NonZeroUnsigned | Class::NonZeroSigned => Domain::NonZero,
            _ => Domain::All,
        };
        let (signed, order) = (self.is_signed(), self.order);
        Integer { width: self.width, signed, domain, order }
    }

    /// The format of a float; `None` for what is none.
    pub(super) fn float(self) -> Option<Float> {
        let format = match (self.class, self.width) {
            (Class::BFloat, _) => Format::Brain,
            (Class::Float, 2) => Format::Half,
            (Class::Float, 4) => Format::Single,
            (Class::Float, _) => Format::Double,
            _ => return None,
        };
        Some(Float { format, order: self.order })
    }
}

/// Scalars that become each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    Integer,
    /// Never zero, or with zero for "none".
    NonZero,
    Bool,
    Char,
    Float,
}

impl Family {
    /// Whether a value of one may be a value of the other: any may be a plain integer.
    pub(super) fn becomes(self, other: Self) -> bool {
        self == other || self == Self::Integer || other == Self::Integer
    }
}

/// An integer, and what is stored as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Integer {
    pub(super) width: u8,
    pub(super) signed: bool,
    pub(super) domain: Domain,
    pub(super) order: ByteOrder,
}

/// Which of the integers of a width are values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Domain {
    All,
    NonZero,
    Bool,
    Char,
}

impl Domain {
    #[inline(always)]
    pub(super) fn has(self, bits: u128) -> bool {
        match self {
            Self::All => true,
            Self::NonZero => bits != 0,
            Self::Bool => bits <= 1,
            Self::Char => bits < 0x11_0000 && bits >> 11 != 0xd800 >> 11,
        }
    }
}

impl Integer {
    /// The least value and the greatest.
    pub(super) fn range(self) -> (i128, u128) {
        let unused_bits = u128::BITS - 8 * u32::from(self.width);
        match self.domain {
            Domain::Bool => (0, 1),
            Domain::Char => (0, 0x10_ffff),
            _ if self.signed => (i128::MIN >> unused_bits, u128::MAX >> unused_bits >> 1),
            _ => (0, u128::MAX >> unused_bits),
        }
    }

    /// Whether every value of this is one of the other.
    pub(super) fn is_within(self, other: Self) -> bool {
        let ((least, greatest), (lower, upper)) = (self.range(), other.range());
        let domains = other.domain == Domain::All || other.domain == self.domain;
        least >= lower && greatest <= upper && domains
    }

    /// Whether every value of this is one of the float format, exactly.
    pub(super) fn is_exact_in(self, format: Format) -> bool {
        let digits = 8 * u32::from(self.width) - u32::from(self.signed);
        digits <= format.mantissa_bits() + 1
    }

    /// The value in two's complement of 128 bits.
    #[inline(always)]
    pub(super) fn read<const W: usize>(self, bytes: [u8; W]) -> u128 {
        let bits = read(bytes, self.order);
        let extended = (bits << unused_bits::<W>()) as i128 >> unused_bits::<W>();
        if self.signed { extended as u128 } else { bits }
    }

    /// The bytes of a value in two's complement, and whether they are that value.
    #[inline(always)]
    pub(super) fn write<const W: usize>(self, bits: u128, negative: bool) -> ([u8; W], bool) {
        let bytes = write(bits, self.order);
        let same = self.read(bytes) == bits && negative == (self.signed && (bits as i128) < 0);
        (bytes, same && self.domain.has(bits))
    }

    /// The bytes of an integer of another kind, and whether it is a value of both.
    #[inline(always)]
    pub(super) fn convert<const F: usize, const T: usize>(
        self,
        to: Self,
        bytes: [u8; F],
    ) -> ([u8; T], bool) {
        let bits = self.read(bytes);
        let negative = self.signed && (bits as i128) < 0;
        let (bytes, fits) = to.write(bits, negative);
        (bytes, fits && self.domain.has(bits))
    }
}

/// At most 16 bytes as a number.
#[inline(always)]
pub(super) fn read<const W: usize>(bytes: [u8; W], order: ByteOrder) -> u128 {
    let mut wide = [0; 16];
    wide[..W].copy_from_slice(&bytes);
    let number = u128::from_le_bytes(wide);
    // In numbers, not bytes: a choice between two values is no branch.
    if order == ByteOrder::Big { number.swap_bytes() >> unused_bits::<W>() } else { number }
}

/// The low bytes of a number.
#[inline(always)]
pub(super) fn write<const W: usize>(number: u128, order: ByteOrder) -> [u8; W] {
    let swapped = (number << unused_bits::<W>()).swap_bytes();
    let wide = if order == ByteOrder::Big { swapped } else { number }.to_le_bytes();
    std::array::from_fn(|i| wide[i])
}

/// The bits of 128 that a number of `W` bytes hasn't.
const fn unused_bits<const W: usize>() -> u32 {
    u128::BITS - 8 * W as u32
}

/// A float with its byte order made plain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Float {
    pub(super) format: Format,
    pub(super) order: ByteOrder,
}

/// The formats of floats; each has a sign bit, an exponent and a mantissa, in that order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// IEEE 754 binary16.
    Half,
    /// bfloat16.
    Brain,
    /// IEEE 754 binary32.
    Single,
    /// IEEE 754 binary64.
    Double,
}

impl Format {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Half => "f16",
            Self::Brain => "bf16",
            Self::Single => "f32",
            Self::Double => "f64",
        }
    }

    /// The bits of the mantissa that are stored.
    const fn mantissa_bits(self) -> u32 {
        match self {
            Self::Half => 10,
            Self::Brain => 7,
            Self::Single => 23,
            Self::Double => 52,
        }
    }

    const fn exponent_bits(self) -> u32 {
        match self {
            Self::Half => 5,
            Self::Brain | Self::Single => 8,
            Self::Double => 11,
        }
    }

    /// The size in bytes.
    pub(super) fn width(self) -> u8 {
        ((1 + self.exponent_bits() + self.mantissa_bits()) / 8) as u8
    }

    /// Whether every value of this is one of the other.
    pub(super) fn is_within(self, other: Self) -> bool {
        self.mantissa_bits() <= other.mantissa_bits()
            && self.exponent_bits() <= other.exponent_bits()
    }

    /// The value, exactly. A NaN stays one, with its sign.
    #[inline(always)]
    fn decode<const W: usize>(self, bits: u64) -> f64 {
        match W {
            8 => f64::from_bits(bits),
            4 => widen(bits as u32),
            _ if self == Self::Brain => widen((bits as u32) << 16),
            _ => decode_half(bits),
        }
    }

    /// The nearest value of the format, ties to even.
    #[inline(always)]
    fn encode<const W: usize>(self, value: f64) -> u64 {
        match W {
            8 => value.to_bits(),
            4 => narrow(value).into(),
            _ => self.encode_short(value),
        }
    }

    fn encode_short(self, value: f64) -> u64 {
        let (mantissa, exponent) = split(value);
        if value.is_nan() {
            // The bit that makes a NaN quiet is the first of the mantissa.
            return self.signed(
                value.is_sign_negative(),
                self.infinity() | 1 << (self.mantissa_bits() - 1),
            );
        }
        let magnitude = if value.is_infinite() {
            self.infinity()
        } else {
            self.round(mantissa.into(), exponent)
        };
        self.signed(value.is_sign_negative(), magnitude)
    }

    fn signed(self, negative: bool, magnitude: u64) -> u64 {
        magnitude | u64::from(negative) << (self.mantissa_bits() + self.exponent_bits())
    }

    fn infinity(self) -> u64 {
        ((1 << self.exponent_bits()) - 1) << self.mantissa_bits()
    }

    /// The bits of `mantissa * 2^exponent`, to nearest, ties to even; infinity where that is too large.
    fn round(self, mantissa: u128, exponent: i32) -> u64 {
        if mantissa == 0 {
            return 0;
        }
        let digits = u128::BITS as i32 - mantissa.leading_zeros() as i32;
        let least_normal = 2 - (1 << (self.exponent_bits() - 1));
        let stored = self.mantissa_bits() as i32;
        // The exponent of the last bit that is kept: numbers below the least normal one have no shorter steps than it.
        let step = (exponent + digits - 1).max(least_normal) - stored;
        let rounded = shift_to_even(mantissa, step - exponent);
        // The leading bit of a normal mantissa isn't stored: added to the exponent, it makes it one more. So does a carry.
        let field = u64::try_from(step + stored - least_normal).unwrap_or(0);
        let overflow = field >> self.exponent_bits() != 0;
        if overflow {
            self.infinity()
        } else {
            ((field << stored) + rounded as u64).min(self.infinity())
        }
    }

    /// The nearest value to an integer, ties to even.
    #[inline(always)]
    fn encode_integer<const W: usize>(self, magnitude: u128, negative: bool) -> u64 {
        // Machines convert integers of 64 bits themselves.
        let bits = match (W, u64::try_from(magnitude)) {
            (8, Ok(small)) => (small as f64).to_bits(),
            (8, Err(_)) => (magnitude as f64).to_bits(),
            (4, Ok(small)) => (small as f32).to_bits().into(),
            (4, Err(_)) => (magnitude as f32).to_bits().into(),
            _ => self.round(magnitude, 0),
        };
        bits | u64::from(negative) << (8 * W - 1)
    }

    fn is_finite(self, bits: u64) -> bool {
        bits & self.infinity() != self.infinity()
    }
}

/// `mantissa / 2^shift`, to nearest, ties to even.
fn shift_to_even(mantissa: u128, shift: i32) -> u128 {
    match u32::try_from(shift) {
        Err(_) | Ok(0) => mantissa << shift.unsigned_abs(),
        Ok(shift @ 1..128) => {
            let (quotient, rest) = (mantissa >> shift, mantissa << (128 - shift));
            let half = 1 << 127;
            quotient + u128::from(rest > half || rest == half && quotient & 1 == 1)
        }
        // Less than half of the last step: no mantissa that is shifted so far has its highest bits.
        Ok(_) => 0,
    }
}

/// A finite float as `mantissa * 2^exponent`, without its sign.
fn split(value: f64) -> (u64, i32) {
    let bits = value.to_bits();
    let (field, mantissa) = ((bits >> 52 & 0x7ff) as i32, bits & ((1 << 52) - 1));
    if field == 0 { (mantissa, -1074) } else { (mantissa | 1 << 52, field - 1075) }
}

/// The value of an `f32`. Rust leaves it open which sign a NaN has after a cast.
#[inline(always)]
fn widen(bits: u32) -> f64 {
    let magnitude = f64::from(f32::from_bits(bits)).to_bits() & !(1 << 63);
    f64::from_bits(u64::from(bits >> 31) << 63 | magnitude)
}

/// The bits of the nearest `f32`, with the sign also of a NaN.
#[inline(always)]
fn narrow(value: f64) -> u32 {
    let magnitude = (value as f32).to_bits() & !(1 << 31);
    ((value.to_bits() >> 63) as u32) << 31 | magnitude
}

fn decode_half(bits: u64) -> f64 {
    let (field, mantissa) = (bits >> 10 & 0x1f, bits & 0x3ff);
    let magnitude = match field {
        // Below 2^-14 a half is a multiple of 2^-24.
        0 => (mantissa as f64 / 16_777_216.0).to_bits(),
        31 => 0x7ff << 52 | mantissa << 42,
        // The bias is 15 there and 1023 here.
        _ => (field + 1008) << 52 | mantissa << 42,
    };
    f64::from_bits(bits >> 15 << 63 | magnitude)
}

impl Float {
    /// The nearest value of another format, and whether a finite one stays finite.
    #[inline(always)]
    pub(super) fn convert<const F: usize, const T: usize>(
        self,
        to: Self,
        bytes: [u8; F],
    ) -> ([u8; T], bool) {
        let value = self.format.decode::<F>(read(bytes, self.order) as u64);
        let bits = to.format.encode::<T>(value);
        (write(bits.into(), to.order), to.format.is_finite(bits) || !value.is_finite())
    }

    /// The nearest value to an integer, and whether it is finite.
    #[inline(always)]
    pub(super) fn of_integer<const F: usize, const T: usize>(
        self,
        from: Integer,
        bytes: [u8; F],
    ) -> ([u8; T], bool) {
        let bits = from.read(bytes);
        let negative = from.signed && (bits as i128) < 0;
        let magnitude = if negative { bits.wrapping_neg() } else { bits };
        let bits = self.format.encode_integer::<T>(magnitude, negative);
        (write(bits.into(), self.order), self.format.is_finite(bits))
    }

    /// The integer that the float is, and whether it is one.
    #[inline(always)]
    pub(super) fn to_integer<const F: usize, const T: usize>(
        self,
        to: Integer,
        bytes: [u8; F],
    ) -> ([u8; T], bool) {
        let value = self.format.decode::<F>(read(bytes, self.order) as u64);
        let (magnitude, whole) = magnitude(value.abs());
        let negative = value < 0.0;
        let bits = if negative { magnitude.wrapping_neg() } else { magnitude };
        let (bytes, fits) = to.write(bits, negative);
        (bytes, fits && whole)
    }
}

/// A float as an integer, and whether it is one.
#[inline(always)]
fn magnitude(value: f64) -> (u128, bool) {
    // Casts cut off what doesn't fit, and make 0 of a NaN. Machines convert to integers of 64 bits themselves.
    let small = value as u64;
    if small < u64::MAX {
        return (small.into(), small as f64 == value);
    }
    let large = value as u128;
    (large, large < u128::MAX)
}
