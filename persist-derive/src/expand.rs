//! Writes the implementation that was asked for.
//!
//! Takes every part of [`Input`] at its word. Computes no size, offset or hash: the generated code
//! asks the compiler and persist-core for them.

mod bounds;
mod bytemuck;
mod checks;
mod enums;
mod structs;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;

use crate::ast::{Body, Enum, Input, Label, Shape, Struct, unraw};

/// The items for one type, wrapped so that no name leaks out.
pub(crate) fn expand(input: &Input) -> TokenStream {
    let krate = &input.krate;
    let implementation = implementation(input);
    let name = type_name(input);
    let checks = checks::expand(input);
    let bytemuck = bytemuck::expand(input);
    quote! {
        #[allow(deprecated)]
        const _: () = {
            #[allow(unused_imports)]
            use #krate::__private as __persist;
            #implementation
            #name
            #checks
            #bytemuck
        };
    }
}

fn implementation(input: &Input) -> TokenStream {
    let Input { krate, ident, .. } = input;
    let (impl_generics, type_generics, _) = input.generics.split_for_impl();
    let where_clause = bounds::for_persist(input);
    let items = match &input.body {
        Body::Struct(body) => structs::items(input, body),
        Body::Enum(body) => enums::items(ident, body),
    };
    let older = older(input);
    quote! {
        #[automatically_derived]
        unsafe impl #impl_generics #krate::Persist for #ident #type_generics #where_clause {
            #items
            #older
        }
    }
}

/// The version before this one. An error about it points at its type.
fn older(input: &Input) -> TokenStream {
    let older = input.older.iter().map(|older| {
        quote_spanned! {located(older.span())=>
            const OLDER: &'static ::core::option::Option<__persist::Older> =
                &::core::option::Option::Some(__persist::Older::of::<#older, Self>());
        }
    });
    older.collect()
}

/// The name that a `PhantomData` of the type records. One name for every instance of a generic type
/// would not tell them apart, so it gets none.
fn type_name(input: &Input) -> TokenStream {
    let Input { krate, ident, .. } = input;
    if !input.generics.params.is_empty() {
        return TokenStream::new();
    }
    let name = match &input.body {
        Body::Struct(Struct { shape: Shape::Named { label, .. }, .. })
        | Body::Enum(Enum { label, .. }) => label.name.clone(),
        Body::Struct(Struct { shape: Shape::Transparent(_), .. }) => unraw(ident),
    };
    quote! {
        #[automatically_derived]
        impl #krate::TypeName for #ident {
            const NAME: &'static ::core::primitive::str = #name;
        }
    }
}

/// The three items of the trait. `valid` is made of statements that look at `element`.
fn items(
    layout: &TokenStream,
    any_bits: &TokenStream,
    element: &Ident,
    valid: &TokenStream,
) -> TokenStream {
    quote_spanned! {Span::mixed_site()=>
        const LAYOUT: &'static __persist::Layout = #layout;
        const ANY_BITS: ::core::primitive::bool = #any_bits;

        #[inline]
        unsafe fn is_valid(#element: *const Self) -> ::core::primitive::bool {
            #valid
        }
    }
}

/// The `name` and `version` fields of a `Kind`.
fn label(Label { name, version }: &Label) -> TokenStream {
    quote!(name: #name, version: #version)
}

/// A span that an error points at, for code that is the macro's own: the user's lints don't look
/// at it, and its names don't meet the user's.
fn located(span: Span) -> Span {
    Span::mixed_site().located_at(span)
}
