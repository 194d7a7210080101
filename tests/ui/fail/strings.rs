//! Text must stand inline.
use persist_core::Persist;

#[derive(Clone, Persist)]
#[repr(C)]
struct Row {
    name: String, //~ ERROR a `String` keeps its text elsewhere in memory
    path: std::string::String, //~ ERROR a `String` keeps its text elsewhere in memory
}
//~? use `FixedStr<N>`, which keeps up to N bytes of text inline

fn main() {}
