//! Invites and requests, and how they end (INV, CONF-4, 7, XFER-3).

use std::collections::BTreeMap;

use omniroute::engine::{
    directory::spec::{Reinvite, ResourceKind},
    event::{Event, InviteEnd, PresenceCause, RequestEnd, RequestKind},
    ids::{AgentIx, ConversationId, InviteId, Millis, RequestId, StatusIx},
    rejection::Rejection,
    routing::Routing,
    state::{
        agent::{Hold, HoldOwner},
        conversation::Declined,
    },
};

use super::world::{Request, World};

impl World {
    pub(crate) fn open_request(
        &mut self,
        conversation: ConversationId,
        kind: RequestKind,
        requester: Option<AgentIx>,
        routing: Routing,
        requested_at: Millis,
    ) -> RequestId {
        self.request_count += 1;
        let row = Request {
            conversation,
            kind,
            requester,
            routing,
            requested_at,
            pending: Vec::new(),
            expiries: BTreeMap::new(),
            wave: 0,
            next_wave_at: 0,
            units: 0,
            interruptible: false,
            held: false,
            declined: Vec::new(),
            round: 0,
            earmarked: None,
        };
        self.requests.insert(RequestId(self.request_count), row);
        RequestId(self.request_count)
    }

    pub(crate) fn end_request(&mut self, request: RequestId, why: RequestEnd) {
        let pending = self.requests[&request].pending.clone();
        if !pending.is_empty() {
            self.end_invites(request, InviteEnd::Revoked, pending, "");
        }
        self.lift_earmark(request);
        let row = self.requests.remove(&request).unwrap();
        let (conversation, kind, requester) = (row.conversation, row.kind, row.requester);
        self.said.push(Event::RequestEnded { request, conversation, kind, requester, why });
    }

    /// What an agent who is out has asked for in a conversation ends (CONF-7).
    pub(crate) fn end_requests_of(&mut self, conversation: ConversationId, requester: AgentIx) {
        for request in self.requests_of(conversation) {
            if self.requests[&request].requester == Some(requester) {
                self.end_request(request, RequestEnd::RequesterLeft);
            }
        }
    }

    pub(crate) fn end_invites(
        &mut self,
        request: RequestId,
        end: InviteEnd,
        invites: Vec<(InviteId, AgentIx)>,
        reason: &str,
    ) {
        let row = self.requests[&request].clone();
        let channel = self.directory.channel(self.channel_of(row.conversation));
        let again_at = if let Reinvite::After(span) = channel.reinvite { self.now + span } else { 0 };
        for &(invite, agent) in &invites {
            self.invites[usize::try_from(invite.0).unwrap() - 1].1 = Some(match end {
                InviteEnd::Declined => Rejection::InviteDeclined,
                InviteEnd::Expired => Rejection::InviteExpired,
                InviteEnd::Rescinded => Rejection::InviteRescinded,
                InviteEnd::Revoked => Rejection::InviteRevoked,
            });
            if row.held {
                self.release(agent, row.conversation, HoldOwner::Invite(invite));
            }
            let (at, expired) = (self.now, end == InviteEnd::Expired);
            // A decline is an act; to let expire is not to act (INV-5).
            match end {
                InviteEnd::Declined => self.agent_mut(agent).not_responding = false,
                InviteEnd::Expired => self.agent_mut(agent).not_responding = true,
                InviteEnd::Rescinded | InviteEnd::Revoked => {}
            }
            let row = self.requests.get_mut(&request).unwrap();
            row.pending.retain(|it| it.0 != invite);
            if matches!(end, InviteEnd::Declined | InviteEnd::Expired) {
                row.declined.push(Declined { agent, at, expired, again_at });
            }
        }
        let conversation = row.conversation;
        self.said.push(Event::InvitesEnded { request, conversation, end, invites, reason: reason.into() });
    }

