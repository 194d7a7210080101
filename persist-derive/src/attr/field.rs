//! `#[persist(…)]` on a field.

use proc_macro2::Ident;
use syn::parse::ParseStream;
use syn::{LitStr, Token, Type};

use super::{Place, text};

/// What was written, each with the tokens to blame.
#[derive(Default)]
pub(crate) struct Attrs {
    pub(crate) rename: Option<LitStr>,
    pub(crate) aliases: Vec<LitStr>,
    pub(crate) pod: Option<Pod>,
    pub(crate) as_type: Option<(Ident, Type)>,
    pub(crate) checked: Option<(Ident, LitStr)>,
}

/// `pod` or `pod = "name"`.
pub(crate) struct Pod {
    pub(crate) key: Ident,
    pub(crate) name: Option<LitStr>,
}

impl Place for Attrs {
    const NAME: &'static str = "a field";
    const KEYS: &'static [&'static str] = &["rename", "alias", "pod", "as", "checked"];
    const REPEATABLE: &'static [&'static str] = &["alias"];

    fn set(&mut self, key: &Ident, input: ParseStream<'_>) -> syn::Result<()> {
        match key.to_string().as_str() {
            "rename" => self.rename = Some(text(input)?),
            "alias" => self.aliases.push(text(input)?),
            "pod" => {
                let name = if input.peek(Token![=]) { Some(text(input)?) } else { None };
                self.pod = Some(Pod { key: key.clone(), name });
            }
            "as" => {
                input.parse::<Token![=]>()?;
                self.as_type = Some((key.clone(), input.parse()?));
            }
            "checked" => self.checked = Some((key.clone(), text(input)?)),
            _ => unreachable!("`parse` passes only the keys above"),
        }
        Ok(())
    }
}
