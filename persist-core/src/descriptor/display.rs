//! A type as text, much as Rust would write it.
//!
//! Names may come from a hostile file, so whatever a terminal might act on is escaped.

use std::fmt::{self, Display, Formatter};

use super::node::{ConstArg, Enum, Node, Struct, primitive_name};

/// The name of a type with what belongs to it: `[f32; 3]`, `Side`, `FixedStr<4>`.
#[derive(Clone, Copy)]
pub(crate) struct TypeText<'a> {
    pub(crate) node: &'a Node,
    /// Whether to say what kind of type a name is: `struct Side`. Texts with kinds are equal only
    /// where a struct stands beside a struct, or an enum beside an enum.
    pub(crate) with_kinds: bool,
}

impl Display for TypeText<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let kind = |kind| if self.with_kinds { kind } else { "" };
        match self.node {
            Node::Primitive(primitive) => f.write_str(primitive_name(*primitive)),
            Node::Array(array) => {
                write!(f, "[{}; {}]", Self { node: &array.element, ..*self }, array.len)
            }
            Node::Struct(of) => write!(f, "{}{}", kind("struct "), of.name.escape_debug()),
            Node::Enum(of) => write!(f, "{}{}", kind("enum "), of.name.escape_debug()),
            Node::Padding { size_bytes } => write!(f, "Pad<{size_bytes}>"),
            Node::FixedStr { size_bytes } => write!(f, "FixedStr<{size_bytes}>"),
            Node::Phantom { name } => write!(f, "PhantomData<{}>", name.escape_debug()),
            Node::Opaque(opaque) => {
                let checked = if opaque.any_bits { "" } else { ", checked" };
                let (name, size) = (opaque.name.escape_debug(), Bytes(opaque.size_bytes));
                write!(f, "{name} (opaque, {size}{checked})")
            }
        }
    }
}

/// A count of bytes with its noun.
pub(crate) struct Bytes(pub(crate) u64);

impl Display for Bytes {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.0, if self.0 == 1 { "byte" } else { "bytes" })
    }
}

/// `N = 3`. The sign of the parameter's type isn't stored, so a value past 2^127 reads as negative.
pub(crate) struct Argument<'a>(pub(crate) &'a ConstArg);

impl Display for Argument<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} = {}", self.0.name.escape_debug(), self.0.value as i128)
    }
}

/// The integer that an enum is stored as: `u8`.
pub(crate) struct Repr<'a>(pub(crate) &'a Enum);

impl Display for Repr<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let sign = if self.0.signed { 'i' } else { 'u' };
        write!(f, "{sign}{}", 8 * u32::from(self.0.width_bytes))
    }
}

/// The whole type, with the types within it where they stand.
pub(super) fn definition(f: &mut Formatter<'_>, root: &Node) -> fmt::Result {
    Definition { f, indent: 0 }.node(root, 0)
}

struct Definition<'a, 'b> {
    f: &'a mut Formatter<'b>,
    indent: usize,
}

impl Definition<'_, '_> {
    /// A type that begins at this offset in the element. In an array, that is the first item's.
    fn node(&mut self, node: &Node, offset_bytes: u64) -> fmt::Result {
        match node {
            Node::Array(array) => {
                self.f.write_str("[")?;
                self.node(&array.element, offset_bytes)?;
                write!(self.f, "; {}]", array.len)
            }
            Node::Struct(of) => self.structure(of, offset_bytes),
            Node::Enum(of) => self.enumeration(of),
            scalar => TypeText { node: scalar, with_kinds: false }.fmt(self.f),
        }
    }

    fn structure(&mut self, of: &Struct, offset_bytes: u64) -> fmt::Result {
        write!(self.f, "struct {}", of.name.escape_debug())?;
        self.const_args(&of.args)?;
        self.version(of.version)?;
        write!(self.f, " ({}) {{", Bytes(of.size_bytes))?;
        self.indent += 1;
        for field in &of.fields {
            let offset_bytes = offset_bytes + field.offset_bytes;
            self.new_line()?;
            write!(self.f, "{}: ", field.name.escape_debug())?;
            self.node(&field.node, offset_bytes)?;
            write!(self.f, " @{offset_bytes},")?;
        }
        self.indent -= 1;
        self.new_line()?;
        self.f.write_str("}")
    }

    fn enumeration(&mut self, of: &Enum) -> fmt::Result {
        write!(self.f, "enum {}", of.name.escape_debug())?;
        self.version(of.version)?;
        write!(self.f, " ({}) {{", Repr(of))?;
        for (i, variant) in of.variants.iter().enumerate() {
            let comma = if i == 0 { "" } else { "," };
            let (name, tag) = (variant.name.escape_debug(), of.discriminant(variant.tag));
            write!(self.f, "{comma} {name} = {tag}")?;
        }
        self.f.write_str(" }")
    }

    fn const_args(&mut self, args: &[ConstArg]) -> fmt::Result {
        for (i, arg) in args.iter().enumerate() {
            write!(self.f, "{}{}", if i == 0 { "<" } else { ", " }, Argument(arg))?;
        }
        self.f.write_str(if args.is_empty() { "" } else { ">" })
    }

    /// The version, where the program gave one.
    fn version(&mut self, version: u64) -> fmt::Result {
        if version == 0 { Ok(()) } else { write!(self.f, " version {version}") }
    }

    fn new_line(&mut self) -> fmt::Result {
        write!(self.f, "\n{:1$}", "", 4 * self.indent)
    }
}
