//! A field that another macro adds after the derive had looked.
use persist_core::Persist;

mod core_names {
    pub use std::mem::MaybeUninit;
}
use core_names::MaybeUninit;

/// What an attribute macro below the derive would do: the derive saw `value` alone.
#[derive(Clone, Copy)]
#[repr(C)]
struct Row {
    hidden: MaybeUninit<u8>,
    value: u8,
}

unsafe impl Persist for Row {
    const LAYOUT: &'static persist_core::Layout = &persist_core::__private::Layout {
        size: size_of::<Self>(),
        kind: persist_core::__private::Kind::Struct {
            name: "Row",
            version: 0,
            align: align_of::<Self>(),
            packed: 0,
            args: &[],
            fields: &[persist_core::__private::Field {
                name: "value",
                offset: std::mem::offset_of!(Self, value),
                layout: u8::LAYOUT,
                aliases: &[],
            }],
        },
    };
    const ANY_BITS: bool = true;

    unsafe fn is_valid(_: *const Self) -> bool {
        true
    }
}

const _: () = persist_core::__private::check_field(Row::LAYOUT, 0); //~ ERROR persist: `Row` has 1 byte before field `value` that `#[derive(Persist)]` didn't see

fn main() {}
