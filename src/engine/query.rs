//! What the engine can say of itself. It changes nothing, and nothing of it is kept.

use std::sync::Arc;

use smol_str::SmolStr;

use crate::engine::{
    Engine,
    command::{Page, Query, WaitingRoom},
    directory::{
        check::{self, Remark},
        plan,
        registry::CapacityProfile,
        spec::{Change, PresenceKind, Resource, ResourceKind},
    },
    dispatch::demand::WalkedTo,
    event::{Console, RequestKind},
    explain::{AgentExplanation, Explanation},
    ids::{AgentIx, ChannelIx, ConversationId, Epoch, InviteId, Millis, QueueIx, RequestId, StatusIx},
    queue_view::QueueView,
    records::Record,
    rejection::Rejection,
    relaxation::{NextStep, Relaxed},
    routing::{Requirement, Routing, RoutingType},
    state::{agent::Hold, conversation::Participant},
    survey::{AgentSums, Outline, Sums, WaitingSums},
    ties::Tie,
};

/// What the engine says of an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RoutingState {
    /// No session, a dropped one, or a status that takes no work.
    Offline,
    /// Online with nothing in hand.
    Idle,
    /// Online with work in hand and room for more.
    Engaged,
    /// Online with no unit free in either pool, or above its units.
    AtCapacity,
    /// Let an invite expire and has not acted since.
    NotResponding,
    /// Takes nothing new.
    Draining,
}

/// An agent as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentView {
    /// Who.
    pub agent: AgentIx,
    /// Its state for routing.
    pub routing_state: RoutingState,
    /// What it says of itself.
    pub status: Option<StatusIx>,
    /// Its session, with whether its stream is open.
    pub session: Option<(Epoch, Console, bool)>,
    /// Units of its profile.
    pub units: u32,
    /// Interruptible units of its profile.
    pub interruptible_units: u32,
    /// The sum of its holds.
    pub units_used: u32,
    /// Who takes which units.
    pub holds: Vec<Hold>,
    /// Its pending invites.
    pub invites: Vec<InviteView>,
    /// Where it is in.
    pub conversations: Vec<ConversationId>,
    /// The request that it is earmarked for.
    pub earmarked_for: Option<RequestId>,
    /// Where it asks for help.
    pub flagged: Vec<ConversationId>,
}

/// A pending invite.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InviteView {
    /// Which.
    pub invite: InviteId,
    /// Its request.
    pub request: RequestId,
    /// Its conversation.
    pub conversation: ConversationId,
    /// What is asked.
    pub kind: RequestKind,
    /// The channel.
    pub channel: ChannelIx,
    /// The customer.
    pub customer: SmolStr,
    /// Who asked.
    pub requester: Option<AgentIx>,
    /// What an acceptance takes.
    pub units: u32,
    /// When it expires; 0: never.
    pub expires_at: Millis,
    /// Whether it is accepted in the agent's name at once.
    pub auto_accept: bool,
}

/// An open request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestView {
    /// Which.
    pub request: RequestId,
    /// Its conversation.
    pub conversation: ConversationId,
    /// What it asks.
    pub kind: RequestKind,
    /// How it is routed.
    pub routing: Arc<Routing>,
    /// Who asked.
    pub requester: Option<AgentIx>,
    /// Since when it counts as waiting.
    pub requested_at: Millis,
    /// How far its requirements have given way.
    pub relaxed: Relaxed,
    /// The skills that are required now, in the order of their numbers.
    pub required: Box<[Requirement]>,
    /// What gives way next.
    pub next_step: Option<NextStep>,
    /// Who has a pending invite, the first hundred.
    pub invited: Vec<AgentIx>,
    /// How many have.
    pub invited_count: usize,
    /// Who is earmarked for it.
    pub earmarked: Option<AgentIx>,
}

/// A live conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConversationView {
    /// Which.
    pub conversation: ConversationId,
    /// Its channel.
    pub channel: ChannelIx,
    /// Its customer.
    pub customer: SmolStr,
    /// How it came in.
    pub routing_type: RoutingType,
    /// When.
    pub created_at: Millis,
    /// Who is in, the keeper first.
    pub participants: Vec<Participant>,
    /// What is asked.
    pub requests: Vec<RequestView>,
    /// Entries of its chat log.
    pub log_entries: u32,
    /// Since when it is inactive, and when it ends by itself (0: never), if it is.
    pub inactive: Option<(Millis, Millis)>,
}

