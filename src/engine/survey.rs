//! The figures of capacity, a slice at a time: how many agents of which queue and skill are in which state, with which units, and what
//! waits. Each slice is small enough that nobody behind it waits; whoever asks sums them up.

use rustc_hash::FxHashMap;

use crate::engine::{
    Engine,
    directory::spec::ResourceKind,
    dispatch::{demand::WalkedTo, eligible::Class},
    ids::{AgentIx, Millis, QueueIx, SkillIx},
    query::{Answer, RoutingState},
    routing::Target,
};

/// A part of the figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SurveyPart {
    /// What they begin with.
    Outline,
    /// The sums over some agents.
    Agents {
        /// From this number on.
        from: usize,
        /// So many.
        size: usize,
    },
    /// The sums over some of what waits.
    Lines {
        /// From where on.
        from: WalkedTo,
        /// So many steps, a class of requests or a priority each.
        steps: usize,
    },
}

/// Agents as they stand, summed up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AgentSums {
    /// How many are in each routing state, by its number.
    pub agents: [u64; 6],
    /// Units of those who are not offline.
    pub units: u64,
    /// Units in use, of all.
    pub units_used: u64,
    /// Units free for work that is not interruptible, of those who are idle or engaged.
    pub units_free: u64,
    /// Units free for interruptible work, of the same.
    pub interruptible_units_free: u64,
}

impl AgentSums {
    /// Adds others.
    pub fn add(&mut self, more: &Self) {
        for (sum, count) in self.agents.iter_mut().zip(more.agents) {
            *sum += count;
        }
        self.units += more.units;
        self.units_used += more.units_used;
        self.units_free += more.units_free;
        self.interruptible_units_free += more.interruptible_units_free;
    }
}

/// What waits, summed up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WaitingSums {
    /// How many requests.
    pub waiting: u64,
    /// Since when the oldest waits.
    pub oldest: Option<Millis>,
}

impl WaitingSums {
    /// Adds others.
    pub fn add(&mut self, more: &Self) {
        self.waiting += more.waiting;
        self.oldest = self.oldest.into_iter().chain(more.oldest).min();
    }
}

/// Sums by the number of a resource. Numbers are given for ever, so there may be few that are used and large.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ByNumber<T> {
    places: FxHashMap<u32, usize>,
    rows: Vec<(u32, T)>,
}

impl<T: Default> ByNumber<T> {
    /// The sums of a resource.
    pub fn get(&self, number: u32) -> Option<&T> {
        self.places.get(&number).map(|it| &self.rows[*it].1)
    }

    fn at(&mut self, number: u32) -> &mut T {
        let place = *self.places.entry(number).or_insert(self.rows.len());
        if place == self.rows.len() {
            self.rows.push((number, T::default()));
        }
        &mut self.rows[place].1
    }
}

/// Sums over all, by queue and by skill.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sums<T> {
    /// Over all.
    pub whole: T,
    /// By queue.
    pub queues: ByNumber<T>,
    /// By skill.
    pub skills: ByNumber<T>,
}

/// What the figures begin with.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outline {
    /// Agents that ever were: the slices of agents go so far.
    pub agents: usize,
    /// Classes of requests.
    pub classes: usize,
    /// Cohorts of agents.
    pub cohorts: usize,
    /// The queues of the directory.
    pub queues: Vec<QueueIx>,
    /// The skills of the directory.
    pub skills: Vec<SkillIx>,
    /// Live conversations.
    pub conversations: usize,
    /// Open requests.
    pub requests: usize,
    /// Pending invites.
    pub invites: usize,
    /// Until when nothing changes, unless something happens; none: for ever.
    pub true_until: Option<Millis>,
}

impl<T: Default> Sums<T> {
    /// Adds others, each to its like.
    pub fn add(&mut self, more: &Self, add: impl Fn(&mut T, &T)) {
        add(&mut self.whole, &more.whole);
        more.queues.rows.iter().for_each(|(number, it)| add(self.queues.at(*number), it));
        more.skills.rows.iter().for_each(|(number, it)| add(self.skills.at(*number), it));
    }
}

