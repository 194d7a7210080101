//! zerocopy's integers and floats of explicit byte order: files of these open on any machine.

use zerocopy::byteorder::{
    BigEndian, F32, F64, I16, I32, I64, I128, LittleEndian, U16, U32, U64, U128,
};

use crate::layout::{Class, Layout, Order};
use crate::persist::{Persist, TypeName};

macro_rules! byte_order {
    ($($class:ident: $($type:ident)*;)*) => { $($(
        byte_order!(@one $class $type LittleEndian Little);
        byte_order!(@one $class $type BigEndian Big);
    )*)* };
    (@one $class:ident $type:ident $endian:ident $order:ident) => {
        // SAFETY: zerocopy documents these as transparent arrays of bytes (`Unaligned`,
        // `FromBytes`, `IntoBytes`): no padding, and every bit pattern is a value.
        unsafe impl Persist for $type<$endian> {
            const LAYOUT: &'static Layout =
                &Layout::primitive::<Self>(Class::$class, Order::$order);
            const ANY_BITS: bool = true;

            unsafe fn is_valid(_: *const Self) -> bool {
                true
            }
        }

        impl TypeName for $type<$endian> {
            const NAME: &'static str = Self::LAYOUT.name();
        }
    };
}

byte_order! {
    Unsigned: U16 U32 U64 U128;
    Signed: I16 I32 I64 I128;
    Float: F32 F64;
}
