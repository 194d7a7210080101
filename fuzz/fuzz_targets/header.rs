//! Files whose preamble, slots, live state or descriptor were changed.

#![no_main]

use persist_fuzz::HeaderInput;

libfuzzer_sys::fuzz_target!(|input: HeaderInput| persist_fuzz::check_header(&input));
