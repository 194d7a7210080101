//! From an enum's syntax to [`Enum`].

use syn::{DataEnum, DeriveInput, LitStr};

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
    let variants: Vec<_> =
        data.variants.iter().map(|syntax| variant(syntax, &mut names, errors)).collect();
    let (variants, aliases): (Vec<_>, Vec<_>) = variants.into_iter().unzip();
    names.claim_aliases(aliases.iter().flatten(), errors);
    Some(Enum { label: label(&input.ident, &attrs), tag: tag?, variants })
}

fn variant(
    syntax: &syn::Variant,
    names: &mut check::Names,
    errors: &mut Errors,
) -> (Variant, Vec<LitStr>) {
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
    let aliases = attrs.aliases.iter().map(LitStr::value).collect();
    (Variant { ident, name, aliases }, attrs.aliases)
}
