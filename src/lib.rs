//! Omniroute: the routing engine between customers' conversations and agents' capacity.
//!
//! ```text
//!   main ─► cli ─► server ─► api ──letter──► shard ──► engine        the pure rules
//!                             │                └──────► journal       durable events
//!                             └── wire (protobuf) ── views (read models)
//! ```
//!
//! Read [`engine`] first: it is what the project exists for. Then follow one command through the house: `api::front`, `shard::worker`,
//! `engine::decide`, `shard::committer`, `shard::publisher`.

pub mod access;
pub mod api;
pub mod background;
pub mod cli;
pub mod clock;
pub mod config;
pub mod engine;
pub mod journal;
pub mod metrics;
pub mod server;
pub mod shard;
pub mod telemetry;
pub mod upkeep;
pub mod views;
pub mod wire;
