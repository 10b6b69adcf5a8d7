//! The index of agents who are online: by cohort, then by load, then by age.
//!
//! ```text
//!   cohort (profile, status, console, skills, queues)
//!     └─ load (units in use, …)          agents here have room for the same
//!          ├─ by_given   who was given work longest ago first
//!          └─ by_free    who has been free longest first
//! ```
//!
//! The best agent of a class is the best of the first agents of each load of each cohort that can serve it: no walk over agents, and
//! no bound on how many are considered (SEL-4).

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;

use super::{
    eligible::{self, Class, Cohort, Obstacle},
    id_order::IdOrder,
};
use crate::engine::{
    directory::{registry::Registry, spec::RoutingModel},
    ids::{AgentIx, Millis},
    state::{State, agent::Load},
};

/// A cohort, by number.
pub type CohortIx = usize;

/// Where an agent stands in the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    cohort: CohortIx,
    load: Load,
    given: u64,
    free_since: Millis,
    id_label: u64,
}

/// Agents of one cohort with one load.
#[derive(Debug, Default)]
struct Bucket {
    by_given: BTreeSet<ByGiven>,
    by_free: BTreeSet<(Millis, ByGiven)>,
}

#[derive(Debug)]
struct Members {
    cohort: Cohort,
    count: usize,
    loads: BTreeMap<Load, Bucket>,
}

/// How ties are broken: by the count at which work was last given, then by the label of the id.
pub type ByGiven = (u64, u64, AgentIx);

/// How good an agent is for a request: the lower, the better (SEL-2). The model says what the three numbers are.
pub type Rank = ((i64, i64, Millis), ByGiven);

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
pub enum Room {
    /// Only agents with room for it.
    Needed,
    /// Also those who are busy.
    Ignored,
}

/// The index of agents.
#[derive(Debug, Default)]
pub struct Supply {
    cohorts: Vec<Members>,
    numbers: FxHashMap<Cohort, CohortIx>,
    places: Vec<Option<Place>>,
}

impl Supply {
    /// The cohorts with their numbers.
    pub fn cohorts(&self) -> impl Iterator<Item = (CohortIx, &Cohort)> {
        self.cohorts.iter().map(|it| &it.cohort).enumerate()
    }

    /// The cohort of an agent that is in the index.
    pub fn cohort_of(&self, agent: AgentIx) -> Option<CohortIx> {
        self.places.get(agent.index()).copied().flatten().map(|it| it.cohort)
    }

