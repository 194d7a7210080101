//! `#[derive(Persist)]`. Use it through persist-core, which re-exports it.
#![forbid(unsafe_code)]

mod ast;
mod attr;
mod check;
mod errors;
mod expand;
mod repr;

use proc_macro::TokenStream;
use syn::DeriveInput;

use errors::Errors;

/// Implements `Persist`.
#[proc_macro_derive(Persist, attributes(persist))]
pub fn derive_persist(input: TokenStream) -> TokenStream {
    derive(input.into()).unwrap_or_else(|errors| errors).into()
}

/// The implementation, or one `compile_error!` for each error.
fn derive(
    input: proc_macro2::TokenStream,
) -> Result<proc_macro2::TokenStream, proc_macro2::TokenStream> {
    let syntax: DeriveInput = syn::parse2(input).map_err(syn::Error::into_compile_error)?;
    let mut errors = Errors::default();
    let input = ast::parse(syntax, &mut errors);
    errors.finish(input).map(|input| expand::expand(&input))
}
