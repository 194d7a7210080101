//! What an alias hides, the bound on `Persist` finds.
use persist_core::Persist;

type Index = usize;
type Text = &'static str;

#[derive(Clone, Copy, Persist)]
#[repr(C)]
struct Row {
    index: Index, //~ ERROR `usize` can't be stored in a persist file
    text: Text, //~ ERROR can't be stored in a persist file
}
//~? `usize` and `isize`: use `u64` or `i64`

fn main() {}