/// What a query answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// To `PlanDirectory`: what would change, and what can never work.
    Plan(Vec<Change>, Vec<Remark>),
    /// To `Resource`.
    Resource(Box<Resource>),
    /// To `Resources`, and whether there are more.
    Resources(Vec<Resource>, bool),
    /// To `Agent`.
    Agent(Box<AgentView>),
    /// To `Agents`, and whether there are more.
    Agents(Vec<AgentView>, bool),
    /// To `Conversation`.
    Conversation(Box<ConversationView>),
    /// To `Conversations`, and whether there are more.
    Conversations(Vec<ConversationView>, bool),
    /// To `History`: the customer, and the access scopes of who asked.
    History {
        /// Whose history it is.
        customer: SmolStr,
        /// What the agent may see beside what it was in.
        access_scopes: Box<[Box<str>]>,
    },
    /// To `Records`, by type and id.
    Records(Vec<Record>),
    /// To `Queue`.
    Queue(QueueView),
    /// To `Queues`, and whether there are more.
    Queues(Vec<QueueView>, bool),
    /// To `Tie`: what it is to the agent now, and which access scopes the agent was given.
    Tie(Tie, Box<[Box<str>]>),
    /// To `Waiting`.
    Waiting(Vec<RequestView>),
    /// To `ExplainConversation`: its open requests.
    Explanations(Vec<(RequestView, Explanation)>),
    /// To `ExplainRouting`.
    Explanation(Box<Explanation>),
    /// To `Survey`: what the figures begin with.
    Outline(Outline),
    /// To `Survey`: the sums over agents, and how many of them have an open stream.
    AgentSums(Sums<AgentSums>, u64),
    /// To `Survey`: the sums over what waits, and where to go on.
    WaitingSums(Sums<WaitingSums>, Option<WalkedTo>),
    /// To `ExplainAgent`.
    AgentExplanation(Box<AgentExplanation>),
}

/// Invited agents that a view of a request names.
pub const INVITED_SHOWN: usize = 100;

