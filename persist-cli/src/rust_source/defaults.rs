//! Which types can derive `Default`.

use persist_core::reflect::{Class, Kind, TypeRef};

/// Rust has defaults of arrays up to this length.
const MOST_ITEMS: u64 = 32;

/// Whether the type that is written for this one can have a default. O(nodes).
pub(super) fn has_default(ty: TypeRef<'_>) -> bool {
    match ty.kind() {
        Kind::Primitive { class, .. } => {
            !matches!(class, Class::NonZeroUnsigned | Class::NonZeroSigned)
        }
        Kind::Array { len: 0, .. } => true,
        Kind::Array { item, len } => len <= MOST_ITEMS && has_default(item),
        Kind::Struct { mut fields, .. } => fields.all(|field| has_default(field.ty)),
        Kind::Enum { .. } => default_variant(ty).is_some(),
        Kind::Padding | Kind::FixedStr | Kind::Phantom => true,
        // Bytes stand in the place of what isn't known.
        _ => ty.size_bytes() <= MOST_ITEMS,
    }
}

/// The discriminant of the variant that an enum has by default: that of zero, as `persist migrate` fills what is new.
pub(super) fn default_variant(ty: TypeRef<'_>) -> Option<i128> {
    match ty.kind() {
        Kind::Enum { mut variants, .. } => {
            variants.find(|variant| variant.discriminant == 0).map(|it| it.discriminant)
        }
        _ => None,
    }
}
