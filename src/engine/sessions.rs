//! Sessions and presence (PRES-1 to 3). A supervisor's hand in it is in `supervising`.

use crate::engine::{
    Engine,
    command::Acting,
    directory::spec::{OnSessionLoss, ResourceKind},
    dispatch::eligible::Class,
    event::{Console, Event, InviteEnd, Leaving, PresenceCause, RequestKind},
    ids::{AgentIx, ConversationId, Epoch, InviteId, StatusIx},
    limits,
    rejection::Rejection,
};

impl Engine {
    pub(super) fn open_session(
        &mut self,
        agent: AgentIx,
        console: Console,
        resume: Option<Epoch>,
        status: Option<StatusIx>,
    ) -> Result<(), Rejection> {
        self.live_agent(agent)?;
        if let Some(status) = status {
            self.live_status(status)?;
        }
        let row = self.state.agent(agent);
        match (resume, row.session) {
            (Some(epoch), Some(session)) if session.epoch == epoch => {
                self.emit(Event::SessionResumed { agent, epoch });
            }
            (Some(_), Some(_)) => return Err(Rejection::SessionFenced),
            (Some(_) | None, _) => {
                let epoch = Epoch(row.latest_epoch + 1);
                self.emit(Event::SessionStarted { agent, epoch, console });
                match status {
                    Some(status) => self.change_presence(agent, status, PresenceCause::Agent),
                    None => self.revoke_unfit(agent),
                }
            }
        }
        Ok(())
    }

    /// A stream broke; the lease runs. That of a session that has been fenced meanwhile is nobody's.
    pub(super) fn drop_session(&mut self, session: Acting) {
        let Some(row) = self.state.agents.get(session.agent.index()) else { return };
        if row.session.is_some_and(|it| it.epoch == session.epoch && it.lease_until == 0) {
            let lease_until = self.now + limits::LEASE_MS;
            self.emit(Event::SessionDropped { agent: session.agent, epoch: session.epoch, lease_until });
        }
    }

    pub(super) fn drop_all_sessions(&mut self) {
        for agent in (0..).take(self.state.agents.len()).map(AgentIx) {
            if let Some(session) = self.state.agent(agent).session {
                self.drop_session(Acting { agent, epoch: session.epoch });
            }
        }
    }

    /// The lease is over: what the agent was invited to is routed on, what it has in hand goes as its channel says (PRES-2).
    pub(super) fn end_session(&mut self, agent: AgentIx) {
        let Some(session) = self.state.agent(agent).session else { return };
        self.emit(Event::SessionEnded { agent, epoch: session.epoch });
        self.revoke_unfit(agent);
        // Nobody waits in what is inactive: it stays, and is routed when its customer writes.
        let requeued = |it: &ConversationId| {
            let row = self.state.conversations.at(*it);
            let rules = &self.state.registry.channel(row.channel).spec;
            row.inactive.is_none() && rules.on_session_loss == OnSessionLoss::Requeue
        };
        let lost: Vec<ConversationId> = self.state.agent(agent).conversations().filter(requeued).collect();
        lost.into_iter().for_each(|conversation| self.lose_participant(conversation, agent));
    }

    /// An agent is gone for good: all its work is routed anew.
    pub(super) fn end_agent(&mut self, agent: AgentIx) {
        self.end_session(agent);
        let lost: Vec<ConversationId> = self.state.agent(agent).conversations().collect();
        lost.into_iter().for_each(|conversation| self.lose_participant(conversation, agent));
    }

    fn lose_participant(&mut self, conversation: ConversationId, agent: AgentIx) {
        self.take_out(conversation, agent, Leaving::SessionLost);
        let row = self.state.conversations.at(conversation);
        if row.participants.is_empty() && row.inactive.is_none() {
            self.route_again(conversation);
        }
    }

    /// Routes a conversation that nobody is in any more, as it first came in and with its age.
    pub(super) fn route_again(&mut self, conversation: ConversationId) {
        let row = self.state.conversations.at(conversation);
        self.emit(Event::RequestOpened {
            request: self.next_request(),
            conversation,
            kind: RequestKind::New,
            requester: None,
            routing: row.origin.clone(),
            requested_at: row.created_at,
            overflowed_from: None,
        });
    }

    pub(super) fn set_presence(&mut self, session: Acting, status: StatusIx) -> Result<(), Rejection> {
        self.live_agent(session.agent)?;
        self.live_status(status)?;
        let agent = self.acting(session)?;
        self.change_presence(agent, status, PresenceCause::Agent);
        Ok(())
    }

    pub(super) fn change_presence(&mut self, agent: AgentIx, status: StatusIx, cause: PresenceCause) {
        self.emit(Event::PresenceSet { agent, status, cause });
        self.revoke_unfit(agent);
    }

    /// Revokes the pending invites of an agent whose presence no longer takes them (PRES-3), or whose console does not (CONF-5).
    pub(super) fn revoke_unfit(&mut self, agent: AgentIx) {
        let is_classic = self.state.agent(agent).session.is_some_and(|it| it.console == Console::Classic);
        let unfit = |invite: &InviteId| {
            let request = self.state.requests.at(self.state.invites.at(*invite).request);
            let class = Class::of(&self.state, request);
            !self.state.takes(agent, class.channel) || (is_classic && class.lightning_only)
        };
        let unfit: Vec<InviteId> = self.state.agent(agent).invites.iter().copied().filter(unfit).collect();
        for invite in unfit {
            let request = self.state.invites.at(invite).request;
            self.end_invites(request, InviteEnd::Revoked, vec![(invite, agent)], "".into());
        }
    }

    pub(super) fn live_agent(&self, agent: AgentIx) -> Result<(), Rejection> {
        let is_live = self.state.registry.is_live(ResourceKind::Agent, agent.0);
        if is_live { Ok(()) } else { Err(Rejection::AgentNotFound) }
    }

    pub(super) fn live_status(&self, status: StatusIx) -> Result<(), Rejection> {
        let is_live = self.state.registry.is_live(ResourceKind::PresenceStatus, status.0);
        if is_live { Ok(()) } else { Err(Rejection::PresenceStatusNotFound) }
    }
}
