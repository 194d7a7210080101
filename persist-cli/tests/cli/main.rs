//! The `persist` command as its users meet it: run as a process, on files.

mod dump;
mod evolution;
mod hostile;
mod inspect;
mod rust_source;
mod stats;
mod support;
mod terminal;
