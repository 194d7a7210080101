//! The `persist` command as a process: what it prints, what it leaves, and how it ends.

mod bench;
mod import;
mod repair;

mod verify;
