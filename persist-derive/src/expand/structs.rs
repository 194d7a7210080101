//! The implementation for a struct.
//!
//! What the trait demands holds thus. Every field is a `Persist` type or vouched for by bytemuck,
//! so none has uninitialised bytes, pointers or interior mutability; `is_valid` takes a pointer to
//! each field *as* the type that was checked and lists them all, so the compiler rejects a struct
//! that another macro changed behind the derive's back. Between and around the fields there are no
//! bytes: that is what `check_field` establishes, before anybody can use the layout.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};

use super::{checks, label, located};
use crate::ast::{Field, Input, Label, Shape, Storage, Struct, unraw};

pub(super) fn items(input: &Input, body: &Struct) -> TokenStream {
    let element = Ident::new("__element", Span::mixed_site());
    super::items(
        &layout(input, body),
        &any_bits(input, body),
        &element,
        &is_valid(input, body, &element),
    )
}

fn layout(input: &Input, body: &Struct) -> TokenStream {
    match &body.shape {
        Shape::Transparent(inner) => transparent(input, &body.fields[*inner]),
        Shape::Named { label, packed } => {
            let node = node(input, body, label, *packed);
            if input.generics.params.is_empty() { node } else { checked(body, &node) }
        }
    }
}

/// The layout of the field, once it is sure that the compiler saw no other with a size.
fn transparent(input: &Input, field: &Field) -> TokenStream {
    let (ty, layout) = (&field.ty, field_layout(input, field));
    quote_spanned! {located(input.ident.span())=>
        {
            ::core::assert!(
                ::core::mem::size_of::<Self>() == ::core::mem::size_of::<#ty>(),
                "persist: the struct is larger than its field",
            );
            #layout
        }
    }
}

/// The layout of a generic type, with its checks: they run for each set of arguments that is used.
fn checked(body: &Struct, node: &TokenStream) -> TokenStream {
    let layout = quote_spanned!(Span::mixed_site()=> __layout);
    let checks = checks::fields(body, &layout);
    quote_spanned! {Span::mixed_site()=>
        {
            let __layout: &'static __persist::Layout = #node;
            #(#checks;)*
            __layout
        }
    }
}

fn node(input: &Input, body: &Struct, name: &Label, packed: usize) -> TokenStream {
    let label = label(name);
    let args = const_args(input);
    let fields = body.fields.iter().map(|field| field_node(input, field));
    quote_spanned! {Span::mixed_site()=>
        &__persist::Layout {
            size: ::core::mem::size_of::<Self>(),
            kind: __persist::Kind::Struct {
                #label,
                align: ::core::mem::align_of::<Self>(),
                packed: #packed,
                args: &[#args],
                fields: &[#(#fields),*],
            },
        }
    }
}

fn const_args(input: &Input) -> TokenStream {
    let args = input.generics.const_params().map(|param| {
        let ident = &param.ident;
        let name = unraw(ident);
        quote! {
            __persist::ConstArg { name: #name, value: #ident as ::core::primitive::u128 },
        }
    });
    args.collect()
}

fn field_node(input: &Input, field: &Field) -> TokenStream {
    let Field { member, name, aliases, .. } = field;
    let layout = field_layout(input, field);
    quote_spanned! {Span::mixed_site()=>
        __persist::Field {
            name: #name,
            offset: ::core::mem::offset_of!(Self, #member),
            layout: #layout,
            aliases: &[#(#aliases),*],
        }
    }
}

fn field_layout(input: &Input, field: &Field) -> TokenStream {
    let (krate, ty, span) = (&input.krate, &field.ty, located(field.span));
    match &field.storage {
        Storage::Plain => quote_spanned!(span=> <#ty as #krate::Persist>::LAYOUT),
        Storage::PodAs(stored) => quote_spanned!(span=> __persist::pod_as::<#ty, #stored>()),
        Storage::PodOpaque(name) => opaque(ty, name, true, &quote!(assert_pod), span),
        Storage::Checked(name) => opaque(ty, name, false, &quote!(assert_checked), span),
    }
}

fn opaque(
    ty: &syn::Type,
    name: &str,
    any_bits: bool,
    assertion: &TokenStream,
    span: Span,
) -> TokenStream {
    quote_spanned! {span=>
        {
            __persist::#assertion::<#ty>();
            &__persist::Layout {
                size: ::core::mem::size_of::<#ty>(),
                kind: __persist::Kind::Opaque {
                    name: #name,
                    align: ::core::mem::align_of::<#ty>(),
                    any_bits: #any_bits,
                },
            }
        }
    }
}

fn any_bits(input: &Input, body: &Struct) -> TokenStream {
    let krate = &input.krate;
    let fields = body.described().iter().map(|field| match &field.storage {
        Storage::Plain => {
            let ty = &field.ty;
            quote_spanned!(located(field.span)=> <#ty as #krate::Persist>::ANY_BITS)
        }
        Storage::PodAs(_) | Storage::PodOpaque(_) => quote!(true),
        Storage::Checked(_) => quote!(false),
    });
    quote!(#(#fields)&*)
}

/// Asks every field, without a branch.
fn is_valid(input: &Input, body: &Struct, element: &Ident) -> TokenStream {
    let same_fields = same_fields(input, body, element);
    let fields = body.described().iter().map(|field| field_is_valid(input, field, element));
    quote_spanned! {Span::mixed_site()=>
        #same_fields
        #[allow(unused_mut)]
        let mut __valid = true;
        #(#fields)*
        __valid
    }
}

/// Compiles only where the struct has the fields that the derive saw, no more and no others. Does
/// nothing. A pattern without `..` would do, but where it lacks a field the compiler says to add `..`.
fn same_fields(input: &Input, body: &Struct, element: &Ident) -> TokenStream {
    let members: Vec<_> = body.fields.iter().map(|field| &field.member).collect();
    let undescribed = body.undescribed().map(|field| same_type(field, element));
    quote_spanned! {located(input.ident.span())=>
        let _: fn(Self) -> Self = |__value| Self { #(#members: __value.#members),* };
        #(#undescribed)*
    }
}

/// Compiles only where the field has the type that the derive saw.
fn same_type(field: &Field, element: &Ident) -> TokenStream {
    let Field { ty, member, .. } = field;
    quote_spanned! {located(field.span)=>
        let _: *const #ty = unsafe { &raw const (*#element).#member };
    }
}

fn field_is_valid(input: &Input, field: &Field, element: &Ident) -> TokenStream {
    let (krate, ty, member, span) = (&input.krate, &field.ty, &field.member, located(field.span));
    let pointer = quote_spanned!(span=> &raw const (*#element).#member);
    match &field.storage {
        Storage::Plain => quote_spanned! {span=>
            __valid &= unsafe { <#ty as #krate::Persist>::is_valid(#pointer) };
        },
        Storage::PodAs(_) | Storage::PodOpaque(_) => same_type(field, element),
        Storage::Checked(_) => quote_spanned! {span=>
            __valid &= unsafe { __persist::is_valid_checked::<#ty>(#pointer) };
        },
    }
}
