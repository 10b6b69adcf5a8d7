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

mod bits;
mod choice;
pub mod demand;
mod earmark;
pub mod eligible;
mod id_order;
pub mod supply;

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, BinaryHeap},
};

use crate::engine::{
    apply::Touched,
    directory::spec::{Reinvite, RoutingModel},
    event::{RequestEnd, RequestKind},
    ids::{AgentIx, Agents, Millis, RequestId},
    routing::Target,
    state::{State, agent::Earmark, conversation::Request},
};
use demand::{ClassIx, Demand, Turn};
use earmark::Starving;
use eligible::Class;
use id_order::IdOrder;
use supply::{CohortIx, Moved, RoomFor, Supply};

/// What is to be done for a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Invite these agents, best first.
    Invite(RequestId, Agents),
    /// It has failed.
    Fail(RequestId, RequestEnd),
    /// Everyone has declined: all may be asked again.
    NewRound(RequestId),
    /// Nobody is left for its next wave.
    EndWaves(RequestId),
    /// Keep this agent for it, with so much room (QUE-5).
    Earmark(RequestId, AgentIx, Earmark),
    /// Keep no agent for it any more.
    LiftEarmark(RequestId, AgentIx),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Candidate {
    Request(RequestId),
    Wave(RequestId),
    /// An agent, and of which change of the index on its turn is known to be the first for it.
    Agent(AgentIx, u64),
}

/// How the index is laid out and searched. It changes what a decision costs, never the decision.
#[derive(Debug, Clone, Copy)]
pub struct Layout {
    /// Members from which a cohort is a crowd, which is looked at by itself. Of half as many it is none any more.
    pub crowd_from: usize,
    /// How many of a set are compared one by one before `PASSED` times as many of all are passed over in order, and so on by turns: few are
    /// soon compared, and of many one is soon met in order. At least 1.
    pub step: usize,
}

/// How many are passed over in order in about the time that one is compared, which is fetched from anywhere in memory. By measurement.
const PASSED: usize = 8;

impl Default for Layout {
    /// By measurement: a look at a crowd costs about what it costs to compare one or two agents.
    fn default() -> Self {
        Self { crowd_from: 32, step: 32 }
    }
}

/// Cohorts and classes beyond which it is worth looking whether most of them are empty.
const TIDY_FROM: usize = 4_096;

/// The index over the state, and what it still has to look at.
#[derive(Debug, Default)]
pub struct Dispatch {
    supply: Supply,
    demand: Demand,
    ids: IdOrder,
    /// Whose turn it may be, the first first. Some may stand here twice.
    candidates: BinaryHeap<Reverse<(Turn, Candidate)>>,
    gained: Vec<AgentIx>,
    unplaced: Vec<RequestId>,
    /// How often the index was changed.
    changes: u64,
    /// Requests whose next wave is due.
    waves: BTreeSet<RequestId>,
    /// Waiting requests that fail or start over once nobody is left to ask, by class. They are looked at again when who could take
    /// the class changes: it may have lost the last who could, or got back one who had said no.
    watchful: BTreeMap<ClassIx, BTreeSet<RequestId>>,
    /// Classes whose watchful requests are to be looked at again.
    alarmed: BTreeSet<ClassIx>,
    starving: Starving,
    tidy_at: usize,
    layout: Layout,
}

