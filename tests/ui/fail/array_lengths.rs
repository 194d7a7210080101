//! Array lengths that the derive's small grammar lacks.
use persist_core::Persist;

#[derive(Clone, Copy, Persist)]
#[repr(C)]
struct Row {
    bytes: [u8; if cfg!(debug_assertions) { 4 } else { 8 }], //~ ERROR persist: the derive can't read this array length
}
//~? help: give it a name: `const LEN: usize = …;`

fn main() {}
