//! libFuzzer over `checks::tokens`.
#![no_main]

#[path = "../checks/mod.rs"]
#[allow(dead_code, reason = "each target checks one thing")]
mod checks;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checks::tokens::check(bytes));
