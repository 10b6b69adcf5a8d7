//! Invites: sent, accepted, declined, expired, withdrawn; and the race (INV-2 to 7).
//!
//! An acceptance is a command like any other: the order of the mailbox is the order of the race. The first finds the invite pending
//! and settles the whole request in the same step, so no second can.

use smallvec::smallvec;

use crate::engine::{
    Engine,
    command::Acting,
    directory::spec::{ResourceKind, RoutingModel},
    dispatch::eligible::{self, Class, Obstacle},
    event::{Event, InviteEnd, PresenceCause, RequestEnd, RequestKind},
    explain::Standing,
    ids::{AgentIx, Agents, ConversationId, InviteId, Millis, RequestId, StatusIx},
    limits,
    rejection::Rejection,
    relaxation::Relaxed,
    routing::Mode,
    state::{agent::Load, conversation::Request},
};

/// Whether whoever is invited is asked, or has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Taken {
    /// It is asked.
    WhenAccepted,
    /// It has it: the acceptance follows in the same step.
    AtOnce,
}

impl Engine {
    /// Invites agents for a waiting request. On a channel that auto-accepts, the one of a SINGLE request is in at once (INV-7).
    pub(super) fn send_invites(&mut self, request: RequestId, agents: Agents) {
        if self.auto_accepts(self.state.requests.at(request)) {
            agents.into_iter().for_each(|agent| self.take(request, agent, None));
        } else {
            self.invite(request, agents, Taken::WhenAccepted);
        }
    }

    /// An agent is invited and in, in one step: as its channel says, because it picked, or because a supervisor said so.
    pub(super) fn take(&mut self, request: RequestId, agent: AgentIx, supervisor: Option<Box<str>>) {
        let invite = self.invite(request, smallvec![agent], Taken::AtOnce);
        self.win(invite, supervisor);
    }

    /// Sends invites; the first has this number.
    fn invite(&mut self, request: RequestId, agents: Agents, taken: Taken) -> InviteId {
        let row = self.state.requests.at(request);
        let channel = self.state.conversation_of(row).channel;
        let weight = eligible::weight(&self.state.registry, channel, &row.routing);
        let rules = &self.state.registry.channel(channel).spec;
        let (first, single) = (self.state.outcomes.next_id(), row.routing.mode == Mode::Single);
        let (at_once, expires_at) = (taken == Taken::AtOnce, later(self.now, rules.push_timeout_ms));
        // All waves of a request weigh what the first does.
        let (units, interruptible, wave) = if row.sent.pending.is_empty() {
            (weight.0, weight.1, 1)
        } else {
            (row.sent.units, row.sent.interruptible, row.sent.wave + 1)
        };
        let has_more = row.routing.mode == Mode::Waves && wave < limits::WAVES && !at_once;
        self.emit(Event::InvitesSent {
            request,
            conversation: row.conversation,
            kind: row.kind,
            first,
            agents,
            expires_at: if at_once { 0 } else { expires_at },
            units,
            interruptible,
            held: single,
            next_wave_at: if has_more { self.now + row.routing.waves.interval } else { 0 },
            at_once,
        });
        first
    }

    pub(super) fn auto_accepts(&self, request: &Request) -> bool {
        let channel = self.state.conversation_of(request).channel;
        request.routing.mode == Mode::Single && self.state.registry.channel(channel).spec.auto_accept
    }

    pub(super) fn accept_invite(&mut self, session: Acting, invite: InviteId) -> Result<(), Rejection> {
        self.live_agent(session.agent)?;
        let agent = self.acting(session)?;
        let request = self.state.requests.at(self.pending(agent, invite)?);
        if !request.sent.held {
            // What it takes was said with the invite, and is what it will hold.
            let (units, interruptible) = (request.sent.units, request.sent.interruptible);
            let class = Class { units, interruptible, ..Class::of(&self.state, request) };
            // It was invited before its room was kept for anything else.
            let load = Load { earmark: None, ..self.state.agent(agent).load() };
            eligible::has_room(self.state.profile(agent), load, &class)
                .map_err(|_| Rejection::AgentAtCapacity)?;
        }
        self.win(invite, None);
        Ok(())
    }

    pub(super) fn decline_invite(
        &mut self,
        session: Acting,
        invite: InviteId,
        reason: Box<str>,
    ) -> Result<(), Rejection> {
        self.live_agent(session.agent)?;
        let agent = self.acting(session)?;
        let request = self.pending(agent, invite)?;
        let status = self.policy_status(request, InviteEnd::Declined);
        self.end_invites(request, InviteEnd::Declined, vec![(invite, agent)], reason);
        self.stop_insisting(request);
        if let Some(status) = status {
            self.change_presence(agent, status, PresenceCause::Decline);
        }
        Ok(())
    }

