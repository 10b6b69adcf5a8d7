//! Agents with room for the same, in the orders in which they are chosen.

use std::collections::BTreeSet;

use super::RoomIx;
use crate::engine::ids::{AgentIx, Millis};

/// How ties are broken: by the count at which work was last given, then by the label of the id.
pub type ByGiven = (u64, u64, AgentIx);

/// How good an agent is for a request: the lower, the better (SEL-2). The model says what the three numbers are.
pub type Rank = ((i64, i64, Millis), ByGiven);

#[derive(Debug, Default)]
pub(super) struct Bucket {
    pub(super) by_given: BTreeSet<ByGiven>,
    pub(super) by_free: BTreeSet<(Millis, ByGiven)>,
}

impl Bucket {
    pub(super) fn insert(&mut self, free_since: Millis, by_given: ByGiven) {
        self.by_given.insert(by_given);
        self.by_free.insert((free_since, by_given));
    }

    pub(super) fn remove(&mut self, free_since: Millis, by_given: ByGiven) {
        self.by_given.remove(&by_given);
        self.by_free.remove(&(free_since, by_given));
    }

    pub(super) fn agents(&self) -> impl Iterator<Item = AgentIx> + '_ {
        self.by_given.iter().map(|it| it.2)
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

/// Forgets the bucket of a room if nobody is in it.
pub(super) fn tidy(rooms: &mut Vec<(RoomIx, Bucket)>, room: RoomIx) {
    if let Some(place) = rooms.iter().position(|it| it.0 == room && it.1.by_given.is_empty()) {
        rooms.swap_remove(place);
    }
}
