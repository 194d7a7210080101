//! Reads `#[persist(…)]`: which keys exist, where each belongs, and that none stands twice.
//!
//! What the values mean, and which keys go together, is checked later.

pub(crate) mod container;
pub(crate) mod field;
pub(crate) mod variant;

use std::fmt::Display;
use std::str::FromStr;

use proc_macro2::{Ident, TokenTree};
use syn::meta::ParseNestedMeta;
use syn::parse::ParseStream;
use syn::{Attribute, LitInt, LitStr, Token};

use crate::errors::{Errors, error};

/// A place where `#[persist(…)]` may stand, and what was written there.
pub(crate) trait Place: Default {
    /// The place with its article, such as "a field".
    const NAME: &'static str;
    /// The keys that belong here.
    const KEYS: &'static [&'static str];
    /// The keys that may stand more than once.
    const REPEATABLE: &'static [&'static str];

    /// Reads the value of `key`, one of [`KEYS`](Self::KEYS).
    fn set(&mut self, key: &Ident, input: ParseStream<'_>) -> syn::Result<()>;
}

/// Every place with its keys, to say where a misplaced key belongs.
const PLACES: [(&str, &[&str]); 3] = [
    (container::Attrs::NAME, container::Attrs::KEYS),
    (field::Attrs::NAME, field::Attrs::KEYS),
    (variant::Attrs::NAME, variant::Attrs::KEYS),
];

/// Reads all `#[persist(…)]` of one place.
pub(crate) fn parse<P: Place>(attrs: &[Attribute], errors: &mut Errors) -> P {
    let mut place = P::default();
    let mut seen = Vec::new();
    for attr in attrs.iter().filter(|attr| attr.path().is_ident("persist")) {
        let result = attr.parse_nested_meta(|meta| {
            if let Err(error) = parse_key(&mut place, &mut seen, &meta) {
                errors.push(error);
                skip_value(meta.input)?;
            }
            Ok(())
        });
        if let Err(error) = result {
            errors.push(error);
        }
    }
    place
}

fn parse_key<P: Place>(
    place: &mut P,
    seen: &mut Vec<Ident>,
    meta: &ParseNestedMeta<'_>,
) -> syn::Result<()> {
    let key = match meta.path.get_ident() {
        Some(key) if P::KEYS.iter().any(|known| key == known) => key,
        _ => return Err(unknown_key::<P>(meta)),
    };
    if seen.contains(key) && !P::REPEATABLE.iter().any(|repeatable| key == repeatable) {
        return Err(error(key, format_args!("`{key}` stands twice"), "remove one of them"));
    }
    seen.push(key.clone());
    place.set(key, meta.input)
}

fn unknown_key<P: Place>(meta: &ParseNestedMeta<'_>) -> syn::Error {
    let allowed = format!("on {} these are allowed: {}", P::NAME, list(P::KEYS));
    let home = PLACES.iter().find(|(_, keys)| keys.iter().any(|key| meta.path.is_ident(key)));
    match (home, meta.path.get_ident()) {
        (Some((name, _)), Some(key)) => error(
            &meta.path,
            format_args!("`{key}` belongs on {name}, not on {}", P::NAME),
            allowed,
        ),
        _ => error(&meta.path, "unknown attribute", allowed),
    }
}

fn list(keys: &[&str]) -> String {
    let quoted: Vec<_> = keys.iter().map(|key| format!("`{key}`")).collect();
    quoted.join(", ")
}

/// Goes on to the next comma, so that one bad key doesn't hide the errors after it.
fn skip_value(input: ParseStream<'_>) -> syn::Result<()> {
    while !input.is_empty() && !input.peek(Token![,]) {
        input.parse::<TokenTree>()?;
    }
    Ok(())
}

/// `= "text"`, not empty.
fn text(input: ParseStream<'_>) -> syn::Result<LitStr> {
    input.parse::<Token![=]>()?;
    let text: LitStr = input.parse()?;
    if text.value().is_empty() {
        return Err(error(&text, "a name can't be empty", "write the name that the file records"));
    }
    Ok(text)
}

/// `= 7`, an integer literal that fits `T`.
fn number<T>(input: ParseStream<'_>, wanted: &str) -> syn::Result<(T, LitInt)>
where
    T: FromStr<Err: Display>,
{
    input.parse::<Token![=]>()?;
    let literal: LitInt = input.parse()?;
    match literal.base10_parse() {
        Ok(value) => Ok((value, literal)),
        Err(_) => {
            Err(error(&literal, format_args!("this is not {wanted}"), "use a smaller number"))
        }
    }
}
