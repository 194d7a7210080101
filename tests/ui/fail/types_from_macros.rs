//! What a macro hides, the bound on `Persist` finds.
use persist_core::Persist;

macro_rules! index {
    () => { usize }; //~ ERROR `usize` can't be stored in a persist file
}
macro_rules! row {
    ($type:ty) => {
        #[derive(Clone, Copy, Persist)]
        #[repr(C)]
        struct Generated {
            field: $type,
        }
    };
}

#[derive(Clone, Copy, Persist)]
#[repr(C)]
struct Row {
    index: index!(),
}

row!(usize); //~ ERROR the width of `usize` and `isize` is the machine's

fn main() {}
