//! The `persist` command as its users meet it: run as a process, on files.

mod bench;
mod done;
mod dump;
mod evolution;
mod hostile;
mod import;
mod inspect;
mod outlives;
mod repair;
mod rust_source;
mod stats;
mod support;
mod terminal;
mod verify;