    /// The push time-out of a request's invites is over (INV-5).
    pub(super) fn expire_invites(&mut self, request: RequestId, at: Millis) {
        let Some(row) = self.state.requests.get(request) else { return };
        let mut expired = row.sent.pending.to_vec();
        expired.retain(|(invite, _)| {
            let expires_at = self.state.invites.at(*invite).expires_at;
            expires_at != 0 && expires_at <= at
        });
        if expired.is_empty() {
            return;
        }
        let status = self.policy_status(request, InviteEnd::Expired);
        let agents: Vec<AgentIx> = expired.iter().map(|(_, agent)| *agent).collect();
        self.end_invites(request, InviteEnd::Expired, expired, "".into());
        self.stop_insisting(request);
        for agent in agents {
            if let Some(status) = status.filter(|_| self.state.agent(agent).session.is_some()) {
                self.change_presence(agent, status, PresenceCause::Expiry);
            }
        }
    }

    /// The status that the channel's policy puts an agent in after a decline or an expiry.
    fn policy_status(&self, request: RequestId, end: InviteEnd) -> Option<StatusIx> {
        let channel = self.state.conversation_of(self.state.requests.at(request)).channel;
        let rules = self.state.registry.channel(channel);
        let status = if end == InviteEnd::Declined { rules.decline_status } else { rules.expiry_status };
        status.filter(|it| self.state.registry.is_live(ResourceKind::PresenceStatus, it.0))
    }

    /// An agent picks what waits for a button of the model CHOICE (BTN-1): it is invited and in, in one step.
    pub(super) fn pick_conversation(
        &mut self,
        session: Acting,
        conversation: ConversationId,
    ) -> Result<(), Rejection> {
        self.live_agent(session.agent)?;
        let agent = self.acting(session)?;
        self.live_conversation(conversation)?;
        let requests = &self.state.conversations.at(conversation).requests;
        let waits = |id: &&RequestId| self.waits_to_be_picked(**id, RoutingModel::Choice);
        let request = *requests.iter().find(waits).ok_or(Rejection::RequestClosed)?;
        self.can_be_picked(request, agent)?;
        self.take(request, agent, None);
        Ok(())
    }

    /// The platform picks who is invited to a request of the model EXTERNAL (SEL-2). Whoever declined may be picked again.
    pub(super) fn invite_agent(&mut self, request: RequestId, agent: AgentIx) -> Result<(), Rejection> {
        self.live_agent(agent)?;
        self.is_open(request)?;
        if !self.waits_to_be_picked(request, RoutingModel::External) {
            return Err(Rejection::RequestClosed);
        }
        self.can_be_picked(request, agent)?;
        self.send_invites(request, smallvec![agent]);
        Ok(())
    }

    pub(super) fn waits_to_be_picked(&self, request: RequestId, model: RoutingModel) -> bool {
        let row = self.state.requests.at(request);
        row.is_in_line(self.now) && row.routing.model == model
    }

    /// Whether an agent who picks, or was picked, can be given the request.
    pub(super) fn can_be_picked(&self, request: RequestId, agent: AgentIx) -> Result<(), Rejection> {
        let row = self.state.requests.at(request);
        if self.state.conversation_of(row).has(agent) {
            return Err(Rejection::AlreadyAParticipant);
        }
        let class = Class::of(&self.state, row);
        self.rank(agent, &class, row.routing.model, Some(row)).map_err(not_for)?;
        Ok(())
    }

    /// The request of an invite that is this agent's and pending; else what became of it (INV-4).
    fn pending(&self, agent: AgentIx, invite: InviteId) -> Result<RequestId, Rejection> {
        match self.state.invites.get(invite) {
            Some(row) if row.agent == agent => Ok(row.request),
            Some(_) => Err(Rejection::InviteNotFound),
            None => Err(self.state.outcomes.rejection(agent, invite)),
        }
    }

