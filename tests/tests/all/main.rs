//! Tests that need more than one crate, in one binary.

mod architecture;
mod bad_input;
mod child;
mod derive;
mod format;
mod golden;
mod locks;
mod model;
mod support;
mod ui;
