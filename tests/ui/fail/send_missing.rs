//! Elements are `Send` and `Sync`, foreign ones too.
use persist_core::Persist;

use std::marker::PhantomData;

#[derive(Clone, Copy, Persist)]
#[repr(C)]
struct Row { //~ ERROR cannot be sent between //~ ERROR cannot be shared between //~ ERROR cannot be sent between //~ ERROR cannot be shared between
    a: u8,
    #[persist(pod = "local")]
    b: PhantomData<*const u8>, //~ ERROR cannot be sent between threads safely //~ ERROR cannot be shared between threads safely
}

fn main() {}
