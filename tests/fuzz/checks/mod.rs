//! What is fuzzed: each takes any bytes and panics where the service must not be as it then is. `cargo test --test fuzz_corpus` runs
//! them over the corpus, `tests/fuzz/run` over what a fuzzer makes of it.

#![allow(clippy::unwrap_used, clippy::panic, unreachable_pub, reason = "a check fails by panicking")]

pub mod api_messages;
pub mod commands;
pub mod directory_file;
pub mod stored_events;
pub mod tokens;
