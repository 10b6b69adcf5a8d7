//! What the engine can be asked to do, and to say. Shapes and bounds were checked at the edge (`wire`); the rules are checked here.

use std::sync::Arc;

use smol_str::SmolStr;

use crate::engine::{
    directory::spec::{Resource, ResourceKind},
    event::Console,
    ids::{
        AgentIx, ButtonIx, ChannelIx, ConversationId, Epoch, InviteId, Millis, QueueIx, RequestId, StatusIx,
    },
    query::RoutingState,
    records::Record,
    routing::{Requirement, RoutingAsk},
    survey::SurveyPart,
};

/// An agent that acts from its session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Acting {
    /// Who.
    pub agent: AgentIx,
    /// From which session.
    pub epoch: Epoch,
}

/// Who does something to a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// An agent from its session.
    Agent(Acting),
    /// The customer.
    Customer,
    /// The platform.
    Platform,
    /// A supervisor, this one. The directory does not know it.
    Supervisor(Box<str>),
}

/// Who may read a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// All.
    Everyone,
    /// Agents alone: a whisper.
    Agents,
}

/// Something to decide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Makes the directory exactly this.
    ApplyDirectory {
        /// All of it.
        wanted: Vec<Resource>,
    },
    /// Creates or replaces one resource.
    PutResource {
        /// As it is to be.
        resource: Box<Resource>,
    },
    /// Removes one resource.
    DeleteResource {
        /// Of which kind.
        kind: ResourceKind,
        /// Which.
        id: Box<str>,
    },
    /// Opens a session, or comes back to one.
    OpenSession {
        /// Whose.
        agent: AgentIx,
        /// Where.
        console: Console,
        /// The session to come back to.
        resume: Option<Epoch>,
        /// The presence to begin with.
        status: Option<StatusIx>,
    },
    /// A session's stream broke. From the service itself, not from a caller.
    DropSession {
        /// Which.
        session: Acting,
    },
    /// The service starts: no stream is open. From the service itself.
    DropAllSessions,
    /// Sets an agent's presence.
    SetPresence {
        /// Who.
        session: Acting,
        /// To which status.
        status: StatusIx,
    },
    /// Puts a conversation in an agent's hands.
    AssignConversation {
        /// Who does.
        supervisor: Box<str>,
        /// Which.
        conversation: ConversationId,
        /// In whose.
        agent: AgentIx,
    },
    /// Moves a conversation to a queue.
    MoveConversation {
        /// Who does.
        supervisor: Box<str>,
        /// Which.
        conversation: ConversationId,
        /// Where to.
        queue: QueueIx,
        /// Skills beside the membership, in the order of their numbers.
        skills: Arc<[Requirement]>,
        /// The queue's own, unless this.
        priority: Option<u32>,
    },
    /// Sets an agent's presence, whatever its session.
    SetAgentPresence {
        /// Who does.
        supervisor: Box<str>,
        /// Whose.
        agent: AgentIx,
        /// To which status.
        status: StatusIx,
    },
    /// Accepts an invite.
    AcceptInvite {
        /// Who.
        session: Acting,
        /// Which.
        invite: InviteId,
    },
    /// Declines an invite.
    DeclineInvite {
        /// Who.
        session: Acting,
        /// Which.
        invite: InviteId,
        /// Why.
        reason: Box<str>,
    },
    /// Creates a conversation and asks for an agent.
    CreateConversation {
        /// The kind of work.
        channel: ChannelIx,
        /// Whose.
        customer: SmolStr,
        /// Who is asked.
        routing: RoutingAsk,
        /// Who may see it when it is over, beside who was in it; empty: nobody.
        access_scope: Box<str>,
    },
    /// Asks for one more agent.
    RequestConference {
        /// Who asks.
        session: Acting,
        /// Where.
        conversation: ConversationId,
        /// Who is asked.
        routing: RoutingAsk,
    },
    /// Asks for an agent in the requester's place.
    RequestTransfer {
        /// Who asks.
        session: Acting,
        /// Where.
        conversation: ConversationId,
        /// Who is asked.
        routing: RoutingAsk,
    },
    /// Picks what waits for a button of the model CHOICE.
    PickConversation {
        /// Who.
        session: Acting,
        /// Which.
        conversation: ConversationId,
    },
    /// The platform picks who is invited to a request of the model EXTERNAL.
    InviteAgent {
        /// To which.
        request: RequestId,
        /// Who.
        agent: AgentIx,
    },
    /// Withdraws a conference or transfer request.
    CancelRequest {
        /// Who.
        session: Acting,
        /// Which.
        request: RequestId,
    },
    /// Leaves a conference.
    LeaveConversation {
        /// Who.
        session: Acting,
        /// Which.
        conversation: ConversationId,
    },
    /// Ends a conversation.
    EndConversation {
        /// Who.
        actor: Actor,
        /// Which.
        conversation: ConversationId,
    },
    /// Puts a conversation aside until its customer writes again.
    InactivateConversation {
        /// Who.
        session: Acting,
        /// Which.
        conversation: ConversationId,
    },
    /// Ends a wrap-up.
    CompleteWrapUp {
        /// Who.
        session: Acting,
        /// Of which conversation.
        conversation: ConversationId,
    },
    /// Makes a wrap-up longer.
    ExtendWrapUp {
        /// Who.
        session: Acting,
        /// Of which conversation.
        conversation: ConversationId,
        /// By how much.
        extend_by: Millis,
    },
    /// Writes to the chat log.
    PostMessage {
        /// Who.
        actor: Actor,
        /// Where.
        conversation: ConversationId,
        /// What.
        text: Box<str>,
        /// For whom.
        audience: Audience,
    },
    /// Asks for help in a conversation.
    RaiseFlag {
        /// Who.
        session: Acting,
        /// In which.
        conversation: ConversationId,
        /// What help is wanted.
        reason: Box<str>,
    },
    /// Asks for it no longer.
    LowerFlag {
        /// Who: an agent or a supervisor.
        actor: Actor,
        /// In which.
        conversation: ConversationId,
        /// Whose flag, of an agent that acts its own.
        agent: AgentIx,
    },
    /// Attaches a record, or gives one that is attached another title.
    AttachRecord {
        /// Who.
        session: Acting,
        /// To which conversation.
        conversation: ConversationId,
        /// What.
        record: Record,
    },
    /// Removes a record.
    RemoveRecord {
        /// Who.
        session: Acting,
        /// From which conversation.
        conversation: ConversationId,
        /// Its type.
        record_type: Box<str>,
        /// Which of that type.
        id: Box<str>,
    },
}

