//! The tree of a type, to look at from outside: views that are borrowed and free to copy.

use std::fmt;

use super::display::TypeText;
use super::node::{self, Node};
use super::value::{self, NotAValue, Value};
use crate::byte_order::ByteOrder;
use crate::layout::{Class, Order};

/// A type within a [`Descriptor`](crate::Descriptor): the element's own, or that of a part of it.
///
/// [`Display`](fmt::Display) shows it on one line, as a field's type is written: `[Leg; 2]`.
///
/// ```
/// use persist_core::reflect::{Kind, Value};
/// use persist_core::{ByteOrder, Descriptor, Persist};
///
/// #[derive(Clone, Copy, Persist)]
/// #[repr(C)]
/// struct Tick { price: f32, qty: u32 }
///
/// let descriptor = Descriptor::of::<Tick>();
/// let Kind::Struct { fields, .. } = descriptor.root().kind() else { panic!("a struct") };
/// let names: Vec<&str> = fields.map(|field| field.name).collect();
/// assert_eq!(names, ["price", "qty"]);
///
/// let big_endian = [0, 0, 0, 7];
/// let qty = descriptor.root().field("qty").unwrap();
/// assert_eq!((qty.offset_bytes, qty.ty.to_string()), (4, "u32".into()));
/// assert_eq!(qty.ty.value(&big_endian, ByteOrder::Big)?, Value::Unsigned(7));
/// # Ok::<(), persist_core::reflect::NotAValue>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TypeRef<'a> {
    node: &'a Node,
}

/// What a type is made of.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Kind<'a> {
    /// A number, a `bool` or a `char`.
    Primitive {
        /// What it is.
        class: Class,
        /// Its byte order; `None` where that is the file's, or where it has one byte.
        order: Option<ByteOrder>,
    },
    /// Items of one type.
    Array {
        /// That type.
        item: TypeRef<'a>,
        /// How many there are: any number where the items have no bytes, so don't loop over those.
        len: u64,
    },
    /// Fields, which fill it.
    Struct {
        /// The version that the program gave it.
        version: u64,
        /// Its const generic arguments.
        args: ConstArgs<'a>,
        /// In memory order.
        fields: Fields<'a>,
    },
    /// A fieldless enum.
    Enum {
        /// The version that the program gave it.
        version: u64,
        /// Whether the discriminants are signed.
        signed: bool,
        /// In ascending order of the bytes that they are stored as, taken as an unsigned number.
        variants: Variants<'a>,
    },
    /// Bytes without meaning.
    Padding,
    /// UTF-8, filled up with NULs.
    FixedStr,
    /// No bytes: a type that is only named.
    Phantom,
    /// A foreign type, stored as bytes that only its crate can read.
    Opaque {
        /// Whether each bit pattern is a value.
        any_bits: bool,
    },
}

/// A field of a struct.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Field<'a> {
    /// Any text: escape it before printing.
    pub name: &'a str,
    /// Where it begins within the struct, in bytes.
    pub offset_bytes: u64,
    /// What it is.
    pub ty: TypeRef<'a>,
}

/// A variant of an enum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Variant<'a> {
    /// Any text: escape it before printing.
    pub name: &'a str,
    /// As the program wrote it.
    pub discriminant: i128,
}

/// A const generic argument of a struct.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConstArg<'a> {
    /// The name of the parameter. Any text: escape it before printing.
    pub name: &'a str,
    /// Its value, sign-extended where its type is signed.
    pub bits: u128,
}

/// The const generic arguments of a struct.
#[derive(Debug, Clone)]
pub struct ConstArgs<'a>(std::slice::Iter<'a, node::ConstArg>);

/// The fields of a struct, in memory order.
#[derive(Debug, Clone)]
pub struct Fields<'a>(std::slice::Iter<'a, node::Field>);

