//! The owned tree of a type, and what follows from it without looking at anything else.
//!
//! Invariant: a tree is one that the decoder accepts. Fields tile their struct, tags ascend and fit
//! the width, primitives exist, and no size or offset exceeds [`MAX_SIZE_BYTES`], so that sums of an
//! offset and a size below it can't overflow a `u64`.

use crate::layout::{Order, Primitive};

/// The largest size of a type in bytes.
pub(super) const MAX_SIZE_BYTES: u64 = i64::MAX as u64;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Node {
    Primitive(Primitive),
    Array(Array),
    Struct(Struct),
    Enum(Enum),
    Padding { size_bytes: u64 },
    FixedStr { size_bytes: u64 },
    Phantom { name: Box<str> },
    Opaque(Opaque),
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Array {
    pub(super) len: u64,
    pub(super) element: Box<Node>,
    /// Known to be `len` times the size of the element, without overflow.
    pub(super) size_bytes: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Struct {
    pub(super) name: Box<str>,
    pub(super) version: u64,
    pub(super) size_bytes: u64,
    pub(super) args: Vec<ConstArg>,
    pub(super) fields: Vec<Field>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct ConstArg {
    pub(super) name: Box<str>,
    pub(super) value: u128,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Field {
    pub(super) name: Box<str>,
    /// Within the struct.
    pub(super) offset_bytes: u64,
    pub(super) node: Node,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Enum {
    pub(super) name: Box<str>,
    pub(super) version: u64,
    pub(super) signed: bool,
    pub(super) width_bytes: u8,
    /// In ascending order of the tag.
    pub(super) variants: Vec<Variant>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Variant {
    pub(super) name: Box<str>,
    pub(super) tag: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Opaque {
    pub(super) name: Box<str>,
    pub(super) size_bytes: u64,
    pub(super) any_bits: bool,
}

impl Node {
    pub(super) fn size_bytes(&self) -> u64 {
        match self {
            Self::Primitive(primitive) => primitive.width.into(),
            Self::Array(array) => array.size_bytes,
            Self::Struct(of) => of.size_bytes,
            Self::Enum(of) => of.width_bytes.into(),
            Self::Padding { size_bytes } | Self::FixedStr { size_bytes } => *size_bytes,
            Self::Phantom { .. } => 0,
            Self::Opaque(opaque) => opaque.size_bytes,
        }
    }

    /// The name without arguments; agrees with `Layout::name`.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Primitive(primitive) => primitive_name(*primitive),
            Self::Array(_) => "array",
            Self::Struct(of) => &of.name,
            Self::Enum(of) => &of.name,
            Self::Padding { .. } => "Pad",
            Self::FixedStr { .. } => "FixedStr",
            Self::Phantom { name } => name,
            Self::Opaque(opaque) => &opaque.name,
        }
    }

    /// The first foreign type in it whose values only its own crate can tell.
    pub(super) fn unchecked(&self) -> Option<&str> {
        match self {
            Self::Opaque(opaque) if !opaque.any_bits => Some(&opaque.name),
            Self::Array(array) => array.element.unchecked(),
            Self::Struct(of) => of.fields.iter().find_map(|field| field.node.unchecked()),
            _ => None,
        }
    }

    /// The rule of `FORMAT.md`, "Reading a file", step 11.
    pub(super) fn depends_on_byte_order(&self) -> bool {
        match self {
            Self::Primitive(primitive) => primitive.width > 1 && primitive.order == Order::Native,
            Self::Array(array) => array.element.depends_on_byte_order(),
            Self::Struct(of) => of.fields.iter().any(|field| field.node.depends_on_byte_order()),
            Self::Enum(of) => of.width_bytes > 1,
            Self::Padding { .. } | Self::FixedStr { .. } | Self::Phantom { .. } => false,
            Self::Opaque(_) => true,
        }
    }
}

pub(super) fn primitive_name(primitive: Primitive) -> &'static str {
    primitive.name().expect("the decoder accepts only primitives that exist")
}

impl Enum {
    /// A tag as the program wrote it: sign-extended where the enum is signed.
    pub(super) fn discriminant(&self, tag: u64) -> i128 {
        let unused_bits = 64 - 8 * u32::from(self.width_bytes);
        if self.signed {
            i128::from((tag << unused_bits) as i64 >> unused_bits)
        } else {
            i128::from(tag)
        }
    }
}