impl Command {
    /// The conversation that it is about, where it names one.
    pub fn conversation(&self) -> Option<ConversationId> {
        match self {
            Self::AssignConversation { conversation, .. }
            | Self::AttachRecord { conversation, .. }
            | Self::CompleteWrapUp { conversation, .. }
            | Self::EndConversation { conversation, .. }
            | Self::ExtendWrapUp { conversation, .. }
            | Self::InactivateConversation { conversation, .. }
            | Self::LeaveConversation { conversation, .. }
            | Self::LowerFlag { conversation, .. }
            | Self::MoveConversation { conversation, .. }
            | Self::PickConversation { conversation, .. }
            | Self::PostMessage { conversation, .. }
            | Self::RaiseFlag { conversation, .. }
            | Self::RemoveRecord { conversation, .. }
            | Self::RequestConference { conversation, .. }
            | Self::RequestTransfer { conversation, .. } => Some(*conversation),
            Self::AcceptInvite { .. }
            | Self::ApplyDirectory { .. }
            | Self::CancelRequest { .. }
            | Self::CreateConversation { .. }
            | Self::DeclineInvite { .. }
            | Self::DeleteResource { .. }
            | Self::DropAllSessions
            | Self::DropSession { .. }
            | Self::InviteAgent { .. }
            | Self::OpenSession { .. }
            | Self::PutResource { .. }
            | Self::SetAgentPresence { .. }
            | Self::SetPresence { .. } => None,
        }
    }

