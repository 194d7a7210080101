//! Any two types, one of which elements are to become the other.

#![no_main]

use persist_fuzz::PlanInput;

libfuzzer_sys::fuzz_target!(|input: PlanInput| persist_fuzz::check_plan(&input));
