//! Matching: who gets which request. The seam of the engine's heart: `follow` the state, ask for the `next` decision.
//!
//! ```text
//!                 supply                                demand
//!   cohorts of agents who are online    ◄──────►   classes of requests that wait
//!                          which can serve which: worked out once
//! ```
//!
//! Two triggers, both immediate (SEL-3): a request came to wait, or an agent's ability changed. Each event marks whom it touched; the
//! marks become candidates, and the candidate whose turn is first is decided first. At rest no mark is left: nobody waits for whom
//! an eligible agent has room, and a hopeless backlog costs nothing.

pub mod demand;
pub mod eligible;
mod id_order;
pub mod supply;

use std::collections::{BTreeMap, BTreeSet};

use crate::engine::{
    apply::Touched,
    directory::spec::Reinvite,
    event::{RequestEnd, RequestKind},
    ids::{AgentIx, ChannelIx, ConversationId, Millis, RequestId},
    limits,
    routing::{Mode, Routing, RoutingType, Target},
    state::{State, conversation::Request},
};
use demand::{ClassIx, Demand, Turn};
use eligible::Class;
use id_order::IdOrder;
use supply::{CohortIx, Moved, Room, Supply};

/// What is to be done for a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Invite these agents, best first.
    Invite(RequestId, Vec<AgentIx>),
    /// It has failed.
    Fail(RequestId, RequestEnd),
    /// Everyone has declined: all may be asked again.
    NewRound(RequestId),
    /// Nobody is left for its next wave.
    EndWaves(RequestId),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Candidate {
    Request(RequestId),
    Wave(RequestId),
    Agent(AgentIx),
}

/// Cohorts and classes beyond which it is worth looking whether most of them are empty.
const TIDY_FROM: usize = 4_096;

/// The index over the state, and what it still has to look at.
#[derive(Debug, Default)]
pub struct Dispatch {
    supply: Supply,
    demand: Demand,
    ids: IdOrder,
    cohorts_of: Vec<Vec<CohortIx>>,
    classes_of: Vec<Vec<ClassIx>>,
    candidates: BTreeSet<(Turn, Candidate)>,
    gained: BTreeSet<AgentIx>,
    unplaced: BTreeSet<RequestId>,
    /// Requests whose next wave is due.
    waves: BTreeSet<RequestId>,
    /// Waiting requests that fail or start over once nobody is left to ask, by class. They are looked at again when who could take
    /// the class changes: it may have lost the last who could, or got back one who had said no.
    watchful: BTreeMap<ClassIx, BTreeSet<RequestId>>,
    /// Classes whose watchful requests are to be looked at again.
    alarmed: BTreeSet<ClassIx>,
    tidy_at: usize,
}

impl Dispatch {
    /// The index of a state.
    pub fn new(state: &State) -> Self {
        let mut new = Self { tidy_at: TIDY_FROM, ..Self::default() };
        new.ids.learn(&state.registry);
        for agent in (0..).take(state.agents.len()).map(AgentIx) {
            new.refresh_agent(state, agent);
        }
        for id in state.requests.ids() {
            let request = state.requests.at(id);
            if request.is_in_line(state.now) {
                new.enter(state, id, request);
            }
            if request.wave_is_due(state.now) {
                new.waves.insert(id);
            }
        }
        new.gained = new.supply.agents().collect();
        new.alarmed = new.watchful.keys().copied().collect();
        new.tidy_at = TIDY_FROM.max(2 * (new.supply.cohort_count() + new.demand.class_count()));
        new
    }

    /// What waits.
    pub fn demand(&self) -> &Demand {
        &self.demand
    }

    /// The agents.
    pub fn supply(&self) -> &Supply {
        &self.supply
    }

    /// Follows the state over an event.
    pub fn follow(&mut self, state: &State, touched: &mut Touched) {
        let directory_changed = touched.all;
        touched.all = false;
        if directory_changed || self.ids.learn(&state.registry) || self.is_untidy() {
            *self = Self::new(state);
        }
        for agent in touched.agents.drain(..) {
            self.refresh_agent(state, agent);
        }
        for id in touched.requests.drain(..) {
            self.leave(id);
            if state.requests.get(id).is_some_and(Request::is_waiting) {
                self.unplaced.insert(id);
            } else {
                self.unplaced.remove(&id);
            }
        }
    }

