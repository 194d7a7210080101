//! Files of mode *atomic* with any records in their journal.

#![no_main]

use persist_fuzz::JournalInput;

libfuzzer_sys::fuzz_target!(|input: JournalInput| persist_fuzz::check_journal(&input));
