//! glam's vectors, quaternions and matrices, as structs of their components.
//!
//! Some are aligned to 16 bytes where glam uses SIMD and to 4 where it doesn't; a struct around one
//! must therefore suit the larger. `Vec3A`, `Mat3A` and the affine types hold padding: they aren't
//! plain old data, and aren't here.

use glam::{
    DMat2, DMat3, DMat4, DQuat, DVec2, DVec3, DVec4, I64Vec2, I64Vec3, I64Vec4, IVec2, IVec3,
    IVec4, Mat2, Mat3, Mat4, Quat, U64Vec2, U64Vec3, U64Vec4, UVec2, UVec3, UVec4, Vec2, Vec3,
    Vec4,
};

use super::assert_pod;
use crate::layout::{Field, Kind, Layout, check_fields};
use crate::persist::{Persist, TypeName};

/// Structs of equal components, one after the other, `$align`-aligned on some target.
macro_rules! components {
    ($($type:ident: $align:literal, $component:ty, $($index:literal $name:literal)*;)*) => { $(
        // SAFETY: plain old data, by the assertion below the implementation. glam documents the
        // components and their order as the memory layout; that they fill it is checked there too.
        unsafe impl Persist for $type {
            const LAYOUT: &'static Layout = &Layout {
                size: size_of::<Self>(),
                kind: Kind::Struct {
                    name: stringify!($type),
                    version: 0,
                    align: if align_of::<Self>() > $align { align_of::<Self>() } else { $align },
                    packed: 0,
                    args: &[],
                    fields: &[$(Field {
                        name: $name,
                        offset: $index * size_of::<$component>(),
                        layout: <$component>::LAYOUT,
                        aliases: &[],
                    }),*],
                },
            };
            const ANY_BITS: bool = true;

            unsafe fn is_valid(_: *const Self) -> bool {
                true
            }
        }

        impl TypeName for $type {
            const NAME: &'static str = stringify!($type);
        }

        const _: () = assert_pod::<$type>();
        const _: () = check_fields($type::LAYOUT);
    )* };
}

components! {
    Vec2: 4, f32, 0 "x" 1 "y";
    Vec3: 4, f32, 0 "x" 1 "y" 2 "z";
    Vec4: 16, f32, 0 "x" 1 "y" 2 "z" 3 "w";
    Quat: 16, f32, 0 "x" 1 "y" 2 "z" 3 "w";
    Mat2: 16, Vec2, 0 "x_axis" 1 "y_axis";
    Mat3: 4, Vec3, 0 "x_axis" 1 "y_axis" 2 "z_axis";
    Mat4: 16, Vec4, 0 "x_axis" 1 "y_axis" 2 "z_axis" 3 "w_axis";
    DVec2: 8, f64, 0 "x" 1 "y";
    DVec3: 8, f64, 0 "x" 1 "y" 2 "z";
    DVec4: 8, f64, 0 "x" 1 "y" 2 "z" 3 "w";
    DQuat: 8, f64, 0 "x" 1 "y" 2 "z" 3 "w";
    DMat2: 8, DVec2, 0 "x_axis" 1 "y_axis";
    DMat3: 8, DVec3, 0 "x_axis" 1 "y_axis" 2 "z_axis";
    DMat4: 8, DVec4, 0 "x_axis" 1 "y_axis" 2 "z_axis" 3 "w_axis";
    IVec2: 4, i32, 0 "x" 1 "y";
    IVec3: 4, i32, 0 "x" 1 "y" 2 "z";
    IVec4: 4, i32, 0 "x" 1 "y" 2 "z" 3 "w";
    UVec2: 4, u32, 0 "x" 1 "y";
    UVec3: 4, u32, 0 "x" 1 "y" 2 "z";
    UVec4: 4, u32, 0 "x" 1 "y" 2 "z" 3 "w";
    I64Vec2: 8, i64, 0 "x" 1 "y";
    I64Vec3: 8, i64, 0 "x" 1 "y" 2 "z";
    I64Vec4: 8, i64, 0 "x" 1 "y" 2 "z" 3 "w";
    U64Vec2: 8, u64, 0 "x" 1 "y";
    U64Vec3: 8, u64, 0 "x" 1 "y" 2 "z";
    U64Vec4: 8, u64, 0 "x" 1 "y" 2 "z" 3 "w";
}
