//! Names of the user don't meet those of the generated code.
#![no_implicit_prelude]
#![allow(dead_code, non_camel_case_types, non_upper_case_globals)]
extern crate std;

#[derive(::core::clone::Clone, ::core::marker::Copy, ::persist_core::Persist)]
#[repr(u8)]
enum u8 {
    Some,
    None,
    Ok,
}

#[derive(::core::clone::Clone, ::core::marker::Copy, ::persist_core::Persist)]
#[repr(transparent)]
struct Layout(u8);

#[derive(::core::clone::Clone, ::core::marker::Copy, ::persist_core::Persist)]
#[repr(C)]
struct Field {
    element: Layout,
    layout: Kind,
    valid: Persist,
    tag: bool,
}

#[derive(::core::clone::Clone, ::core::marker::Copy, ::persist_core::Persist)]
#[repr(C)]
struct Kind(Layout);

#[derive(::core::clone::Clone, ::core::marker::Copy, ::persist_core::Persist)]
#[repr(C)]
struct Persist(Kind);

#[derive(::core::clone::Clone, ::core::marker::Copy, ::persist_core::Persist)]
#[repr(C)]
struct bool(::core::primitive::bool);

#[derive(::core::clone::Clone, ::core::marker::Copy, ::persist_core::Persist)]
#[repr(C)]
struct Generic<T, const element: usize>([T; element]);

struct usize_;
mod core {}
mod persist_core {}
const element: () = ();
const layout: () = ();
const valid: () = ();
const tag: () = ();
type usize = ::core::primitive::usize;
type i128 = ();
type u128 = ();

fn main() {}
