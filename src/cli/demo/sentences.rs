//! What comes on a stream, in words.

use crate::wire::v1::{
    Author, Invite, InviteOutcome, LogEntry, LogEntryKind, OpenSessionResponse, PresenceCause, RequestEnd,
    RequestKind, open_session_response::Notice,
};

/// What a notice says to an agent.
pub(super) fn notice(told: &OpenSessionResponse) -> Option<String> {
    Some(match told.notice.as_ref()? {
        Notice::Opened(it) => format!("session open, epoch {}", it.epoch),
        Notice::Invited(it) => invited(it),
        Notice::InviteEnded(it) => format!("invite {}: {}", it.invite_id, outcome(it.outcome())),
        Notice::Update(it) => format!("conversation {} {}", it.conversation_id, entry(it.entry.as_ref()?)),
        Notice::RequestEnded(it) => {
            format!("request {} came to nothing: {}", it.routing_request_id, why(it.why()))
        }
        Notice::InviteDeclined(it) if it.expired => {
            format!("{} did not answer (told to the requester alone)", it.agent_id)
        }
        Notice::InviteDeclined(it) => {
            format!("{} declined: {:?} (told to the requester alone)", it.agent_id, it.reason)
        }
        Notice::Presence(it) => {
            format!("presence is {}, set by {}", it.presence_status_id, cause(it.cause()))
        }
        Notice::History(it) => format!(
            "the customer of conversation {} had others before: {} to be seen, {} not",
            it.conversation_id, it.viewable_count, it.not_viewable_count
        ),
        Notice::RecordsGiven(it) => {
            format!("conversation {} comes with {} records", it.conversation_id, it.records.len())
        }
        Notice::Flag(it) => {
            let what = if it.raised { "raised" } else { "lowered" };
            format!("the flag of {} was {what} in conversation {}", it.agent_id, it.conversation_id)
        }
        Notice::WrapUp(it) if it.until_ms == 0 => {
            format!("wrap-up of conversation {} is over", it.conversation_id)
        }
        Notice::WrapUp(it) => match it.until_ms - told.at_ms {
            left_ms @ 1.. => {
                format!("wrap-up of conversation {} begins: {} s", it.conversation_id, left_ms / 1_000)
            }
            _ => format!("wrap-up of conversation {} begins", it.conversation_id),
        },
    })
}

fn invited(it: &Invite) -> String {
    let who = &it.requested_by_agent_id;
    let asked = match it.kind() {
        RequestKind::New => format!("a new {} from {}", it.channel_id, it.customer_id),
        RequestKind::Conference => {
            format!("{who} asks to join the {} with {}", it.channel_id, it.customer_id)
        }
        RequestKind::Transfer => {
            format!("{who} wants to hand over the {} with {}", it.channel_id, it.customer_id)
        }
        RequestKind::Unspecified => "?".into(),
    };
    format!("invite {}: {asked} (conversation {}, {})", it.invite_id, it.conversation_id, units(it.weight))
}

/// What an entry of a chat log says.
pub(super) fn entry(it: &LogEntry) -> String {
    let (number, agent) = (it.number, &it.agent_id);
    let says = match it.kind() {
        LogEntryKind::Message if it.whisper => format!("{agent} whispers: {}", it.text),
        LogEntryKind::Message => format!("{}: {}", author(it), it.text),
        LogEntryKind::AgentJoined => format!("{agent} joined"),
        LogEntryKind::AgentLeft => format!("{agent} left"),
        LogEntryKind::Transferred => format!("{agent} handed over to {}", it.receiver_agent_id),
        LogEntryKind::Ended => format!("ended by {}", author(it)),
        LogEntryKind::Unspecified => "?".into(),
    };
    format!("#{number} {says}")
}

fn author(it: &LogEntry) -> &str {
    match it.author() {
        Author::Agent => &it.agent_id,
        Author::Customer => "the customer",
        Author::Platform => "the platform",
        Author::Service => "the service",
        Author::Supervisor => &it.supervisor_id,
        Author::Unspecified => "nobody",
    }
}

fn outcome(it: InviteOutcome) -> &'static str {
    match it {
        InviteOutcome::Accepted => "ACCEPTED",
        InviteOutcome::Declined => "DECLINED",
        InviteOutcome::Expired => "EXPIRED, nobody answered in time",
        InviteOutcome::Rescinded => "RESCINDED, another agent was first",
        InviteOutcome::Revoked => "REVOKED, it was withdrawn",
        InviteOutcome::Unspecified => "?",
    }
}

fn why(it: RequestEnd) -> &'static str {
    match it {
        RequestEnd::NoAgentEligible => "NO_AGENT_ELIGIBLE",
        RequestEnd::AllDeclined => "ALL_DECLINED",
        RequestEnd::AllExpired => "ALL_EXPIRED",
        RequestEnd::Cancelled => "CANCELLED",
        RequestEnd::RequesterLeft => "REQUESTER_LEFT",
        RequestEnd::ConversationEnded => "CONVERSATION_ENDED",
        RequestEnd::NoAgentAvailable => "NO_AGENT_AVAILABLE",
        RequestEnd::Moved => "MOVED",
        RequestEnd::Unspecified => "?",
    }
}

fn cause(it: PresenceCause) -> &'static str {
    match it {
        PresenceCause::Agent => "the agent",
        PresenceCause::Decline => "a decline",
        PresenceCause::Expiry => "an expiry",
        PresenceCause::Supervisor => "a supervisor",
        PresenceCause::Unspecified => "?",
    }
}

/// Capacity units, counted.
pub(super) fn units(count: u32) -> String {
    if count == 1 { "1 unit".into() } else { format!("{count} units") }
}
