//! What is true, in the plainest form that can hold it.

use std::{collections::BTreeMap, mem::Discriminant};

use omniroute::engine::{
    command::Command,
    directory::spec::ResourceKind,
    event::{Event, RequestKind},
    ids::{AgentIx, ChannelIx, ConversationId, InviteId, Millis, QueueIx, RequestId, RequestKey, StatusIx},
    records::Record,
    rejection::Rejection,
    reply::Reply,
    routing::{Routing, RoutingType},
    state::{
        agent::{Earmark, Hold, HoldOwner, Session},
        conversation::Declined,
    },
};

use super::directory::Directory;

#[derive(Debug, Clone, Default)]
pub(crate) struct Agent {
    pub(crate) session: Option<Session>,
    pub(crate) latest_epoch: u64,
    pub(crate) status: Option<StatusIx>,
    pub(crate) not_responding: bool,
    pub(crate) given: u64,
    pub(crate) free_since: Millis,
    pub(crate) holds: Vec<Hold>,
    pub(crate) earmark: Option<(RequestId, Earmark)>,
}

#[derive(Debug, Clone)]
pub(crate) struct Conversation {
    pub(crate) channel: ChannelIx,
    pub(crate) routing_type: RoutingType,
    pub(crate) created_at: Millis,
    pub(crate) origin: Routing,
    pub(crate) participants: Vec<AgentIx>,
    /// Who asks for help, since when, and why.
    pub(crate) flags: BTreeMap<AgentIx, (Millis, Box<str>)>,
    pub(crate) log_entries: u32,
    pub(crate) customer_log_entries: u32,
    /// What each who is in has; while nobody is, what the last had.
    pub(crate) records: BTreeMap<AgentIx, Vec<Record>>,
}

#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) conversation: ConversationId,
    pub(crate) kind: RequestKind,
    pub(crate) requester: Option<AgentIx>,
    pub(crate) routing: Routing,
    pub(crate) requested_at: Millis,
    pub(crate) pending: Vec<(InviteId, AgentIx)>,
    /// When each pending invite expires; 0: never.
    pub(crate) expiries: BTreeMap<InviteId, Millis>,
    pub(crate) wave: u32,
    pub(crate) next_wave_at: Millis,
    pub(crate) units: u32,
    pub(crate) interruptible: bool,
    pub(crate) held: bool,
    pub(crate) declined: Vec<Declined>,
    pub(crate) round: u32,
    pub(crate) earmarked: Option<AgentIx>,
}

/// The model: all that is true, all that was said.
#[derive(Debug, Clone, Default)]
pub(crate) struct World {
    pub(crate) now: Millis,
    pub(crate) directory: Directory,
    pub(crate) agents: Vec<Agent>,
    pub(crate) conversations: BTreeMap<ConversationId, Conversation>,
    pub(crate) requests: BTreeMap<RequestId, Request>,
    /// Whose each invite ever sent was, and what to say of it once it is settled.
    pub(crate) invites: Vec<(AgentIx, Option<Rejection>)>,
    pub(crate) answers: Vec<(Millis, RequestKey, Discriminant<Command>, Reply)>,
    /// All acceptances of requests for queues: when, on which channel.
    pub(crate) accepted: Vec<(QueueIx, Millis, ChannelIx)>,
    pub(crate) conversation_count: u64,
    pub(crate) request_count: u64,
    pub(crate) given_count: u64,
    pub(crate) said: Vec<Event>,
}

impl World {
    pub(crate) fn agent(&self, agent: AgentIx) -> &Agent {
        &self.agents[agent.index()]
    }

    pub(crate) fn agent_mut(&mut self, agent: AgentIx) -> &mut Agent {
        &mut self.agents[agent.index()]
    }

    pub(crate) fn every_agent(&self) -> Vec<AgentIx> {
        (0..self.directory.count(ResourceKind::Agent)).map(AgentIx).collect()
    }

    pub(crate) fn requests_of(&self, conversation: ConversationId) -> Vec<RequestId> {
        self.requests.iter().filter(|it| it.1.conversation == conversation).map(|it| *it.0).collect()
    }

    /// Pending invites of an agent, oldest first.
    pub(crate) fn invites_of(&self, agent: AgentIx) -> Vec<InviteId> {
        self.pending().into_iter().filter(|it| it.2 == agent).map(|it| it.1).collect()
    }

    /// All pending invites, oldest first.
    pub(crate) fn pending(&self) -> Vec<(RequestId, InviteId, AgentIx)> {
        let mut all: Vec<_> = self
            .requests
            .iter()
            .flat_map(|(id, row)| row.pending.iter().map(move |it| (*id, it.0, it.1)))
            .collect();
        all.sort_by_key(|it| it.1);
        all
    }

    pub(crate) fn request_of(&self, invite: InviteId) -> Option<RequestId> {
        self.pending().into_iter().find(|it| it.1 == invite).map(|it| it.0)
    }

    pub(crate) fn channel_of(&self, conversation: ConversationId) -> ChannelIx {
        self.conversations[&conversation].channel
    }

    /// Takes a hold away, which must be there.
    pub(crate) fn release(&mut self, agent: AgentIx, conversation: ConversationId, owner: HoldOwner) -> Hold {
        let holds = &mut self.agent_mut(agent).holds;
        let place = holds.iter().position(|it| it.conversation == conversation && it.owner == owner).unwrap();
        holds.remove(place)
    }

    /// The hold goes on under another owner, in its place.
    pub(crate) fn hand_over(
        &mut self,
        agent: AgentIx,
        conversation: ConversationId,
        from: HoldOwner,
        to: HoldOwner,
    ) {
        let holds = &mut self.agent_mut(agent).holds;
        holds.iter_mut().find(|it| it.conversation == conversation && it.owner == from).unwrap().owner = to;
    }

    /// When something is due next.
    pub(crate) fn next_wake(&self) -> Option<Millis> {
        let again = self.requests.values().flat_map(|it| &it.declined).map(|it| it.again_at);
        let begin = self.requests.values().map(|it| it.routing.not_before);
        let waves = self.requests.values().filter(|it| !it.pending.is_empty()).map(|it| it.next_wave_at);
        let earmarks = self.requests.values().map(World::earmark_at);
        let later = again.chain(begin).chain(waves).chain(earmarks).filter(|it| *it > self.now);
        self.due_times().into_iter().map(|it| it.0).chain(later).min()
    }

    /// What is due at which time, in order: invites expire, leases end, wrap-ups end.
    pub(crate) fn due_times(&self) -> Vec<(Millis, Due)> {
        let mut due = Vec::new();
        for (id, row) in &self.requests {
            let expiries = row.pending.iter().map(|it| row.expiries[&it.0]);
            due.extend(expiries.filter(|it| *it != 0).min().map(|it| (it, Due::Expiry(*id))));
        }
        for agent in self.every_agent() {
            let row = self.agent(agent);
            if let Some(session) = row.session.filter(|it| it.lease_until != 0) {
                due.push((session.lease_until, Due::Lease(agent)));
            }
            for hold in &row.holds {
                if let HoldOwner::WrapUp(until) = hold.owner {
                    due.push((until, Due::WrapUp(agent, hold.conversation)));
                }
            }
        }
        due.sort();
        due
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Due {
    Expiry(RequestId),
    Lease(AgentIx),
    WrapUp(AgentIx, ConversationId),
}
