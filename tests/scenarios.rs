//! The scenarios of `tests/scenarios/`: each is read, played against the service over gRPC with a clock that stands until the scenario
//! moves it, and held to every line. The language is taught in `docs/scenarios.md`.
#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::print_stdout, reason = "each scenario that runs is named")]
#![allow(
    clippy::match_wildcard_for_single_variants,
    reason = "what the language has no words for yet says itself"
)]
#![allow(clippy::wildcard_enum_match_arm, reason = "there are many verbs, and each place is about a few")]
#![allow(unreachable_pub, reason = "a test target has no outside")]

mod scenario;
mod support;
