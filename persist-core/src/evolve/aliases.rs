//! The names that fields and variants had before.

use std::fmt;

use crate::layout::{Kind, Layout};
use crate::persist::Persist;

/// The earlier names of a type's fields and variants: `#[persist(alias = "old_name")]`.
///
/// They aren't in its descriptor, which says what a type is and not what it was.
#[derive(Clone, Copy)]
pub struct Aliases {
    /// The type that has them; `None` where it has none.
    layout: Option<&'static Layout>,
}

impl Aliases {
    /// No earlier names: fields and variants are found by the names that they have.
    pub const NONE: Self = Self { layout: None };

    /// The earlier names that a type of this program gives.
    #[must_use]
    pub const fn of<T: Persist>() -> Self {
        Self { layout: Some(T::LAYOUT) }
    }

    pub(crate) const fn of_layout(layout: &'static Layout) -> Self {
        Self { layout: Some(layout) }
    }

    /// Those of the type of an array's items.
    pub(super) fn items(self) -> Self {
        match self.layout.map(|layout| &layout.kind) {
            Some(Kind::Array { element, .. }) => Self::of_layout(element),
            _ => Self::NONE,
        }
    }

    /// The earlier names of field `index`, and those of its type. None where the layout has another field there.
    pub(super) fn field(self, index: usize, name: &str) -> (&'static [&'static str], Self) {
        if let Some(Kind::Struct { fields, .. }) = self.layout.map(|layout| &layout.kind) {
            if let Some(field) = fields.get(index).filter(|field| field.name == name) {
                return (field.aliases, Self::of_layout(field.layout));
            }
        }
        (&[], Self::NONE)
    }

    /// The variants that have earlier names, with these.
    pub(super) fn variants(self) -> impl Iterator<Item = (&'static str, &'static [&'static str])> {
        let variants = match self.layout.map(|layout| &layout.kind) {
            Some(Kind::Enum { variants, .. }) => variants,
            _ => &[][..],
        };
        variants.iter().map(|variant| (variant.name, variant.aliases))
    }
}

impl Default for Aliases {
    fn default() -> Self {
        Self::NONE
    }
}

impl fmt::Debug for Aliases {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Aliases").field(&self.layout.map(Layout::name)).finish()
    }
}
