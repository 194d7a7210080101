//! The `where` clause of a generic implementation: what its fields need, and no more.

use std::collections::HashSet;

use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{GenericParam, Generics, Type, WherePredicate, parse_quote};

use crate::ast::{Body, Field, Input, Storage};

/// The user's own bounds, those on the fields, and on `Self` what the trait demands.
///
/// A field whose type mentions no parameter needs no bound: the compiler sees its type.
pub(super) fn for_persist(input: &Input) -> TokenStream {
    let mut bounds = Bounds::new(&input.generics);
    if let Body::Struct(body) = &input.body {
        body.described().iter().for_each(|field| bounds.field(input, field));
    }
    if let Some(older) = &input.older {
        let krate = &input.krate;
        bounds.add(older, &quote!(#krate::Persist));
        if mentions(older.to_token_stream(), &bounds.params) {
            bounds.predicates.push(parse_quote!(Self: ::core::convert::From<#older>));
        }
    }
    if input.generics.type_params().next().is_some() {
        bounds.predicates.push(parse_quote! {
            Self: ::core::marker::Copy + ::core::marker::Send + ::core::marker::Sync + 'static
        });
    }
    bounds.finish()
}

/// The user's own bounds, and `Pod` for each field that mentions a parameter.
pub(super) fn for_bytemuck(input: &Input, fields: &[Field]) -> TokenStream {
    let mut bounds = Bounds::new(&input.generics);
    for field in fields {
        bounds.add(&field.ty, &quote!(__persist::bytemuck::Pod));
    }
    if input.generics.type_params().next().is_some() {
        bounds.predicates.push(parse_quote!(Self: ::core::marker::Copy + 'static));
    }
    bounds.finish()
}

/// The fields whose types mention no parameter, and so are checked where they stand.
pub(super) fn concrete<'a>(
    generics: &Generics,
    fields: &'a [Field],
) -> impl Iterator<Item = &'a Field> {
    let params = names(generics);
    fields.iter().filter(move |field| !mentions(field.ty.to_token_stream(), &params))
}

struct Bounds {
    params: HashSet<String>,
    predicates: Vec<WherePredicate>,
    seen: HashSet<String>,
}

impl Bounds {
    fn new(generics: &Generics) -> Self {
        let own = generics.where_clause.iter().flat_map(|clause| &clause.predicates);
        Self { params: names(generics), predicates: own.cloned().collect(), seen: HashSet::new() }
    }

    fn field(&mut self, input: &Input, field: &Field) {
        let krate = &input.krate;
        let persist = quote!(#krate::Persist);
        let foreign = quote!(::core::marker::Send + ::core::marker::Sync);
        match &field.storage {
            Storage::Plain => self.add(&field.ty, &persist),
            Storage::PodAs(stored) => {
                self.add(&field.ty, &quote!(__persist::bytemuck::Pod));
                self.add(stored, &persist);
            }
            Storage::PodOpaque(_) => {
                self.add(&field.ty, &quote!(__persist::bytemuck::Pod + #foreign));
            }
            Storage::Checked(_) => {
                let checked = quote!(__persist::bytemuck::CheckedBitPattern);
                let no_padding = quote!(__persist::bytemuck::NoUninit);
                self.add(&field.ty, &quote!(#checked + #no_padding + #foreign));
            }
        }
    }

    /// Bounds a type that mentions a parameter, once.
    fn add(&mut self, ty: &Type, bound: &TokenStream) {
        if self.params.is_empty() || !mentions(ty.to_token_stream(), &self.params) {
            return;
        }
        let predicate: WherePredicate = parse_quote!(#ty: #bound);
        if self.seen.insert(predicate.to_token_stream().to_string()) {
            self.predicates.push(predicate);
        }
    }

    fn finish(self) -> TokenStream {
        let predicates = self.predicates;
        if predicates.is_empty() { TokenStream::new() } else { quote!(where #(#predicates,)*) }
    }
}

/// The names of the type and const parameters.
fn names(generics: &Generics) -> HashSet<String> {
    let name = |param: &GenericParam| match param {
        GenericParam::Type(param) => Some(param.ident.to_string()),
        GenericParam::Const(param) => Some(param.ident.to_string()),
        GenericParam::Lifetime(_) => None,
    };
    generics.params.iter().filter_map(name).collect()
}

/// Whether one of the names stands among the tokens, at any depth. Looks into macros too.
fn mentions(tokens: TokenStream, names: &HashSet<String>) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => names.contains(&ident.to_string()),
        TokenTree::Group(group) => mentions(group.stream(), names),
        TokenTree::Punct(_) | TokenTree::Literal(_) => false,
    })
}
