//! Finding the best: first of each room of each crowd, then among the lone agents.
//!
//! Of the lone agents in one room those who can serve a class are found in two ways, by turns, and whichever is through first has the best:
//! the few by the bits that both sets share, the many by the order in which they are chosen, where one of them soon comes. Where few are in
//! the room at all, the order is the shorter, however long the bits are.

use super::{
    AgentIx, Bits, Bucket, ByGiven, Class, CohortIx, Place, Rank, Registry, Room, RoomFor, RoomIx,
    RoutingModel, Servers, SlotIx, Supply, eligible,
};
use crate::engine::{
    dispatch::PASSED,
    ids::{Agents, Millis},
    state::agent::Load,
};

/// What is asked of the index: a class, where it stands, by which model.
#[derive(Clone, Copy)]
pub struct Wanted<'a> {
    /// The directory.
    pub registry: &'a Registry,
    /// What the agents must be able to do.
    pub class: &'a Class,
    /// Its slot.
    pub slot: SlotIx,
    /// Who is best.
    pub model: RoutingModel,
}

impl Supply {
    /// Whether any agent can serve the class and passes `admits`.
    pub fn any(&self, wanted: &Wanted<'_>, room: RoomFor, admits: &dyn Fn(AgentIx) -> bool) -> bool {
        let servers = &self.servers[wanted.slot];
        let in_crowds = self
            .crowd_buckets(servers)
            .filter(|it| self.fits(wanted.registry, it.1, wanted.class, room))
            .any(|(.., bucket)| bucket.agents().any(admits));
        in_crowds
            || match room {
                RoomFor::Ignored => servers.lone.iter().map(agent_of).any(admits),
                RoomFor::Needed => self.lone_with_room(wanted, servers).any(admits),
            }
    }

    /// The best agent with room who passes `admits`.
    pub fn best(&self, wanted: &Wanted<'_>, admits: &dyn Fn(AgentIx) -> bool) -> Option<AgentIx> {
        let servers = &self.servers[wanted.slot];
        let in_crowds = self.best_in_crowds(wanted, servers, admits);
        let lone = if servers.lone_count == 0 { None } else { self.best_alone(wanted, servers, admits) };
        in_crowds.into_iter().chain(lone).min().map(|(_, it)| it.agent)
    }

    fn best_in_crowds(
        &self,
        wanted: &Wanted<'_>,
        servers: &Servers,
        admits: &dyn Fn(AgentIx) -> bool,
    ) -> Option<Rank> {
        let mut best: Option<Rank> = None;
        for (key, bucket) in self.crowds_with_room(wanted, servers) {
            if best.is_none_or(|it| (key.0, key.1) <= (it.0.0, it.0.1)) {
                let first = in_order(bucket, key, wanted.model).find(|(_, it)| admits(it.agent));
                best = best.into_iter().chain(first).min();
            }
        }
        best
    }

    fn best_alone(
        &self,
        wanted: &Wanted<'_>,
        servers: &Servers,
        admits: &dyn Fn(AgentIx) -> bool,
    ) -> Option<Rank> {
        if wanted.model == RoutingModel::BestMatch {
            // How well it matches is each agent's own.
            let agents = self.lone_with_room(wanted, servers).filter(|it| admits(*it));
            return agents.filter_map(|it| self.rank_of(wanted, it)).min();
        }
        let mut rooms: Vec<((i64, i64), &Room)> = self
            .rooms_with_room(wanted)
            .map(|room| (room_key(wanted, room.load, room.profile), room))
            .collect();
        rooms.sort_unstable_by_key(|it| it.0);
        let mut best: Option<Rank> = None;
        for (key, room) in rooms {
            if best.is_some_and(|it| (it.0.0, it.0.1) < key) {
                break;
            }
            let first = self.first_in(wanted, room, (key.0, key.1, 0), &servers.lone, admits);
            best = best.into_iter().chain(first).min();
        }
        best
    }

