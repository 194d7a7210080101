//! `#[persist(…)]` on a variant of an enum.

use proc_macro2::Ident;
use syn::LitStr;
use syn::parse::ParseStream;

use super::{Place, text};

/// What was written.
#[derive(Default)]
pub(crate) struct Attrs {
    pub(crate) rename: Option<LitStr>,
    pub(crate) aliases: Vec<LitStr>,
}

impl Place for Attrs {
    const NAME: &'static str = "a variant";
    const KEYS: &'static [&'static str] = &["rename", "alias"];
    const REPEATABLE: &'static [&'static str] = &["alias"];

    fn set(&mut self, key: &Ident, input: ParseStream<'_>) -> syn::Result<()> {
        match key.to_string().as_str() {
            "rename" => self.rename = Some(text(input)?),
            "alias" => self.aliases.push(text(input)?),
            _ => unreachable!("`parse` passes only the keys above"),
        }
        Ok(())
    }
}
