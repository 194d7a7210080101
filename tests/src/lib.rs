//! Holds the integration tests, and makes the examples of the README doctests. It has no code.

#![cfg_attr(doctest, doc = include_str!("../../README.md"))]