impl Engine {
    /// Answers a query that is asked now.
    pub fn query(&self, now: Millis, query: Query) -> Result<Answer, Rejection> {
        let registry = &self.state.registry;
        let live = |kind, number: u32, rejection| {
            if registry.is_live(kind, number) { Ok(()) } else { Err(rejection) }
        };
        match query {
            Query::PlanDirectory { wanted } => self.plan_directory(wanted),
            Query::Resource { kind, id } => {
                let number = registry.names().of(kind).number(&id);
                let resource = number.and_then(|number| registry.resource(kind, number));
                resource.map(|it| Answer::Resource(Box::new(it))).ok_or(Rejection::ResourceNotFound)
            }
            Query::Resources { kind, page } => {
                let (numbers, more) = self.page_by_id(kind, &page, |_| true);
                Ok(Answer::Resources(
                    numbers.into_iter().filter_map(|it| registry.resource(kind, it)).collect(),
                    more,
                ))
            }
            Query::Agent(agent) => {
                live(ResourceKind::Agent, agent.0, Rejection::AgentNotFound)?;
                Ok(Answer::Agent(Box::new(self.agent_view(agent))))
            }
            Query::Agents { page, state, queue } => {
                queue.map_or(Ok(()), |it| live(ResourceKind::Queue, it.0, Rejection::QueueNotFound))?;
                let wanted = |agent: AgentIx| {
                    queue.is_none_or(|it| registry.agent(agent).queues.binary_search(&it).is_ok())
                        && state.is_none_or(|it| self.routing_state(agent, self.state.profile(agent)) == it)
                };
                let (numbers, more) = self.page_by_id(ResourceKind::Agent, &page, |it| wanted(AgentIx(it)));
                Ok(Answer::Agents(numbers.into_iter().map(|it| self.agent_view(AgentIx(it))).collect(), more))
            }
            Query::Conversation(id) => {
                self.live_conversation(id)?;
                Ok(Answer::Conversation(Box::new(self.conversation_view(id))))
            }
            Query::Conversations { page, flagged } => {
                let mut ids = self.state.conversations.ids();
                ids.retain(|id| {
                    page.after.is_none_or(|after| *id > after)
                        && (!flagged || self.state.conversations.at(*id).is_flagged())
                });
                let more = ids.len() > page.size;
                ids.truncate(page.size);
                Ok(Answer::Conversations(
                    ids.into_iter().map(|it| self.conversation_view(it)).collect(),
                    more,
                ))
            }
            Query::History { session, conversation } => {
                self.live_agent(session.agent)?;
                let agent = self.participant(session, conversation)?;
                Ok(Answer::History {
                    customer: self.state.conversations.at(conversation).customer.clone(),
                    access_scopes: registry.agent(agent).access_scopes.clone(),
                })
            }
            Query::Records { conversation, agent } => {
                self.records_of(conversation, agent).map(Answer::Records)
            }
            Query::Queue(queue) => {
                live(ResourceKind::Queue, queue.0, Rejection::QueueNotFound)?;
                Ok(Answer::Queue(self.queue_view(now, queue)))
            }
            Query::Queues(page) => {
                let (numbers, more) = self.page_by_id(ResourceKind::Queue, &page, |_| true);
                let views = numbers.into_iter().map(|it| self.queue_view(now, QueueIx(it)));
                Ok(Answer::Queues(views.collect(), more))
            }
            Query::Survey(part) => Ok(self.survey(part)),
            Query::ExplainConversation { conversation, size } => {
                self.explain_conversation(conversation, size)
            }
            Query::ExplainRouting { channel, routing, size } => self.explain_routing(channel, &routing, size),
            Query::ExplainAgent { agent, size } => {
                live(ResourceKind::Agent, agent.0, Rejection::AgentNotFound)?;
                Ok(Answer::AgentExplanation(Box::new(self.explain_agent(agent, size))))
            }
            Query::Tie { agent, conversation } => self.tie_of(agent, conversation),
            Query::Waiting { place, size, seen_by } => self.waiting(place, size, seen_by),
        }
    }

    /// The requests that wait, in the order in which they will be served; with an agent, those that it may pick.
    fn waiting(
        &self,
        place: WaitingRoom,
        size: usize,
        seen_by: Option<AgentIx>,
    ) -> Result<Answer, Rejection> {
        let is_live = |kind, number| self.state.registry.is_live(kind, number);
        let mut turns = match place {
            WaitingRoom::Queue(queue) if is_live(ResourceKind::Queue, queue.0) => {
                self.dispatch.demand().queue_first(queue, size)
            }
            WaitingRoom::Queue(_) => return Err(Rejection::QueueNotFound),
            WaitingRoom::Button(button) if is_live(ResourceKind::Button, button.0) => {
                self.dispatch.demand().button_first(button, size)
            }
            WaitingRoom::Button(_) => return Err(Rejection::ButtonNotFound),
        };
        if let Some(agent) = seen_by {
            self.live_agent(agent)?;
            turns.retain(|it| self.is_on_offer(it.request, agent));
        }
        Ok(Answer::Waiting(turns.into_iter().map(|it| self.request_view(it.request)).collect()))
    }

    fn plan_directory(&self, wanted: Vec<Resource>) -> Result<Answer, Rejection> {
        let mistakes = check::mistakes(&self.state.registry, &wanted);
        if !mistakes.is_empty() {
            return Err(Rejection::DirectoryInvalid(mistakes));
        }
        let warnings = check::warnings(&wanted);
        Ok(Answer::Plan(plan::plan(&self.state.registry, wanted), warnings))
    }

    /// The numbers of those that are wanted, by id, and whether there are more.
    fn page_by_id(
        &self,
        kind: ResourceKind,
        page: &Page<Box<str>>,
        wanted: impl Fn(u32) -> bool,
    ) -> (Vec<u32>, bool) {
        let names = self.state.registry.names().of(kind);
        let mut numbers = self.state.registry.live_by_id(kind);
        if let Some(after) = &page.after {
            let skipped = numbers.partition_point(|it| names.name(*it) <= &**after);
            numbers.drain(..skipped);
        }
        let mut numbers: Vec<u32> =
            numbers.into_iter().filter(|it| wanted(*it)).take(page.size + 1).collect();
        let more = numbers.len() > page.size;
        numbers.truncate(page.size);
        (numbers, more)
    }

