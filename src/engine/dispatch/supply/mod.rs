//! The index of agents who are online. Agents whom nothing but load and age tells apart form a cohort; in it one look finds the best. Where
//! many agents are like few others, they lie together by their room, and bits say who of them can serve what.
//!
//! ```text
//!   cohort (profile, status, console, skills, queues)            who can serve which class: worked out once
//!     ├─ of many: crowd     room ─► bucket                       class ─► crowds that can serve it
//!     └─ of few:  lone agents, all together by room:             class ─► bits over lone agents
//!                 room (profile, load) ─► bucket, bits
//!
//!   bucket: by_given   who was given work longest ago first
//!           by_free    who has been free longest first
//! ```
//!
//! The best agent of a class is the best of the first agents of each room of each crowd that can serve it, and of the lone agents that
//! can: no walk over agents, and no bound on how many are considered (SEL-4).

mod bucket;
mod columns;
mod search;
mod servers;

use std::sync::Arc;

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::{
    Layout,
    bits::Bits,
    demand::{Demand, SlotIx},
    eligible::{self, Class, Cohort, Obstacle},
    id_order::IdOrder,
};
use crate::engine::{
    directory::{registry::Registry, spec::RoutingModel},
    ids::{AgentIx, Millis, ProfileIx},
    state::{State, agent::Load},
};
use bucket::{Bucket, Orders};
pub use bucket::{ByGiven, Rank};
use columns::Columns;
pub use search::Wanted;
use servers::Servers;

/// A cohort, by number.
pub type CohortIx = usize;
/// What an agent has in hand under which profile, by number: agents in one room have room for the same.
type RoomIx = usize;

/// Where an agent stands in the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    cohort: CohortIx,
    room: RoomIx,
    free_since: Millis,
    by_given: ByGiven,
}

/// Lone agents with one load under one profile.
#[derive(Debug)]
struct Room {
    profile: ProfileIx,
    load: Load,
    bucket: Bucket,
    bits: Bits,
}

#[derive(Debug)]
enum Members {
    /// Few: they lie with the other lone agents.
    Lone(SmallVec<[AgentIx; 4]>),
    /// Many: by their room.
    Crowd(usize, Vec<(RoomIx, Bucket)>),
}

impl Members {
    fn count(&self) -> usize {
        match self {
            Self::Lone(agents) => agents.len(),
            Self::Crowd(count, _) => *count,
        }
    }

    /// The buckets of a crowd; lone agents have none of their own.
    fn rooms_mut(&mut self) -> &mut [(RoomIx, Bucket)] {
        match self {
            Self::Lone(_) => &mut [],
            Self::Crowd(_, rooms) => rooms,
        }
    }
}

#[derive(Debug)]
struct Group {
    cohort: Arc<Cohort>,
    members: Members,
    /// The classes that it can serve.
    classes: Bits,
}

/// What a move in the index means for waiting work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moved {
    /// The agent may be able to take what it could not.
    Gained,
    /// It can take less, or is no longer there.
    Lost,
    /// Nothing changed.
    Stayed,
}

/// Whether room is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RoomFor {
    /// Only agents with room for it.
    Needed,
    /// Also those who are busy.
    Ignored,
}

/// The index of agents.
#[derive(Debug, Default)]
pub struct Supply {
    groups: Vec<Group>,
    numbers: FxHashMap<Arc<Cohort>, CohortIx>,
    rooms: Vec<Room>,
    room_numbers: FxHashMap<(ProfileIx, Load), RoomIx>,
    places: Vec<Option<Place>>,
    /// What is compared of many, side by side: `by_given` of the last place that each agent had.
    given: Vec<ByGiven>,
    servers: Vec<Servers>,
    columns: Columns,
    orders: Orders,
    layout: Layout,
}

impl Supply {
    /// Where nobody is yet.
    pub fn new(layout: Layout) -> Self {
        Self { layout, ..Self::default() }
    }

    /// The cohort of an agent that is in the index.
    pub fn cohort_of(&self, agent: AgentIx) -> Option<CohortIx> {
        self.place(agent).map(|it| it.cohort)
    }

    /// The classes that a cohort can serve, had it room.
    pub fn classes_of(&self, cohort: CohortIx) -> &Bits {
        &self.groups[cohort].classes
    }

