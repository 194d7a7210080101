//! What a derive was asked for, as a tree that can only hold legal requests.
//!
//! [`parse`] is the one way to make it; [`expand`](crate::expand) may therefore take every part of
//! it at its word.

mod enums;
mod structs;

use proc_macro2::{Ident, Span};
use syn::{Data, DeriveInput, Generics, LitInt, Member, Path, Type, parse_quote};

use crate::attr::{self, container};
use crate::check;
use crate::errors::Errors;
use crate::repr::Tag;

/// A type that gets an implementation.
pub(crate) struct Input {
    pub(crate) krate: Path,
    pub(crate) ident: Ident,
    pub(crate) generics: Generics,
    /// The fingerprint that the layout must have.
    pub(crate) pin: Option<LitInt>,
    /// The earlier version of a struct, which it can be made from.
    pub(crate) older: Option<Type>,
    pub(crate) body: Body,
}

pub(crate) enum Body {
    Struct(Struct),
    Enum(Enum),
}

pub(crate) struct Struct {
    pub(crate) shape: Shape,
    pub(crate) bytemuck: bool,
    /// At least one.
    pub(crate) fields: Vec<Field>,
}

impl Struct {
    /// The fields that the file knows of: all, or the one that a transparent struct stands for.
    pub(crate) fn described(&self) -> &[Field] {
        match self.shape {
            Shape::Named { .. } => &self.fields,
            Shape::Transparent(inner) => &self.fields[inner..=inner],
        }
    }

    /// The other fields of a transparent struct.
    pub(crate) fn undescribed(&self) -> impl Iterator<Item = &Field> {
        let inner = match self.shape {
            Shape::Named { .. } => None,
            Shape::Transparent(inner) => Some(inner),
        };
        let others = self.fields.iter().enumerate();
        others
            .filter(move |&(index, _)| inner.is_some_and(|inner| index != inner))
            .map(|(_, it)| it)
    }
}

/// How a struct describes itself.
pub(crate) enum Shape {
    /// By a node of its own.
    Named {
        label: Label,
        /// The `N` of `repr(packed(N))`, or 0.
        packed: usize,
    },
    /// As the field at this index; all others are `PhantomData`.
    Transparent(usize),
}

/// What the file calls a type.
pub(crate) struct Label {
    pub(crate) name: String,
    pub(crate) version: u64,
}

pub(crate) struct Field {
    pub(crate) member: Member,
    /// What the file calls it.
    pub(crate) name: String,
    /// What files called it earlier.
    pub(crate) aliases: Vec<String>,
    pub(crate) ty: Type,
    pub(crate) storage: Storage,
    /// Where errors about it point: its name, or its type where it has none.
    pub(crate) span: Span,
}

/// Who vouches for a field.
pub(crate) enum Storage {
    /// Its own `Persist`.
    Plain,
    /// bytemuck's `Pod`, laid out like this type.
    PodAs(Box<Type>),
    /// bytemuck's `Pod`, as bytes of this name.
    PodOpaque(String),
    /// bytemuck's `CheckedBitPattern`, as bytes of this name.
    Checked(String),
}

pub(crate) struct Enum {
    pub(crate) label: Label,
    pub(crate) tag: Tag,
    /// At least one, all without fields.
    pub(crate) variants: Vec<Variant>,
}

pub(crate) struct Variant {
    pub(crate) ident: Ident,
    /// What the file calls it.
    pub(crate) name: String,
    /// What files called it earlier.
    pub(crate) aliases: Vec<String>,
}

/// Checks everything that syntax can tell; `None` after an error.
pub(crate) fn parse(input: DeriveInput, errors: &mut Errors) -> Option<Input> {
    let mut attrs: container::Attrs = attr::parse(&input.attrs, errors);
    check::generics::no_lifetimes(&input.generics, errors);
    check::generics::pin_is_for_one_type(&attrs, &input.generics, errors);
    let krate = attrs.krate.take().unwrap_or_else(|| parse_quote!(::persist_core));
    let pin = attrs.fingerprint.take().map(|(_, literal)| literal);
    let older = attrs.from.as_ref().map(|(_, ty)| ty.clone());
    let body = match &input.data {
        Data::Struct(data) => Body::Struct(structs::parse(&input, &data.fields, attrs, errors)?),
        Data::Enum(data) => Body::Enum(enums::parse(&input, data, attrs, errors)?),
        Data::Union(data) => {
            check::refuse_union(data, errors);
            return None;
        }
    };
    Some(Input { krate, ident: input.ident, generics: input.generics, pin, older, body })
}

/// The name and version for a type called `ident`.
fn label(ident: &Ident, attrs: &container::Attrs) -> Label {
    let name = attrs.rename.as_ref().map_or_else(|| unraw(ident), syn::LitStr::value);
    Label { name, version: attrs.version.as_ref().map_or(0, |(version, _)| *version) }
}

/// The name without the `r#` that lets a keyword be one.
pub(crate) fn unraw(ident: &Ident) -> String {
    syn::ext::IdentExt::unraw(ident).to_string()
}