    /// The best of those in a room who are in a set.
    fn first_in(
        &self,
        wanted: &Wanted<'_>,
        room: &Room,
        key: (i64, i64, Millis),
        set: &Bits,
        admits: &dyn Fn(AgentIx) -> bool,
    ) -> Option<Rank> {
        let step = self.layout.step;
        let is_in = |it: &Rank| set.has(it.1.agent.index()) && admits(it.1.agent);
        let mut in_order = in_order(&room.bucket, key, wanted.model);
        if room.bucket.by_given.len() <= step {
            return in_order.find(is_in);
        }
        // All in the room have this key.
        let rank = |agent: AgentIx| {
            let by_given = self.given[agent.index()];
            let place = if wanted.model == RoutingModel::LongestIdle { self.place(agent) } else { None };
            (place.map_or(key, |it| with_free_since(key, wanted.model, it)), by_given)
        };
        let mut shared = room.bits.and(set).map(agent_of).filter(|it| admits(*it));
        let mut best: Option<Rank> = None;
        loop {
            for _ in 0..step {
                let Some(agent) = shared.next() else { return best };
                let rank = rank(agent);
                best = Some(best.map_or(rank, |it| it.min(rank)));
            }
            let met = in_order.by_ref().take(PASSED * step).find(is_in);
            if met.is_some() {
                return met;
            }
        }
    }

    /// The best agents with room who pass `admits`, best first, at most so many.
    pub fn best_of_all(
        &self,
        wanted: &Wanted<'_>,
        at_most: usize,
        admits: &dyn Fn(AgentIx) -> bool,
    ) -> Agents {
        let servers = &self.servers[wanted.slot];
        let in_crowds = self.crowds_with_room(wanted, servers).flat_map(|(key, bucket)| {
            in_order(bucket, key, wanted.model).filter(|(_, it)| admits(it.agent)).take(at_most)
        });
        let agents = self.lone_with_room(wanted, servers).filter(|it| admits(*it));
        let lone = agents.filter_map(|it| self.rank_of(wanted, it));
        let mut ranks: Vec<Rank> = in_crowds.chain(lone).collect();
        ranks.sort_unstable();
        ranks.truncate(at_most);
        ranks.into_iter().map(|(_, it)| it.agent).collect()
    }

    /// The agent who can soonest take a class that nobody has room for: fewest units short, then by who was given work longest ago. Who is
    /// kept for other work is not asked (QUE-5).
    pub fn soonest(&self, wanted: &Wanted<'_>, admits: &dyn Fn(AgentIx) -> bool) -> Option<AgentIx> {
        let servers = &self.servers[wanted.slot];
        let short = |room: &Room| {
            let profile = wanted.registry.profile(room.profile);
            let could = room.load.earmark.is_none() && eligible::could_ever_fit(profile, wanted.class);
            could.then(|| eligible::short_by(profile, room.load, wanted.class))
        };
        let in_crowds = self.crowd_buckets(servers).filter_map(|(_, room, bucket)| {
            let short = short(&self.rooms[room])?;
            Some((short, *bucket.by_given.iter().find(|it| admits(it.agent))?))
        });
        let lone =
            self.rooms.iter().filter_map(|room| Some((short(room)?, room))).flat_map(|(short, room)| {
                let agents = room.bits.and(&servers.lone).map(agent_of).filter(|it| admits(*it));
                agents.filter_map(move |it| Some((short, self.place(it)?.by_given)))
            });
        in_crowds.chain(lone).min().map(|(_, it): (i64, ByGiven)| it.agent)
    }

