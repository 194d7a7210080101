//! Elements are `Send` and `Sync`.
use std::marker::PhantomData;
use persist_core::TypeName;

#[derive(Clone, Copy)]
struct Local(PhantomData<*const u8>);
impl TypeName for Local {
    const NAME: &'static str = "Local";
}

#[derive(Clone, Copy, Persist)]
#[repr(C)]
struct Row { //~ ERROR `*const u8` cannot be sent between threads safely //~ ERROR `*const u8` cannot be shared between threads safely
    a: u8,
    b: PhantomData<Local>, //~ ERROR can't be stored in a persist file
}

fn main() {}
