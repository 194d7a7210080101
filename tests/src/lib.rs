#![doc = include_str!("../../README.md")]
//! ---
//!
//! This crate has no code: it makes the examples of the README doctests, and holds the
//! integration tests.
