//! What the example programs share, and the work of the one that is the default.
//!
//! | program | run it with | what it shows |
//! |---|---|---|
//! | `weather` | `cargo run --release -p persist-examples` | a year of observations from CSV: import, open, query, correct, and what is refused |
//! | `particles` | `cargo run --release -p persist-examples --bin particles` | a simulation over plain slices of the file, resumed exactly where it was committed |
//! | `ticks` | `cargo run --release -p persist-examples --bin ticks` | a recorder that commits now and then, a crash, and range queries |

#![forbid(unsafe_code)]

pub mod format;
pub mod location;
pub mod program;
pub mod weather;
