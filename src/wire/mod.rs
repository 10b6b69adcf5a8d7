//! Between the bytes that others see and the types that the engine speaks. It converts and checks shapes; it decides nothing.
//!
//! ```text
//!   v1 request ──► mutation::{Mutation, Inquiry} ──► Command, Query          (check: every violation by its path)
//!   v1 response ◄── mutation, view ◄── Reply, Answer                         (status: Rejection to gRPC status)
//!   v1::Event ◄── event ◄── Event ──► notice, log ──► what agents are told
//!   journal payload ◄──► stored ◄──► Event
//! ```
//!
//! Ids of the directory become dense numbers here, by the edge's copy of `Names`. An id that it does not know becomes `UNKNOWN`, and
//! the engine refuses it in its order of precedence.

mod agents;
#[cfg(test)]
mod calls_tests;
pub mod check;
mod conversations;
mod directory;
pub mod event;
mod explain;
mod filter;
mod flags;
mod heads;
mod kinds;
pub mod log;
pub mod mutation;
pub mod names;
pub mod notice;
mod page;
mod records;
mod relaxation;
mod resource;
mod routing;
#[cfg(test)]
pub(crate) mod samples;
pub mod status;
pub mod stored;
mod supervisor;
pub mod view;

/// The public API, as generated.
#[allow(
    missing_docs,
    unreachable_pub,
    clippy::all,
    clippy::pedantic,
    clippy::allow_attributes_without_reason,
    clippy::wildcard_enum_match_arm,
    clippy::large_futures,
    reason = "generated"
)]
pub mod v1 {
    tonic::include_proto!("omniroute.v1");
}

/// The stored events, as generated.
#[cfg_attr(not(test), allow(dead_code, reason = "a batch is read without one being made"))]
#[allow(
    missing_docs,
    unreachable_pub,
    clippy::all,
    clippy::pedantic,
    clippy::allow_attributes_without_reason,
    clippy::wildcard_enum_match_arm,
    clippy::large_futures,
    reason = "generated"
)]
mod stored_v1 {
    tonic::include_proto!("omniroute.journal.v1");
}

/// The descriptors of everything under `proto/`, for reflection.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));

/// The dense number of an id that the directory does not have.
pub const UNKNOWN: u32 = u32::MAX;
