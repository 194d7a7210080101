//! The canonical encoding of a [`Layout`], and its FNV-1a-128 fingerprint.
//!
//! The grammar is in `FORMAT.md`, "Descriptor"; its inverse is
//! [`Descriptor::decode`](crate::Descriptor::decode). One pass serves both the bytes and the hash,
//! so that the two can't drift apart.

use std::fmt;

use super::check::check_descriptor;
use super::{ConstArg, Field, Kind, Layout, Variant};

/// The byte that opens each node of a descriptor.
pub(crate) mod tag {
    pub(crate) const PRIMITIVE: u8 = 1;
    pub(crate) const ARRAY: u8 = 2;
    pub(crate) const STRUCT: u8 = 3;
    pub(crate) const ENUM: u8 = 4;
    pub(crate) const PADDING: u8 = 5;
    pub(crate) const FIXED_STR: u8 = 6;
    pub(crate) const PHANTOM: u8 = 7;
    pub(crate) const OPAQUE: u8 = 8;
}

/// The 128-bit FNV-1a hash of a type's descriptor, for logs, quick rejection and pins.
///
/// The same on every machine. Equal fingerprints are a hint, not a proof: files are compared by
/// their descriptors. The hash is the one of the [FNV draft], offset basis and prime for 128 bits.
///
/// ```
/// use persist_core::{Fingerprint, Persist};
///
/// const PIN: Fingerprint = <u64 as Persist>::FINGERPRINT;
/// assert_ne!(PIN, <i64 as Persist>::FINGERPRINT);
/// assert_eq!(PIN.to_string().len(), "0x".len() + 32);
/// ```
///
/// [FNV draft]: https://datatracker.ietf.org/doc/html/draft-eastlake-fnv
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint(u128);

impl Fingerprint {
    /// `==`, where the compiler evaluates it.
    pub(crate) const fn equals(self, other: Self) -> bool {
        self.0 == other.0
    }

    const OFFSET_BASIS: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;

    /// The fingerprint with this value, as [`Display`](fmt::Display) prints it.
    #[must_use]
    pub const fn from_u128(value: u128) -> Self {
        Self(value)
    }

    /// The fingerprint as a number.
    #[must_use]
    pub const fn to_u128(self) -> u128 {
        self.0
    }

    /// The fingerprint of the descriptor with these bytes. O(n).
    pub(crate) const fn of_descriptor(bytes: &[u8]) -> Self {
        let mut hash = Self(Self::OFFSET_BASIS);
        hash.update(bytes);
        hash
    }

    /// The slice pattern takes half the steps of an index, and builds wait for this loop.
    const fn update(&mut self, mut bytes: &[u8]) {
        while let [byte, rest @ ..] = bytes {
            self.0 = (self.0 ^ *byte as u128).wrapping_mul(Self::PRIME);
            bytes = rest;
        }
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#034x}", self.0)
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

impl Layout {
    /// The fingerprint of this layout's descriptor.
    ///
    /// # Panics
    ///
    /// Where the descriptor is longer than 1 MiB. For a derived type this is a build error.
    #[must_use]
    #[track_caller]
    pub const fn fingerprint(&self) -> Fingerprint {
        let mut hash = Fingerprint(Fingerprint::OFFSET_BASIS);
        let mut encoder = Encoder::new(Sink::Hash(&mut hash));
        encoder.layout(self);
        check_descriptor(self, encoder.len);
        hash
    }

    /// The length of this layout's descriptor in bytes.
    pub(crate) const fn descriptor_bytes(&self) -> usize {
        let mut encoder = Encoder::new(Sink::Count);
        encoder.layout(self);
        encoder.len
    }

    /// This layout's descriptor.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = vec![0; self.descriptor_bytes()];
        Encoder::new(Sink::Write(&mut out)).layout(self);
        out
    }
}

/// Passes the bytes of a descriptor to a sink, and counts them.
struct Encoder<'a> {
    sink: Sink<'a>,
    len: usize,
}