    /// A number for each kind of command. They are stored with the answers, so they stay as they are.
    pub fn kind(&self) -> u8 {
        match self {
            Self::ApplyDirectory { .. } => 1,
            Self::PutResource { .. } => 2,
            Self::DeleteResource { .. } => 3,
            Self::OpenSession { .. } => 4,
            Self::DropSession { .. } => 5,
            Self::DropAllSessions => 6,
            Self::SetPresence { .. } => 7,
            Self::AcceptInvite { .. } => 8,
            Self::DeclineInvite { .. } => 9,
            Self::CreateConversation { .. } => 10,
            Self::RequestConference { .. } => 11,
            Self::RequestTransfer { .. } => 12,
            Self::CancelRequest { .. } => 13,
            Self::LeaveConversation { .. } => 14,
            Self::EndConversation { .. } => 15,
            Self::CompleteWrapUp { .. } => 16,
            Self::ExtendWrapUp { .. } => 17,
            Self::PostMessage { .. } => 18,
            Self::PickConversation { .. } => 19,
            Self::AssignConversation { .. } => 22,
            Self::MoveConversation { .. } => 23,
            Self::SetAgentPresence { .. } => 24,
            Self::RaiseFlag { .. } => 25,
            Self::LowerFlag { .. } => 26,
            Self::InactivateConversation { .. } => 21,
            Self::InviteAgent { .. } => 20,
            Self::AttachRecord { .. } => 30,
            Self::RemoveRecord { .. } => 31,
        }
    }
}

/// Where requests wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WaitingRoom {
    /// For a queue.
    Queue(QueueIx),
    /// For a button.
    Button(ButtonIx),
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<K> {
    /// Only what comes after this.
    pub after: Option<K>,
    /// At most so many.
    pub size: usize,
}

/// Something to say. It changes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Query {
    /// What an `ApplyDirectory` would change.
    PlanDirectory {
        /// All of it.
        wanted: Vec<Resource>,
    },
    /// One resource.
    Resource {
        /// Of which kind.
        kind: ResourceKind,
        /// Which.
        id: Box<str>,
    },
    /// The resources of a kind by id.
    Resources {
        /// Of which kind.
        kind: ResourceKind,
        /// Which of them.
        page: Page<Box<str>>,
    },
    /// One agent.
    Agent(AgentIx),
    /// Agents by id.
    Agents {
        /// Which of them.
        page: Page<Box<str>>,
        /// Only those in this state.
        state: Option<RoutingState>,
        /// Only the members of this queue.
        queue: Option<QueueIx>,
    },
    /// One conversation.
    Conversation(ConversationId),
    /// The records that an agent has in a conversation; without one, the keeper.
    Records {
        /// In which.
        conversation: ConversationId,
        /// Whose.
        agent: Option<AgentIx>,
    },
    /// Whose history an agent that is in a conversation may open, and what it may see of it.
    History {
        /// Who asks.
        session: Acting,
        /// In which conversation.
        conversation: ConversationId,
    },
    /// Live conversations by number.
    Conversations {
        /// Which of them.
        page: Page<ConversationId>,
        /// Only those in which a flag is up.
        flagged: bool,
    },
    /// One queue.
    Queue(QueueIx),
    /// Queues by id.
    Queues(Page<Box<str>>),
    /// What waits in a queue, the first so many.
    Waiting {
        /// For whom.
        place: WaitingRoom,
        /// At most so many.
        size: usize,
        /// Only what this agent may pick.
        seen_by: Option<AgentIx>,
    },
    /// What a conversation is to an agent.
    Tie {
        /// To whom.
        agent: AgentIx,
        /// Which.
        conversation: ConversationId,
    },
    /// Why a conversation's open requests stand where they stand.
    ExplainConversation {
        /// Which.
        conversation: ConversationId,
        /// So many agents are shown, at most.
        size: usize,
    },
    /// Where a conversation that came in now would go.
    ExplainRouting {
        /// The kind of work.
        channel: ChannelIx,
        /// Who would be asked.
        routing: RoutingAsk,
        /// So many agents are shown, at most.
        size: usize,
    },
    /// A part of the figures of capacity.
    Survey(SurveyPart),
    /// Why an agent gets nothing.
    ExplainAgent {
        /// Who.
        agent: AgentIx,
        /// So many waiting requests are looked at, at most.
        size: usize,
    },
}
