//! Any bytes, decoded as the description of an element.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| persist_fuzz::check_descriptor(bytes));
