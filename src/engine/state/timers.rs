//! What has to happen at which time. Timers are state: the engine says when it wants to be woken, the shard wakes it.
//!
//! Each timer stands for a time that is written in the state (an invite's expiry, a lease, a wrap-up's end), so a snapshot leaves
//! them out and `State::reindex` sets them anew.

use std::collections::BTreeSet;

use crate::engine::ids::{AgentIx, ConversationId, Millis, RequestId};

/// What is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Timer {
    /// The pending invites of a request expire.
    Expiry(RequestId),
    /// A dropped session is over.
    Lease(AgentIx),
    /// A wrap-up ends.
    WrapUp(AgentIx, ConversationId),
    /// Whoever declined this request may be invited again.
    Reinvite(RequestId),
    /// The next wave of a request.
    Wave(RequestId),
    /// A request may be routed from now on.
    Begin(RequestId),
    /// The requirements of a request give way.
    Relax(RequestId),
    /// A request that still waits earmarks an agent.
    Earmark(RequestId),
    /// A conversation goes inactive by silence.
    Silence(ConversationId),
    /// An inactive conversation ends.
    InactiveEnd(ConversationId),
}

/// All timers, the next first.
#[derive(Debug, Clone, Default)]
pub struct Timers(BTreeSet<(Millis, Timer)>);

impl Timers {
    /// Sets a timer; at 0, which stands for never, none.
    pub fn set(&mut self, at: Millis, timer: Timer) {
        if at != 0 {
            self.0.insert((at, timer));
        }
    }

    /// Takes a timer back, if it is set.
    pub fn cancel(&mut self, at: Millis, timer: Timer) {
        if at != 0 {
            self.0.remove(&(at, timer));
        }
    }

    /// When the next one is due.
    pub fn next(&self) -> Option<Millis> {
        self.0.first().map(|(at, _)| *at)
    }

    /// The next one that is due.
    pub fn due(&self, now: Millis) -> Option<(Millis, Timer)> {
        self.0.first().copied().filter(|(at, _)| *at <= now)
    }
}