    /// The agents in the index.
    pub fn agents(&self) -> impl Iterator<Item = AgentIx> + '_ {
        (0..).map(AgentIx).zip(&self.places).filter(|(_, place)| place.is_some()).map(|(agent, _)| agent)
    }

    /// How many cohorts there are.
    pub fn cohort_count(&self) -> usize {
        self.cohorts.len()
    }

    /// Cohorts without a member, kept for when one comes back.
    pub fn empty_cohorts(&self) -> usize {
        self.cohorts.iter().filter(|it| it.count == 0).count()
    }

    /// Puts an agent where it belongs now. `added` gets the number of a cohort that was not there before.
    pub fn refresh(
        &mut self,
        state: &State,
        ids: &IdOrder,
        agent: AgentIx,
        added: &mut Vec<CohortIx>,
    ) -> Moved {
        if self.places.len() < state.agents.len() {
            self.places.resize(state.agents.len(), None);
        }
        let former = self.places[agent.index()];
        let place = self.place(state, ids, agent, former, added);
        if former == place {
            return Moved::Stayed;
        }
        if let Some(former) = former {
            self.remove(agent, former);
        }
        if let Some(place) = place {
            self.insert(agent, place);
        }
        self.places[agent.index()] = place;
        match (former, place) {
            (_, None) => Moved::Lost,
            (Some(former), Some(place))
                if former.cohort == place.cohort && gained_nothing(former.load, place.load) =>
            {
                Moved::Lost
            }
            (_, Some(_)) => Moved::Gained,
        }
    }

    fn place(
        &mut self,
        state: &State,
        ids: &IdOrder,
        agent: AgentIx,
        former: Option<Place>,
        added: &mut Vec<CohortIx>,
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
            Some(former) if same(&self.cohorts[former.cohort].cohort) => former.cohort,
            Some(_) | None => self.intern(
                Cohort {
                    profile: rules.profile,
                    status,
                    console: session.console,
                    skills: rules.skills.clone(),
                    queues: rules.queues.clone(),
                },
                added,
            ),
        };
        let id_label = ids.label(agent);
        Some(Place { cohort, load: row.load(), given: row.given, free_since: row.free_since, id_label })
    }

    fn intern(&mut self, cohort: Cohort, added: &mut Vec<CohortIx>) -> CohortIx {
        if let Some(&number) = self.numbers.get(&cohort) {
            return number;
        }
        let number = self.cohorts.len();
        self.numbers.insert(cohort.clone(), number);
        self.cohorts.push(Members { cohort, count: 0, loads: BTreeMap::new() });
        added.push(number);
        number
    }

    fn insert(&mut self, agent: AgentIx, place: Place) {
        let members = &mut self.cohorts[place.cohort];
        members.count += 1;
        let bucket = members.loads.entry(place.load).or_default();
        bucket.by_given.insert((place.given, place.id_label, agent));
        bucket.by_free.insert((place.free_since, (place.given, place.id_label, agent)));
    }

    fn remove(&mut self, agent: AgentIx, place: Place) {
        let members = &mut self.cohorts[place.cohort];
        members.count -= 1;
        if let Some(bucket) = members.loads.get_mut(&place.load) {
            bucket.by_given.remove(&(place.given, place.id_label, agent));
            bucket.by_free.remove(&(place.free_since, (place.given, place.id_label, agent)));
            if bucket.by_given.is_empty() {
                members.loads.remove(&place.load);
            }
        }
    }

    /// Whether this agent is in the index with room for the class, as far as its cohort goes.
    pub fn can_take(&self, registry: &Registry, agent: AgentIx, class: &Class, room: Room) -> bool {
        let Some(place) = self.places.get(agent.index()).copied().flatten() else { return false };
        let cohort = &self.cohorts[place.cohort].cohort;
        eligible::could_serve(registry, cohort, class).is_ok()
            && fits(registry, cohort, place.load, class, room)
    }

    /// How good an agent of the index is for a class, or what is in the way.
    pub fn standing(
        &self,
        registry: &Registry,
        agent: AgentIx,
        class: &Class,
        model: RoutingModel,
    ) -> Option<Result<Rank, Obstacle>> {
        let place = self.places.get(agent.index()).copied().flatten()?;
        let cohort = &self.cohorts[place.cohort].cohort;
        let fits = eligible::could_serve(registry, cohort, class)
            .and_then(|()| eligible::has_room(registry.profile(cohort.profile), place.load, class));
        Some(fits.map(|()| {
            let key = model_key(registry, cohort, place.load, place.free_since, class, model);
            (key, (place.given, place.id_label, agent))
        }))
    }

    /// The first of the agents of these cohorts who passes `admits`, in no particular order: whether there is any.
    pub fn any(
        &self,
        registry: &Registry,
        class: &Class,
        cohorts: &[CohortIx],
        room: Room,
        admits: impl Fn(AgentIx) -> bool,
    ) -> Option<AgentIx> {
        self.buckets(registry, class, cohorts, room)
            .find_map(|(_, _, bucket)| bucket.by_given.iter().map(|it| it.2).find(|agent| admits(*agent)))
    }

    /// The best agent of these cohorts with room who passes `admits`.
    pub fn best(
        &self,
        registry: &Registry,
        class: &Class,
        cohorts: &[CohortIx],
        model: RoutingModel,
        admits: impl Fn(AgentIx) -> bool,
    ) -> Option<AgentIx> {
        self.buckets(registry, class, cohorts, Room::Needed)
            .filter_map(|(cohort, load, bucket)| {
                ranked(registry, cohort, load, bucket, class, model).find(|(_, it)| admits(it.2))
            })
            .min()
            .map(|(_, it)| it.2)
    }

    /// The best agents of these cohorts with room who pass `admits`, best first, at most so many.
    pub fn best_of_all(
        &self,
        registry: &Registry,
        class: &Class,
        cohorts: &[CohortIx],
        model: RoutingModel,
        at_most: usize,
        admits: impl Fn(AgentIx) -> bool,
    ) -> Vec<AgentIx> {
        let mut ranks: Vec<Rank> = self
            .buckets(registry, class, cohorts, Room::Needed)
            .flat_map(|(cohort, load, bucket)| {
                ranked(registry, cohort, load, bucket, class, model)
                    .filter(|(_, it)| admits(it.2))
                    .take(at_most)
            })
            .collect();
        ranks.sort_unstable();
        ranks.truncate(at_most);
        ranks.into_iter().map(|(_, it)| it.2).collect()
    }

    fn buckets<'a>(
        &'a self,
        registry: &'a Registry,
        class: &'a Class,
        cohorts: &'a [CohortIx],
        room: Room,
    ) -> impl Iterator<Item = (&'a Cohort, Load, &'a Bucket)> + 'a {
        cohorts.iter().flat_map(move |&number| {
            let members = &self.cohorts[number];
            let with_room = members.loads.iter();
            with_room
                .filter(move |(load, _)| fits(registry, &members.cohort, **load, class, room))
                .map(|(load, bucket)| (&members.cohort, *load, bucket))
        })
    }
}

fn fits(registry: &Registry, cohort: &Cohort, load: Load, class: &Class, room: Room) -> bool {
    room == Room::Ignored || eligible::has_room(registry.profile(cohort.profile), load, class).is_ok()
}

fn gained_nothing(former: Load, load: Load) -> bool {
    load.total >= former.total && load.primary >= former.primary && former.closed == load.closed
}

/// What a model looks at first: the same for all agents of a bucket, but for the time since which they are free.
fn model_key(
    registry: &Registry,
    cohort: &Cohort,
    load: Load,
    free_since: Millis,
    class: &Class,
    model: RoutingModel,
) -> (i64, i64, Millis) {
    match model {
        // Among those who may pick, the order is only how they are shown.
        RoutingModel::LeastActive | RoutingModel::Choice | RoutingModel::External => {
            (i64::from(load.total), 0, 0)
        }
        RoutingModel::MostAvailable => {
            (-eligible::free_units(registry.profile(cohort.profile), load, class.interruptible), 0, 0)
        }
        RoutingModel::BestMatch => (-i64::from(eligible::match_sum(registry, cohort, class)), 0, 0),
        RoutingModel::LongestIdle => (i64::from(load.in_hand), i64::from(load.total), free_since),
    }
}

/// The agents of one bucket, best first.
fn ranked<'a>(
    registry: &Registry,
    cohort: &Cohort,
    load: Load,
    bucket: &'a Bucket,
    class: &Class,
    model: RoutingModel,
) -> Box<dyn Iterator<Item = Rank> + 'a> {
    let key = model_key(registry, cohort, load, 0, class, model);
    if model == RoutingModel::LongestIdle {
        Box::new(bucket.by_free.iter().map(move |&(since, it)| ((key.0, key.1, since), it)))
    } else {
        Box::new(bucket.by_given.iter().map(move |&it| (key, it)))
    }
}
