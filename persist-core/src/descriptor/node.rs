//! The owned tree of a type, and what follows from it without looking at anything else.
//!
//! Invariant: a tree is one that the decoder accepts. Fields tile their struct, tags ascend and fit
//! the width, primitives exist, and no size or offset exceeds [`MAX_SIZE_BYTES`], so that sums of an
//! offset and a size below it can't overflow a `u64`.

use crate::layout::{Order, Primitive};

/// The largest size of a type in bytes.
pub(crate) const MAX_SIZE_BYTES: u64 = i64::MAX as u64;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Node {
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
pub(crate) struct Array {
    pub(crate) len: u64,
    pub(crate) element: Box<Node>,
    /// Known to be `len` times the size of the element, without overflow.
    pub(crate) size_bytes: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Struct {
    pub(crate) name: Box<str>,
    pub(crate) version: u64,
    pub(crate) size_bytes: u64,
    pub(crate) args: Vec<ConstArg>,
    pub(crate) fields: Vec<Field>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct ConstArg {
    pub(crate) name: Box<str>,
    pub(crate) value: u128,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Field {
    pub(crate) name: Box<str>,
    /// Within the struct.
    pub(crate) offset_bytes: u64,
    pub(crate) node: Node,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Enum {
    pub(crate) name: Box<str>,
    pub(crate) version: u64,
    pub(crate) signed: bool,
    pub(crate) width_bytes: u8,
    /// In ascending order of the tag.
    pub(crate) variants: Vec<Variant>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Variant {
    pub(crate) name: Box<str>,
    pub(crate) tag: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Opaque {
    pub(crate) name: Box<str>,
    pub(crate) size_bytes: u64,
    pub(crate) any_bits: bool,
}

impl Node {
    pub(crate) fn size_bytes(&self) -> u64 {
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
    pub(crate) fn name(&self) -> &str {
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
    pub(crate) fn depends_on_byte_order(&self) -> bool {
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

pub(crate) fn primitive_name(primitive: Primitive) -> &'static str {
    primitive.name().expect("the decoder accepts only primitives that exist")
}

impl Enum {
    /// A tag as the program wrote it: sign-extended where the enum is signed.
    pub(crate) fn discriminant(&self, tag: u64) -> i128 {
        let unused_bits = 64 - 8 * u32::from(self.width_bytes);
        if self.signed {
            i128::from((tag << unused_bits) as i64 >> unused_bits)
        } else {
            i128::from(tag)
        }
    }
}
