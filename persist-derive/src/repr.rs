//! Reads `#[repr(…)]`, and refuses those under which the compiler is free to choose a layout.
//!
//! The compiler itself checks that the hints exist and go together; several attributes add up.

use proc_macro2::{Ident, TokenTree};
use quote::ToTokens;
use syn::meta::ParseNestedMeta;
use syn::{Attribute, LitInt, token};

use crate::errors::Errors;

const TAGS: [&str; 8] = ["u8", "u16", "u32", "u64", "i8", "i16", "i32", "i64"];
const MACHINE_TAGS: [&str; 2] = ["usize", "isize"];

/// The hints as they stand.
struct Hint {
    name: Ident,
    /// The `N` of `packed(N)` or `align(N)`.
    argument: Option<usize>,
}

/// A representation of a struct that the language fixes.
pub(crate) struct StructRepr {
    pub(crate) transparent: bool,
    /// The `N` of `packed(N)`, or 0.
    pub(crate) packed: usize,
}

/// The integer that an enum is stored as.
pub(crate) struct Tag {
    pub(crate) primitive: Ident,
    pub(crate) signed: bool,
}

/// The representation of a struct; `None` after an error.
pub(crate) fn of_struct(
    attrs: &[Attribute],
    ident: &Ident,
    errors: &mut Errors,
) -> Option<StructRepr> {
    let hints = hints(attrs, errors);
    for Hint { name, .. } in &hints {
        if !["C", "transparent", "packed", "align", "Rust"].iter().any(|known| name == known) {
            errors.add(name, format_args!("a struct can't be `repr({name})`"), "use `#[repr(C)]`");
        }
    }
    let transparent = find(&hints, "transparent").is_some();
    if find(&hints, "C").is_none() && !transparent {
        refuse_rust_order(&hints, ident, errors);
        return None;
    }
    let packed = find(&hints, "packed").map_or(0, |hint| hint.argument.unwrap_or(1));
    Some(StructRepr { transparent, packed })
}

fn refuse_rust_order(hints: &[Hint], ident: &Ident, errors: &mut Errors) {
    const WHY: &str = "the compiler is free to reorder the fields";
    if let Some(packed) = find(hints, "packed") {
        let what = format!("`repr(packed)` without `C`: {WHY}");
        errors.add(&packed.name, what, "write `#[repr(C, packed)]`");
    } else if let Some(rust) = find(hints, "Rust") {
        errors.add(&rust.name, format_args!("`repr(Rust)`: {WHY}"), "write `#[repr(C)]`");
    } else {
        errors.add(ident, format_args!("`{ident}` has no `repr(C)`: {WHY}"), "add `#[repr(C)]`");
    }
}

/// The tag of an enum; `None` after an error.
pub(crate) fn of_enum(attrs: &[Attribute], ident: &Ident, errors: &mut Errors) -> Option<Tag> {
    let hints = hints(attrs, errors);
    let mut tag = None;
    for Hint { name, .. } in &hints {
        if TAGS.iter().any(|known| name == known) && tag.is_none() {
            tag = Some(name);
        } else {
            refuse_enum_hint(name, tag, errors);
        }
    }
    if hints.is_empty() {
        let what =
            format!("`{ident}` has no fixed-width `repr`: its size is the compiler's choice");
        errors.add(
            ident,
            what,
            "add `#[repr(u8)]`, or another of `u16` to `u64` and `i8` to `i64`",
        );
    }
    let primitive = tag?.clone();
    let signed = primitive.to_string().starts_with('i');
    Some(Tag { primitive, signed })
}

fn refuse_enum_hint(name: &Ident, tag: Option<&Ident>, errors: &mut Errors) {
    if name == "C" {
        let what = "an enum can't be `repr(C)`: its size is the C compiler's choice";
        errors.add(name, what, "write the integer alone, such as `#[repr(u8)]` or `#[repr(i32)]`");
    } else if MACHINE_TAGS.iter().any(|known| name == known) {
        let what = format!("an enum can't be `repr({name})`: its width is the machine's");
        errors.add(name, what, "use `u64` or `i64`, or a smaller integer");
    } else if let (Some(tag), true) = (tag, TAGS.iter().any(|known| name == known)) {
        errors.add(name, format_args!("`{tag}` and `{name}` contradict"), "remove one of them");
    } else {
        let help = "use an integer of fixed width, such as `#[repr(u8)]`";
        errors.add(name, format_args!("an enum can't be `repr({name})` in a file"), help);
    }
}

fn find<'a>(hints: &'a [Hint], name: &str) -> Option<&'a Hint> {
    hints.iter().find(|hint| hint.name == name)
}

fn hints(attrs: &[Attribute], errors: &mut Errors) -> Vec<Hint> {
    let mut hints = Vec::new();
    for attr in attrs.iter().filter(|attr| attr.path().is_ident("repr")) {
        let result = attr.parse_nested_meta(|meta| {
            hints.push(hint(&meta)?);
            Ok(())
        });
        if let Err(error) = result {
            errors.push(error);
        }
    }
    hints
}

fn hint(meta: &ParseNestedMeta<'_>) -> syn::Result<Hint> {
    let name = meta.path.require_ident()?.clone();
    let argument = if meta.input.peek(token::Paren) { argument(meta)? } else { None };
    Ok(Hint { name, argument })
}

fn argument(meta: &ParseNestedMeta<'_>) -> syn::Result<Option<usize>> {
    let TokenTree::Group(group) = meta.input.parse()? else { return Ok(None) };
    let literal: LitInt = syn::parse2(group.stream().into_token_stream())?;
    literal.base10_parse().map(Some)
}
