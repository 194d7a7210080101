//! An enum must be fieldless.
use persist_core::Persist;

#[derive(Clone, Copy, Persist)]
#[repr(u8)]
enum Shape {
    Circle(f32), //~ ERROR variant `Circle` carries data: which bytes are live depends on the tag
    Rectangle { a: f32, b: f32 }, //~ ERROR variant `Rectangle` carries data
    Point,
    Empty(), //~ ERROR variant `Empty` has an empty list of fields
}
//~? keep the enum fieldless, and the data in a `#[repr(C)]` struct beside it

fn main() {}
