//! Rules about generic parameters.

use syn::{GenericParam, Generics};

use crate::attr::container;
use crate::errors::Errors;

pub(crate) fn no_lifetimes(generics: &Generics, errors: &mut Errors) {
    for param in generics.lifetimes() {
        let lifetime = &param.lifetime;
        let what = format!("elements can't borrow: `{lifetime}` means nothing in a file");
        errors.add(lifetime, what, "store the data itself, or its index in another vector");
    }
}

pub(crate) fn enum_has_none(generics: &Generics, errors: &mut Errors) {
    let is_lifetime = |param: &&GenericParam| matches!(param, GenericParam::Lifetime(_));
    for param in generics.params.iter().filter(|param| !is_lifetime(param)) {
        let what = "a generic enum can't be stored: its arguments leave no trace in the file";
        errors.add(param, what, "remove the parameter");
    }
}

pub(crate) fn pin_is_for_one_type(
    attrs: &container::Attrs,
    generics: &Generics,
    errors: &mut Errors,
) {
    let Some((_, literal)) = &attrs.fingerprint else { return };
    if !generics.params.is_empty() {
        let what = "a generic type has a fingerprint for each set of arguments";
        errors.add(literal, what, "compare `FINGERPRINT` of the instance in a `const` assertion");
    }
}