    fn is_untidy(&mut self) -> bool {
        let count = self.supply.cohort_count() + self.demand.class_count();
        if count <= self.tidy_at {
            return false;
        }
        self.tidy_at = 2 * count;
        2 * (self.supply.empty_cohorts() + self.demand.empty_classes()) > count
    }

    fn refresh_agent(&mut self, state: &State, agent: AgentIx) {
        let mut added = Vec::new();
        let former = self.supply.cohort_of(agent);
        match self.supply.refresh(state, &self.ids, agent, &mut added) {
            Moved::Gained => {
                self.gained.insert(agent);
            }
            Moved::Lost | Moved::Stayed => {}
        }
        for number in added {
            let cohort = self.supply.cohorts().nth(number).map(|(_, it)| it);
            let serves = |class: &Class| {
                cohort.is_some_and(|it| eligible::could_serve(&state.registry, it, class).is_ok())
            };
            let classes: Vec<ClassIx> = self
                .demand
                .classes()
                .filter(|(_, class)| class.addressed.is_none() && serves(class))
                .map(|(class, _)| class)
                .collect();
            classes.iter().for_each(|&class| self.cohorts_of[class].push(number));
            self.classes_of.push(classes);
        }
        let cohort = self.supply.cohort_of(agent);
        if former != cohort {
            former.into_iter().chain(cohort).for_each(|it| self.alarmed.extend(&self.classes_of[it]));
            self.alarmed.extend(self.demand.addressed_to(agent));
        }
    }

    fn class(&mut self, state: &State, request: &Request) -> ClassIx {
        self.number(state, Class::of(state, request))
    }

    fn number(&mut self, state: &State, class: Class) -> ClassIx {
        let (number, is_new) = self.demand.intern(class);
        if is_new {
            let class = self.demand.class(number);
            let named = class.addressed.is_some();
            let cohorts: Vec<CohortIx> = self
                .supply
                .cohorts()
                .filter(|(_, cohort)| !named && eligible::could_serve(&state.registry, cohort, class).is_ok())
                .map(|(cohort, _)| cohort)
                .collect();
            cohorts.iter().for_each(|&cohort| self.classes_of[cohort].push(number));
            self.cohorts_of.push(cohorts);
        }
        number
    }

    fn enter(&mut self, state: &State, id: RequestId, request: &Request) {
        let class = self.class(state, request);
        self.demand.enter(class, Turn::of(&state.registry, id, request));
        if fails_when_nobody_is_there(request) || !request.declined.is_empty() {
            self.watchful.entry(class).or_default().insert(id);
        }
    }

    fn leave(&mut self, id: RequestId) {
        let Some(class) = self.demand.leave(id) else { return };
        if let Some(watchful) = self.watchful.get_mut(&class) {
            watchful.remove(&id);
            if watchful.is_empty() {
                self.watchful.remove(&class);
            }
        }
    }

    /// Looks at a request again although nothing touched it: the time has come when somebody may be asked again.
    pub fn look_again(&mut self, id: RequestId) {
        self.leave(id);
        self.unplaced.insert(id);
    }

    /// The time of a request's next wave has come.
    pub fn next_wave(&mut self, id: RequestId) {
        self.waves.insert(id);
    }

