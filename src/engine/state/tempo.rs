//! How fast the line of a queue moves: when the latest requests for it were accepted. What an expected wait is worked out from.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::engine::{
    ids::{ChannelIx, Millis},
    limits,
};

/// The latest acceptances of one queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tempo {
    accepted: VecDeque<Millis>,
    channel: ChannelIx,
}

impl Tempo {
    /// That of a queue of which nothing was accepted yet.
    pub fn new(channel: ChannelIx) -> Self {
        Self { accepted: VecDeque::new(), channel }
    }

    /// A request for the queue was accepted.
    pub fn accepted(&mut self, at: Millis, channel: ChannelIx) {
        self.channel = channel;
        self.accepted.push_back(at);
        if self.accepted.len() > limits::TEMPO_ACCEPTANCES_MAX {
            self.accepted.pop_front();
        }
    }

    /// The channel of the latest acceptance.
    pub fn channel(&self) -> ChannelIx {
        self.channel
    }

    /// How long so many acceptances take, at the mean interval between those that are known, the one that is running included: the time
    /// since the first of them over the intervals that are complete. None: too few are known, or the last is too long ago.
    pub fn time_for(&self, acceptances: u64, now: Millis) -> Option<Millis> {
        let (first, last) = (self.accepted.front()?, self.accepted.back()?);
        let is_known = self.accepted.len() >= limits::TEMPO_ACCEPTANCES_MIN;
        let is_fresh = now.saturating_sub(*last) <= limits::TEMPO_AGE_MS_MAX;
        let complete = self.accepted.len() as u64 - 1;
        (is_known && is_fresh).then(|| now.saturating_sub(*first).saturating_mul(acceptances) / complete)
    }
}
