//! Whether a queue takes one more request, and who does instead (QUE-3).
//!
//! It is asked before the first event of a command, when the engine is at rest: then what stands in the lines is exactly what waits,
//! and whoever has room for the newcomer would be invited to it at once. What is admitted comes back to its line unasked.

use crate::engine::{
    Engine,
    event::RequestKind,
    ids::{ChannelIx, ConversationId, QueueIx},
    rejection::Rejection,
    routing::{Routing, RoutingAsk, Target},
};

/// A request that wants to come in.
#[derive(Debug)]
pub(super) struct Asked {
    /// What it asks.
    pub(super) kind: RequestKind,
    /// The kind of work.
    pub(super) channel: ChannelIx,
    /// The conversation it is for, unless that is new too.
    pub(super) conversation: Option<ConversationId>,
    /// How the caller wants it routed.
    pub(super) ask: RoutingAsk,
}

impl Engine {
    /// How a request is routed in the end: as it was meant, or by the overflow of the queue it was meant for, which is named then.
    pub(super) fn admit(
        &mut self,
        asked: &Asked,
        mut routing: Routing,
    ) -> Result<(Routing, Option<QueueIx>), Rejection> {
        let mut overflowed_from = None;
        // The directory has no circle of overflows, so this ends.
        while let Some(queue) = self.full_queue(asked, &routing) {
            overflowed_from.get_or_insert(queue);
            let target = self.overflow(asked, queue, &routing)?;
            // Whom the caller prefers may not serve the overflow at all: it goes first where it does, and nobody waits for it.
            let relaxation = asked.ask.relaxation.clone().without_insisting();
            let ask = RoutingAsk { target, relaxation, ..asked.ask.clone() };
            routing = self.fill_in(&ask, asked.kind)?;
        }
        Ok((routing, overflowed_from))
    }

    /// The queue that a request addresses, if that has no place for it.
    fn full_queue(&mut self, asked: &Asked, routing: &Routing) -> Option<QueueIx> {
        let queue = routing.target.queue()?;
        let waiting_max = self.state.registry.queue(queue).spec.waiting_max?;
        // What is for later waits in no line, and its time comes unasked; what is moved within its queue is in that line already.
        if routing.not_before > self.now || self.is_in_queue(asked, queue) {
            return None;
        }
        let is_full = self.dispatch.demand().queue_len(queue) >= waiting_max as usize
            && !self.dispatch.somebody_is_free(
                &self.state,
                asked.channel,
                asked.kind,
                asked.conversation,
                routing,
            );
        is_full.then_some(queue)
    }

    /// Whether the conversation of a NEW request waits for this queue by the one that it has.
    fn is_in_queue(&self, asked: &Asked, queue: QueueIx) -> bool {
        let conversation = asked.conversation.filter(|_| asked.kind == RequestKind::New);
        conversation.is_some_and(|it| {
            let requests = &self.state.conversations.at(it).requests;
            requests.iter().any(|id| {
                let row = self.state.requests.at(*id);
                row.kind == RequestKind::New && row.routing.target.queue() == Some(queue)
            })
        })
    }

    /// Who gets what is too much for a queue. An agent who is in the conversation cannot.
    fn overflow(&self, asked: &Asked, queue: QueueIx, routing: &Routing) -> Result<Target, Rejection> {
        let overflow = self.state.registry.queue(queue).overflow.clone().ok_or(Rejection::QueueFull)?;
        let is_in = |agent| asked.conversation.is_some_and(|it| self.state.conversations.at(it).has(agent));
        match (overflow, &routing.target) {
            (Target::Agent(agent), _) if is_in(agent) => Err(Rejection::QueueFull),
            (Target::Queue { queue, .. }, Target::Queue { skills, .. }) => {
                Ok(Target::Queue { queue, skills: skills.clone() })
            }
            (overflow, _) => Ok(overflow),
        }
    }
}
