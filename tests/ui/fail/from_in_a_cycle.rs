//! No version comes before itself.
use persist_core::Persist;

#[derive(Clone, Copy, Persist)]
#[persist(from = B)] //~ ERROR cycle detected when
#[repr(C)]
struct A {
    a: u32,
}

#[derive(Clone, Copy, Persist)]
#[persist(from = A)]
#[repr(C)]
struct B {
    b: u32,
}

impl From<B> for A {
    fn from(b: B) -> Self {
        Self { a: b.b }
    }
}

impl From<A> for B {
    fn from(a: A) -> Self {
        Self { b: a.a }
    }
}

fn main() {}
