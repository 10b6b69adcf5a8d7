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

/// The answers of the window.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Answers {
    in_order: Ring<Answer>,
    /// The numbers of the answers, without their upper halves.
    #[serde(skip)]
    by_request: [HashTable<u32>; PARTS],
}

impl Answers {
    /// The first command with this `request_id`, of whatever kind, and its answer, if it is remembered.
    pub fn first(&self, key: RequestKey) -> Option<(RequestKey, Reply)> {
        let (part, hash) = place(key);
        let number = self.by_request[part].find(hash, |it| self.is_of(*it, key))?;
        self.answer(*number).map(|it| (it.key, it.reply))
    }

    /// Remembers an answer and forgets what is out of the window.
    pub fn remember(&mut self, at: Millis, key: RequestKey, reply: Reply) {
        while let Some(oldest) = self.in_order.get(self.in_order.first())
            && (self.in_order.len() >= limits::ANSWERS_MAX || oldest.at + limits::ANSWER_KEPT_MS < at)
        {
            self.forget(oldest.key);
        }
        self.in_order.push(Answer { at, key, reply });
        self.index(low(self.in_order.next() - 1), key);
    }

    /// Rebuilds what a snapshot leaves out.
    pub fn reindex(&mut self) {
        self.by_request = <_>::default();
        let answers: Vec<_> = self.in_order.iter().map(|(number, it)| (low(number), it.key)).collect();
        answers.into_iter().for_each(|(number, key)| self.index(number, key));
    }

    fn index(&mut self, number: u32, key: RequestKey) {
        let (part, hash) = place(key);
        let Self { in_order, by_request } = self;
        by_request[part]
            .insert_unique(hash, number, |it| answer(in_order, *it).map_or(0, |it| place(it.key).1));
    }

    /// Forgets the oldest, whose key this is.
    fn forget(&mut self, key: RequestKey) {
        let ((part, hash), oldest) = (place(key), low(self.in_order.first()));
        if let Ok(found) = self.by_request[part].find_entry(hash, |it| *it == oldest) {
            found.remove();
        }
        self.in_order.forget();
    }

    fn is_of(&self, number: u32, key: RequestKey) -> bool {
        self.answer(number).is_some_and(|it| it.key.request() == key.request())
    }

    fn answer(&self, number: u32) -> Option<&Answer> {
        answer(&self.in_order, number)
    }
}

/// The part of the index that a key is in, and its hash there.
fn place(key: RequestKey) -> (usize, u64) {
    let hash = FxBuildHasher.hash_one(key.request());
    // The lowest and the highest bits say where it is in its part.
    ((hash >> 32) as usize % PARTS, hash)
}

fn low(number: u64) -> u32 {
    number as u32
}

/// There are far fewer than 2^32, so the lower half of a number says which it is.
fn answer(in_order: &Ring<Answer>, number: u32) -> Option<&Answer> {
    in_order.get(in_order.first() + u64::from(number.wrapping_sub(low(in_order.first()))))
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
        assert_eq!(answers.by_request.iter().map(HashTable::len).sum::<usize>(), 2);
    }

    #[test]
    fn numbers_are_told_apart_where_their_lower_halves_begin_again() {
        let in_order = Ring::from_first(u64::from(u32::MAX) - 2);
        let mut answers = Answers { in_order, ..Answers::default() };
        (0..6).for_each(|it| answers.remember(1, key(it), Reply::WrapUpExtended { until: it }));
        assert!((0..6).all(|it| is_remembered(&answers, it)));
    }
}