    /// The next decision that the state calls for; none: it is at rest.
    pub fn next(&mut self, state: &State, now: Millis) -> Option<Decision> {
        loop {
            while let Some(class) = self.alarmed.pop_first() {
                let again = self.watchful.get(&class).cloned().unwrap_or_default();
                again.into_iter().for_each(|id| self.look_again(id));
            }
            while let Some(id) = self.unplaced.pop_first() {
                if let Some(request) = state.requests.get(id).filter(|it| it.is_in_line(now)) {
                    let turn = Turn::of(&state.registry, id, request);
                    self.candidates.insert((turn, Candidate::Request(id)));
                }
            }
            while let Some(id) = self.waves.pop_first() {
                if let Some(request) = state.requests.get(id).filter(|it| it.wave_is_due(now)) {
                    let turn = Turn::of(&state.registry, id, request);
                    self.candidates.insert((turn, Candidate::Wave(id)));
                }
            }
            while let Some(agent) = self.gained.pop_first() {
                self.candidates
                    .extend(self.first_for(state, agent, now).map(|it| (it, Candidate::Agent(agent))));
            }
            let (turn, candidate) = self.candidates.pop_first()?;
            let decision = match candidate {
                Candidate::Request(id) => self.consider(state, id, now),
                Candidate::Wave(id) => self.consider_wave(state, id, now),
                Candidate::Agent(agent) => self.consider_agent(state, turn, agent, now),
            };
            if decision.is_some() {
                return decision;
            }
        }
    }

    fn consider(&mut self, state: &State, id: RequestId, now: Millis) -> Option<Decision> {
        let request = state.requests.get(id).filter(|it| it.is_waiting())?;
        let decision = self.decide(state, id, request, now);
        if decision.is_none() {
            self.enter(state, id, request);
        }
        decision
    }

    fn consider_wave(&mut self, state: &State, id: RequestId, now: Millis) -> Option<Decision> {
        let request = state.requests.get(id).filter(|it| it.wave_is_due(now))?;
        let class = self.class(state, request);
        let conversation = state.conversation_of(request);
        let invited: BTreeSet<AgentIx> = request.sent.pending.iter().map(|it| it.1).collect();
        let admits =
            |agent| !invited.contains(&agent) && eligible::bars(conversation, request, agent, now).is_ok();
        let agents = self.choose(state, class, request, &admits);
        Some(if agents.is_empty() { Decision::EndWaves(id) } else { Decision::Invite(id, agents) })
    }

    /// A freed agent takes the oldest eligible waiting work. What that was may have gone since it became a candidate: then it queues
    /// up again with what is first now.
    fn consider_agent(&mut self, state: &State, turn: Turn, agent: AgentIx, now: Millis) -> Option<Decision> {
        let first = self.first_for(state, agent, now)?;
        if first != turn {
            self.candidates.insert((first, Candidate::Agent(agent)));
            return None;
        }
        self.gained.insert(agent);
        self.decide(state, first.request, state.requests.at(first.request), now)
    }

    /// The waiting request whose turn it is among those that this agent can take.
    fn first_for(&self, state: &State, agent: AgentIx, now: Millis) -> Option<Turn> {
        let cohort = self.supply.cohort_of(agent)?;
        self.classes_of[cohort]
            .iter()
            .copied()
            .chain(self.demand.addressed_to(agent))
            .filter(|&class| self.demand.line(class).next().is_some() && !self.demand.class(class).picked)
            .filter(|&class| {
                self.supply.can_take(&state.registry, agent, self.demand.class(class), Room::Needed)
            })
            .filter_map(|class| {
                self.demand.line(class).find(|turn| {
                    let request = state.requests.at(turn.request);
                    eligible::bars(state.conversation_of(request), request, agent, now).is_ok()
                })
            })
            .min()
    }

    /// What a waiting request calls for now; none: to go on waiting.
    fn decide(&mut self, state: &State, id: RequestId, request: &Request, now: Millis) -> Option<Decision> {
        let class = self.class(state, request);
        if self.demand.class(class).picked {
            return None;
        }
        let conversation = state.conversation_of(request);
        let admits = |agent| eligible::bars(conversation, request, agent, now).is_ok();
        let agents = self.choose(state, class, request, &admits);
        if !agents.is_empty() {
            return Some(Decision::Invite(id, agents));
        }
        if self.somebody_could(state, class, &admits) {
            return None;
        }
        if fails_when_nobody_is_there(request) {
            return Some(Decision::Fail(id, why_nobody(request)));
        }
        let outside = |agent| !conversation.has(agent);
        if request.declined.is_empty() || !self.somebody_could(state, class, &outside) {
            return None;
        }
        let reroutes_max = match request.routing.target {
            Target::Button(button) => state.registry.button(button).spec.reroutes_max,
            Target::Agent(_) | Target::Skill(_) | Target::Requirements(_) | Target::Queue { .. } => None,
        };
        match reroutes_max {
            Some(at_most) if request.round >= at_most => {
                Some(Decision::Fail(id, RequestEnd::NoAgentAvailable))
            }
            Some(_) => Some(Decision::NewRound(id)),
            None => {
                let again = state.registry.channel(conversation.channel).spec.reinvite;
                (again == Reinvite::OnceEveryoneHas).then_some(Decision::NewRound(id))
            }
        }
    }

