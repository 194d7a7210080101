//! Collects every error of one derive, so that the user sees them all at once.
//!
//! Knows how a message looks; which rule was broken is the caller's business.

use std::fmt::Display;

use proc_macro2::TokenStream;
use quote::ToTokens;

/// The errors found so far.
#[derive(Default)]
pub(crate) struct Errors(Vec<syn::Error>);

impl Errors {
    /// Records what is wrong with `culprit`, and what to do instead.
    pub(crate) fn add(&mut self, culprit: impl ToTokens, what: impl Display, help: impl Display) {
        self.push(error(culprit, what, help));
    }

    /// Records an error that is complete already.
    pub(crate) fn push(&mut self, error: syn::Error) {
        self.0.push(error);
    }

    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// The value where nothing went wrong, or else one `compile_error!` for each error: nothing
    /// is ever generated beside an error.
    pub(crate) fn finish<T>(self, value: Option<T>) -> Result<T, TokenStream> {
        let errors = self.0.into_iter().map(syn::Error::into_compile_error);
        match (value, errors.len()) {
            (Some(value), 0) => Ok(value),
            (None, 0) => unreachable!("a derive gave up without an error"),
            _ => Err(errors.collect()),
        }
    }
}

/// An error on the span of `culprit`, in the form that const evaluation uses too.
pub(crate) fn error(culprit: impl ToTokens, what: impl Display, help: impl Display) -> syn::Error {
    syn::Error::new_spanned(culprit, format!("persist: {what}\n  help: {help}"))
}