    /// The status that the channel's policy puts an agent in.
    fn policy_status(&self, request: RequestId, end: InviteEnd) -> Option<StatusIx> {
        let channel = self.directory.channel(self.channel_of(self.requests[&request].conversation));
        let id = if end == InviteEnd::Declined { &channel.decline_status } else { &channel.expiry_status };
        let number = self.directory.number(ResourceKind::PresenceStatus, id.as_ref()?)?;
        self.directory.is_live(ResourceKind::PresenceStatus, number).then_some(StatusIx(number))
    }

    pub(crate) fn decline(&mut self, request: RequestId, invite: InviteId, agent: AgentIx, reason: &str) {
        let status = self.policy_status(request, InviteEnd::Declined);
        self.end_invites(request, InviteEnd::Declined, vec![(invite, agent)], reason);
        if let Some(status) = status {
            self.set_presence(agent, status, PresenceCause::Decline);
        }
    }

    /// Those of its invites expire whose time it is.
    pub(crate) fn expire(&mut self, request: RequestId, at: Millis) {
        let status = self.policy_status(request, InviteEnd::Expired);
        let row = &self.requests[&request];
        let mut expired = row.pending.clone();
        expired.retain(|it| (1..=at).contains(&row.expiries[&it.0]));
        self.end_invites(request, InviteEnd::Expired, expired.clone(), "");
        for (_, agent) in expired {
            if let (Some(status), true) = (status, self.agent(agent).session.is_some()) {
                self.set_presence(agent, status, PresenceCause::Expiry);
            }
        }
    }

    /// The first acceptance: it is in, the others are told, in a transfer the giver is out.
    pub(crate) fn win(&mut self, request: RequestId, invite: InviteId, supervisor: Option<Box<str>>) {
        let row = self.requests[&request].clone();
        let (conversation, kind) = (row.conversation, row.kind);
        let agent = row.pending.iter().find(|it| it.0 == invite).unwrap().1;
        let giver = row.requester.filter(|_| kind == RequestKind::Transfer);
        let wrap_up_until = if giver.is_some() { self.wrap_up_until(conversation) } else { 0 };
        let records = self.offered(conversation, agent);
        self.invites[usize::try_from(invite.0).unwrap() - 1].1 = Some(Rejection::InviteAccepted);
        if row.held {
            self.hand_over(agent, conversation, HoldOwner::Invite(invite), HoldOwner::Participation);
        } else {
            let (owner, channel) = (HoldOwner::Participation, self.channel_of(conversation));
            let (units, interruptible) = (row.units, row.interruptible);
            self.agent_mut(agent).holds.push(Hold { owner, conversation, channel, units, interruptible });
        }
        if let Some(queue) = row.routing.target.queue() {
            self.accepted.push((queue, self.now, self.channel_of(conversation)));
        }
        self.given_count += 1;
        self.agents[agent.index()].given = self.given_count;
        if supervisor.is_none() {
            self.agents[agent.index()].not_responding = false;
        }
        let room = self.conversations.get_mut(&conversation).unwrap();
        room.log_entries += 1;
        room.customer_log_entries += 1;
        match giver {
            None => room.participants.push(agent),
            Some(giver) => {
                *room.participants.iter_mut().find(|it| **it == giver).unwrap() = agent;
                self.part_ends(conversation, giver, wrap_up_until);
            }
        }
        self.said.push(Event::InviteAccepted {
            invite,
            request,
            conversation,
            kind,
            agent,
            giver,
            wrap_up_until,
            supervisor,
        });
        let losers: Vec<_> = row.pending.into_iter().filter(|it| it.0 != invite).collect();
        if !losers.is_empty() {
            self.end_invites(request, InviteEnd::Rescinded, losers, "");
        }
        self.requests.remove(&request);
        if let Some(giver) = giver {
            self.end_requests_of(conversation, giver);
        }
        for other in self.requests_of(conversation) {
            if let Some(invite) = self.requests[&other].pending.iter().find(|it| it.1 == agent).copied() {
                self.end_invites(other, InviteEnd::Revoked, vec![invite], "");
            }
        }
        if let Some(records) = records {
            self.give_records(conversation, agent, records);
        }
    }
}
