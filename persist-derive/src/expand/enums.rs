//! The implementation for a fieldless enum.
//!
//! What the trait demands holds thus: an enum of this `repr` is its tag, byte for byte, and the
//! only values are the variants. Values are the compiler's, by a cast, not read from the syntax.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote_spanned;

use super::label;
use crate::ast::Enum;

pub(super) fn items(body: &Enum) -> TokenStream {
    let element = Ident::new("__element", Span::mixed_site());
    let any_bits = quote_spanned!(Span::mixed_site()=> false);
    super::items(&layout(body), &any_bits, &element, &is_valid(body, &element))
}

fn layout(body: &Enum) -> TokenStream {
    let label = label(&body.label);
    let signed = body.tag.signed;
    let variants = body.variants.iter().map(|variant| {
        let (ident, name) = (&variant.ident, &variant.name);
        quote_spanned! {Span::mixed_site()=>
            __persist::Variant { name: #name, value: Self::#ident as ::core::primitive::i128 }
        }
    });
    quote_spanned! {Span::mixed_site()=>
        &__persist::Layout {
            size: ::core::mem::size_of::<Self>(),
            kind: __persist::Kind::Enum { #label, signed: #signed, variants: &[#(#variants),*] },
        }
    }
}

/// Compares the tag with each variant's, without a branch.
fn is_valid(body: &Enum, element: &Ident) -> TokenStream {
    let primitive = &body.tag.primitive;
    let tag = quote_spanned!(Span::mixed_site()=> ::core::primitive::#primitive);
    let idents = body.variants.iter().map(|variant| &variant.ident);
    quote_spanned! {Span::mixed_site()=>
        const {
            ::core::assert!(::core::mem::size_of::<Self>() == ::core::mem::size_of::<#tag>());
        }
        let __tag = unsafe { <*const Self>::cast::<#tag>(#element).read_unaligned() };
        let mut __valid = false;
        #(__valid |= __tag == Self::#idents as #tag;)*
        __valid
    }
}
