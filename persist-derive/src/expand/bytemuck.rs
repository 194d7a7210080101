//! `#[persist(bytemuck)]`: `Zeroable` and `Pod`, for types of which every bit pattern is a value.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;

use super::{bounds, located};
use crate::ast::{Body, Input};

/// The implementations, where they were asked for.
///
/// `Pod` demands that every field is `Pod`, which is asserted or bounded here; that there is no
/// padding, which the checks of `Persist` establish for a type without parameters, and its `repr`
/// for one with them; and `Copy + 'static`, which the compiler demands as well.
pub(super) fn expand(input: &Input) -> TokenStream {
    let Body::Struct(body) = &input.body else { return TokenStream::new() };
    if !body.bytemuck {
        return TokenStream::new();
    }
    let ident = &input.ident;
    let (impl_generics, type_generics, _) = input.generics.split_for_impl();
    let where_clause = bounds::for_bytemuck(input, &body.fields);
    let asserts = bounds::concrete(&input.generics, &body.fields).map(|field| {
        let ty = &field.ty;
        quote_spanned!(located(ty.span())=> const _: () = __persist::assert_pod::<#ty>();)
    });
    quote! {
        #(#asserts)*
        #[automatically_derived]
        unsafe impl #impl_generics __persist::bytemuck::Zeroable
            for #ident #type_generics #where_clause {}
        #[automatically_derived]
        unsafe impl #impl_generics __persist::bytemuck::Pod
            for #ident #type_generics #where_clause {}
    }
}
