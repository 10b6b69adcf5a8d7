//! How a call becomes a command or a query, and how its answer becomes a response. One implementation a call, by topic.

use std::{fmt::Debug, hash::Hasher as _};

use siphasher::sip128::{Hash128, Hasher128 as _, SipHasher13};

use super::check::Check;
pub use super::{
    agents::{load_history, open_session},
    directory::{directory_of, plan_directory, plan_response, warnings},
    explain::{decision, decisions_asked},
    heads::{Addressed, Repeatable, Speaker},
};
use crate::engine::{
    command::{Command, Query},
    directory::names::Names,
    ids::RequestKey,
    query::Answer,
    reply::Reply,
};

/// A call that changes something.
pub trait Mutation: Repeatable {
    /// What it answers.
    type Response;

    /// The command. Where the check has violations it is some well-formed command, not to be used.
    fn into_command(self, names: &Names, check: &mut Check) -> Command;

    /// The response.
    fn respond(reply: Reply) -> Self::Response;
}

/// A call that asks.
pub trait Inquiry: Addressed {
    /// What it answers.
    type Response;

    /// The query. Where the check has violations it is some well-formed query, not to be used.
    fn into_query(self, names: &Names, check: &mut Check) -> Query;

    /// The response.
    fn respond(answer: Answer, names: &Names) -> Self::Response;
}

/// The keys of the hash. They are stored with every answer that a journal remembers, so they never change.
const REQUEST_KEYS: (u64, u64) = (0x6f6d_6e69_726f_7574, 0x6520_7265_7175_6573);
/// Those of the hash of what agents and supervisors name themselves.
const CALLERS_KEYS: (u64, u64) = (0x6f6d_6e69_726f_7574, 0x6520_6361_6c6c_6572);

/// What makes a command the same command when it comes again. Keys of different orgs never meet: each org has its engine.
pub fn request_key(request_id: &str) -> RequestKey {
    let hasher = SipHasher13::new_with_keys(REQUEST_KEYS.0, REQUEST_KEYS.1);
    key(hasher.hash(request_id.as_bytes()))
}

/// The same for a caller that shares its ids with nobody: what another caller names the same is something else.
pub fn request_key_of(caller: &str, request_id: &str) -> RequestKey {
    let mut hasher = SipHasher13::new_with_keys(CALLERS_KEYS.0, CALLERS_KEYS.1);
    hasher.write(caller.as_bytes());
    // No text has this byte.
    hasher.write_u8(0xff);
    hasher.write(request_id.as_bytes());
    key(hasher.finish128())
}

fn key(hash: Hash128) -> RequestKey {
    // By hand, for `as_u128` depends on the machine's byte order.
    RequestKey(u128::from(hash.h2) << 64 | u128::from(hash.h1))
}

/// What every mutation must have.
pub(super) fn head<M: Mutation>(call: &M, check: &mut Check) {
    check.org(call.org_id());
    check.request_id(call.request_id());
}

/// A bug: the engine answers each command and query with its own kind of answer (`engine::fits` holds repeats to it).
pub(super) fn unfitting(call: &str, answer: &dyn Debug) -> ! {
    unreachable!("{call} is not answered with {answer:?}")
}
