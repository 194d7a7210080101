//! What the example programs share, and the work of the one that is the default.
//!
//! | program | run it with | what it shows |
//! |---|---|---|
//! | `weather` | `cargo run --release -p persist-examples` | a year of observations from CSV: import, open, query, correct, roll back, crash, and what is refused |
//! | `particles` | `cargo run --release -p persist-examples --bin particles` | a simulation that changes everything in place at each step, and is killed at work |
//! | `ticks` | `cargo run --release -p persist-examples --bin ticks` | a recorder that commits now and then, a crash, and range queries |

#![forbid(unsafe_code)]

pub mod crash;
pub mod format;
pub mod galaxy;
pub mod location;
pub mod program;
pub mod weather;