impl Dispatch {
    /// The index of a state.
    pub fn new(state: &State, layout: Layout) -> Self {
        let (supply, demand) = (Supply::new(layout), Demand::new(layout));
        let mut new = Self { supply, demand, layout, tidy_at: TIDY_FROM, ..Self::default() };
        new.ids.learn(&state.registry);
        for agent in (0..).take(state.agents.len()).map(AgentIx) {
            new.refresh_agent(state, agent);
        }
        for id in state.requests.ids() {
            let request = state.requests.at(id);
            if request.is_in_line(state.now) {
                let class = new.class(state, request);
                new.enter(state, id, request, class, state.now);
                if request.earmarked.is_some() {
                    new.look_again(id);
                }
            }
            if request.wave_is_due(state.now) {
                new.waves.insert(id);
            }
        }
        new.gained = new.supply.agents().collect();
        new.alarmed = new.watchful.keys().copied().collect();
        new.starving.alarm_all();
        // A class for each agent may be asked for by name; to build the index anew costs about what so many cost.
        new.tidy_at =
            TIDY_FROM.max(2 * (new.supply.size() + new.demand.class_count())).max(2 * state.agents.len());
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

    /// Follows the state over the events that touched so much.
    pub fn follow(&mut self, state: &State, touched: &mut Touched) {
        if touched.is_empty() {
            return;
        }
        let directory_changed = touched.all;
        touched.all = false;
        if directory_changed || self.ids.learn(&state.registry) || self.is_untidy() {
            *self = Self::new(state, self.layout);
        }
        self.changes += 1;
        for agent in touched.agents.drain(..) {
            self.refresh_agent(state, agent);
        }
        // Invited and in at once is one move.
        touched.loads.dedup();
        for agent in touched.loads.drain(..) {
            let moved = self.supply.reload(state, &self.ids, agent);
            self.moved(state, agent, moved);
        }
        // What no longer waits when it is looked at is passed over then.
        touched.requests.drain(..).for_each(|id| self.look_again(id));
    }

    fn is_untidy(&mut self) -> bool {
        let count = self.supply.size() + self.demand.class_count();
        if count <= self.tidy_at {
            return false;
        }
        self.tidy_at = 2 * count;
        2 * (self.supply.empty() + self.demand.empty_classes()) > count
    }

    fn refresh_agent(&mut self, state: &State, agent: AgentIx) {
        let former = self.supply.cohort_of(agent);
        let moved = self.supply.refresh(state, &self.ids, &self.demand, agent);
        let cohort = self.supply.cohort_of(agent);
        if former != cohort {
            former.into_iter().chain(cohort).for_each(|it| self.alarm(it));
            self.alarmed.extend(self.demand.addressed_to(agent));
            state.agent(agent).earmark().into_iter().for_each(|(request, _)| self.look_again(request));
        }
        self.moved(state, agent, moved);
    }

    /// An agent has changed its place in the index, or not.
    fn moved(&mut self, state: &State, agent: AgentIx, moved: Moved) {
        match moved {
            Moved::Gained => self.gained.push(agent),
            Moved::Lost | Moved::Stayed => {}
        }
        self.alarm_starving(state, agent);
    }

    /// Whoever watches a class that a cohort can serve is to look again.
    fn alarm(&mut self, cohort: CohortIx) {
        let classes = self.supply.classes_of(cohort);
        let serves = |class: &&ClassIx| self.demand.slot(**class).is_some_and(|slot| classes.has(slot));
        self.alarmed.extend(self.watchful.keys().filter(serves));
    }

    fn class(&mut self, state: &State, request: &Request) -> ClassIx {
        self.number(state, Class::of(state, request))
    }

    fn number(&mut self, state: &State, class: Class) -> ClassIx {
        let (number, is_new) = self.demand.intern(class);
        if let (Some(slot), true) = (self.demand.slot(number), is_new) {
            self.supply.add_class(&state.registry, slot, self.demand.class(number));
        }
        number
    }

    fn enter(&mut self, state: &State, id: RequestId, request: &Request, class: ClassIx, now: Millis) {
        let turn = Turn::of(&state.registry, id, request);
        self.changes += 1;
        self.demand.enter(class, turn);
        if request.starves(now) && request.earmarked.is_none() {
            self.starving.enter(class, turn);
        }
        if fails_when_nobody_is_there(request) || !request.declined.is_empty() {
            self.watchful.entry(class).or_default().insert(id);
        }
    }

    fn leave(&mut self, id: RequestId) {
        let Some((class, turn)) = self.demand.leave(id) else { return };
        self.changes += 1;
        self.starving.leave(class, turn);
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
        self.unplaced.push(id);
    }

    /// The time of a request's next wave has come.
    pub fn next_wave(&mut self, id: RequestId) {
        self.waves.insert(id);
    }

    /// Whether nothing is left to be looked at.
    fn is_at_rest(&self) -> bool {
        self.unplaced.is_empty()
            && self.gained.is_empty()
            && self.candidates.is_empty()
            && self.alarmed.is_empty()
            && self.waves.is_empty()
            && !self.starving.is_alarmed()
    }

    /// The next decision that the state calls for; none: it is at rest.
    #[inline]
    pub fn next(&mut self, state: &State, now: Millis) -> Option<Decision> {
        if self.is_at_rest() { None } else { self.look(state, now) }
    }

    /// Looks at what is left to be looked at, until there is something to decide.
    fn look(&mut self, state: &State, now: Millis) -> Option<Decision> {
        while !self.is_at_rest() {
            while let Some(class) = self.alarmed.pop_first() {
                let again = self.watchful.get(&class).cloned().unwrap_or_default();
                again.into_iter().for_each(|id| self.look_again(id));
            }
            self.look_at_starving(state, now);
            while let Some(id) = self.unplaced.pop() {
                if let Some(request) = state.requests.get(id).filter(|it| it.is_in_line(now)) {
                    let turn = Turn::of(&state.registry, id, request);
                    self.candidates.push(Reverse((turn, Candidate::Request(id))));
                }
            }
            while let Some(id) = self.waves.pop_first() {
                if let Some(request) = state.requests.get(id).filter(|it| it.wave_is_due(now)) {
                    let turn = Turn::of(&state.registry, id, request);
                    self.candidates.push(Reverse((turn, Candidate::Wave(id))));
                }
            }
            while let Some(agent) = self.gained.pop() {
                self.stand_for_first(state, agent, now);
            }
            let Some(Reverse((turn, candidate))) = self.candidates.pop() else { continue };
            let decision = match candidate {
                Candidate::Request(id) => self.consider(state, id, now),
                Candidate::Wave(id) => self.consider_wave(state, id, now),
                Candidate::Agent(agent, since) => self.consider_agent(state, (turn, since), agent, now),
            };
            if decision.is_some() {
                return decision;
            }
        }
        None
    }

    fn consider(&mut self, state: &State, id: RequestId, now: Millis) -> Option<Decision> {
        let request = state.requests.get(id).filter(|it| it.is_waiting())?;
        if self.demand.class_of(id).is_some() {
            // It was a candidate twice, and was put in line by the first.
            return None;
        }
        let class = self.class(state, request);
        let decision = self.decide(state, id, request, class, now);
        if decision.is_none() {
            self.enter(state, id, request, class, now);
        }
        decision
    }

    fn consider_wave(&mut self, state: &State, id: RequestId, now: Millis) -> Option<Decision> {
        let request = state.requests.get(id).filter(|it| it.wave_is_due(now))?;
        if request.routing.model == RoutingModel::LongestIdle {
            self.supply.keep_free_order();
        }
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
    fn consider_agent(
        &mut self,
        state: &State,
        (turn, since): (Turn, u64),
        agent: AgentIx,
        now: Millis,
    ) -> Option<Decision> {
        if since != self.changes && self.first_for(state, agent, now) != Some(turn) {
            self.stand_for_first(state, agent, now);
            return None;
        }
        self.gained.push(agent);
        let class = self.demand.class_of(turn.request);
        let class = class.unwrap_or_else(|| unreachable!("who is first in line stands in it"));
        self.decide(state, turn.request, state.requests.at(turn.request), class, now)
    }

    /// An agent becomes a candidate for the first that it can take, if there is any.
    fn stand_for_first(&mut self, state: &State, agent: AgentIx, now: Millis) {
        if let Some(first) = self.first_for(state, agent, now) {
            self.candidates.push(Reverse((first, Candidate::Agent(agent, self.changes))));
        }
    }

    /// The waiting request whose turn it is among those that this agent can take.
    fn first_for(&self, state: &State, agent: AgentIx, now: Millis) -> Option<Turn> {
        let admits = |turn: Turn| {
            let request = state.requests.at(turn.request);
            eligible::bars(state.conversation_of(request), request, agent, now).is_ok()
        };
        let fits = |class: &Class| self.supply.has_room(&state.registry, agent, class);
        let classes = self.supply.classes_of(self.supply.cohort_of(agent)?);
        let open = self.demand.first_among(classes, &fits, &admits);
        let addressed = self.demand.addressed_to(agent).filter(|class| {
            let class = self.demand.class(*class);
            !class.picked && self.supply.can_take(&state.registry, agent, class, RoomFor::Needed)
        });
        let addressed = addressed.filter_map(|class| self.demand.line(class).find(|turn| admits(*turn)));
        open.into_iter().chain(addressed).min()
    }

    /// What a waiting request calls for now; none: to go on waiting.
    fn decide(
        &mut self,
        state: &State,
        id: RequestId,
        request: &Request,
        class: ClassIx,
        now: Millis,
    ) -> Option<Decision> {
        if request.routing.model == RoutingModel::LongestIdle {
            self.supply.keep_free_order();
        }
        if self.demand.class(class).picked {
            return None;
        }
        let conversation = state.conversation_of(request);
        let admits = |agent| eligible::bars(conversation, request, agent, now).is_ok();
        let agents = self.choose(state, class, request, &admits);
        if !agents.is_empty() {
            return Some(Decision::Invite(id, agents));
        }
        let earmark = self.earmark(state, id, request, class, now);
        if earmark.is_some() {
            return earmark;
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
