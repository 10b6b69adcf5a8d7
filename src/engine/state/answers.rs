//! What was answered to which `request_id`, for repeats (API-1). Bounded in number and time; the oldest is forgotten first.
//!
//! ```text
//!   request_id ─► hash ─► part ─► line: 15 slots ─► number of the answer ─► the answer, in the order they were given
//!                                   └─ full: the next line, and this one says so
//! ```
//!
//! Of a million answers none is near in memory, so what counts is how many places a command has to look at. A line is one cache line: whether a
//! request is new is found there as a rule, and its answer is remembered there. What is forgotten is left standing in its slot: its number
//! is too old for it to mean anything, and whoever comes by takes the slot. The index is in parts, so that none of them is ever so
//! large that its growing would be felt.

use std::hash::BuildHasher as _;

use rustc_hash::FxBuildHasher;
use serde::{Deserialize, Serialize};

use super::ring::Ring;
use crate::engine::{
    ids::{Millis, RequestKey},
    limits,
    reply::Reply,
};

const PARTS: usize = 128;
/// Slots of a line, with the word of what went beyond it one cache line.
const SLOTS: usize = 15;
/// Answers by line, on average, from which on a part grows: so few lines are full that hardly anything goes beyond its own.
const FULL: usize = 10;
/// Bits of a slot that are its number's: of four times as many as are remembered. The others are its mark.
const NUMBER_BITS: u32 = limits::ANSWERS_MAX.ilog2() + 2;

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
    /// None: not made yet. Replay adds answers and asks for none.
    #[serde(skip)]
    by_request: Option<Box<[Part]>>,
}

impl Answers {
    /// The first command with this `request_id`, of whatever kind, and its answer, if it is remembered.
    pub fn first(&self, key: RequestKey) -> Option<(RequestKey, Reply)> {
        let parts = self.by_request.as_ref().unwrap_or_else(|| unreachable!("an engine has made it"));
        let place = Place::of(key);
        parts[place.part].find(place, &self.in_order, key).map(|it| (it.key, it.reply))
    }

    /// Remembers an answer and forgets what is out of the window.
    pub fn remember(&mut self, at: Millis, key: RequestKey, reply: Reply) {
        while let Some(oldest) = self.in_order.get(self.in_order.first())
            && (self.in_order.len() >= limits::ANSWERS_MAX || oldest.at + limits::ANSWER_KEPT_MS < at)
        {
            self.forget(oldest.key);
        }
        let number = self.in_order.next();
        self.in_order.push(Answer { at, key, reply });
        if let Some(parts) = &mut self.by_request {
            let place = Place::of(key);
            parts[place.part].add(place, number, &self.in_order);
        }
    }

    /// Forgets the oldest, whose key this is.
    fn forget(&mut self, key: RequestKey) {
        if let Some(parts) = &mut self.by_request {
            parts[Place::of(key).part].count -= 1;
        }
        self.in_order.forget();
    }

    /// The same without the index, which a snapshot leaves out.
    #[must_use]
    pub fn without_index(&self) -> Self {
        Self { in_order: self.in_order.clone(), by_request: None }
    }

    /// Makes the index, which a snapshot leaves out and replay does not need.
    pub fn reindex(&mut self) {
        let mut parts: Box<[Part]> = (0..PARTS).map(|_| Part::default()).collect();
        for (number, it) in self.in_order.iter() {
            let place = Place::of(it.key);
            parts[place.part].add(place, number, &self.in_order);
        }
        self.by_request = Some(parts);
    }
}

/// Where a request stands in the index.
#[derive(Debug, Clone, Copy)]
struct Place {
    part: usize,
    /// Which line, of as many as there are.
    line: usize,
    /// What tells it from most others of its line.
    mark: u32,
}

impl Place {
    #[expect(clippy::cast_possible_truncation, reason = "each takes some bits of the hash")]
    fn of(key: RequestKey) -> Self {
        let hash = FxBuildHasher.hash_one(key.request());
        let mark = hash as u32 >> NUMBER_BITS;
        Self { part: (hash >> 32) as usize % PARTS, line: (hash >> 40) as usize, mark }
    }
}

/// A cache line of the index.
#[derive(Debug, Clone, Default)]
#[repr(align(64))]
struct Line {
    /// Mark and number of an answer each; 0: none yet.
    slots: [u32; SLOTS],
    /// The latest number that had no room here and went to the next line; 0: none did. As long as that is remembered, what is not found here
    /// may be found there.
    beyond: u32,
}

/// The numbers that are remembered, as slots have them: so much of a number that one can be told from another that is remembered, and
/// never 0. A slot that nobody has taken for millions of answers can look as if it meant one of them; whoever finds it compares the keys.
#[derive(Debug, Clone, Copy)]
struct Window {
    first: u64,
    short_first: u32,
    len: u32,
}

impl Window {
    /// Numbers that slots tell apart.
    const SPAN: u32 = (1 << NUMBER_BITS) - 1;

    #[expect(clippy::cast_possible_truncation, reason = "there are no more than ANSWERS_MAX")]
    fn of(in_order: &Ring<Answer>) -> Self {
        let first = in_order.first();
        Self { first, short_first: Self::short(first), len: in_order.len() as u32 }
    }

    #[expect(clippy::cast_possible_truncation, reason = "the remainder is below SPAN")]
    fn short(number: u64) -> u32 {
        (number % u64::from(Self::SPAN)) as u32 + 1
    }