impl Engine {
    pub(super) fn survey(&self, part: SurveyPart) -> Answer {
        match part {
            SurveyPart::Outline => Answer::Outline(self.outline()),
            SurveyPart::Agents { from, size } => {
                let (sums, streams) = self.survey_agents(from, size);
                Answer::AgentSums(sums, streams)
            }
            SurveyPart::Lines { from, steps } => {
                let (sums, next) = self.survey_lines(from, steps);
                Answer::WaitingSums(sums, next)
            }
        }
    }

    fn outline(&self) -> Outline {
        let live = |kind| {
            let numbers = (0..).take(self.state.registry.names().of(kind).count());
            numbers.filter(move |&it| self.state.registry.is_live(kind, it))
        };
        Outline {
            agents: self.state.agents.len(),
            classes: self.dispatch.demand().class_count(),
            cohorts: self.dispatch.supply().size(),
            queues: live(ResourceKind::Queue).map(QueueIx).collect(),
            skills: live(ResourceKind::Skill).map(SkillIx).collect(),
            conversations: self.state.conversations.len(),
            requests: self.state.requests.len(),
            invites: self.state.invites.len(),
            true_until: self.next_wake(),
        }
    }

    /// Sums over the agents from this number on, so many of them, that are in the directory; and how many of them have an open stream.
    fn survey_agents(&self, from: usize, size: usize) -> (Sums<AgentSums>, u64) {
        let (mut sums, mut streams) = (Sums::<AgentSums>::default(), 0);
        let numbers = (0..self.state.agents.len()).skip(from).take(size);
        let agents = numbers.filter_map(|it| u32::try_from(it).ok().map(AgentIx));
        for agent in agents.filter(|it| self.state.registry.is_live(ResourceKind::Agent, it.0)) {
            let entry = self.state.registry.agent(agent);
            let figures = self.figures_of(agent);
            sums.whole.add(&figures);
            entry.queues.iter().for_each(|it| sums.queues.at(it.0).add(&figures));
            entry.skills.iter().for_each(|(it, _)| sums.skills.at(it.0).add(&figures));
            streams += u64::from(self.state.agent(agent).session.is_some_and(|it| it.lease_until == 0));
        }
        (sums, streams)
    }

    fn figures_of(&self, agent: AgentIx) -> AgentSums {
        let (load, profile) = (self.state.agent(agent).load(), self.state.profile(agent));
        let (state, spec) = (self.routing_state(agent, profile), &profile.spec);
        let has_room = matches!(state, RoutingState::Idle | RoutingState::Engaged);
        let free = |units: u32, used: u32| u64::from(if has_room { units.saturating_sub(used) } else { 0 });
        let mut agents = [0; 6];
        agents[state as usize] = 1;
        AgentSums {
            agents,
            units: u64::from(if state == RoutingState::Offline { 0 } else { spec.units }),
            units_used: u64::from(load.total),
            units_free: free(spec.units, load.primary),
            interruptible_units_free: free(spec.interruptible_units, load.total),
        }
    }

    /// Sums over what waits, so many steps from there on, and where to go on.
    fn survey_lines(&self, from: WalkedTo, steps: usize) -> (Sums<WaitingSums>, Option<WalkedTo>) {
        let mut sums = Sums::<WaitingSums>::default();
        let next = self.dispatch.demand().walk(from, steps, |class, waiting, oldest| {
            let figures = WaitingSums { waiting: waiting as u64, oldest };
            sums.whole.add(&figures);
            class.target.queue().iter().for_each(|it| sums.queues.at(it.0).add(&figures));
            self.each_skill(class, |it| sums.skills.at(it.0).add(&figures));
        });
        (sums, next)
    }

    fn each_skill(&self, class: &Class, mut see: impl FnMut(SkillIx)) {
        match &class.target {
            Target::Skill(skill) => see(*skill),
            Target::Button(button) => {
                self.state.registry.button(*button).skills.iter().copied().for_each(see);
            }
            Target::Agent(_) | Target::Requirements(_) | Target::Queue { .. } => {
                class.target.requirements().iter().for_each(|it| see(it.skill));
            }
        }
    }
}
