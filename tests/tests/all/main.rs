//! Tests that need more than one crate, in one binary.

mod architecture;
mod bad_input;
mod child;
mod derive;
mod disk_full;
mod durability;
mod format;
mod golden;
mod growth;
mod locks;
mod model;
mod support;
mod ui;