    /// The number of a slot, if it is remembered.
    fn number(self, slot: u32) -> Option<u64> {
        let short = slot & Self::SPAN;
        let from = if short < self.short_first { short + Self::SPAN } else { short };
        let place = from - self.short_first;
        (short != 0 && place < self.len).then(|| self.first + u64::from(place))
    }
}

/// A part of the index.
#[derive(Debug, Clone, Default)]
struct Part {
    /// A power of two of them, or none.
    lines: Vec<Line>,
    /// How many answers are remembered in it.
    count: usize,
}

impl Part {
    /// The lines where what belongs to a place may be, its own first.
    fn way(&self, place: Place) -> impl Iterator<Item = usize> + use<> {
        let lines = self.lines.len();
        (0..lines).map(move |step| (place.line + step) & (lines - 1))
    }

    fn find<'a>(&self, place: Place, in_order: &'a Ring<Answer>, key: RequestKey) -> Option<&'a Answer> {
        let window = Window::of(in_order);
        for line in self.way(place).map(|it| &self.lines[it]) {
            let marked = line.slots.iter().filter(|it| **it >> NUMBER_BITS == place.mark);
            let mut answers = marked.filter_map(|it| in_order.get(window.number(*it)?));
            if let Some(found) = answers.find(|it| it.key.request() == key.request()) {
                return Some(found);
            }
            window.number(line.beyond)?;
        }
        None
    }

    fn add(&mut self, place: Place, number: u64, in_order: &Ring<Answer>) {
        self.count += 1;
        if self.count > FULL * self.lines.len() {
            self.grow(in_order);
        }
        self.put(place, number, Window::of(in_order));
    }

    /// Puts a number into the first line on its way that has room. Those that have none say that it went beyond them.
    fn put(&mut self, place: Place, number: u64, window: Window) {
        let short = Window::short(number);
        for at in self.way(place) {
            let line = &mut self.lines[at];
            if let Some(free) = line.slots.iter_mut().find(|it| window.number(**it).is_none()) {
                *free = place.mark << NUMBER_BITS | short;
                return;
            }
            // When a part grows they do not come by their age, and what is said must hold for the latest.
            if window.number(line.beyond).is_none_or(|it| it < number) {
                line.beyond = short;
            }
        }
        unreachable!("a part has more slots than answers");
    }

    /// Makes twice as many lines for what is in it.
    fn grow(&mut self, in_order: &Ring<Answer>) {
        let lines = vec![Line::default(); (2 * self.lines.len()).max(1)];
        let (former, window) = (std::mem::replace(&mut self.lines, lines), Window::of(in_order));
        for slot in former.iter().flat_map(|it| it.slots) {
            if let Some(number) = window.number(slot)
                && let Some(answer) = in_order.get(number)
            {
                self.put(Place::of(answer.key), number, window);
            }
        }
    }
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
        let parts = answers.by_request.expect("it is made");
        assert_eq!(parts.iter().map(|it| it.count).sum::<usize>(), 2);
    }

    #[test]
    fn answers_of_which_all_would_go_into_one_line_are_found_beyond_it() {
        let (mut answers, mut part) = (Answers::default(), Part::default());
        let place = Place { part: 0, line: 5, mark: 3 };
        let count = 8 * SLOTS as u64;
        for number in 0..count {
            answers.remember(1, key(number), Reply::WrapUpExtended { until: number });
            part.lines.resize(16, Line::default());
            part.put(place, number, Window::of(&answers.in_order));
        }
        let find = |part: &Part, number| part.find(place, &answers.in_order, key(number)).is_some();
        assert!((0..count).all(|it| find(&part, it)));
        assert!(!find(&part, count));
        part.lines[6].beyond = 0;
        assert!(!find(&part, count - 1), "it is eight lines on, and looked for as long as lines say so");
    }

    /// What went beyond a line was taken for forgotten when an older one was that had gone beyond it later, as happened when a part grew.
    #[test]
    fn what_went_beyond_a_line_is_found_until_the_latest_is_forgotten() {
        let (mut answers, mut part) = (Answers::default(), Part::default());
        let place = Place { part: 0, line: 5, mark: 3 };
        let count = 4 * SLOTS as u64;
        part.lines.resize(16, Line::default());
        for number in 0..count {
            answers.remember(1, key(number), Reply::WrapUpExtended { until: number });
        }
        for number in (0..count).rev() {
            part.put(place, number, Window::of(&answers.in_order));
        }
        for oldest in 0..count {
            assert!(
                (oldest..count).all(|it| part.find(place, &answers.in_order, key(it)).is_some()),
                "{oldest}"
            );
            answers.forget(key(oldest));
            assert!(part.find(place, &answers.in_order, key(oldest)).is_none());
        }
    }

    #[test]
    fn what_is_forgotten_makes_room_and_is_never_taken_for_another() {
        // Long enough for the numbers of slots to begin again.
        let mut answers =
            Answers { in_order: Ring::from_first(u64::from(Window::SPAN) - 50), by_request: None };
        answers.reindex();
        for number in 0..10_000 {
            answers.remember(number, key(number), Reply::WrapUpExtended { until: number });
            if number >= 100 {
                answers.forget(key(number - 100));
                assert!(!is_remembered(&answers, number - 100));
                assert!((number - 99..=number).all(|it| is_remembered(&answers, it)));
            }
        }
        let parts = answers.by_request.expect("it is made");
        assert!(
            parts.iter().all(|it| it.lines.len() <= 1),
            "there are hundred at a time, and never more lines"
        );
    }
}
