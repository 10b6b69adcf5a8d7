//! A naive model of the rules beside the engine, and a random driver for both.
//!
//! ```text
//!   program (proptest) ──► driver ──┬──► engine ──► events, reply, state ─┐
//!                                   └──► model  ──► events, reply, state ─┴─► the same, after every step
//! ```
//!
//! The model knows no index: whatever it asks, it asks of all agents and of all waiting requests.

pub(crate) mod admission;
pub(crate) mod agents;
pub(crate) mod commands;
pub(crate) mod compare;
pub(crate) mod directory;
pub(crate) mod driver;
pub(crate) mod earmarks;
pub(crate) mod eligible;
pub(crate) mod invariants;
pub(crate) mod invites;
pub(crate) mod program;
pub(crate) mod records;
pub(crate) mod rest;
pub(crate) mod rooms;
pub(crate) mod shrink;
pub(crate) mod strategy;
pub(crate) mod supervising;
pub(crate) mod world;
