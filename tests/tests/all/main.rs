//! Tests that need more than one crate, in one binary.

mod advice;
mod architecture;
mod atomic;
mod bad_input;
mod boot;
mod child;
mod derive;
mod disk_full;
mod disks;
mod durability;
mod exchange;
mod format;
mod golden;
mod growth;
mod killed;
mod locks;
mod migrate;
mod model;
mod read_only;
mod support;
mod ui;
mod writer;