    /// The agents in the index.
    pub fn agents(&self) -> impl Iterator<Item = AgentIx> + '_ {
        (0..).map(AgentIx).zip(&self.places).filter(|(_, place)| place.is_some()).map(|(agent, _)| agent)
    }

    /// How many cohorts and rooms there are.
    pub fn size(&self) -> usize {
        self.groups.len() + self.rooms.len()
    }

    /// Cohorts and rooms without anybody, kept for when one comes back.
    pub fn empty(&self) -> usize {
        self.groups.iter().filter(|it| it.members.count() == 0).count()
    }

    fn place(&self, agent: AgentIx) -> Option<&Place> {
        self.places.get(agent.index()).and_then(Option::as_ref)
    }

    /// Works out which agents can serve a class that is new. The slots of classes are dense.
    pub fn add_class(&mut self, registry: &Registry, slot: SlotIx, class: &Class) {
        assert!(slot == self.servers.len(), "slots are numbered densely");
        let mut servers = Servers::default();
        for number in self.columns.may_serve(registry, class).iter() {
            let (group, level) = (&mut self.groups[number], |skill| self.columns.level(number, skill));
            if eligible::could_serve_with(registry, &group.cohort, level, class).is_ok() {
                group.classes.set(slot);
                match &group.members {
                    Members::Crowd(..) => servers.crowds.push(number),
                    Members::Lone(agents) => agents.iter().for_each(|it| servers.add(*it)),
                }
            }
        }
        self.servers.push(servers);
    }

    /// Puts an agent where it belongs now.
    pub fn refresh(&mut self, state: &State, ids: &IdOrder, demand: &Demand, agent: AgentIx) -> Moved {
        if self.places.len() < state.agents.len() {
            self.places.resize(state.agents.len(), None);
            self.given.resize(state.agents.len(), ByGiven::new(agent, 0, 0));
        }
        let former = self.places[agent.index()];
        let place = self.place_now(state, ids, demand, agent, former);
        self.settle(agent, former, place)
    }

    /// Puts an agent where it belongs now, of which nothing changed but what it has in hand and how long it has been free.
    pub fn reload(&mut self, state: &State, ids: &IdOrder, agent: AgentIx) -> Moved {
        let Some(former) = self.place(agent).copied() else { return Moved::Stayed };
        let profile = self.rooms[former.room].profile;
        let place = self.place_by_load(state, ids, agent, (former.cohort, profile), Some(former));
        self.settle(agent, Some(former), Some(place))
    }

    /// Moves an agent from one place to another.
    fn settle(&mut self, agent: AgentIx, former: Option<Place>, place: Option<Place>) -> Moved {
        if former == place {
            return Moved::Stayed;
        }
        match (former, place) {
            (Some(former), Some(place)) if former.cohort == place.cohort => {
                let orders = self.orders;
                self.bucket(&former).remove(orders, former.free_since, former.by_given);
                self.bucket(&place).insert(orders, place.free_since, place.by_given);
                if former.room != place.room {
                    self.change_room(agent, former.room, place);
                }
            }
            _ => {
                if let Some(former) = former {
                    self.remove(agent, former);
                }
                if let Some(place) = place {
                    self.insert(agent, place);
                }
            }
        }
        self.places[agent.index()] = place;
        if let Some(place) = place {
            self.given[agent.index()] = place.by_given;
        }
        match (former, place) {
            (_, None) => Moved::Lost,
            (Some(former), Some(place))
                if former.cohort == place.cohort
                    && gained_nothing(self.rooms[former.room].load, self.rooms[place.room].load) =>
            {
                Moved::Lost
            }
            (_, Some(_)) => Moved::Gained,
        }
    }

    fn place_now(
        &mut self,
        state: &State,
        ids: &IdOrder,
        demand: &Demand,
        agent: AgentIx,
        former: Option<Place>,
    ) -> Option<Place> {
        if !state.is_online(agent) {
            return None;
        }
        let row = state.agent(agent);
        let (status, session) = (row.status?, row.session?);
        let rules = state.registry.agent(agent);
        let same = |it: &Cohort| {
            it.status == status
                && it.console == session.console
                && it.profile == rules.profile
                && it.skills == rules.skills
                && it.queues == rules.queues
        };
        let cohort = match former {
            Some(former) if same(&self.groups[former.cohort].cohort) => former.cohort,
            Some(_) | None => {
                let cohort = Cohort {
                    profile: rules.profile,
                    status,
                    console: session.console,
                    skills: rules.skills.clone(),
                    queues: rules.queues.clone(),
                };
                self.cohort(&state.registry, demand, cohort)
            }
        };
        Some(self.place_by_load(state, ids, agent, (cohort, rules.profile), former))
    }

    fn place_by_load(
        &mut self,
        state: &State,
        ids: &IdOrder,
        agent: AgentIx,
        (cohort, profile): (CohortIx, ProfileIx),
        former: Option<Place>,
    ) -> Place {
        let row = state.agent(agent);
        let load = row.load();
        let room = match former.map(|it| it.room) {
            Some(room) if self.rooms[room].load == load && self.rooms[room].profile == profile => room,
            Some(_) | None => self.room(profile, load),
        };
        let by_given = ByGiven::new(agent, row.given, ids.label(agent));
        Place { cohort, room, free_since: row.free_since, by_given }
    }

    /// From now on it is also kept who has been free longest. It costs each move of an agent something, so it is not done unasked.
    pub fn keep_free_order(&mut self) {
        if self.orders == Orders::GivenAndFree {
            return;
        }
        self.orders = Orders::GivenAndFree;
        let free_since = |agent: AgentIx| self.places[agent.index()].map(|it| it.free_since);
        let lone = self.rooms.iter_mut().map(|it| &mut it.bucket);
        let in_crowds = self.groups.iter_mut().flat_map(|it| it.members.rooms_mut()).map(|it| &mut it.1);
        // A bucket at once: its order is then built from the bottom, not agent by agent.
        for bucket in lone.chain(in_crowds) {
            let by_free = |it: &ByGiven| Some((free_since(it.agent)?, *it));
            bucket.by_free = bucket.by_given.iter().filter_map(by_free).collect();
        }
    }

    fn cohort(&mut self, registry: &Registry, demand: &Demand, cohort: Cohort) -> CohortIx {
        if let Some(&number) = self.numbers.get(&cohort) {
            return number;
        }
        let (number, cohort) = (self.groups.len(), Arc::new(cohort));
        self.columns.push(&cohort);
        let mut classes = Bits::default();
        for (slot, class) in demand.open_classes() {
            if eligible::could_serve(registry, &cohort, class).is_ok() {
                classes.set(slot);
            }
        }
        self.numbers.insert(cohort.clone(), number);
        self.groups.push(Group { cohort, members: Members::Lone(SmallVec::new()), classes });
        number
    }

    fn room(&mut self, profile: ProfileIx, load: Load) -> RoomIx {
        let rooms = &mut self.rooms;
        *self.room_numbers.entry((profile, load)).or_insert_with(|| {
            rooms.push(Room { profile, load, bucket: Bucket::default(), bits: Bits::default() });
            rooms.len() - 1
        })
    }

    /// The bucket that a place is in.
    fn bucket(&mut self, place: &Place) -> &mut Bucket {
        match &mut self.groups[place.cohort].members {
            Members::Lone(_) => &mut self.rooms[place.room].bucket,
            Members::Crowd(_, rooms) => bucket::of_room(rooms, place.room),
        }
    }

    /// What is to be done beside the buckets when an agent's room changes.
    fn change_room(&mut self, agent: AgentIx, former: RoomIx, place: Place) {
        match &mut self.groups[place.cohort].members {
            Members::Lone(_) => {
                self.rooms[former].bits.clear(agent.index());
                self.rooms[place.room].bits.set(agent.index());
            }
            Members::Crowd(_, rooms) => bucket::tidy(rooms),
        }
    }

    fn insert(&mut self, agent: AgentIx, place: Place) {
        let orders = self.orders;
        self.bucket(&place).insert(orders, place.free_since, place.by_given);
        match &mut self.groups[place.cohort].members {
            Members::Lone(agents) => {
                agents.push(agent);
                let is_crowd = agents.len() >= self.layout.crowd_from;
                self.rooms[place.room].bits.set(agent.index());
                let servers = &mut self.servers;
                self.groups[place.cohort].classes.iter().for_each(|slot| servers[slot].add(agent));
                if is_crowd {
                    self.places[agent.index()] = Some(place);
                    self.gather(place.cohort);
                }
            }
            Members::Crowd(count, _) => *count += 1,
        }
    }

    fn remove(&mut self, agent: AgentIx, place: Place) {
        let orders = self.orders;
        self.bucket(&place).remove(orders, place.free_since, place.by_given);
        match &mut self.groups[place.cohort].members {
            Members::Lone(agents) => {
                agents.retain(|it| *it != agent);
                self.rooms[place.room].bits.clear(agent.index());
                let servers = &mut self.servers;
                self.groups[place.cohort].classes.iter().for_each(|slot| servers[slot].take_out(agent));
            }
            Members::Crowd(count, rooms) => {
                *count -= 1;
                bucket::tidy(rooms);
                if 2 * *count < self.layout.crowd_from {
                    self.scatter(place.cohort);
                }
            }
        }
    }

    /// A cohort has become a crowd.
    fn gather(&mut self, cohort: CohortIx) {
        let Members::Lone(agents) =
            std::mem::replace(&mut self.groups[cohort].members, Members::Crowd(0, Vec::new()))
        else {
            unreachable!("a crowd is gathered from lone agents")
        };
        let mut rooms = Vec::new();
        for &agent in &agents {
            let place = self.places[agent.index()].unwrap_or_else(|| unreachable!("a member has a place"));
            let room = &mut self.rooms[place.room];
            room.bucket.remove(self.orders, place.free_since, place.by_given);
            room.bits.clear(agent.index());
            let bucket = bucket::of_room(&mut rooms, place.room);
            bucket.insert(self.orders, place.free_since, place.by_given);
        }
        let group = &mut self.groups[cohort];
        group.members = Members::Crowd(agents.len(), rooms);
        for slot in group.classes.iter() {
            agents.iter().for_each(|it| self.servers[slot].take_out(*it));
            self.servers[slot].crowds.push(cohort);
        }
    }

    /// A cohort is no crowd any more.
    fn scatter(&mut self, cohort: CohortIx) {
        let Members::Crowd(_, rooms) =
            std::mem::replace(&mut self.groups[cohort].members, Members::Lone(SmallVec::new()))
        else {
            unreachable!("a crowd is scattered")
        };
        let agents: SmallVec<[AgentIx; 4]> = rooms.iter().flat_map(|(_, bucket)| bucket.agents()).collect();
        for &agent in &agents {
            let place = self.places[agent.index()].unwrap_or_else(|| unreachable!("a member has a place"));
            let room = &mut self.rooms[place.room];
            room.bucket.insert(self.orders, place.free_since, place.by_given);
            room.bits.set(agent.index());
        }
        let group = &mut self.groups[cohort];
        for slot in group.classes.iter() {
            self.servers[slot].crowds.retain(|it| *it != cohort);
            agents.iter().for_each(|it| self.servers[slot].add(*it));
        }
        group.members = Members::Lone(agents);
    }

    /// Whether this agent is in the index with room for the class, as far as its cohort goes.
    pub fn can_take(&self, registry: &Registry, agent: AgentIx, class: &Class, room: RoomFor) -> bool {
        self.place(agent).is_some_and(|place| {
            eligible::could_serve(registry, &self.groups[place.cohort].cohort, class).is_ok()
                && self.fits(registry, place.room, class, room)
        })
    }

    /// Whether an agent that can serve a class has room for it now.
    pub fn has_room(&self, registry: &Registry, agent: AgentIx, class: &Class) -> bool {
        self.place(agent).is_some_and(|place| self.fits(registry, place.room, class, RoomFor::Needed))
    }

    fn fits(&self, registry: &Registry, room: RoomIx, class: &Class, needed: RoomFor) -> bool {
        let room = &self.rooms[room];
        needed == RoomFor::Ignored
            || eligible::has_room(registry.profile(room.profile), room.load, class).is_ok()
    }

    /// How good an agent of the index is for a class, or what is in the way.
    pub fn standing(
        &self,
        registry: &Registry,
        agent: AgentIx,
        class: &Class,
        model: RoutingModel,
    ) -> Option<Result<Rank, Obstacle>> {
        let place = self.place(agent)?;
        let (cohort, room) = (&self.groups[place.cohort].cohort, &self.rooms[place.room]);
        let fits = eligible::could_serve(registry, cohort, class)
            .and_then(|()| eligible::has_room(registry.profile(room.profile), room.load, class));
        Some(fits.map(|()| self.rank(registry, place, class, model)))
    }
}

fn gained_nothing(former: Load, load: Load) -> bool {
    load.total >= former.total
        && load.primary >= former.primary
        && former.closed == load.closed
        && (former.earmark == load.earmark || former.earmark.is_none())
}
