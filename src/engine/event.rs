//! What happened. Events are the only thing that changes state (`apply`), the only thing that is stored, and all that watchers,
//! notices, read models and metrics are made from; so each says everything that its readers need.
//!
//! A command's first event also says its answer (`Reply::of`), so a repeat can be answered after any crash.

use std::sync::Arc;

use smol_str::SmolStr;

use crate::engine::{
    directory::spec::Change,
    ids::{
        AgentIx, Agents, ChannelIx, ConversationId, Epoch, InviteId, Millis, QueueIx, RequestId, StatusIx,
    },
    records::Record,
    relaxation::Relaxed,
    routing::{Routing, RoutingType},
    state::agent::Earmark,
};

/// The console that a session runs in (PRES-1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub enum Console {
    /// The console of today.
    Lightning,
    /// The older console.
    Classic,
}

/// Who set a presence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PresenceCause {
    /// The agent itself.
    Agent,
    /// The channel's policy, after a decline.
    Decline,
    /// The channel's policy, after an expiry.
    Expiry,
    /// A supervisor, this one (PRES-4).
    Supervisor(Box<str>),
}

/// What a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub enum RequestKind {
    /// The first agent for a conversation, or a new one after the last was lost.
    New,
    /// One more agent.
    Conference,
    /// An agent in the place of another.
    Transfer,
}

/// Why a request ended without an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestEnd {
    /// Nobody was eligible.
    NoAgentEligible,
    /// All who were invited declined.
    AllDeclined,
    /// All who were invited declined or let it expire, at least one the latter.
    AllExpired,
    /// The requester cancelled it.
    Cancelled,
    /// The requester left or lost its session.
    RequesterLeft,
    /// The conversation ended.
    ConversationEnded,
    /// A button's work was declined as often as it may be (BTN-3).
    NoAgentAvailable,
    /// A supervisor moved the conversation.
    Moved,
}

/// How an invite ended otherwise than by acceptance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub enum InviteEnd {
    /// The agent declined.
    Declined,
    /// Nobody answered in time.
    Expired,
    /// Another agent accepted first.
    Rescinded,
    /// It was withdrawn.
    Revoked,
}

/// Who wrote a message or ended a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Author {
    /// The customer.
    Customer,
    /// An agent.
    Agent(AgentIx),
    /// The platform.
    Platform,
    /// A rule.
    Service,
    /// A supervisor, this one.
    Supervisor(Box<str>),
}

