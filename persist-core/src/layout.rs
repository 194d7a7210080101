//! The layout of a type, as a tree that exists at compile time.
//!
//! [`Layout`] is what `#[derive(Persist)]` emits. Its canonical byte encoding (see `FORMAT.md`,
//! "Descriptor") is the identity of a type: two types are the same exactly when the encodings are
//! equal. Everything here is `const`, so that a wrong layout is a build error.
//!
//! This module does not know files, headers or elements in memory; the owned tree that is decoded
//! from a file lives in [`descriptor`](crate::descriptor).

#![forbid(unsafe_code)]

mod check;
mod encode;
mod message;
mod primitive;

pub use check::{check_field, check_fields, check_fingerprint, check_type};
pub use encode::Fingerprint;
pub(crate) use encode::tag;
pub(crate) use primitive::Order;
pub use primitive::{Class, Primitive};

/// The most bytes a descriptor may have, in a file and in a program.
pub(crate) const MAX_DESCRIPTOR_BYTES: usize = 1 << 20;

/// How deep types may nest, counting arrays and structs.
pub(crate) const MAX_DEPTH: usize = 64;

/// The largest alignment an element may have, in bytes.
pub(crate) const MAX_ALIGN_BYTES: usize = 4096;

/// The layout of a [`Persist`](crate::Persist) type: names, offsets, sizes and kinds.
///
/// Made by `#[derive(Persist)]` and read through [`size`](Self::size),
/// [`fingerprint`](Self::fingerprint) and [`Descriptor::of`](crate::Descriptor::of). The fields
/// are public for the derive alone, and may change in any release.
#[derive(Debug)]
pub struct Layout {
    #[doc(hidden)]
    pub size: usize,
    #[doc(hidden)]
    pub kind: Kind,
}

/// What a [`Layout`] is made of.
#[doc(hidden)]
#[derive(Debug)]
pub enum Kind {
    Primitive(Primitive),
    Array {
        element: &'static Layout,
        len: usize,
    },
    Struct {
        name: &'static str,
        version: u64,
        /// `align_of` the struct, which counts where `repr(align)` raises it.
        align: usize,
        /// The `N` of `repr(packed(N))`, or 0.
        packed: usize,
        args: &'static [ConstArg],
        fields: &'static [Field],
    },
    Enum {
        name: &'static str,
        version: u64,
        signed: bool,
        variants: &'static [Variant],
    },
    Padding,
    FixedStr,
    Phantom {
        name: &'static str,
    },
    /// A foreign type that is stored as bytes nothing here can interpret.
    Opaque {
        name: &'static str,
        align: usize,
        any_bits: bool,
    },
}

/// A field of a struct, in memory order.
#[doc(hidden)]
#[derive(Debug)]
pub struct Field {
    pub name: &'static str,
    pub offset: usize,
    pub layout: &'static Layout,
    /// Earlier names, by which a migration knows it. Not part of the descriptor.
    pub aliases: &'static [&'static str],
}

/// A variant of a fieldless enum.
#[doc(hidden)]
#[derive(Debug)]
pub struct Variant {
    pub name: &'static str,
    pub value: i128,
    /// Earlier names, as those of a field.
    pub aliases: &'static [&'static str],
}

/// The value of a const generic parameter, sign-extended to 128 bits.
#[doc(hidden)]
#[derive(Debug)]
pub struct ConstArg {
    pub name: &'static str,
    pub value: u128,
}

impl Layout {
    /// The size of one element in bytes.
    #[must_use]
    pub const fn size(&self) -> usize {
        self.size
    }

    /// The largest alignment, in bytes, that any supported target gives this type.
    ///
    /// `u64` is 4-aligned on i686 and `u128` 8-aligned on s390x; a layout that suits the largest
    /// alignment is the same on all of them. O(nodes of the tree).
    #[must_use]
    pub const fn natural_align(&self) -> usize {
        match self.kind {
            Kind::Primitive(primitive) => match primitive.order {
                Order::Native => primitive.width as usize,
                // Types of explicit order are arrays of bytes.
                Order::Little | Order::Big => 1,
            },
            Kind::Array { element, .. } => element.natural_align(),
            Kind::Struct { align, packed, fields, .. } => {
                let mut largest = align;
                let mut i = 0;
                while i < fields.len() {
                    largest = larger(largest, fields[i].layout.natural_align_in(packed));
                    i += 1;
                }
                largest
            }
            Kind::Enum { .. } => self.size,
            Kind::Padding | Kind::FixedStr | Kind::Phantom { .. } => 1,
            Kind::Opaque { align, .. } => align,
        }
    }

    /// The natural alignment of a field of this layout inside `repr(packed(packed))`.
    const fn natural_align_in(&self, packed: usize) -> usize {
        let natural = self.natural_align();
        if packed != 0 && packed < natural { packed } else { natural }
    }

    /// The name of the type, without its arguments; primitives have the name Rust gives them.
    pub(crate) const fn name(&self) -> &'static str {
        match self.kind {
            Kind::Primitive(primitive) => match primitive.name() {
                Some(name) => name,
                None => "primitive",
            },
            Kind::Array { .. } => "array",
            Kind::Struct { name, .. } | Kind::Enum { name, .. } => name,
            Kind::Opaque { name, .. } | Kind::Phantom { name } => name,
            Kind::Padding => "Pad",
            Kind::FixedStr => "FixedStr",
        }
    }

    /// Whether a type in the tree has the name "", which a descriptor can't hold.
    const fn has_empty_name(&self) -> bool {
        match self.kind {
            Kind::Array { element, .. } => element.has_empty_name(),
            Kind::Struct { name, fields, .. } => {
                let mut empty = name.is_empty();
                let mut i = 0;
                while i < fields.len() {
                    empty |= fields[i].layout.has_empty_name();
                    i += 1;
                }
                empty
            }
            _ => self.name().is_empty(),
        }
    }

    /// How many levels of arrays and structs the tree has, a scalar counting one.
    const fn depth(&self) -> usize {
        match self.kind {
            Kind::Array { element, .. } => 1 + element.depth(),
            Kind::Struct { fields, .. } => {
                let mut deepest = 0;
                let mut i = 0;
                while i < fields.len() {
                    deepest = larger(deepest, fields[i].layout.depth());
                    i += 1;
                }
                1 + deepest
            }
            _ => 1,
        }
    }
}

const fn larger(a: usize, b: usize) -> usize {
    if a > b { a } else { b }
}
