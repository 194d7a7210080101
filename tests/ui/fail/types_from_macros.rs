//! A macro may answer differently each time, and a type is written more than once.
use persist_core::Persist;

use std::marker::PhantomData;

macro_rules! index {
    () => { usize };
}
macro_rules! len {
    () => { 4 };
}
macro_rules! row {
    ($name:ident, $type:ty) => {
        #[derive(Clone, Copy, Persist)]
        #[repr(C)]
        struct $name {
            field: $type,
        }
    };
}

#[derive(Clone, Copy)]
struct Holder<T, const N: usize>(T);

#[derive(Clone, Copy, Persist)]
#[repr(C)]
struct Row {
    a: index!(), //~ ERROR a macro may expand to another type each time it is asked
    b: [index![]; 2], //~ ERROR a macro may expand to another type
    c: [[u8; len!()]; 2], //~ ERROR a macro may expand to another length each time it is asked
    d: [u8; 1 + len! {}], //~ ERROR a macro may expand to another length
    e: PhantomData<(u8, index!{})>, //~ ERROR a macro may expand to another type
    f: Holder<u8, { len!() }>, //~ ERROR a macro may expand to another type
    #[persist(pod, as = [index!(); 2])] //~ ERROR a macro may expand to another type
    g: [u64; 2],
    #[persist(pod = "index")]
    h: index!(), //~ ERROR a macro may expand to another type
}
//~? help: give it a name: `type Name = …!();`
//~? help: give it a name: `const LEN: usize = …!();`

// With a name, the bound on `Persist` finds what a macro hides.
type Index = index!();

#[derive(Clone, Copy, Persist)]
#[repr(C)]
struct Hidden {
    index: Index, //~ ERROR `usize` can't be stored in a persist file
}

row!(Generated, usize); //~ ERROR the width of `usize` and `isize` is the machine's
row!(Asked, index!()); //~ ERROR a macro may expand to another type

fn main() {}
