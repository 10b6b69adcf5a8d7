//! Work that starves (QUE-5): it fits nobody's free room and has waited as long as its queue says. It earmarks the agent who can take it
//! soonest, who then gets no lighter work until it fits.
//!
//! Who starves without an agent kept for it is looked at again only when an agent of its class changes, the first in turn first: however
//! many starve, a change costs no more than there are agents to keep.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Decision, Dispatch,
    demand::{ClassIx, Turn},
    eligible,
    supply::RoomFor,
};
use crate::engine::{
    directory::spec::RoutingModel,
    ids::{AgentIx, Millis, RequestId},
    state::{State, agent::Earmark, conversation::Request},
};

/// Waiting requests that starve and for which nobody is kept, by class.
#[derive(Debug, Default)]
pub(super) struct Starving {
    by_class: BTreeMap<ClassIx, BTreeSet<Turn>>,
    /// Classes that may have got somebody to keep.
    alarmed: BTreeSet<ClassIx>,
}

impl Starving {
    pub(super) fn enter(&mut self, class: ClassIx, turn: Turn) {
        self.by_class.entry(class).or_default().insert(turn);
    }

    pub(super) fn leave(&mut self, class: ClassIx, turn: Turn) {
        if let Some(turns) = self.by_class.get_mut(&class) {
            turns.remove(&turn);
            if turns.is_empty() {
                self.by_class.remove(&class);
            }
        }
    }

    pub(super) fn is_alarmed(&self) -> bool {
        !self.alarmed.is_empty()
    }

    pub(super) fn alarm_all(&mut self) {
        self.alarmed.extend(self.by_class.keys());
    }
}

impl Dispatch {
    /// An agent changed: it may be one to keep for what starves.
    pub(super) fn alarm_starving(&mut self, state: &State, agent: AgentIx) {
        if self.starving.by_class.is_empty() || state.agent(agent).earmark().is_some() {
            return;
        }
        let (registry, supply, demand) = (&state.registry, &self.supply, &self.demand);
        let could =
            |class: &ClassIx| supply.can_take(registry, agent, demand.class(*class), RoomFor::Ignored);
        let classes: Vec<ClassIx> = self.starving.by_class.keys().copied().filter(could).collect();
        self.starving.alarmed.extend(classes);
    }

    /// Of each alarmed class, the first in turn whom somebody can be kept for is looked at again.
    pub(super) fn look_at_starving(&mut self, state: &State, now: Millis) {
        while let Some(class) = self.starving.alarmed.pop_first() {
            let turns = self.starving.by_class.get(&class).into_iter().flatten();
            let anybody = self.soonest(state, class, &|_| true).is_some();
            let first = turns.take_while(|_| anybody).find(|turn| {
                let request = state.requests.at(turn.request);
                self.to_keep(state, request, class, now).is_some()
            });
            if let Some(id) = first.map(|it| it.request) {
                self.look_again(id);
            }
        }
    }

    /// What is to be done so that the right agent is kept for a request that nobody has room for; none: nothing.
    pub(super) fn earmark(
        &self,
        state: &State,
        id: RequestId,
        request: &Request,
        class: ClassIx,
        now: Millis,
    ) -> Option<Decision> {
        let (units, interruptible) = (self.demand.class(class).units, self.demand.class(class).interruptible);
        let earmark = Earmark { interruptible, units };
        if !request.starves(now) {
            return None;
        }
        let is_kept = |agent: &AgentIx| {
            state.agent(*agent).earmark() == Some((id, earmark))
                && self.supply.can_take(&state.registry, *agent, self.demand.class(class), RoomFor::Ignored)
                && eligible::could_ever_fit(state.profile(*agent), self.demand.class(class))
                && eligible::bars(state.conversation_of(request), request, *agent, now).is_ok()
        };
        match (request.earmarked, self.to_keep(state, request, class, now)) {
            (Some(kept), _) if is_kept(&kept) => None,
            (_, Some(agent)) => Some(Decision::Earmark(id, agent, earmark)),
            (Some(kept), None) => Some(Decision::LiftEarmark(id, kept)),
            (None, None) => None,
        }
    }

    /// The agent to keep for a request.
    fn to_keep(&self, state: &State, request: &Request, class: ClassIx, now: Millis) -> Option<AgentIx> {
        let conversation = state.conversation_of(request);
        self.soonest(state, class, &|agent| eligible::bars(conversation, request, agent, now).is_ok())
    }

    fn soonest(&self, state: &State, class: ClassIx, admits: &dyn Fn(AgentIx) -> bool) -> Option<AgentIx> {
        if let Some(wanted) = self.wanted(state, class, RoutingModel::LeastActive) {
            return self.supply.soonest(&wanted, admits);
        }
        // Of a class that is for one agent it is that one, or nobody.
        let class = self.demand.class(class);
        class.addressed.filter(|agent| {
            !class.picked
                && state.agent(*agent).earmark().is_none()
                && self.supply.can_take(&state.registry, *agent, class, RoomFor::Ignored)
                && eligible::could_ever_fit(state.profile(*agent), class)
                && admits(*agent)
        })
    }
}
