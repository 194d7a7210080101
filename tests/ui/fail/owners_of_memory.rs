//! Types that keep their data elsewhere.
use persist_core::Persist;

#[derive(Clone, Persist)]
#[repr(C)]
struct Row {
    vec: Vec<u8>, //~ ERROR `Vec` keeps its data elsewhere in memory
    boxed: std::boxed::Box<u8>, //~ ERROR `Box` keeps its data elsewhere in memory
    rc: std::rc::Rc<u8>, //~ ERROR `Rc` keeps its data elsewhere in memory
    arc: std::sync::Arc<u8>, //~ ERROR `Arc` keeps its data elsewhere in memory
    map: std::collections::HashMap<u8, u8>, //~ ERROR `HashMap` keeps its data elsewhere in memory
    path: std::path::PathBuf, //~ ERROR `PathBuf` keeps its data elsewhere in memory
    array: [Vec<u8>; 2], //~ ERROR `Vec` keeps its data elsewhere in memory
}
//~? use an array `[T; N]`, or a second vector and an index into it

fn main() {}
