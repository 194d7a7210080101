//! `#[persist(…)]` on a variant of an enum.

use proc_macro2::Ident;
use syn::LitStr;
use syn::parse::ParseStream;

use super::{Place, text};

/// What was written.
#[derive(Default)]
pub(crate) struct Attrs {
    pub(crate) rename: Option<LitStr>,
}

impl Place for Attrs {
    const NAME: &'static str = "a variant";
    const KEYS: &'static [&'static str] = &["rename"];

    fn set(&mut self, _: &Ident, input: ParseStream<'_>) -> syn::Result<()> {
        self.rename = Some(text(input)?);
        Ok(())
    }
}
