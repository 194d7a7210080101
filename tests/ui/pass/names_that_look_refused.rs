//! Types of the user that share a name with one of std.
#![allow(dead_code)]
use persist_core::Persist;

type Id = std::num::NonZeroU32;

#[derive(Clone, Copy, Persist)]
#[repr(C)]
struct Box {
    min: [f32; 2],
    max: [f32; 2],
}

#[derive(Clone, Copy, Persist)]
#[repr(C)]
struct Cell(u32);

#[derive(Clone, Copy, Persist)]
#[repr(C)]
struct Path(u32);

#[derive(Clone, Copy, Persist)]
#[repr(C)]
struct Row {
    bounds: Box,
    cell: Cell,
    path: Path,
    id: Option<Id>,
}

fn main() {}