    /// An agent as it stands.
    pub fn agent_view(&self, agent: AgentIx) -> AgentView {
        let (row, profile) = (self.state.agent(agent), self.state.profile(agent));
        AgentView {
            agent,
            routing_state: self.routing_state(agent, profile),
            status: row.status,
            session: row.session.map(|it| (it.epoch, it.console, it.lease_until == 0)),
            units: profile.spec.units,
            interruptible_units: profile.spec.interruptible_units,
            units_used: row.load().total,
            holds: row.holds().to_vec(),
            invites: row.invites.iter().map(|it| self.invite_view(*it)).collect(),
            conversations: row.conversations().collect(),
            earmarked_for: row.earmark().map(|it| it.0),
            flagged: row.conversations().filter(|it| self.has_flag(*it, agent)).collect(),
        }
    }

    fn has_flag(&self, conversation: ConversationId, agent: AgentIx) -> bool {
        let participants = &self.state.conversations.at(conversation).participants;
        participants.iter().any(|it| it.agent == agent && it.flag.is_some())
    }

    pub(super) fn routing_state(&self, agent: AgentIx, profile: &CapacityProfile) -> RoutingState {
        let (row, load) = (self.state.agent(agent), self.state.agent(agent).load());
        let connected = row.session.is_some_and(|it| it.lease_until == 0);
        // A status that was removed from the directory takes no work.
        let status = row.status.filter(|it| self.state.registry.is_live(ResourceKind::PresenceStatus, it.0));
        let kind = status.map(|it| self.state.registry.status(it).spec.kind);
        if connected && kind == Some(PresenceKind::Draining) {
            return RoutingState::Draining;
        }
        if !connected || kind != Some(PresenceKind::Online) {
            return RoutingState::Offline;
        }
        let above = load.primary > profile.spec.units;
        let full =
            load.primary >= profile.spec.units && load.total >= profile.spec.interruptible_units || above;
        if row.not_responding {
            RoutingState::NotResponding
        } else if full {
            RoutingState::AtCapacity
        } else if load.in_hand {
            RoutingState::Engaged
        } else {
            RoutingState::Idle
        }
    }

    fn invite_view(&self, id: InviteId) -> InviteView {
        let invite = self.state.invites.at(id);
        let request_id = invite.request;
        let request = self.state.requests.at(request_id);
        let conversation = self.state.conversation_of(request);
        InviteView {
            invite: id,
            request: request_id,
            conversation: request.conversation,
            kind: request.kind,
            channel: conversation.channel,
            customer: conversation.customer.clone(),
            requester: request.requester,
            units: request.sent.units,
            expires_at: invite.expires_at,
            auto_accept: self.auto_accepts(request),
        }
    }

    pub(super) fn request_view(&self, id: RequestId) -> RequestView {
        let request = self.state.requests.at(id);
        RequestView {
            request: id,
            conversation: request.conversation,
            kind: request.kind,
            routing: request.routing.clone(),
            requester: request.requester,
            requested_at: request.requested_at,
            relaxed: request.relaxed,
            required: request.routing.target_now(request.relaxed).requirements().into(),
            next_step: request.next_step(),
            invited: request.sent.pending.iter().take(INVITED_SHOWN).map(|(_, agent)| *agent).collect(),
            invited_count: request.sent.pending.len(),
            earmarked: request.earmarked,
        }
    }

    fn conversation_view(&self, id: ConversationId) -> ConversationView {
        let row = self.state.conversations.at(id);
        ConversationView {
            conversation: id,
            channel: row.channel,
            customer: row.customer.clone(),
            routing_type: row.routing_type,
            created_at: row.created_at,
            participants: row.participants.to_vec(),
            requests: row.requests.iter().map(|it| self.request_view(*it)).collect(),
            log_entries: row.log_entries,
            inactive: row.inactive.map(|it| (it.since, it.ends_at)),
        }
    }
}
