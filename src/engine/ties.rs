//! What a conversation is to an agent: whether it may know of it at all. Nothing is decided here; who asks is known outside.

use crate::engine::{
    Engine,
    directory::spec::RoutingModel,
    ids::{AgentIx, ConversationId, RequestId},
    query::Answer,
    rejection::Rejection,
};

/// What a conversation is to an agent now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tie {
    /// It is in it, or wraps it up.
    Part,
    /// It is invited to it, or may pick it.
    Offer,
    /// Neither. It may have been in it before: that is the logbook's to say.
    None,
}

impl Engine {
    /// What a conversation is to an agent now, and which access scopes the agent was given.
    pub(super) fn tie_of(&self, agent: AgentIx, conversation: ConversationId) -> Result<Answer, Rejection> {
        self.live_agent(agent)?;
        let access_scopes = self.state.registry.agent(agent).access_scopes.clone();
        Ok(Answer::Tie(self.tie(agent, conversation), access_scopes))
    }

    fn tie(&self, agent: AgentIx, conversation: ConversationId) -> Tie {
        let row = self.state.agent(agent);
        if row.part(conversation).is_some() || row.wrap_up(conversation).is_some() {
            return Tie::Part;
        }
        let Some(live) = self.state.conversations.get(conversation) else { return Tie::None };
        if live.has(agent) {
            return Tie::Part;
        }
        let leads_here = |request: RequestId| self.state.requests.at(request).conversation == conversation;
        let is_invited = row.invites.iter().any(|it| leads_here(self.state.invites.at(*it).request));
        if is_invited || live.requests.iter().any(|it| self.is_on_offer(*it, agent)) {
            Tie::Offer
        } else {
            Tie::None
        }
    }

    /// Whether an agent may pick what waits, had it room.
    pub(super) fn is_on_offer(&self, request: RequestId, agent: AgentIx) -> bool {
        self.waits_to_be_picked(request, RoutingModel::Choice)
            && matches!(self.can_be_picked(request, agent), Ok(()) | Err(Rejection::AgentAtCapacity))
    }
}
