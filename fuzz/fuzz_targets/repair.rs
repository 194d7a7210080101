//! Damaged files, to be repaired.

#![no_main]

use persist_fuzz::RepairInput;

libfuzzer_sys::fuzz_target!(|input: RepairInput| persist_fuzz::check_repair(&input));
