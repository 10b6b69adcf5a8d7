//! A queue as it stands, with the wait that is to be expected.

use std::sync::Arc;

use crate::engine::{
    Engine,
    directory::spec::ResourceKind,
    dispatch::eligible::Class,
    event::RequestKind,
    ids::{AgentIx, ChannelIx, Millis, QueueIx},
    routing::{RoutingAsk, RoutingType, Target},
};

/// A queue as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueView {
    /// Which.
    pub queue: QueueIx,
    /// How many requests wait in it.
    pub waiting: usize,
    /// Since when the oldest waits.
    pub oldest: Option<Millis>,
    /// How many agents are its members.
    pub members: usize,
    /// How many of them are online.
    pub online: usize,
    /// How long one that came now would wait, in milliseconds; none: too little is known.
    pub expected_wait: Option<Millis>,
}

impl Engine {
    pub(super) fn queue_view(&self, now: Millis, queue: QueueIx) -> QueueView {
        let demand = self.dispatch.demand();
        let agents = (0..).take(self.state.agents.len()).map(AgentIx);
        let members: Vec<AgentIx> = agents
            .filter(|it| self.state.registry.is_live(ResourceKind::Agent, it.0))
            .filter(|it| self.state.registry.agent(*it).queues.binary_search(&queue).is_ok())
            .collect();
        let waiting = demand.queue_len(queue);
        QueueView {
            queue,
            waiting,
            oldest: demand.queue_oldest(queue),
            members: members.len(),
            online: members.iter().filter(|it| self.state.is_online(**it)).count(),
            expected_wait: self.expected_wait(now, queue, waiting, &members),
        }
    }

    /// Nobody waits where an agent is free. Else the line has to move up by all who wait, and by the one that came now.
    fn expected_wait(
        &self,
        now: Millis,
        queue: QueueIx,
        waiting: usize,
        members: &[AgentIx],
    ) -> Option<Millis> {
        let tempo = self.state.tempos.get(&queue)?;
        if waiting == 0 && self.is_somebody_free(queue, tempo.channel(), members) {
            return Some(0);
        }
        tempo.time_for(waiting as u64 + 1, now)
    }

    /// Whether a conversation for the queue, with all else left open, would be offered at once.
    fn is_somebody_free(&self, queue: QueueIx, channel: ChannelIx, members: &[AgentIx]) -> bool {
        let ask = RoutingAsk::to(Target::Queue { queue, skills: Arc::default() });
        self.fill_in(&ask, RequestKind::New).is_ok_and(|routing| {
            let (registry, kind) = (&self.state.registry, RequestKind::New);
            let class = Class::new(
                registry,
                (channel, RoutingType::OmniChannel),
                kind,
                &routing,
                routing.relaxation.at_first(),
            );
            !class.picked && members.iter().any(|it| self.rank(*it, &class, routing.model, None).is_ok())
        })
    }
}
