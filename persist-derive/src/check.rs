//! The rules that syntax alone can tell, one function for each.
//!
//! A rule looks, and adds an error; it changes nothing. Rules about sizes and offsets aren't here:
//! the compiler knows those, and the generated code asks it.

pub(crate) mod generics;
pub(crate) mod types;

use std::collections::HashSet;

use proc_macro2::Ident;
use quote::ToTokens;
use syn::{DataEnum, DataUnion, DeriveInput, Fields, Generics, LitStr, Path, Variant};

use crate::ast::Field;
use crate::attr::container;
use crate::errors::Errors;
use crate::repr::StructRepr;

/// Attributes that change nothing, and whose names no macro can take.
const INERT_ATTRIBUTES: [&str; 13] = [
    "allow",
    "automatically_derived",
    "deny",
    "deprecated",
    "derive",
    "doc",
    "expect",
    "forbid",
    "must_use",
    "non_exhaustive",
    "persist",
    "repr",
    "warn",
];

/// The names that the file records for the fields or variants of one type.
pub(crate) struct Names {
    kind: &'static str,
    taken: HashSet<String>,
}

impl Names {
    pub(crate) fn new(kind: &'static str) -> Self {
        Self { kind, taken: HashSet::new() }
    }

    /// Takes a name, which nothing else may have.
    pub(crate) fn claim(&mut self, name: &str, culprit: impl ToTokens, errors: &mut Errors) {
        if !self.taken.insert(name.to_owned()) {
            let what = format!("another {} is called `{name}` already", self.kind);
            errors.add(culprit, what, "choose another name");
        }
    }

    /// Takes the earlier names, when all names are taken.
    pub(crate) fn claim_aliases<'a>(
        &mut self,
        aliases: impl Iterator<Item = &'a LitStr>,
        errors: &mut Errors,
    ) {
        for alias in aliases {
            if !self.taken.insert(alias.value()) {
                let what = format!("a {} is or was called `{}` already", self.kind, alias.value());
                let help = "an alias is an earlier name, of one thing alone, that nothing has now";
                errors.add(alias, what, help);
            }
        }
    }
}

pub(crate) fn refuse_union(data: &DataUnion, errors: &mut Errors) {
    errors.add(
        data.union_token,
        "a union can't be stored: nothing says which field is live",
        "use a `#[repr(C)]` struct with a tag and an array of bytes",
    );
}

pub(crate) fn has_fields(ident: &Ident, fields: &Fields, errors: &mut Errors) {
    if fields.is_empty() {
        let what = format!("`{ident}` is zero-sized: a file of it would have no bytes");
        errors.add(ident, what, "add a field, or store the count as a number");
    }
}

pub(crate) fn has_variants(ident: &Ident, data: &DataEnum, errors: &mut Errors) {
    if data.variants.is_empty() {
        let what = format!("`{ident}` has no variants, and so no values");
        errors.add(ident, what, "add a variant");
    }
}

pub(crate) fn variant_is_fieldless(variant: &Variant, errors: &mut Errors) {
    let ident = &variant.ident;
    if !variant.fields.is_empty() {
        let what =
            format!("variant `{ident}` carries data: which bytes are live depends on the tag");
        let help = "keep the enum fieldless, and the data in a `#[repr(C)]` struct beside it";
        errors.add(&variant.fields, what, help);
    } else if !matches!(variant.fields, Fields::Unit) {
        let what = format!("variant `{ident}` has an empty list of fields");
        errors.add(&variant.fields, what, format_args!("write `{ident}` alone"));
    }
}

pub(crate) fn enum_attrs(attrs: &container::Attrs, errors: &mut Errors) {
    if let Some(key) = &attrs.transparent {
        let what = "`transparent` belongs on a struct of one field, not on an enum";
        errors.add(key, what, "remove it: an enum is stored as its integer");
    }
    if let Some((key, _)) = &attrs.from {
        let what = "`from` belongs on a struct, not on an enum";
        errors.add(key, what, "name earlier variants by `alias`, or put the enum into a struct");
    }
    if let Some(key) = &attrs.bytemuck {
        let what = "an enum can't be `bytemuck::Pod`: not every bit pattern is a variant";
        errors.add(key, what, "derive bytemuck's `NoUninit` and `CheckedBitPattern` instead");
    }
}

/// `Pod` must not be had by a generic type whose padding nobody has looked at: the checks run
/// where its layout is asked for, which bytemuck doesn't do.
pub(crate) fn bytemuck_needs_no_check(
    attrs: &container::Attrs,
    repr: &StructRepr,
    generics: &Generics,
    errors: &mut Errors,
) {
    let Some(key) = &attrs.bytemuck else { return };
    if !generics.params.is_empty() && !repr.transparent && repr.packed != 1 {
        errors.add(
            key,
            "a generic struct may have padding for some arguments, so it isn't `bytemuck::Pod` for all",
            "make it `repr(transparent)` or `repr(C, packed)`, or implement `Pod` for the instances you need",
        );
    }
}

/// For the same reason, no macro may change the `repr` of a generic `Pod` after the derive. Whether an
/// attribute is a macro, its name alone doesn't tell, unless the language owns that name.
pub(crate) fn bytemuck_needs_the_last_word(
    attrs: &container::Attrs,
    input: &DeriveInput,
    errors: &mut Errors,
) {
    if attrs.bytemuck.is_none() || input.generics.params.is_empty() {
        return;
    }
    let is_inert = |path: &Path| INERT_ATTRIBUTES.iter().any(|name| path.is_ident(name));
    for attr in input.attrs.iter().filter(|attr| !is_inert(attr.path())) {
        errors.add(
            attr.path(),
            "this may be a macro that changes the `repr`, which nobody would notice in a generic `bytemuck::Pod`",
            "put a macro above the derive; beside another derive's attribute, implement `Pod` by hand",
        );
    }
}

pub(crate) fn transparent_has_no_label(
    attrs: &container::Attrs,
    fields: &[Field],
    errors: &mut Errors,
) {
    const WHY: &str = "has no effect: a transparent struct is described as its field";
    const HELP: &str = "remove it, or remove `transparent`";
    if let Some(rename) = &attrs.rename {
        errors.add(rename, format_args!("`rename` {WHY}"), HELP);
    }
    if let Some((_, version)) = &attrs.version {
        errors.add(version, format_args!("`version` {WHY}"), HELP);
    }
    for field in fields.iter().filter(|field| !field.aliases.is_empty()) {
        errors.add(&field.ty, format_args!("`alias` {WHY}"), HELP);
    }
}

/// The index of the field that a transparent struct stands for.
pub(crate) fn inner_field(
    key: &Ident,
    fields: &[Field],
    repr: &StructRepr,
    errors: &mut Errors,
) -> Option<usize> {
    if !repr.transparent {
        let what = "`transparent` needs `#[repr(transparent)]`";
        errors.add(key, what, "write that instead of `#[repr(C)]`");
        return None;
    }
    let mut inner = (0..fields.len()).filter(|&i| !types::is_phantom(&fields[i].ty));
    match (inner.next(), inner.next()) {
        (Some(index), None) => Some(index),
        _ => {
            let what = "`transparent` needs exactly one field beside `PhantomData`";
            errors.add(key, what, "remove `transparent`, or the other fields");
            None
        }
    }
}
