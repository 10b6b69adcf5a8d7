//! Whom to ask for a request, and whether there is anybody at all: the class is looked up in the index of agents, or its one agent is asked.

use super::{
    Dispatch,
    demand::ClassIx,
    eligible::Class,
    supply::{RoomFor, Wanted},
};
use crate::engine::{
    directory::spec::RoutingModel,
    event::RequestKind,
    ids::{AgentIx, Agents, ChannelIx, ConversationId},
    routing::{Mode, Routing, RoutingType},
    state::{State, conversation::Request},
};

impl Dispatch {
    /// Whom to invite now.
    pub(super) fn choose(
        &self,
        state: &State,
        class: ClassIx,
        request: &Request,
        admits: &dyn Fn(AgentIx) -> bool,
    ) -> Agents {
        let takes = |agent: &AgentIx| {
            let class = self.demand.class(class);
            self.supply.can_take(&state.registry, *agent, class, RoomFor::Needed) && admits(*agent)
        };
        let Some(wanted) = self.wanted(state, class, request.routing.model) else {
            return self.demand.class(class).addressed.filter(takes).into_iter().collect();
        };
        match request.routing.mode {
            Mode::Single => {
                let first = request.routing.goes_first().filter(takes);
                first.or_else(|| self.supply.best(&wanted, admits)).into_iter().collect()
            }
            Mode::Broadcast | Mode::Waves => {
                self.supply.best_of_all(&wanted, request.routing.at_once(request.sent.wave), admits)
            }
        }
    }

    /// What is asked of the index of agents for a class, if that is open.
    pub(super) fn wanted<'a>(
        &'a self,
        state: &'a State,
        class: ClassIx,
        model: RoutingModel,
    ) -> Option<Wanted<'a>> {
        let slot = self.demand.slot(class)?;
        Some(Wanted { registry: &state.registry, class: self.demand.class(class), slot, model })
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
        !self.demand.class(class).picked && self.is_there_any(state, class, RoomFor::Needed, &admits)
    }

    /// Whether an agent could take it, had it room.
    pub(super) fn somebody_could(
        &self,
        state: &State,
        class: ClassIx,
        admits: &dyn Fn(AgentIx) -> bool,
    ) -> bool {
        self.is_there_any(state, class, RoomFor::Ignored, admits)
    }

    fn is_there_any(
        &self,
        state: &State,
        class: ClassIx,
        room: RoomFor,
        admits: &dyn Fn(AgentIx) -> bool,
    ) -> bool {
        match self.wanted(state, class, RoutingModel::LeastActive) {
            Some(wanted) => self.supply.any(&wanted, room, admits),
            None => self.demand.class(class).addressed.is_some_and(|agent| {
                let class = self.demand.class(class);
                self.supply.can_take(&state.registry, agent, class, room) && admits(agent)
            }),
        }
    }
}
