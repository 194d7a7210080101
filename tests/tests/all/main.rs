//! Tests that need more than one crate, in one binary.

mod architecture;
mod bad_input;
mod format;
mod golden;
mod support;
mod ui;
