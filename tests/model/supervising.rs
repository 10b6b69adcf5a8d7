//! What a supervisor does (SUPV, PRES-4).

use omniroute::engine::{
    command::{Acting, Actor},
    directory::spec::ResourceKind,
    event::{Event, InviteEnd, Leaving, PresenceCause, RequestEnd, RequestKind},
    ids::{AgentIx, ConversationId, Millis, QueueIx, StatusIx},
    limits,
    rejection::Rejection,
    reply::Reply,
    routing::{RoutingAsk, RoutingType, Target},
};

use super::{
    commands::{Decided, check},
    relaxation::Queued,
    world::{Request, World},
};

impl World {
    /// What waits, or the keeper's place, is the agent's.
    pub(crate) fn assign(
        &mut self,
        supervisor: Box<str>,
        conversation: ConversationId,
        agent: AgentIx,
    ) -> Decided {
        self.agent_is_live(agent)?;
        let session = self.agent(agent).session.ok_or(Rejection::SessionNotOpen)?;
        self.is_live(conversation)?;
        self.is_active(conversation)?;
        let room = self.conversations[&conversation].clone();
        check(!room.participants.contains(&agent), Rejection::AlreadyAParticipant)?;
        let by_button = room.routing_type == RoutingType::ButtonSkills;
        let stays = by_button && room.participants.len() > 1;
        check(!stays, Rejection::ConferenceButtonSkillsNotTransferable)?;
        check(session.lease_until == 0, Rejection::AgentNotEligible)?;
        let first = self.said.len();
        let request = if let Some(keeper) = room.participants.first() {
            let target = RoutingAsk::to(Target::Agent(agent));
            let (kind, requester) = (RequestKind::Transfer, Some(*keeper));
            let (routing, requested_at) = (self.fill_in(target, kind)?, room.created_at);
            let request = self.open_request(conversation, kind, requester, routing.clone(), requested_at);
            self.said.push(Event::RequestOpened {
                request,
                conversation,
                kind,
                requester,
                routing: routing.into(),
                requested_at,
                overflowed_from: None,
            });
            request
        } else {
            self.requests_of(conversation)[0]
        };
        let mut others = self.requests[&request].pending.clone();
        let own = others.iter().find(|it| it.1 == agent).map(|it| it.0);
        others.retain(|it| it.1 != agent);
        if !others.is_empty() {
            self.end_invites(request, InviteEnd::Revoked, others, "");
        }
        let invite = own.unwrap_or_else(|| self.invite(request, &[agent], true));
        self.win(request, invite, Some(supervisor));
        // The answer is that of the first event; callers are told no more than that it was done.
        let reply = if let Event::RequestOpened { request, .. } = self.said[first] {
            Reply::RequestOpened { request }
        } else if let Event::InviteAccepted { conversation, .. } = self.said[first] {
            Reply::InviteAccepted { conversation }
        } else if let Event::InvitesSent { first, .. } = self.said[first] {
            Reply::AgentInvited { invite: first }
        } else {
            Reply::Done
        };
        Ok(reply)
    }

    pub(crate) fn move_to(
        &mut self,
        supervisor: Box<str>,
        conversation: ConversationId,
        target: Target,
        priority: Option<u32>,
    ) -> Decided {
        let kind = RequestKind::New;
        let room = self.conversations.get(&conversation).cloned();
        let (not_before, accept_by) = room.map_or((0, 0), |it| (it.origin.not_before, it.origin.accept_by));
        let ask = RoutingAsk { priority, not_before, accept_by, ..RoutingAsk::to(target) };
        let routing = self.fill_in(ask.clone(), kind)?;
        self.is_live(conversation)?;
        self.is_active(conversation)?;
        let room = self.conversations[&conversation].clone();
        let (routing, overflowed_from) = self.admit(&ask, routing, kind, room.channel, Some(conversation))?;
        check(room.participants.len() < 2, Rejection::ConferenceInProgress)?;
        let former = self.requests_of(conversation);
        let request = self.open_request(conversation, kind, None, routing.clone(), room.created_at);
        self.begin_steps(request, Queued::Again);
        self.conversations.get_mut(&conversation).unwrap().origin = routing.clone();
        self.said.push(Event::ConversationMoved {
            conversation,
            supervisor: supervisor.clone(),
            request,
            routing: routing.into(),
            requested_at: room.created_at,
            overflowed_from,
        });
        if let Some(agent) = room.participants.first() {
            self.take_out(conversation, *agent, Leaving::Moved(supervisor));
        } else {
            former.into_iter().for_each(|it| self.end_request(it, RequestEnd::Moved));
        }
        Ok(Reply::RequestOpened { request })
    }

    pub(crate) fn raise(
        &mut self,
        session: Acting,
        conversation: ConversationId,
        reason: Box<str>,
    ) -> Decided {
        let agent = self.participant(session, conversation)?;
        let now = self.now;
        let room = self.conversations.get_mut(&conversation).unwrap();
        room.flags.insert(agent, (now, reason.clone()));
        self.said.push(Event::FlagRaised { conversation, agent, reason });
        Ok(Reply::Done)
    }

    pub(crate) fn lower(&mut self, actor: Actor, conversation: ConversationId, agent: AgentIx) -> Decided {
        self.agent_is_live(agent)?;
        let by = self.author(actor, conversation)?;
        let room = self.conversations.get_mut(&conversation).unwrap();
        check(room.participants.contains(&agent), Rejection::NotAParticipant)?;
        if room.flags.remove(&agent).is_some() {
            self.said.push(Event::FlagLowered { conversation, agent, by });
        }
        Ok(Reply::Done)
    }

    /// How long one that came to a queue now would wait (SUPV-1), by what was accepted of it so far.
    pub(crate) fn expected_wait(&self, queue: QueueIx) -> Option<Millis> {
        let of_queue: Vec<_> = self.accepted.iter().filter(|it| it.0 == queue).collect();
        let (_, last, channel) = **of_queue.last()?;
        let waits = |it: &&Request| it.routing.target.queue() == Some(queue) && self.is_in_line(it);
        let waiting = self.requests.values().filter(waits).count() as u64;
        let kind = RequestKind::New;
        let routing = self.fill_in(RoutingAsk::to(Target::Queue { queue, skills: [].into() }), kind);
        if waiting == 0 && self.would_invite(&routing.unwrap(), kind, channel, None) {
            return Some(0);
        }
        let latest = &of_queue[of_queue.len().saturating_sub(limits::TEMPO_ACCEPTANCES_MAX)..];
        if latest.len() < limits::TEMPO_ACCEPTANCES_MIN || self.now - last > limits::TEMPO_AGE_MS_MAX {
            return None;
        }
        Some((waiting + 1) * (self.now - latest[0].1) / (latest.len() as u64 - 1))
    }

    pub(crate) fn set_agent_presence(
        &mut self,
        supervisor: Box<str>,
        agent: AgentIx,
        status: StatusIx,
    ) -> Decided {
        self.agent_is_live(agent)?;
        let is_live = self.directory.is_live(ResourceKind::PresenceStatus, status.0);
        check(is_live, Rejection::PresenceStatusNotFound)?;
        check(self.agent(agent).session.is_some(), Rejection::SessionNotOpen)?;
        self.set_presence(agent, status, PresenceCause::Supervisor(supervisor));
        Ok(Reply::Done)
    }
}
