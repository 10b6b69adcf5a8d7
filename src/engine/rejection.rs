//! Why a rule says no: a closed list, in order of precedence, with no strings. `proto/omniroute/v1/reasons.proto` publishes it.

use crate::engine::directory::check::Remark;

/// A refusal. Where several apply, the lowest discriminant wins: handlers check in this order, and a test holds them to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rejection {
    /// No directory was ever applied.
    OrgNotFound,
    /// The `request_id` belongs to a command of another kind.
    RequestIdReused,
    /// The directory is wrong, here and here.
    DirectoryInvalid(Vec<Remark>),
    /// The agent is not in the directory.
    AgentNotFound,
    /// The channel is not in the directory.
    ChannelNotFound,
    /// The presence status is not in the directory.
    PresenceStatusNotFound,
    /// The skill is not in the directory.
    SkillNotFound,
    /// The queue is not in the directory.
    QueueNotFound,
    /// The button is not in the directory.
    ButtonNotFound,
    /// The resource is not in the directory.
    ResourceNotFound,
    /// The agent has no session.
    SessionNotOpen,
    /// A newer session has taken over.
    SessionFenced,
    /// There never was such a conversation.
    ConversationNotFound,
    /// The conversation has ended.
    ConversationEnded,
    /// The agent is not in the conversation.
    NotAParticipant,
    /// The agent is in the conversation, but is not its keeper.
    NotTheKeeper,
    /// The keeper has no such record.
    RecordNotFound,
    /// There never was such an invite for this agent, as far as is remembered.
    InviteNotFound,
    /// It was accepted already.
    InviteAccepted,
    /// It was declined.
    InviteDeclined,
    /// It was not answered in time.
    InviteExpired,
    /// Another agent accepted first.
    InviteRescinded,
    /// It was withdrawn.
    InviteRevoked,
    /// There never was such a request.
    RequestNotFound,
    /// The request is over.
    RequestClosed,
    /// The agent did not make that request.
    NotTheRequester,
    /// The channel does not allow conferences.
    ConferenceNotAllowed,
    /// A conference routed by Omni-Channel is for LIGHTNING consoles.
    ConsoleNotSupported,
    /// The addressed agent is in the conversation.
    AlreadyAParticipant,
    /// As many participants and open conference requests as the channel allows.
    ParticipantsFull,
    /// A conference that came in by button skills cannot be transferred.
    ConferenceButtonSkillsNotTransferable,
    /// The conversation has an open transfer.
    TransferOpen,
    /// A button-skills conversation has an open conference request.
    ConferenceOpen,
    /// The conversation has as many open requests as it may have.
    RequestsFull,
    /// As many requests wait in the queue as may, and it has no overflow.
    QueueFull,
    /// The last agent cannot leave.
    LastAgentMustEnd,
    /// Other agents are still in.
    ConferenceInProgress,
    /// No wrap-up in that conversation.
    NoWrapUp,
    /// The keeper has as many records as it may have.
    RecordsFull,
    /// The agent cannot be given what it wants to pick, or is to be assigned.
    AgentNotEligible,
    /// No room at the acceptance.
    AgentAtCapacity,
    /// The org has as many live conversations as it may have.
    ConversationsFull,
    /// The service hosts as many orgs as it may.
    OrgsFull,
}
