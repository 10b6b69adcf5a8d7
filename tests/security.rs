//! Who may do what: tokens, roles, orgs, and what an agent is told of what is not its own. Through the public API.
#![allow(
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "a test fails by panicking"
)]

mod support;

#[path = "security/agents.rs"]
mod agents;
#[path = "security/guarded.rs"]
mod guarded;
#[path = "security/messages.rs"]
mod messages;
#[path = "security/signers.rs"]
mod signers;
#[path = "security/streams.rs"]
mod streams;
#[path = "security/table.rs"]
mod table;
#[path = "security/tokens.rs"]
mod tokens;