    /// Whom to invite now.
    fn choose(
        &self,
        state: &State,
        class: ClassIx,
        request: &Request,
        admits: &dyn Fn(AgentIx) -> bool,
    ) -> Vec<AgentIx> {
        let (registry, cohorts) = (&state.registry, &self.cohorts_of[class]);
        let class = self.demand.class(class);
        let model = request.routing.model;
        let takes =
            |agent: &AgentIx| self.supply.can_take(registry, *agent, class, Room::Needed) && admits(*agent);
        if let Some(agent) = class.addressed {
            return Some(agent).filter(takes).into_iter().collect();
        }
        match request.routing.mode {
            Mode::Single => {
                let first = request.routing.goes_first().filter(takes);
                let best = || self.supply.best(registry, class, cohorts, model, admits);
                first.or_else(best).into_iter().collect()
            }
            Mode::Broadcast => {
                self.supply.best_of_all(registry, class, cohorts, model, limits::BROADCAST_MAX, admits)
            }
            Mode::Waves => {
                let is_last = request.sent.wave + 1 >= limits::WAVES;
                let size = if is_last { limits::BROADCAST_MAX } else { request.routing.waves.size as usize };
                self.supply.best_of_all(registry, class, cohorts, model, size, admits)
            }
        }
    }

    /// Whether an agent could be invited at once to a request for a queue that is not there yet.
    pub fn somebody_is_free(
        &mut self,
        state: &State,
        channel: ChannelIx,
        kind: RequestKind,
        conversation: Option<ConversationId>,
        routing: &Routing,
    ) -> bool {
        let conversation = conversation.map(|it| state.conversations.at(it));
        let routing_type = conversation.map_or(RoutingType::OmniChannel, |it| it.routing_type);
        let (work, relaxed) = ((channel, routing_type), routing.relaxation.at_first());
        let class = self.number(state, Class::new(&state.registry, work, kind, routing, relaxed));
        let admits = |agent| conversation.is_none_or(|it| !it.has(agent));
        !self.demand.class(class).picked && self.is_there_any(state, class, Room::Needed, &admits)
    }

    /// Whether an agent could take it, had it room.
    fn somebody_could(&self, state: &State, class: ClassIx, admits: &dyn Fn(AgentIx) -> bool) -> bool {
        self.is_there_any(state, class, Room::Ignored, admits)
    }

    fn is_there_any(
        &self,
        state: &State,
        class: ClassIx,
        room: Room,
        admits: &dyn Fn(AgentIx) -> bool,
    ) -> bool {
        let (registry, cohorts) = (&state.registry, &self.cohorts_of[class]);
        let class = self.demand.class(class);
        if let Some(agent) = class.addressed {
            return self.supply.can_take(registry, agent, class, room) && admits(agent);
        }
        self.supply.any(registry, class, cohorts, room, admits).is_some()
    }
}

/// Conference and transfer requests to an agent or a skill do not wait for somebody to come (CONF-4); all else waits, and so do they
/// while they insist on a preferred agent: nobody else was asked yet.
fn fails_when_nobody_is_there(request: &Request) -> bool {
    request.kind != RequestKind::New && request.routing.target.is_personal() && !request.relaxed.insists
}

fn why_nobody(request: &Request) -> RequestEnd {
    if request.declined.is_empty() {
        RequestEnd::NoAgentEligible
    } else if request.declined.iter().any(|it| it.expired) {
        RequestEnd::AllExpired
    } else {
        RequestEnd::AllDeclined
    }
}
