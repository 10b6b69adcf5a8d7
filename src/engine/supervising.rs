//! What a supervisor does (SUPV, PRES-4). It is known by the name that the platform gives it, and events say that name. What it does to
//! one conversation like anybody else, to end it or to write, is in `rooms`.
//!
//! To put a conversation in an agent's hands is to accept an invite for the agent, whom nothing but its stream keeps from it: of the
//! request that waits, or of a transfer of the keeper's place. All that follows from an acceptance follows from it.

use std::sync::Arc;

use crate::engine::{
    Engine,
    admission::Asked,
    event::{Event, InviteEnd, Leaving, PresenceCause, RequestEnd, RequestKind},
    ids::{AgentIx, ConversationId, RequestId, StatusIx},
    rejection::Rejection,
    routing::{Routing, RoutingAsk, RoutingType, Target},
    state::conversation::Conversation,
};

/// What is put in an agent's hands.
#[derive(Debug, Clone, Copy)]
enum Place {
    /// What this request waits for: nobody is in.
    Waiting(RequestId),
    /// That of this agent, the keeper.
    Of(AgentIx),
}

impl Engine {
    pub(super) fn assign_conversation(
        &mut self,
        supervisor: Box<str>,
        conversation: ConversationId,
        agent: AgentIx,
    ) -> Result<(), Rejection> {
        let routing = self.fill_in(&RoutingAsk::to(Target::Agent(agent)), RequestKind::Transfer)?;
        let session = self.state.agent(agent).session.ok_or(Rejection::SessionNotOpen)?;
        self.live_conversation(conversation)?;
        self.is_active(conversation)?;
        let row = self.state.conversations.at(conversation);
        let place = match row.participants.first() {
            Some(keeper) => Place::Of(keeper.agent),
            None => Place::Waiting(*row.requests.first().ok_or(Rejection::RequestClosed)?),
        };
        if row.has(agent) {
            return Err(Rejection::AlreadyAParticipant);
        }
        if row.routing_type == RoutingType::ButtonSkills && row.participants.len() > 1 {
            return Err(Rejection::ConferenceButtonSkillsNotTransferable);
        }
        if session.lease_until != 0 {
            return Err(Rejection::AgentNotEligible);
        }
        let request = match place {
            Place::Waiting(request) => request,
            Place::Of(keeper) => self.open_transfer_of(conversation, keeper, routing),
        };
        self.take_alone(request, agent, supervisor);
        Ok(())
    }

    /// A transfer of an agent's place that the agent did not ask for. An open one of its own ends when it is out.
    fn open_transfer_of(
        &mut self,
        conversation: ConversationId,
        giver: AgentIx,
        routing: Routing,
    ) -> RequestId {
        let request = self.next_request();
        self.emit(Event::RequestOpened {
            request,
            conversation,
            kind: RequestKind::Transfer,
            requester: Some(giver),
            routing: Arc::new(routing),
            requested_at: self.state.conversations.at(conversation).created_at,
            overflowed_from: None,
        });
        request
    }

    /// An agent has what was asked for, by an invite of its own where it has one. Nobody else is asked any more.
    fn take_alone(&mut self, request: RequestId, agent: AgentIx, supervisor: Box<str>) {
        let pending = self.state.requests.at(request).sent.pending.clone();
        let (own, others): (Vec<_>, Vec<_>) = pending.into_iter().partition(|it| it.1 == agent);
        if !others.is_empty() {
            self.end_invites(request, InviteEnd::Revoked, others, "".into());
        }
        match own.first() {
            Some((invite, _)) => self.win(*invite, Some(supervisor)),
            None => self.take(request, agent, Some(supervisor)),
        }
    }

    /// Its age goes along, and its times (QUE-2, QUE-4).
    pub(super) fn move_conversation(
        &mut self,
        supervisor: Box<str>,
        conversation: ConversationId,
        target: Target,
        priority: Option<u32>,
    ) -> Result<(), Rejection> {
        let times = |it: &Conversation| (it.origin.not_before, it.origin.accept_by);
        let (not_before, accept_by) =
            self.state.conversations.get(conversation).map(times).unwrap_or_default();
        let ask = RoutingAsk { priority, not_before, accept_by, ..RoutingAsk::to(target) };
        let routing = self.fill_in(&ask, RequestKind::New)?;
        self.live_conversation(conversation)?;
        self.is_active(conversation)?;
        let row = self.state.conversations.at(conversation);
        let (requested_at, waiting) = (row.created_at, row.requests.clone());
        let participants: Vec<AgentIx> = row.participants.iter().map(|it| it.agent).collect();
        let asked =
            Asked { kind: RequestKind::New, channel: row.channel, conversation: Some(conversation), ask };
        let (routing, overflowed_from) = self.admit(&asked, routing)?;
        if participants.len() > 1 {
            return Err(Rejection::ConferenceInProgress);
        }
        let leaving = Leaving::Moved(supervisor.clone());
        self.emit(Event::ConversationMoved {
            conversation,
            supervisor,
            request: self.next_request(),
            routing: Arc::new(routing),
            requested_at,
            overflowed_from,
        });
        match participants.first() {
            // What it had asked for ends with it.
            Some(former) => self.take_out(conversation, *former, leaving),
            None => waiting.into_iter().for_each(|it| self.end_request(it, RequestEnd::Moved)),
        }
        Ok(())
    }

    /// Sets the presence of an agent that has a session, be it dropped: it counts when the agent is back.
    pub(super) fn set_agent_presence(
        &mut self,
        supervisor: Box<str>,
        agent: AgentIx,
        status: StatusIx,
    ) -> Result<(), Rejection> {
        self.live_agent(agent)?;
        self.live_status(status)?;
        self.state.agent(agent).session.ok_or(Rejection::SessionNotOpen)?;
        self.change_presence(agent, status, PresenceCause::Supervisor(supervisor));
        Ok(())
    }
}
