//! Collects every error of one derive, so that the user sees them all at once.
//!
//! Knows how a message looks; which rule was broken is the caller's business.

use std::fmt::Display;

use proc_macro2::TokenStream;
use quote::ToTokens;

/// The errors found so far.
#[derive(Default)]
pub(crate) struct Errors(Option<syn::Error>);

impl Errors {
    /// Records what is wrong with `culprit`, and what to do instead.
    pub(crate) fn add(&mut self, culprit: impl ToTokens, what: impl Display, help: impl Display) {
        self.push(error(culprit, what, help));
    }

    /// Records an error that is complete already.
    pub(crate) fn push(&mut self, error: syn::Error) {
        match &mut self.0 {
            Some(first) => first.combine(error),
            None => self.0 = Some(error),
        }
    }

    /// The value where nothing went wrong, or else one `compile_error!` for each error: nothing
    /// is ever generated beside an error.
    pub(crate) fn finish<T>(self, value: Option<T>) -> Result<T, TokenStream> {
        match (self.0, value) {
            (None, Some(value)) => Ok(value),
            (Some(errors), _) => Err(errors.into_compile_error()),
            (None, None) => unreachable!("a derive gave up without an error"),
        }
    }
}

/// An error on the span of `culprit`, in the form that const evaluation uses too.
pub(crate) fn error(culprit: impl ToTokens, what: impl Display, help: impl Display) -> syn::Error {
    syn::Error::new_spanned(culprit, format!("persist: {what}\n  help: {help}"))
}