    fn crowd_buckets<'a>(
        &'a self,
        servers: &'a Servers,
    ) -> impl Iterator<Item = (CohortIx, RoomIx, &'a Bucket)> + 'a {
        servers.crowds.iter().flat_map(|&number| {
            let group = &self.groups[number];
            let rooms = match &group.members {
                super::Members::Crowd(_, rooms) => rooms.as_slice(),
                super::Members::Lone(_) => &[],
            };
            rooms.iter().map(move |(room, bucket)| (number, *room, bucket))
        })
    }

    /// The buckets of crowds whose agents have room for the class, with what the model looks at first.
    fn crowds_with_room<'a>(
        &'a self,
        wanted: &'a Wanted<'_>,
        servers: &'a Servers,
    ) -> impl Iterator<Item = ((i64, i64, Millis), &'a Bucket)> + 'a {
        self.crowd_buckets(servers)
            .filter(|(.., bucket)| !bucket.by_given.is_empty())
            .filter(|it| self.fits(wanted.registry, it.1, wanted.class, RoomFor::Needed))
            .map(|(cohort, room, bucket)| (self.key(wanted, cohort, room), bucket))
    }

    /// The lone agents who can serve the class and have room for it.
    fn lone_with_room<'a>(
        &'a self,
        wanted: &'a Wanted<'_>,
        servers: &'a Servers,
    ) -> impl Iterator<Item = AgentIx> + 'a {
        self.rooms_with_room(wanted).flat_map(|room| room.bits.and(&servers.lone)).map(agent_of)
    }

    /// The rooms of lone agents who have room for the class.
    fn rooms_with_room<'a>(&'a self, wanted: &'a Wanted<'_>) -> impl Iterator<Item = &'a Room> + 'a {
        self.rooms.iter().filter(|room| {
            !room.bucket.by_given.is_empty()
                && eligible::has_room(wanted.registry.profile(room.profile), room.load, wanted.class).is_ok()
        })
    }

    fn rank_of(&self, wanted: &Wanted<'_>, agent: AgentIx) -> Option<Rank> {
        let place = self.place(agent)?;
        Some(self.rank(wanted.registry, place, wanted.class, wanted.model))
    }

    pub(super) fn rank(
        &self,
        registry: &Registry,
        place: &Place,
        class: &Class,
        model: RoutingModel,
    ) -> Rank {
        let wanted = Wanted { registry, class, slot: 0, model };
        let key = self.key(&wanted, place.cohort, place.room);
        (with_free_since(key, model, place), place.by_given)
    }

    /// What the model looks at first, but for the time since which an agent is free.
    fn key(&self, wanted: &Wanted<'_>, cohort: CohortIx, room: RoomIx) -> (i64, i64, Millis) {
        if wanted.model == RoutingModel::BestMatch {
            let level = |skill| self.columns.level(cohort, skill);
            return (-i64::from(eligible::match_sum(wanted.registry, level, wanted.class)), 0, 0);
        }
        let room = &self.rooms[room];
        let key = room_key(wanted, room.load, room.profile);
        (key.0, key.1, 0)
    }
}

fn agent_of(number: usize) -> AgentIx {
    AgentIx(u32::try_from(number).unwrap_or(u32::MAX))
}

/// With the time since which an agent is free, where the model looks at it.
fn with_free_since(key: (i64, i64, Millis), model: RoutingModel, place: &Place) -> (i64, i64, Millis) {
    (key.0, key.1, if model == RoutingModel::LongestIdle { place.free_since } else { key.2 })
}

/// What a model looks at first, where it is the same for all agents of a room.
fn room_key(wanted: &Wanted<'_>, load: Load, profile: crate::engine::ids::ProfileIx) -> (i64, i64) {
    match wanted.model {
        // Among those who may pick, the order is only how they are shown.
        RoutingModel::LeastActive | RoutingModel::Choice | RoutingModel::External => {
            (i64::from(load.total), 0)
        }
        RoutingModel::MostAvailable => {
            let profile = wanted.registry.profile(profile);
            (-eligible::free_units(profile, load, wanted.class.interruptible), 0)
        }
        RoutingModel::LongestIdle => (i64::from(load.in_hand), i64::from(load.total)),
        RoutingModel::BestMatch => (0, 0),
    }
}

/// The agents of one bucket, best first.
fn in_order(
    bucket: &Bucket,
    key: (i64, i64, Millis),
    model: RoutingModel,
) -> impl Iterator<Item = Rank> + '_ {
    let (free, given) = match model {
        RoutingModel::LongestIdle => (Some(&bucket.by_free), None),
        RoutingModel::LeastActive
        | RoutingModel::MostAvailable
        | RoutingModel::BestMatch
        | RoutingModel::Choice
        | RoutingModel::External => (None, Some(&bucket.by_given)),
    };
    let free = free.into_iter().flatten().map(move |&(since, it)| ((key.0, key.1, since), it));
    free.chain(given.into_iter().flatten().map(move |&it| (key, it)))
}
