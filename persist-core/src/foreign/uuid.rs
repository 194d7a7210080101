//! `uuid::Uuid`: sixteen bytes in the order of RFC 9562, the same on every machine.

use uuid::Uuid;

use crate::layout::{Field, Kind, Layout};
use crate::persist::{Persist, TypeName};

// SAFETY: uuid documents `Uuid` as a transparent `[u8; 16]`, and makes one from any sixteen bytes
// (`Uuid::from_bytes`).
unsafe impl Persist for Uuid {
    const LAYOUT: &'static Layout = &Layout {
        size: size_of::<Self>(),
        kind: Kind::Struct {
            name: "Uuid",
            version: 0,
            align: align_of::<Self>(),
            packed: 0,
            args: &[],
            fields: &[Field { name: "bytes", offset: 0, layout: <[u8; 16]>::LAYOUT, aliases: &[] }],
        },
    };
    const ANY_BITS: bool = true;

    unsafe fn is_valid(_: *const Self) -> bool {
        true
    }
}

impl TypeName for Uuid {
    const NAME: &'static str = "Uuid";
}
