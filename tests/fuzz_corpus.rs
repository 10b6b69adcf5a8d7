//! The corpus of the fuzzers, run through the same checks as they are: what once was found stays mended, on any toolchain.

#![allow(clippy::expect_used, missing_docs, reason = "a test fails by panicking")]

#[path = "fuzz/checks/mod.rs"]
mod checks;

use std::{fs, path::Path};

fn replay(name: &str, check: fn(&[u8])) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus").join(name);
    let mut inputs = 0;
    for input in fs::read_dir(&corpus).expect("there is a corpus") {
        let path = input.expect("it can be read").path();
        let bytes = fs::read(&path).expect("it can be read");
        let checked = std::panic::catch_unwind(|| check(&bytes));
        assert!(checked.is_ok(), "{} is what it fails on", path.display());
        inputs += 1;
    }
    assert!(inputs > 10, "{inputs} inputs are no corpus");
}

#[test]
fn any_bytes_can_come_as_a_call() {
    replay("api_messages", checks::api_messages::check);
}

#[test]
fn any_sequence_of_commands_does_what_the_rules_say() {
    replay("commands", checks::commands::check);
}

#[test]
fn any_text_can_come_as_a_directory_file() {
    replay("directory_file", checks::directory_file::check);
}

#[test]
fn any_bytes_can_stand_in_the_journal() {
    replay("stored_events", checks::stored_events::check);
}

#[test]
fn any_bytes_can_come_as_a_token_or_as_the_keys_of_tokens() {
    replay("tokens", checks::tokens::check);
}
