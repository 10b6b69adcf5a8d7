//! The state of an org: what a snapshot holds, and what `apply` alone changes.

pub mod agent;
pub mod answers;
pub mod conversation;
pub mod outcomes;
pub mod records;
pub mod ring;
pub mod rows;
pub mod table;
pub mod tempo;
pub mod timers;

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::engine::{
    directory::{
        registry::{CapacityProfile, Registry},
        spec::{PresenceKind, ResourceKind},
    },
    ids::{AgentIx, ChannelIx, ConversationId, InviteId, Millis, QueueIx, RequestId, StatusIx},
};
use agent::{Agent, HoldOwner};
use answers::Answers;
use conversation::{Conversation, Invite, Request};
use outcomes::Outcomes;
use rows::Rows;
use table::Table;
use tempo::Tempo;
use timers::{Timer, Timers};

/// Why an agent can be given nothing at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Absence {
    /// It has no session.
    NoSession,
    /// Its session's stream is broken; the lease runs.
    StreamBroken,
    /// It let an invite expire and has not acted since.
    NotResponding,
    /// Its status takes no work, or is no longer in the directory.
    NotOnline,
    /// It is no longer in the directory.
    NotInDirectory,
}

/// Everything that is true of an org.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct State {
    /// The directory.
    pub registry: Arc<Registry>,
    /// Agents by number.
    pub agents: Rows<Agent>,
    /// Live conversations.
    pub conversations: Table<ConversationId, Conversation>,
    /// Open requests.
    pub requests: Table<RequestId, Request>,
    /// Pending invites.
    pub invites: Table<InviteId, Invite>,
    /// How fast the lines of queues move.
    pub tempos: BTreeMap<QueueIx, Tempo>,
    /// How the latest invites ended.
    pub outcomes: Outcomes,
    /// What was answered to which command.
    pub answers: Answers,
    /// Conversations ever created.
    pub conversation_count: u64,
    /// Requests ever opened.
    pub request_count: u64,
    /// How often anybody was given work.
    pub given_count: u64,
    /// The time of the latest event.
    pub now: Millis,
    /// What is due when.
    #[serde(skip)]
    pub timers: Timers,
}

impl State {
    /// An agent.
    pub fn agent(&self, ix: AgentIx) -> &Agent {
        &self.agents[ix.index()]
    }

    /// An agent's capacity profile.
    pub fn profile(&self, ix: AgentIx) -> &CapacityProfile {
        self.registry.profile(self.registry.agent(ix).profile)
    }

    /// An agent with its profile, to change its holds.
    pub fn agent_mut(&mut self, ix: AgentIx) -> (&mut Agent, &CapacityProfile) {
        (&mut self.agents[ix.index()], self.registry.profile(self.registry.agent(ix).profile))
    }

    /// The conversation of a request.
    pub fn conversation_of(&self, request: &Request) -> &Conversation {
        self.conversations.at(request.conversation)
    }

    /// Whether the agent's session, presence and conduct let it be given work: SEL-1 without skills and room. Else what is in the way.
    pub fn presence(&self, ix: AgentIx) -> Result<(), Absence> {
        let agent = self.agent(ix);
        match agent.session {
            None => Err(Absence::NoSession),
            Some(session) if session.lease_until != 0 => Err(Absence::StreamBroken),
            Some(_) if agent.not_responding => Err(Absence::NotResponding),
            Some(_) if !agent.status.is_some_and(|it| self.is_online_status(it)) => Err(Absence::NotOnline),
            Some(_) if !self.registry.is_live(ResourceKind::Agent, ix.0) => Err(Absence::NotInDirectory),
            Some(_) => Ok(()),
        }
    }

    /// Whether the agent can be given work, as far as its session, presence and conduct go.
    pub fn is_online(&self, ix: AgentIx) -> bool {
        self.presence(ix).is_ok()
    }

    /// Whether a status is in the directory and online.
    pub fn is_online_status(&self, ix: StatusIx) -> bool {
        self.registry.is_live(ResourceKind::PresenceStatus, ix.0)
            && self.registry.status(ix).spec.kind == PresenceKind::Online
    }

    /// Whether the agent's status takes a channel now.
    pub fn takes(&self, ix: AgentIx, channel: ChannelIx) -> bool {
        let status = self.agent(ix).status;
        status.is_some_and(|it| {
            self.is_online_status(it) && self.registry.status(it).channels.contains(channel)
        })
    }

    /// What a snapshot holds of it, as it is now. The two share their rows, in pages that are copied before one of them is changed.
    #[must_use]
    pub fn as_it_is(&mut self) -> Self {
        Self {
            registry: self.registry.clone(),
            agents: self.agents.as_they_are(),
            conversations: self.conversations.as_they_are(),
            requests: self.requests.as_they_are(),
            invites: self.invites.as_they_are(),
            tempos: self.tempos.clone(),
            outcomes: self.outcomes.clone(),
            answers: self.answers.without_index(),
            timers: Timers::default(),
            ..*self
        }
    }

    /// Rebuilds what a snapshot leaves out and `apply` needs.
    pub fn reindex(&mut self) {
        Arc::make_mut(&mut self.registry).reindex();
        self.timers = Timers::default();
        for id in self.requests.ids() {
            let request = self.requests.at(id);
            self.timers.set(request.sent.expires_at, Timer::Expiry(id));
            for expires_at in &request.sent.earlier_expiries {
                self.timers.set(*expires_at, Timer::Expiry(id));
            }
            self.timers.set(request.sent.next_wave_at, Timer::Wave(id));
            self.timers.set(request.routing.not_before, Timer::Begin(id));
            self.timers.set(request.relaxes_at(), Timer::Relax(id));
            self.timers.set(request.earmark_at(), Timer::Earmark(id));
            for declined in &request.declined {
                self.timers.set(declined.again_at, Timer::Reinvite(id));
            }
        }
        for id in self.conversations.ids() {
            let conversation = self.conversations.at(id);
            self.timers.set(conversation.silent_at, Timer::Silence(id));
            self.timers.set(conversation.inactive.map_or(0, |it| it.ends_at), Timer::InactiveEnd(id));
        }
        for (ix, agent) in (0..).map(AgentIx).zip(self.agents.iter()) {
            if let Some(session) = agent.session {
                self.timers.set(session.lease_until, Timer::Lease(ix));
            }
            for hold in agent.holds() {
                if let HoldOwner::WrapUp(until) = hold.owner {
                    self.timers.set(until, Timer::WrapUp(ix, hold.conversation));
                }
            }
        }
    }
}