/// Whether an agent left by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Leaving {
    /// It asked to.
    Asked,
    /// Its session was lost.
    SessionLost,
    /// This supervisor moved the conversation.
    Moved(Box<str>),
    /// The conversation was inactive, its customer wrote, and the agent could not take it (ASYN-2).
    CouldNotResume,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The directory changed.
    DirectoryChanged {
        /// How.
        changes: Vec<Change>,
    },
    /// A session began; an older one of the agent is fenced.
    SessionStarted {
        /// Whose.
        agent: AgentIx,
        /// Its epoch.
        epoch: Epoch,
        /// Where.
        console: Console,
    },
    /// A session's stream is open again.
    SessionResumed {
        /// Whose.
        agent: AgentIx,
        /// Its epoch.
        epoch: Epoch,
    },
    /// A session's stream broke.
    SessionDropped {
        /// Whose.
        agent: AgentIx,
        /// Its epoch.
        epoch: Epoch,
        /// When the session is over, unless it comes back.
        lease_until: Millis,
    },
    /// A session is over.
    SessionEnded {
        /// Whose.
        agent: AgentIx,
        /// Its epoch.
        epoch: Epoch,
    },
    /// A presence was set.
    PresenceSet {
        /// Whose.
        agent: AgentIx,
        /// To which status.
        status: StatusIx,
        /// By whom.
        cause: PresenceCause,
    },
    /// A conversation came in, and an agent is asked for.
    ConversationCreated {
        /// The conversation.
        conversation: ConversationId,
        /// Its channel.
        channel: ChannelIx,
        /// Its customer.
        customer: SmolStr,
        /// How it came in.
        routing_type: RoutingType,
        /// The request for its first agent.
        request: RequestId,
        /// How that is routed.
        routing: Arc<Routing>,
        /// The full queue that it was meant for, if it overflowed.
        overflowed_from: Option<QueueIx>,
        /// Who may see it when it is over, beside who was in it; empty: nobody (HIST-3).
        access_scope: Box<str>,
    },
    /// An agent is asked for in a conversation that is there.
    RequestOpened {
        /// The request.
        request: RequestId,
        /// Its conversation.
        conversation: ConversationId,
        /// What it asks.
        kind: RequestKind,
        /// Who asks; none for NEW.
        requester: Option<AgentIx>,
        /// How it is routed.
        routing: Arc<Routing>,
        /// Since when it counts as waiting.
        requested_at: Millis,
        /// The full queue that it was meant for, if it overflowed.
        overflowed_from: Option<QueueIx>,
    },
    /// Agents were invited.
    InvitesSent {
        /// The request.
        request: RequestId,
        /// Its conversation.
        conversation: ConversationId,
        /// What it asks.
        kind: RequestKind,
        /// The first agent's invite; the next agents have the next numbers.
        first: InviteId,
        /// Who, best first.
        agents: Agents,
        /// When they expire; 0: never.
        expires_at: Millis,
        /// What an acceptance takes.
        units: u32,
        /// Whether the units are of the interruptible pool.
        interruptible: bool,
        /// Whether the invites hold these units until they are settled (SINGLE).
        held: bool,
        /// When the next wave is sent; 0: there is none.
        next_wave_at: Millis,
        /// Whether it is accepted in the agent's name in the same step.
        at_once: bool,
    },
    /// An invite was accepted: the request is, its other invites are rescinded (told before), the agent is in, the giver out.
    InviteAccepted {
        /// The invite.
        invite: InviteId,
        /// Its request.
        request: RequestId,
        /// Its conversation.
        conversation: ConversationId,
        /// What was asked.
        kind: RequestKind,
        /// Who is in.
        agent: AgentIx,
        /// Who is out, in a transfer.
        giver: Option<AgentIx>,
        /// When the giver's wrap-up ends; 0: none.
        wrap_up_until: Millis,
        /// The supervisor who put it in the agent's hands, if one did.
        supervisor: Option<Box<str>>,
    },
    /// Invites of one request ended otherwise.
    InvitesEnded {
        /// Their request.
        request: RequestId,
        /// Its conversation.
        conversation: ConversationId,
        /// How.
        end: InviteEnd,
        /// Which, whose.
        invites: Vec<(InviteId, AgentIx)>,
        /// The reason that was given with a decline.
        reason: Box<str>,
    },
    /// A request ended without an agent.
    RequestEnded {
        /// The request.
        request: RequestId,
        /// Its conversation.
        conversation: ConversationId,
        /// What it asked.
        kind: RequestKind,
        /// Who asked.
        requester: Option<AgentIx>,
        /// Why it ended.
        why: RequestEnd,
    },
    /// Everyone had declined: all may be invited again.
    RoundStarted {
        /// The request.
        request: RequestId,
        /// Its conversation.
        conversation: ConversationId,
        /// The round that begins.
        round: u32,
    },
    /// Nobody is left for a further wave; what is pending stays so.
    WavesEnded {
        /// The request.
        request: RequestId,
        /// Its conversation.
        conversation: ConversationId,
    },
    /// The requirements of a request have given way: a step was taken, or its preferred agent is no longer insisted on. What was due
    /// when the request was opened, it began with.
    RequestRelaxed {
        /// The request.
        request: RequestId,
        /// Its conversation.
        conversation: ConversationId,
        /// How far.
        relaxed: Relaxed,
    },
    /// A request has waited too long for room: an agent is kept for it (QUE-5), in place of the one that was. It ends unsaid when agents are
    /// invited for the request, or the request ends.
    AgentEarmarked {
        /// The request.
        request: RequestId,
        /// Its conversation.
        conversation: ConversationId,
        /// Who gets no lighter work until it fits.
        agent: AgentIx,
        /// The room that is kept.
        earmark: Earmark,
    },
    /// The agent that was kept for a request could no longer take it, and there is no other.
    EarmarkLifted {
        /// The request.
        request: RequestId,
        /// Its conversation.
        conversation: ConversationId,
        /// Who is free of it.
        agent: AgentIx,
    },
    /// An agent left a conversation.
    ParticipantLeft {
        /// The conversation.
        conversation: ConversationId,
        /// Who.
        agent: AgentIx,
        /// How.
        leaving: Leaving,
        /// When its wrap-up ends; 0: none.
        wrap_up_until: Millis,
    },
    /// A conversation went inactive: its agent's hold goes down with it (ASYN-1, CAP-6).
    ConversationInactivated {
        /// The conversation.
        conversation: ConversationId,
        /// Who is in it.
        agent: AgentIx,
        /// By whom: that agent, or the rule of silence.
        by: Author,
        /// What the agent's hold is from now on.
        units: u32,
        /// When it ends by itself; 0: never.
        ends_at: Millis,
    },
    /// An inactive conversation goes on (ASYN-2).
    ConversationResumed {
        /// The conversation.
        conversation: ConversationId,
        /// With whom; none: an agent is asked for.
        agent: Option<AgentIx>,
        /// What the agent's hold is from now on; 0 without one.
        units: u32,
    },
    /// A conversation ended.
    ConversationEnded {
        /// The conversation.
        conversation: ConversationId,
        /// By whom.
        by: Author,
        /// Who was in it.
        participants: Agents,
        /// When their wrap-up ends; 0: none.
        wrap_up_until: Millis,
    },
    /// A supervisor moved a conversation to a queue: it has one more request, and this is how it is queued again from now on. What it had
    /// of requests and agents ends after this.
    ConversationMoved {
        /// The conversation.
        conversation: ConversationId,
        /// By whom.
        supervisor: Box<str>,
        /// The request, a NEW one.
        request: RequestId,
        /// How that is routed.
        routing: Arc<Routing>,
        /// Since when it counts as waiting.
        requested_at: Millis,
        /// The full queue that it was meant for, if it overflowed.
        overflowed_from: Option<QueueIx>,
    },
    /// An agent asks for help in a conversation.
    FlagRaised {
        /// The conversation.
        conversation: ConversationId,
        /// Who.
        agent: AgentIx,
        /// What help is wanted.
        reason: Box<str>,
    },
    /// An agent's flag was lowered. Where the agent is out it is down without this.
    FlagLowered {
        /// The conversation.
        conversation: ConversationId,
        /// Whose.
        agent: AgentIx,
        /// By whom.
        by: Author,
    },
    /// A wrap-up was made longer.
    WrapUpExtended {
        /// The conversation.
        conversation: ConversationId,
        /// Whose.
        agent: AgentIx,
        /// When it ends now.
        until: Millis,
    },
    /// A wrap-up is over.
    WrapUpEnded {
        /// The conversation.
        conversation: ConversationId,
        /// Whose.
        agent: AgentIx,
    },
    /// A message was posted.
    MessagePosted {
        /// The conversation.
        conversation: ConversationId,
        /// Its entry in the agents' log.
        number: u32,
        /// Its entry in the customer's log; 0 for a whisper.
        customer_number: u32,
        /// By whom.
        author: Author,
        /// What.
        text: Box<str>,
    },
    /// The keeper attached a record, or gave one of its records another title.
    RecordAttached {
        /// To which conversation.
        conversation: ConversationId,
        /// Who: the keeper.
        agent: AgentIx,
        /// What.
        record: Record,
    },
    /// The keeper removed a record.
    RecordRemoved {
        /// From which conversation.
        conversation: ConversationId,
        /// Who: the keeper.
        agent: AgentIx,
        /// Its type.
        record_type: Box<str>,
        /// Which of that type.
        id: Box<str>,
    },
    /// An agent that joined was given the records that it may see of those the keeper has; it has these and no others.
    RecordsGiven {
        /// In which conversation.
        conversation: ConversationId,
        /// To whom.
        agent: AgentIx,
        /// By type and id; none, where it may see none.
        records: Vec<Record>,
    },
}
