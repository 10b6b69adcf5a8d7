//! The letters that a shard has taken out of its mailbox, a lane for each org. Within a lane they keep their order, which is the order of
//! the race; lanes take turns, so that whoever posts little does not wait for whoever posts much.

use std::collections::VecDeque;

use super::{letter::Letter, mailbox::Envelope};

/// Letters that a lane is given in one turn, in weight: enough that what an org needs stays warm, few enough that a batch has many turns.
const TURN: usize = 64;
/// Letters for which an empty lane keeps its memory.
const KEPT: usize = 256;

/// The lanes of a shard.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    letters: Vec<VecDeque<(usize, Letter)>>,
    /// Lanes with letters, in the order of their turns.
    turns: VecDeque<usize>,
    /// What the first of them was given in this turn.
    given: usize,
    /// What was taken out and not yet given back: lane and weight, neighbours of one lane together.
    taken: Vec<(usize, usize)>,
}

impl Lanes {
    /// Puts a letter at the end of its lane.
    pub(super) fn add(&mut self, Envelope { lane, weight, letter }: Envelope) {
        if lane >= self.letters.len() {
            self.letters.resize_with(lane + 1, VecDeque::new);
        }
        let letters = &mut self.letters[lane];
        if letters.is_empty() {
            self.turns.push_back(lane);
        }
        letters.push_back((weight, letter));
    }

    /// The next letter of the lane whose turn it is.
    pub(super) fn next(&mut self) -> Option<Letter> {
        let lane = *self.turns.front()?;
        let letters = &mut self.letters[lane];
        let (weight, letter) = letters.pop_front()?;
        self.given += weight;
        match self.taken.last_mut() {
            Some((last, sum)) if *last == lane => *sum += weight,
            Some(_) | None => self.taken.push((lane, weight)),
        }
        if letters.is_empty() {
            letters.shrink_to(KEPT);
            self.turns.pop_front();
            self.given = 0;
        } else if self.given >= TURN {
            self.turns.rotate_left(1);
            self.given = 0;
        }
        Some(letter)
    }

    /// What was taken out since it was asked last, by lane.
    pub(super) fn taken(&mut self) -> impl Iterator<Item = (usize, usize)> {
        self.taken.drain(..)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.turns.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::ids::AgentIx;

    fn envelope(lane: usize, number: u64) -> Envelope {
        let letter = Letter::Dropped { org: lane.to_string().into(), agent: AgentIx(0), stream: number };
        Envelope { lane, weight: 1, letter }
    }

    fn next(lanes: &mut Lanes) -> Option<(usize, u64)> {
        let Letter::Dropped { org, stream, .. } = lanes.next()? else { unreachable!("no other was put in") };
        Some((org.parse().ok()?, stream))
    }

    #[test]
    fn whoever_posts_little_does_not_wait_for_whoever_posts_much() {
        let mut lanes = Lanes::default();
        (0..10_000).for_each(|it| lanes.add(envelope(1, it)));
        (0..3).for_each(|it| lanes.add(envelope(2, it)));
        (0..3).for_each(|it| lanes.add(envelope(0, it)));
        let order: Vec<_> = std::iter::from_fn(|| next(&mut lanes)).collect();
        assert!(lanes.is_empty());
        assert_eq!(&order[TURN..TURN + 3], [(2, 0), (2, 1), (2, 2)]);
        assert_eq!(&order[TURN + 3..TURN + 6], [(0, 0), (0, 1), (0, 2)]);
        let of_the_flood: Vec<_> = order.iter().filter(|it| it.0 == 1).map(|it| it.1).collect();
        assert!(of_the_flood.iter().copied().eq(0..10_000), "an org's letters stay in their order");
        let mut taken = [0; 3];
        lanes.taken().for_each(|(lane, weight)| taken[lane] += weight);
        assert_eq!(taken, [3, 10_000, 3]);
        assert_eq!(lanes.taken().count(), 0);
    }

    #[test]
    fn orgs_that_all_flood_get_the_same() {
        let mut lanes = Lanes::default();
        for lane in 0..8 {
            (0..1_000).for_each(|it| lanes.add(envelope(lane, it)));
        }
        let mut got = [0; 8];
        std::iter::from_fn(|| next(&mut lanes)).take(16 * TURN).for_each(|(lane, _)| got[lane] += 1);
        assert_eq!(got, [2 * TURN; 8]);
    }
}
