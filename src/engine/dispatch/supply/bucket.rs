//! Agents with room for the same, in the orders in which they are chosen.

use std::collections::BTreeSet;

use super::RoomIx;
use crate::engine::ids::{AgentIx, Millis};

/// Rooms of a crowd in which nobody is that keep their bucket: agents go to and fro between few.
const EMPTY_KEPT: usize = 4;

/// How ties are broken: by the count at which work was last given, and among those who were never given any by the id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByGiven {
    /// Who was never given work comes first, by the label of its id; then come the others, by their count.
    order: u64,
    /// Who it is about.
    pub agent: AgentIx,
}

impl ByGiven {
    /// Whoever was given work has this bit. Labels and counts never reach it.
    const WAS_GIVEN: u64 = 1 << 63;

    pub(super) fn new(agent: AgentIx, given: u64, id_label: u64) -> Self {
        Self { order: if given == 0 { id_label } else { Self::WAS_GIVEN | given }, agent }
    }

    /// Whether the agent was ever given work.
    pub fn was_given(self) -> bool {
        self.order & Self::WAS_GIVEN != 0
    }
}

/// How good an agent is for a request: the lower, the better (SEL-2). The model says what the three numbers are.
pub type Rank = ((i64, i64, Millis), ByGiven);

/// Which orders are kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Orders {
    /// By who was given work longest ago: it breaks the ties of all models.
    #[default]
    Given,
    /// Also by who has been free longest: since the model that goes by it was first asked for.
    GivenAndFree,
}

#[derive(Debug, Default)]
pub(super) struct Bucket {
    pub(super) by_given: BTreeSet<ByGiven>,
    pub(super) by_free: BTreeSet<(Millis, ByGiven)>,
}

impl Bucket {
    pub(super) fn insert(&mut self, orders: Orders, free_since: Millis, by_given: ByGiven) {
        self.by_given.insert(by_given);
        if orders == Orders::GivenAndFree {
            self.by_free.insert((free_since, by_given));
        }
    }

    pub(super) fn remove(&mut self, orders: Orders, free_since: Millis, by_given: ByGiven) {
        self.by_given.remove(&by_given);
        if orders == Orders::GivenAndFree {
            self.by_free.remove(&(free_since, by_given));
        }
    }

    pub(super) fn agents(&self) -> impl Iterator<Item = AgentIx> + '_ {
        self.by_given.iter().map(|it| it.agent)
    }
}

/// The bucket of a room, which is made where there is none.
pub(super) fn of_room(rooms: &mut Vec<(RoomIx, Bucket)>, room: RoomIx) -> &mut Bucket {
    let place = rooms.iter().position(|it| it.0 == room).unwrap_or_else(|| {
        rooms.push((room, Bucket::default()));
        rooms.len() - 1
    });
    &mut rooms[place].1
}

/// Forgets the buckets of rooms in which nobody is, if they are many.
pub(super) fn tidy(rooms: &mut Vec<(RoomIx, Bucket)>) {
    if rooms.len() > EMPTY_KEPT {
        let is_empty = |it: &&(RoomIx, Bucket)| it.1.by_given.is_empty();
        if rooms.iter().filter(is_empty).count() > EMPTY_KEPT {
            rooms.retain(|it| !it.1.by_given.is_empty());
        }
    }
}