/// The variants of an enum.
#[derive(Debug, Clone)]
pub struct Variants<'a> {
    of: &'a node::Enum,
    rest: std::slice::Iter<'a, node::Variant>,
}

impl<'a> TypeRef<'a> {
    pub(super) fn new(node: &'a Node) -> Self {
        Self { node }
    }

    /// What it is made of. O(1).
    #[must_use]
    pub fn kind(self) -> Kind<'a> {
        match self.node {
            Node::Primitive(of) => Kind::Primitive { class: of.class, order: explicit(of.order) },
            Node::Array(of) => Kind::Array { item: Self::new(&of.element), len: of.len },
            Node::Struct(of) => Kind::Struct {
                version: of.version,
                args: ConstArgs(of.args.iter()),
                fields: Fields(of.fields.iter()),
            },
            Node::Enum(of) => Kind::Enum {
                version: of.version,
                signed: of.signed,
                variants: Variants { of, rest: of.variants.iter() },
            },
            Node::Padding { .. } => Kind::Padding,
            Node::FixedStr { .. } => Kind::FixedStr,
            Node::Phantom { .. } => Kind::Phantom,
            Node::Opaque(of) => Kind::Opaque { any_bits: of.any_bits },
        }
    }

    /// The name of the type: its own, or what Rust calls a primitive; `array` for arrays. Any text: escape it
    /// before printing.
    #[must_use]
    pub fn name(self) -> &'a str {
        self.node.name()
    }

    /// Its size in bytes.
    #[must_use]
    pub fn size_bytes(self) -> u64 {
        self.node.size_bytes()
    }

    /// The field of this name, where it is a struct that has it. O(fields).
    #[must_use]
    pub fn field(self, name: &str) -> Option<Field<'a>> {
        match self.kind() {
            Kind::Struct { mut fields, .. } => fields.find(|field| field.name == name),
            _ => None,
        }
    }

    /// The value that these bytes are, taken from a file of this byte order.
    ///
    /// Structs, arrays, padding and foreign types are [`Value::Bytes`] as they stand: go to the
    /// parts of the first two. O(1), but for text, and for enums: O(log variants).
    ///
    /// # Errors
    ///
    /// Where the bytes are not a value of the type.
    ///
    /// # Panics
    ///
    /// Panics if there are not [`size_bytes`](Self::size_bytes) of them.
    pub fn value(self, bytes: &'a [u8], order: ByteOrder) -> Result<Value<'a>, NotAValue> {
        assert_eq!(bytes.len() as u64, self.size_bytes(), "a value has the size of its type");
        value::of(self.node, bytes, order)
    }
}

fn explicit(order: Order) -> Option<ByteOrder> {
    match order {
        Order::Native => None,
        Order::Little => Some(ByteOrder::Little),
        Order::Big => Some(ByteOrder::Big),
    }
}

impl fmt::Display for TypeRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        TypeText { node: self.node, with_kinds: false }.fmt(f)
    }
}

impl fmt::Debug for TypeRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<'a> Iterator for ConstArgs<'a> {
    type Item = ConstArg<'a>;

    fn next(&mut self) -> Option<ConstArg<'a>> {
        self.0.next().map(|arg| ConstArg { name: &arg.name, bits: arg.value })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Field<'a>;

    fn next(&mut self) -> Option<Field<'a>> {
        self.0.next().map(|field| Field {
            name: &field.name,
            offset_bytes: field.offset_bytes,
            ty: TypeRef::new(&field.node),
        })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl<'a> Iterator for Variants<'a> {
    type Item = Variant<'a>;

    fn next(&mut self) -> Option<Variant<'a>> {
        let variant = self.rest.next()?;
        Some(Variant { name: &variant.name, discriminant: self.of.discriminant(variant.tag) })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.rest.size_hint()
    }
}

impl ExactSizeIterator for ConstArgs<'_> {}
impl ExactSizeIterator for Fields<'_> {}
impl ExactSizeIterator for Variants<'_> {}
