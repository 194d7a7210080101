//! The implementation for a fieldless enum.
//!
//! What the trait demands holds thus: an enum of this `repr` is its tag, byte for byte (its size is
//! asserted before anybody can use the layout), and the only values are the variants. Their numbers
//! are the compiler's, by a cast, not read from the syntax.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote_spanned;

use super::{label, located};
use crate::ast::{Enum, Variant};

pub(super) fn items(ident: &Ident, body: &Enum) -> TokenStream {
    let element = Ident::new("__element", Span::mixed_site());
    let any_bits = quote_spanned!(Span::mixed_site()=> false);
    super::items(&layout(ident, body), &any_bits, &element, &is_valid(ident, body, &element))
}

/// The layout, once it is sure that the compiler saw the same `repr` as the derive.
fn layout(ident: &Ident, body: &Enum) -> TokenStream {
    let label = label(&body.label);
    let (tag, signed) = (tag(body), body.tag.signed);
    let variants = body.variants.iter().map(variant);
    quote_spanned! {located(ident.span())=>
        {
            ::core::assert!(
                ::core::mem::size_of::<Self>() == ::core::mem::size_of::<#tag>(),
                "persist: the enum is larger than its tag",
            );
            &__persist::Layout {
                size: ::core::mem::size_of::<Self>(),
                kind: __persist::Kind::Enum { #label, signed: #signed, variants: &[#(#variants),*] },
            }
        }
    }
}

fn variant(Variant { ident, name, aliases }: &Variant) -> TokenStream {
    quote_spanned! {Span::mixed_site()=>
        __persist::Variant {
            name: #name,
            value: Self::#ident as ::core::primitive::i128,
            aliases: &[#(#aliases),*],
        }
    }
}

fn tag(body: &Enum) -> TokenStream {
    let primitive = &body.tag.primitive;
    quote_spanned!(Span::mixed_site()=> ::core::primitive::#primitive)
}

/// Compares the tag with each variant's, without a branch. The match compiles only where the enum has
/// the variants that the derive saw, and no more.
fn is_valid(ident: &Ident, body: &Enum, element: &Ident) -> TokenStream {
    let tag = tag(body);
    let idents: Vec<_> = body.variants.iter().map(|variant| &variant.ident).collect();
    let same_variants = quote_spanned! {located(ident.span())=>
        let _: fn(Self) = |__value| match __value { #(Self::#idents => {})* };
    };
    quote_spanned! {Span::mixed_site()=>
        #same_variants
        let __tag = unsafe { <*const Self>::cast::<#tag>(#element).read_unaligned() };
        let mut __valid = false;
        #(__valid |= __tag == Self::#idents as #tag;)*
        __valid
    }
}
