//! What was answered to which `request_id`, for repeats (API-1). Bounded in number and time; the oldest is forgotten first.
//!
//! ```text
//!   request_id ─► hash ─► part ─► number of the answer ─► the answer, in the order they were given
//! ```
//!
//! The index is in parts, so that none of them is ever so large that its growing would be felt.

use std::hash::BuildHasher as _;

use hashbrown::HashTable;
use rustc_hash::FxBuildHasher;
use serde::{Deserialize, Serialize};

use super::ring::Ring;
use crate::engine::{
    ids::{Millis, RequestKey},
    limits,
    reply::Reply,
};

const PARTS: usize = 32;

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Answer {
    at: Millis,
    key: RequestKey,
    reply: Reply,
}

/// The numbers of the answers, by request.
type Index = [HashTable<u64>; PARTS];

/// The answers of the window.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Answers {
    in_order: Ring<Answer>,
    /// None: not made yet. Replay adds answers and asks for none.
    #[serde(skip)]
    by_request: Option<Box<Index>>,
}

impl Default for Answers {
    fn default() -> Self {
        Self { in_order: Ring::default(), by_request: Some(Box::default()) }
    }
}

impl Answers {
    /// The first command with this `request_id`, of whatever kind, and its answer, if it is remembered.
    pub fn first(&self, key: RequestKey) -> Option<(RequestKey, Reply)> {
        let index = self.by_request.as_ref().unwrap_or_else(|| unreachable!("an engine has made it"));
        let (part, hash) = place(key);
        let is_same = |it: &Answer| it.key.request() == key.request();
        let number = index[part].find(hash, |it| self.in_order.get(*it).is_some_and(is_same))?;
        self.in_order.get(*number).map(|it| (it.key, it.reply))
    }

    /// Remembers an answer and forgets what is out of the window.
    pub fn remember(&mut self, at: Millis, key: RequestKey, reply: Reply) {
        while let Some(oldest) = self.in_order.get(self.in_order.first())
            && (self.in_order.len() >= limits::ANSWERS_MAX || oldest.at + limits::ANSWER_KEPT_MS < at)
        {
            self.forget(oldest.key);
        }
        if let Some(index) = &mut self.by_request {
            add(index, &self.in_order, self.in_order.next(), key);
        }
        self.in_order.push(Answer { at, key, reply });
    }

    /// Makes the index, which a snapshot leaves out and replay does not need.
    pub fn reindex(&mut self) {
        let mut index: Box<Index> = Box::default();
        self.in_order.iter().for_each(|(number, it)| add(&mut index, &self.in_order, number, it.key));
        self.by_request = Some(index);
    }

    /// Forgets the oldest, whose key this is.
    fn forget(&mut self, key: RequestKey) {
        let ((part, hash), oldest) = (place(key), self.in_order.first());
        if let Some(index) = &mut self.by_request
            && let Ok(found) = index[part].find_entry(hash, |it| *it == oldest)
        {
            found.remove();
        }
        self.in_order.forget();
    }
}

fn add(index: &mut Index, in_order: &Ring<Answer>, number: u64, key: RequestKey) {
    let (part, hash) = place(key);
    index[part].insert_unique(hash, number, |it| in_order.get(*it).map_or(0, |it| place(it.key).1));
}

/// The part of the index that a key is in, and its hash there.
fn place(key: RequestKey) -> (usize, u64) {
    let hash = FxBuildHasher.hash_one(key.request());
    // The lowest and the highest bits say where it is in its part.
    ((hash >> 32) as usize % PARTS, hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: u64) -> RequestKey {
        RequestKey(u128::from(number) * 0x9E37_79B9_7F4A_7C15).of_kind(1)
    }

    fn is_remembered(answers: &Answers, number: u64) -> bool {
        answers.first(key(number)) == Some((key(number), Reply::WrapUpExtended { until: number }))
    }

    #[test]
    fn answers_are_found_until_they_are_out_of_the_window() {
        let mut answers = Answers::default();
        let (beyond, count) = (10, limits::ANSWERS_MAX as u64);
        for number in 0..count + beyond {
            answers.remember(1, key(number), Reply::WrapUpExtended { until: number });
        }
        answers.reindex();
        assert_eq!((0..beyond).filter(|it| is_remembered(&answers, *it)).count(), 0);
        assert!((beyond..count + beyond).all(|it| is_remembered(&answers, it)));

        answers.remember(1 + limits::ANSWER_KEPT_MS, key(0), Reply::WrapUpExtended { until: 0 });
        assert!(is_remembered(&answers, beyond + 1) && is_remembered(&answers, 0), "it is still time");
        answers.remember(2 + limits::ANSWER_KEPT_MS, key(1), Reply::WrapUpExtended { until: 1 });
        assert!(is_remembered(&answers, 0) && is_remembered(&answers, 1));
        assert_eq!(answers.in_order.len(), 2, "the others are too old");
        let index = answers.by_request.expect("it is made");
        assert_eq!(index.iter().map(HashTable::len).sum::<usize>(), 2);
    }
}
