//! From a struct's syntax to [`Struct`].

use proc_macro2::Ident;
use syn::spanned::Spanned;
use syn::{DeriveInput, Fields, LitStr, Member};

use super::{Field, Shape, Storage, Struct, label, unraw};
use crate::attr::{self, container, field};
use crate::check;
use crate::errors::Errors;
use crate::repr::{self, StructRepr};

pub(super) fn parse(
    input: &DeriveInput,
    syntax: &Fields,
    attrs: container::Attrs,
    errors: &mut Errors,
) -> Option<Struct> {
    let repr = repr::of_struct(&input.attrs, &input.ident, errors);
    check::has_fields(&input.ident, syntax, errors);
    let fields = fields(syntax, errors);
    let repr = repr?;
    check::bytemuck_needs_no_check(&attrs, &repr, &input.generics, errors);
    check::bytemuck_needs_the_last_word(&attrs, input, errors);
    let shape = shape(input, &fields, &attrs, repr, errors)?;
    Some(Struct { shape, bytemuck: attrs.bytemuck.is_some(), fields })
}

fn shape(
    input: &DeriveInput,
    fields: &[Field],
    attrs: &container::Attrs,
    repr: StructRepr,
    errors: &mut Errors,
) -> Option<Shape> {
    match &attrs.transparent {
        None => Some(Shape::Named { label: label(&input.ident, attrs), packed: repr.packed }),
        Some(key) => {
            check::transparent_has_no_label(attrs, fields, errors);
            check::inner_field(key, fields, &repr, errors).map(Shape::Transparent)
        }
    }
}

fn fields(syntax: &Fields, errors: &mut Errors) -> Vec<Field> {
    let mut names = check::Names::new("field");
    let fields = syntax.iter().zip(syntax.members());
    let fields = fields.map(|(syntax, member)| field(syntax, member, &mut names, errors));
    let (fields, aliases): (Vec<_>, Vec<_>) = fields.unzip();
    names.claim_aliases(aliases.iter().flatten(), errors);
    fields
}

fn field(
    syntax: &syn::Field,
    member: Member,
    names: &mut check::Names,
    errors: &mut Errors,
) -> (Field, Vec<LitStr>) {
    let errors_before = errors.count();
    let mut attrs: field::Attrs = attr::parse(&syntax.attrs, errors);
    let readable = errors.count() == errors_before;
    let name = name(&member, attrs.rename.as_ref());
    match &attrs.rename {
        Some(rename) => names.claim(&name, rename, errors),
        None => names.claim(&name, &member, errors),
    }
    let storage = if readable { storage(&mut attrs, errors) } else { Storage::Plain };
    check::types::refuse(&syntax.ty, &storage, errors);
    let span = syntax.ident.as_ref().map_or_else(|| syntax.ty.span(), Ident::span);
    let aliases = attrs.aliases.iter().map(LitStr::value).collect();
    (Field { member, name, aliases, ty: syntax.ty.clone(), storage, span }, attrs.aliases)
}

fn name(member: &Member, rename: Option<&LitStr>) -> String {
    match (rename, member) {
        (Some(rename), _) => rename.value(),
        (None, Member::Named(ident)) => unraw(ident),
        (None, Member::Unnamed(index)) => index.index.to_string(),
    }
}

/// Who vouches for the field; after an error, nobody in particular.
fn storage(attrs: &mut field::Attrs, errors: &mut Errors) -> Storage {
    match (attrs.pod.take(), attrs.as_type.take(), attrs.checked.take()) {
        (None, None, None) => return Storage::Plain,
        (Some(field::Pod { name: None, .. }), Some((_, ty)), None) => {
            return Storage::PodAs(Box::new(ty));
        }
        (Some(field::Pod { name: Some(name), .. }), None, None) => {
            return Storage::PodOpaque(name.value());
        }
        (None, None, Some((_, name))) => return Storage::Checked(name.value()),
        (Some(pod), None, None) => errors.add(
            pod.key,
            "`pod` doesn't say what the file records",
            "name a type of the same bytes, `pod, as = [f32; 3]`, or a name, `pod = \"name\"`",
        ),
        (None, Some((key, _)), None) => errors.add(
            key,
            "`as` stands without `pod`",
            "write `pod, as = Type` where the field's type is `bytemuck::Pod`",
        ),
        (Some(_), Some((key, _)), None) => errors.add(
            key,
            "a name and `as` contradict: the file records one of them",
            "write either `pod = \"name\"` or `pod, as = Type`",
        ),
        (_, _, Some((key, _))) => errors.add(
            key,
            "`checked` goes with neither `pod` nor `as`",
            "write `pod` where every bit pattern is a value, and `checked` where not",
        ),
    }
    Storage::Plain
}
