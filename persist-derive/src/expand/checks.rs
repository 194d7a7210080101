//! The checks that run in const evaluation, each spanned so that its error stands on the culprit.
//!
//! A type without parameters has one constant for each check, so that all errors show at once. A
//! type with them is checked while its layout is evaluated: see [`structs`](super::structs).

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;

use super::located;
use crate::ast::{Body, Input, Shape, Struct};

/// The checks of a type without parameters.
pub(super) fn expand(input: &Input) -> TokenStream {
    if !input.generics.params.is_empty() {
        return TokenStream::new();
    }
    let Input { krate, ident, .. } = input;
    let span = located(ident.span());
    let layout = quote_spanned!(span=> __LAYOUT);
    let fields = match &input.body {
        Body::Struct(body) => fields(body, &layout).map(constant).collect(),
        Body::Enum(_) => TokenStream::new(),
    };
    let pin = input.pin.as_ref().map(|pin| {
        let span = located(pin.span());
        constant(quote_spanned!(span=> __persist::check_fingerprint(#layout, #pin)))
    });
    let older = input.older.as_ref().map(|older| {
        let older = quote_spanned!(located(older.span())=> _ = <#ident as #krate::Persist>::OLDER);
        constant(quote!({ #older }))
    });
    let whole = constant(quote_spanned!(span=> __persist::check_type(#layout)));
    quote_spanned! {span=>
        const #layout: &__persist::Layout = <#ident as #krate::Persist>::LAYOUT;
        #fields
        #whole
        #pin
        #older
    }
}

/// One check for each field of a struct that describes itself.
pub(super) fn fields<'a>(
    body: &'a Struct,
    layout: &'a TokenStream,
) -> impl Iterator<Item = TokenStream> + 'a {
    let named = matches!(body.shape, Shape::Named { .. });
    let fields = if named { body.fields.as_slice() } else { &[] };
    fields.iter().enumerate().map(move |(index, field)| {
        quote_spanned!(located(field.span)=> __persist::check_field(#layout, #index))
    })
}

fn constant(check: TokenStream) -> TokenStream {
    quote_spanned!(proc_macro2::Span::mixed_site()=> const _: () = #check;)
}
