//! From an enum's syntax to [`Enum`].

use syn::{DataEnum, DeriveInput};

use super::{Enum, Variant, label, unraw};
use crate::attr::{self, container, variant};
use crate::check;
use crate::errors::Errors;
use crate::repr;

pub(super) fn parse(
    input: &DeriveInput,
    data: &DataEnum,
    attrs: container::Attrs,
    errors: &mut Errors,
) -> Option<Enum> {
    let tag = repr::of_enum(&input.attrs, &input.ident, errors);
    check::has_variants(&input.ident, data, errors);
    check::generics::enum_has_none(&input.generics, errors);
    check::enum_attrs(&attrs, errors);
    let mut names = check::Names::new("variant");
    let variants = data.variants.iter().map(|syntax| variant(syntax, &mut names, errors)).collect();
    Some(Enum { label: label(&input.ident, &attrs), tag: tag?, variants })
}

fn variant(syntax: &syn::Variant, names: &mut check::Names, errors: &mut Errors) -> Variant {
    let attrs: variant::Attrs = attr::parse(&syntax.attrs, errors);
    check::variant_is_fieldless(syntax, errors);
    let ident = syntax.ident.clone();
    let name = match attrs.rename {
        Some(rename) => {
            names.claim(&rename.value(), &rename, errors);
            rename.value()
        }
        None => {
            names.claim(&unraw(&ident), &ident, errors);
            unraw(&ident)
        }
    };
    Variant { ident, name }
}
