//! How a struct must be packed for its fields to stand where they do.

use std::fmt;

use persist_core::reflect::{Kind, TypeRef};

/// The `repr` of a struct.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Packing {
    /// Its fields stand where C would put them, without padding.
    C,
    /// They do where no field is aligned to more bytes than these.
    Packed(u64),
}

impl fmt::Display for Packing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::C => f.write_str("C"),
            Self::Packed(1) => f.write_str("C, packed"),
            Self::Packed(bytes) => write!(f, "C, packed({bytes})"),
        }
    }
}

impl Packing {
    /// That of a struct; a type that is none needs no packing.
    pub(super) fn of(ty: TypeRef<'_>) -> Self {
        packing_and_align(ty).0
    }
}

/// How a type must be packed, and the largest alignment that any machine gives it then. O(nodes).
fn packing_and_align(ty: TypeRef<'_>) -> (Packing, u64) {
    match ty.kind() {
        Kind::Primitive { order: None, .. } | Kind::Enum { .. } => (Packing::C, ty.size_bytes()),
        Kind::Array { item, .. } => (Packing::C, packing_and_align(item).1),
        Kind::Struct { fields, .. } => {
            let places: Vec<(u64, u64)> =
                fields.map(|field| (field.offset_bytes, packing_and_align(field.ty).1)).collect();
            packing_of_fields(&places, ty.size_bytes())
        }
        // Numbers with an order of their own are bytes, as the rest is.
        _ => (Packing::C, 1),
    }
}

/// The loosest packing of fields with these offsets and alignments.
fn packing_of_fields(places: &[(u64, u64)], size_bytes: u64) -> (Packing, u64) {
    let natural = places.iter().map(|&(_, align)| align).max().unwrap_or(1);
    let fits = |most: u64| {
        places.iter().all(|&(offset, align)| offset % align.min(most) == 0)
            && size_bytes % natural.min(most) == 0
    };
    if fits(natural) {
        return (Packing::C, natural);
    }
    // Alignments are powers of two, and nothing has a place that 1 doesn't suit.
    let halved = std::iter::successors(Some(natural / 2), |bytes| Some(bytes / 2));
    let bytes = halved.take_while(|&bytes| bytes > 1).find(|&bytes| fits(bytes)).unwrap_or(1);
    (Packing::Packed(bytes), bytes)
}
