//! `#[persist(…)]` on a struct or an enum.

use proc_macro2::Ident;
use syn::parse::ParseStream;
use syn::{LitInt, LitStr, Path, Token, Type};

use super::{Place, number, text};
use crate::errors::error;

/// What was written, each with the tokens to blame.
#[derive(Default)]
pub(crate) struct Attrs {
    pub(crate) rename: Option<LitStr>,
    pub(crate) version: Option<(u64, LitInt)>,
    pub(crate) transparent: Option<Ident>,
    pub(crate) fingerprint: Option<(u128, LitInt)>,
    pub(crate) bytemuck: Option<Ident>,
    pub(crate) from: Option<(Ident, Type)>,
    pub(crate) krate: Option<Path>,
}

impl Place for Attrs {
    const NAME: &'static str = "a struct or an enum";
    const KEYS: &'static [&'static str] =
        &["rename", "version", "transparent", "fingerprint", "bytemuck", "from", "crate"];
    const REPEATABLE: &'static [&'static str] = &[];

    fn set(&mut self, key: &Ident, input: ParseStream<'_>) -> syn::Result<()> {
        match key.to_string().as_str() {
            "rename" => self.rename = Some(text(input)?),
            "version" => self.version = Some(number(input, "a 64-bit version number")?),
            "transparent" => self.transparent = Some(key.clone()),
            "fingerprint" => self.fingerprint = Some(number(input, "a 128-bit fingerprint")?),
            "bytemuck" => self.bytemuck = Some(key.clone()),
            "from" => {
                input.parse::<Token![=]>()?;
                self.from = Some((key.clone(), input.parse()?));
            }
            "crate" => self.krate = Some(path(input)?),
            _ => unreachable!("`parse` passes only the keys above"),
        }
        Ok(())
    }
}

/// `= "path::to::persist_core"`.
fn path(input: ParseStream<'_>) -> syn::Result<Path> {
    input.parse::<Token![=]>()?;
    let literal: LitStr = input.parse()?;
    let parsed = literal.parse_with(|input: ParseStream<'_>| Path::parse_mod_style(input));
    parsed
        .map_err(|_| error(&literal, "this is not a path", "such as `crate = \"::persist_core\"`"))
}
