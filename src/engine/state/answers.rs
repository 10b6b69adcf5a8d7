//! What was answered to which `request_id`, for repeats (API-1). Bounded in number and time; the oldest is forgotten first.

use std::collections::VecDeque;

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use crate::engine::{
    ids::{Millis, RequestKey},
    limits,
    reply::Reply,
};

/// The answers of the window.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Answers {
    in_order: VecDeque<(Millis, RequestKey, Reply)>,
    #[serde(skip)]
    by_request: FxHashMap<u128, (RequestKey, Reply)>,
}

impl Answers {
    /// The first command with this `request_id`, of whatever kind, and its answer, if it is remembered.
    pub fn first(&self, key: RequestKey) -> Option<(RequestKey, Reply)> {
        self.by_request.get(&key.request()).copied()
    }

    /// Remembers an answer and forgets what is out of the window.
    pub fn remember(&mut self, at: Millis, key: RequestKey, reply: Reply) {
        self.in_order.push_back((at, key, reply));
        self.by_request.insert(key.request(), (key, reply));
        while let Some((since, key, _)) = self.in_order.front().copied()
            && (self.in_order.len() > limits::ANSWERS_MAX || since + limits::ANSWER_KEPT_MS < at)
        {
            self.by_request.remove(&key.request());
            self.in_order.pop_front();
        }
    }

    /// Rebuilds what a snapshot leaves out.
    pub fn reindex(&mut self) {
        let by_request = |it: &(Millis, RequestKey, Reply)| (it.1.request(), (it.1, it.2));
        self.by_request = self.in_order.iter().map(by_request).collect();
    }
}