/// What becomes of the bytes. Builds wait for this in const evaluation, where each byte costs.
enum Sink<'a> {
    Count,
    Hash(&'a mut Fingerprint),
    Write(&'a mut [u8]),
}

impl<'a> Encoder<'a> {
    const fn new(sink: Sink<'a>) -> Self {
        Self { sink, len: 0 }
    }

    const fn bytes(&mut self, bytes: &[u8]) {
        match &mut self.sink {
            Sink::Count => {}
            Sink::Hash(hash) => hash.update(bytes),
            Sink::Write(out) => {
                let mut i = 0;
                while i < bytes.len() {
                    out[self.len + i] = bytes[i];
                    i += 1;
                }
            }
        }
        self.len += bytes.len();
    }

    /// Unsigned LEB128, shortest form.
    const fn number(&mut self, mut number: u128) {
        while number >= 0x80 {
            self.bytes(&[number as u8 | 0x80]);
            number >>= 7;
        }
        self.bytes(&[number as u8]);
    }

    const fn text(&mut self, text: &str) {
        self.number(text.len() as u128);
        self.bytes(text.as_bytes());
    }

    const fn layout(&mut self, layout: &Layout) {
        match layout.kind {
            Kind::Primitive(primitive) => {
                let (class, order) = (primitive.class as u8, primitive.order as u8);
                self.bytes(&[tag::PRIMITIVE, class, primitive.width, order]);
            }
            Kind::Array { element, len } => {
                self.bytes(&[tag::ARRAY]);
                self.number(len as u128);
                self.layout(element);
            }
            Kind::Struct { name, version, args, fields, .. } => {
                self.bytes(&[tag::STRUCT]);
                self.text(name);
                self.number(version as u128);
                self.number(layout.size as u128);
                self.const_args(args);
                self.fields(fields);
            }
            Kind::Enum { name, version, signed, variants } => {
                self.bytes(&[tag::ENUM]);
                self.text(name);
                self.number(version as u128);
                self.bytes(&[signed as u8]);
                self.bytes(&[layout.size as u8]);
                self.variants(variants, layout.size);
            }
            Kind::Padding => {
                self.bytes(&[tag::PADDING]);
                self.number(layout.size as u128);
            }
            Kind::FixedStr => {
                self.bytes(&[tag::FIXED_STR]);
                self.number(layout.size as u128);
            }
            Kind::Phantom { name } => {
                self.bytes(&[tag::PHANTOM]);
                self.text(name);
            }
            Kind::Opaque { name, any_bits, .. } => {
                self.bytes(&[tag::OPAQUE]);
                self.text(name);
                self.number(layout.size as u128);
                self.bytes(&[any_bits as u8]);
            }
        }
    }

    const fn const_args(&mut self, args: &[ConstArg]) {
        self.number(args.len() as u128);
        let mut i = 0;
        while i < args.len() {
            self.text(args[i].name);
            self.number(args[i].value);
            i += 1;
        }
    }

    const fn fields(&mut self, fields: &[Field]) {
        self.number(fields.len() as u128);
        let mut i = 0;
        while i < fields.len() {
            self.text(fields[i].name);
            self.number(fields[i].offset as u128);
            self.layout(fields[i].layout);
            i += 1;
        }
    }

    /// The variants in ascending order of their tag: the order of declaration means nothing on disk.
    const fn variants(&mut self, variants: &[Variant], width: usize) {
        self.number(variants.len() as u128);
        let mut lowest = 0;
        let mut written = 0;
        while written < variants.len() {
            let i = next_variant(variants, width, written, lowest);
            let tag = tag_bits(variants[i].value, width);
            self.text(variants[i].name);
            self.number(tag as u128);
            lowest = tag as u128 + 1;
            written += 1;
        }
    }
}

/// The index of the variant with the smallest tag of at least `lowest`. O(1) where the variants
/// are declared in order, which `expected` guesses.
const fn next_variant(variants: &[Variant], width: usize, expected: usize, lowest: u128) -> usize {
    if is_ascending(variants, width) {
        return expected;
    }
    let mut best = usize::MAX;
    let mut i = 0;
    while i < variants.len() {
        let tag = tag_bits(variants[i].value, width) as u128;
        let better = best == usize::MAX || tag < tag_bits(variants[best].value, width) as u128;
        if tag >= lowest && better {
            best = i;
        }
        i += 1;
    }
    best
}

const fn is_ascending(variants: &[Variant], width: usize) -> bool {
    let mut i = 1;
    while i < variants.len() {
        if tag_bits(variants[i - 1].value, width) >= tag_bits(variants[i].value, width) {
            return false;
        }
        i += 1;
    }
    true
}

/// The bits of an enum's tag, as an unsigned number of `width` bytes.
const fn tag_bits(value: i128, width: usize) -> u64 {
    value as u64 & (u64::MAX >> (64 - 8 * width))
}
