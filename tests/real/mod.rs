//! The real binary as a process, a client that keeps a ledger of what was answered, and what the metrics say.
#![allow(dead_code, unreachable_pub, reason = "each test target uses its part")]

#[path = "../durability/client.rs"]
pub mod client;
#[path = "../support/figures.rs"]
pub mod figures;
#[path = "../support/page.rs"]
mod page;
#[path = "../support/process.rs"]
pub mod process;