    /// The acceptance of a pending invite, by its agent or by a supervisor for it: the agent is in, the others' invites are rescinded, in a
    /// transfer the giver is out.
    pub(super) fn win(&mut self, invite: InviteId, supervisor: Option<Box<str>>) {
        let row = *self.state.invites.at(invite);
        let (agent, request) = (row.agent, row.request);
        let row = self.state.requests.at(request);
        let (conversation, kind) = (row.conversation, row.kind);
        let giver = row.requester.filter(|_| kind == RequestKind::Transfer);
        let losers: Vec<_> = row.sent.pending.iter().copied().filter(|(id, _)| *id != invite).collect();
        let wrap_up_until = if giver.is_some() { self.wrap_up_until(conversation) } else { 0 };
        let records = self.records_for(conversation, agent);
        self.emit(Event::InviteAccepted {
            invite,
            request,
            conversation,
            kind,
            agent,
            giver,
            wrap_up_until,
            supervisor,
        });
        if !losers.is_empty() {
            self.end_invites(request, InviteEnd::Rescinded, losers, "".into());
        }
        if let Some(giver) = giver {
            self.end_requests_of(conversation, giver);
        }
        self.revoke_elsewhere(conversation, agent);
        if let Some(records) = records {
            self.emit(Event::RecordsGiven { conversation, agent, records });
        }
    }

    /// Who is in a conversation is no longer asked into it by its other requests.
    fn revoke_elsewhere(&mut self, conversation: ConversationId, agent: AgentIx) {
        for request in self.state.conversations.at(conversation).requests.clone() {
            let pending = &self.state.requests.at(request).sent.pending;
            if let Some(invite) = pending.iter().copied().find(|(_, whose)| *whose == agent) {
                self.end_invites(request, InviteEnd::Revoked, vec![invite], "".into());
            }
        }
    }

    pub(super) fn end_invites(
        &mut self,
        request: RequestId,
        end: InviteEnd,
        invites: Vec<(InviteId, AgentIx)>,
        reason: Box<str>,
    ) {
        let conversation = self.state.requests.at(request).conversation;
        self.emit(Event::InvitesEnded { request, conversation, end, invites, reason });
    }

    /// Ends a request without an agent; what it has out is revoked.
    pub(super) fn end_request(&mut self, request: RequestId, why: RequestEnd) {
        let row = self.state.requests.at(request);
        let (conversation, kind, requester) = (row.conversation, row.kind, row.requester);
        let pending = row.sent.pending.to_vec();
        if !pending.is_empty() {
            self.end_invites(request, InviteEnd::Revoked, pending, "".into());
        }
        self.emit(Event::RequestEnded { request, conversation, kind, requester, why });
    }

    /// Ends what an agent who is out has asked for in a conversation (CONF-7).
    pub(super) fn end_requests_of(&mut self, conversation: ConversationId, requester: AgentIx) {
        for request in self.state.conversations.at(conversation).requests.clone() {
            if self.state.requests.at(request).requester == Some(requester) {
                self.end_request(request, RequestEnd::RequesterLeft);
            }
        }
    }
}

/// How requirements give way (SKL-2, 3).
impl Engine {
    /// A step of a request is due.
    pub(super) fn relax(&mut self, request: RequestId, at: Millis) {
        let Some(row) = self.state.requests.get(request) else { return };
        let relaxed = row.routing.relaxation.by(at, row.steps_from, row.relaxed);
        self.relax_to(request, relaxed);
    }

    /// The preferred agent said no, or is no more: whoever is insisted on is the only one who was asked.
    fn stop_insisting(&mut self, request: RequestId) {
        if let Some(row) = self.state.requests.get(request) {
            self.relax_to(request, Relaxed { insists: false, ..row.relaxed });
        }
    }

    /// Agents are no longer in the directory: nobody waits for them.
    pub(super) fn stop_insisting_on(&mut self, gone: &[AgentIx]) {
        for request in self.state.requests.ids() {
            let preferred = self.state.requests.at(request).routing.relaxation.preferred;
            if preferred.is_some_and(|it| gone.contains(&it.agent)) {
                self.stop_insisting(request);
            }
        }
    }

    fn relax_to(&mut self, request: RequestId, relaxed: Relaxed) {
        let row = self.state.requests.at(request);
        if row.relaxed != relaxed {
            let conversation = row.conversation;
            self.emit(Event::RequestRelaxed { request, conversation, relaxed });
        }
    }
}

/// Why an agent may not pick what it cannot be given.
fn not_for(standing: Standing) -> Rejection {
    match standing {
        Standing::Obstacle(Obstacle::RoomShortBy(_) | Obstacle::ChannelFull | Obstacle::Earmarked) => {
            Rejection::AgentAtCapacity
        }
        Standing::Invited
        | Standing::Chosen
        | Standing::Lost(_)
        | Standing::MayPick
        | Standing::NotYet
        | Standing::OtherInvited
        | Standing::Absent(_)
        | Standing::Obstacle(_) => Rejection::AgentNotEligible,
    }
}

/// A moment that is so much later; 0, never, for a span of 0.
pub(super) fn later(now: Millis, span: Millis) -> Millis {
    if span == 0 { 0 } else { now + span }
}
