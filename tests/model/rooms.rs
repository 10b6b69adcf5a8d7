//! Who is in a conversation, who leaves, how it ends, and the wrap-up after it (ROOM).

use omniroute::engine::{
    event::{Author, Event, Leaving, RequestEnd, RequestKind},
    ids::{AgentIx, ConversationId, Millis},
    state::agent::HoldOwner,
};

use super::{relaxation::Queued, world::World};

impl World {
    pub(crate) fn wrap_up_until(&self, conversation: ConversationId) -> Millis {
        let span = self.directory.channel(self.channel_of(conversation)).wrap_up_ms;
        if span == 0 { 0 } else { self.now + span }
    }

    /// The wrap-up of an agent in a conversation that ends first.
    pub(crate) fn wrap_up(&self, agent: AgentIx, conversation: ConversationId) -> Option<Millis> {
        let of_conversation = self.agent(agent).holds.iter().filter(|it| it.conversation == conversation);
        let until = |owner: HoldOwner| if let HoldOwner::WrapUp(until) = owner { Some(until) } else { None };
        of_conversation.filter_map(|it| until(it.owner)).min()
    }

    pub(crate) fn end_wrap_up(&mut self, agent: AgentIx, conversation: ConversationId) {
        let until = self.wrap_up(agent, conversation).unwrap();
        self.release(agent, conversation, HoldOwner::WrapUp(until));
        self.agent_mut(agent).free_since = self.now;
        self.said.push(Event::WrapUpEnded { conversation, agent });
    }

    pub(crate) fn part_ends(&mut self, conversation: ConversationId, agent: AgentIx, wrap_up_until: Millis) {
        self.conversations.get_mut(&conversation).unwrap().flags.remove(&agent);
        if self.conversations[&conversation].inactive.is_some() {
            // It was no work any more: the agent has been free since before.
            self.release(agent, conversation, HoldOwner::Inactive);
        } else if wrap_up_until == 0 {
            self.release(agent, conversation, HoldOwner::Participation);
            self.agent_mut(agent).free_since = self.now;
        } else {
            let wrap_up = HoldOwner::WrapUp(wrap_up_until);
            self.hand_over(agent, conversation, HoldOwner::Participation, wrap_up);
        }
    }

    pub(crate) fn take_out(&mut self, conversation: ConversationId, agent: AgentIx, leaving: Leaving) {
        let lost = matches!(leaving, Leaving::SessionLost | Leaving::CouldNotResume);
        let wrap_up_until = if lost { 0 } else { self.wrap_up_until(conversation) };
        let room = self.conversations.get_mut(&conversation).unwrap();
        room.participants.retain(|it| *it != agent);
        room.log_entries += 1;
        room.customer_log_entries += 1;
        if !room.participants.is_empty() {
            self.forget_records(conversation);
        }
        self.part_ends(conversation, agent, wrap_up_until);
        self.stir(conversation);
        self.said.push(Event::ParticipantLeft { conversation, agent, leaving, wrap_up_until });
        self.end_requests_of(conversation, agent);
    }

    /// An agent is lost to a conversation; nobody left in it: it is routed again, with its age.
    pub(crate) fn lose(&mut self, conversation: ConversationId, agent: AgentIx) {
        self.take_out(conversation, agent, Leaving::SessionLost);
        let room = &self.conversations[&conversation];
        if room.participants.is_empty() && room.inactive.is_none() {
            self.route_again(conversation);
        }
    }

    /// As it first came in, with its age.
    pub(crate) fn route_again(&mut self, conversation: ConversationId) {
        let room = self.conversations[&conversation].clone();
        let (routing, requested_at) = (room.origin, room.created_at);
        let kind = RequestKind::New;
        let request = self.open_request(conversation, kind, None, routing.clone(), requested_at);
        self.begin_steps(request, Queued::Again);
        let requester = None;
        self.said.push(Event::RequestOpened {
            request,
            conversation,
            kind,
            requester,
            routing: routing.into(),
            requested_at,
            overflowed_from: None,
        });
    }

    pub(crate) fn end_conversation(&mut self, conversation: ConversationId, by: Author) {
        for request in self.requests_of(conversation) {
            self.end_request(request, RequestEnd::ConversationEnded);
        }
        let is_inactive = self.conversations[&conversation].inactive.is_some();
        let wrap_up_until = if is_inactive { 0 } else { self.wrap_up_until(conversation) };
        let participants = self.conversations[&conversation].participants.clone();
        for agent in &participants {
            self.part_ends(conversation, *agent, wrap_up_until);
        }
        self.conversations.remove(&conversation);
        self.said.push(Event::ConversationEnded {
            conversation,
            by,
            participants: participants.into(),
            wrap_up_until,
        });
    }
}
