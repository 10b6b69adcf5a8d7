//! Whether a queue takes one more request, and who does instead (QUE-3): tried out in a copy of the world.

use omniroute::engine::{
    event::RequestKind,
    ids::{ChannelIx, ConversationId, QueueIx},
    rejection::Rejection,
    routing::{Routing, RoutingAsk, RoutingType, Target},
};

use super::world::{Conversation, World};

impl World {
    /// How a request is routed in the end, and the full queue that it was meant for.
    pub(crate) fn admit(
        &self,
        ask: &RoutingAsk,
        routing: Routing,
        kind: RequestKind,
        channel: ChannelIx,
        conversation: Option<ConversationId>,
    ) -> Result<(Routing, Option<QueueIx>), Rejection> {
        let Target::Queue { queue, skills } = routing.target.clone() else { return Ok((routing, None)) };
        let rules = self.directory.queue(queue).clone();
        let waits = |it: &&super::world::Request| {
            it.pending.is_empty()
                && it.routing.target.queue() == Some(queue)
                && it.routing.not_before <= self.now
        };
        let waiting = self.requests.values().filter(waits).count();
        // What is moved within its queue is in it.
        let moved = kind == RequestKind::New && conversation.is_some();
        let is_in = |it: &super::world::Request| {
            Some(it.conversation) == conversation
                && it.kind == RequestKind::New
                && it.routing.target.queue() == Some(queue)
        };
        let has_place = (moved && self.requests.values().any(is_in))
            || routing.not_before > self.now
            || rules.waiting_max.is_none_or(|it| waiting < it as usize);
        if has_place || self.would_invite(&routing, kind, channel, conversation) {
            return Ok((routing, None));
        }
        let (of, id) = rules.overflow.as_ref().ok_or(Rejection::QueueFull)?.reference();
        let number = self.directory.number(of, id).unwrap();
        let mut target = super::program::target_of(of, number);
        match &mut target {
            Target::Queue { skills: along, .. } => *along = skills,
            Target::Agent(agent)
                if conversation.is_some_and(|it| self.conversations[&it].participants.contains(agent)) =>
            {
                return Err(Rejection::QueueFull);
            }
            Target::Agent(_) | Target::Skill(_) | Target::Requirements(_) | Target::Button(_) => {}
        }
        let ask = RoutingAsk { target, ..ask.clone() };
        let routing = self.fill_in(ask.clone(), kind)?;
        self.admit(&ask, routing, kind, channel, conversation).map(|it| (it.0, Some(queue)))
    }

    /// Whether somebody would be invited to such a request at once.
    pub(crate) fn would_invite(
        &self,
        routing: &Routing,
        kind: RequestKind,
        channel: ChannelIx,
        conversation: Option<ConversationId>,
    ) -> bool {
        let mut would = self.clone();
        let conversation = conversation.unwrap_or_else(|| {
            let new = ConversationId(self.conversation_count + 1);
            let row = Conversation {
                channel,
                routing_type: RoutingType::OmniChannel,
                created_at: self.now,
                origin: routing.clone(),
                participants: Vec::new(),
                flags: std::collections::BTreeMap::new(),
                records: std::collections::BTreeMap::new(),
                log_entries: 0,
                customer_log_entries: 0,
            };
            would.conversations.insert(new, row);
            new
        });
        let request = would.open_request(conversation, kind, None, routing.clone(), self.now);
        !would.eligible(request).is_empty()
    }
}
