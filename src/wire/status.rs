//! The one place that says which gRPC status a refusal is (API-2, API-3), with what a program reads and what a person should do next.

use std::time::Duration;

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

use super::{check::Check, v1};
use crate::engine::{directory::check::Remark, limits, rejection::Rejection};

/// The domain of every `google.rpc.ErrorInfo`.
pub const DOMAIN: &str = "omniroute";

/// When to try again while the service starts or stops: about what a restart takes.
const RESTART: Duration = Duration::from_secs(1);

/// The status that a call of its own would have had.
impl From<v1::Refusal> for Status {
    fn from(it: v1::Refusal) -> Self {
        Self::with_details(Code::from_i32(it.code), it.message, it.status.into())
    }
}

/// The name of a reason as an `ErrorInfo` carries it, and as metrics count it: without the prefix.
pub fn name(reason: v1::Reason) -> &'static str {
    let name = reason.as_str_name();
    name.strip_prefix("REASON_").unwrap_or(name)
}

/// The published reason of a refusal.
pub fn reason(rejection: &Rejection) -> v1::Reason {
    match rejection {
        Rejection::OrgNotFound => v1::Reason::OrgNotFound,
        Rejection::DirectoryInvalid(_) => v1::Reason::DirectoryInvalid,
        Rejection::RequestIdReused => v1::Reason::RequestIdReused,
        Rejection::AgentNotFound => v1::Reason::AgentNotFound,
        Rejection::ChannelNotFound => v1::Reason::ChannelNotFound,
        Rejection::PresenceStatusNotFound => v1::Reason::PresenceStatusNotFound,
        Rejection::SkillNotFound => v1::Reason::SkillNotFound,
        Rejection::QueueNotFound => v1::Reason::QueueNotFound,
        Rejection::ButtonNotFound => v1::Reason::ButtonNotFound,
        Rejection::ResourceNotFound => v1::Reason::ResourceNotFound,
        Rejection::SessionNotOpen => v1::Reason::SessionNotOpen,
        Rejection::SessionFenced => v1::Reason::SessionFenced,
        Rejection::ConversationNotFound => v1::Reason::ConversationNotFound,
        Rejection::ConversationEnded => v1::Reason::ConversationEnded,
        Rejection::NotAParticipant => v1::Reason::NotAParticipant,
        Rejection::NotTheKeeper => v1::Reason::NotTheKeeper,
        Rejection::RecordNotFound => v1::Reason::RecordNotFound,
        Rejection::ConversationInactive => v1::Reason::ConversationInactive,
        Rejection::InviteNotFound => v1::Reason::InviteNotFound,
        Rejection::InviteAccepted => v1::Reason::InviteAccepted,
        Rejection::InviteDeclined => v1::Reason::InviteDeclined,
        Rejection::InviteExpired => v1::Reason::InviteExpired,
        Rejection::InviteRescinded => v1::Reason::InviteRescinded,
        Rejection::InviteRevoked => v1::Reason::InviteRevoked,
        Rejection::RequestNotFound => v1::Reason::RequestNotFound,
        Rejection::RequestClosed => v1::Reason::RequestClosed,
        Rejection::NotTheRequester => v1::Reason::NotTheRequester,
        Rejection::NotAsynchronous => v1::Reason::NotAsynchronous,
        Rejection::ConferenceNotAllowed => v1::Reason::ConferenceNotAllowed,
        Rejection::ConsoleNotSupported => v1::Reason::ConsoleNotSupported,
        Rejection::AlreadyAParticipant => v1::Reason::AlreadyAParticipant,
        Rejection::ParticipantsFull => v1::Reason::ParticipantsFull,
        Rejection::ConferenceButtonSkillsNotTransferable => v1::Reason::ConferenceButtonSkillsNotTransferable,
        Rejection::TransferOpen => v1::Reason::TransferOpen,
        Rejection::ConferenceOpen => v1::Reason::ConferenceOpen,
        Rejection::RequestsFull => v1::Reason::RequestsFull,
        Rejection::QueueFull => v1::Reason::QueueFull,
        Rejection::LastAgentMustEnd => v1::Reason::LastAgentMustEnd,
        Rejection::ConferenceInProgress => v1::Reason::ConferenceInProgress,
        Rejection::NoWrapUp => v1::Reason::NoWrapUp,
        Rejection::RecordsFull => v1::Reason::RecordsFull,
        Rejection::AgentNotEligible => v1::Reason::AgentNotEligible,
        Rejection::AgentAtCapacity => v1::Reason::AgentAtCapacity,
        Rejection::ConversationsFull => v1::Reason::ConversationsFull,
        Rejection::OrgsFull => v1::Reason::OrgsFull,
    }
}

fn code(reason: v1::Reason) -> Code {
    match reason {
        v1::Reason::ShuttingDown | v1::Reason::Starting => Code::Unavailable,
        v1::Reason::TokenInvalid | v1::Reason::TokenExpired => Code::Unauthenticated,
        v1::Reason::PermissionDenied => Code::PermissionDenied,
        v1::Reason::Overloaded | v1::Reason::QueueFull => Code::ResourceExhausted,
        v1::Reason::InvalidFields | v1::Reason::DirectoryInvalid => Code::InvalidArgument,
        v1::Reason::OrgNotFound
        | v1::Reason::AgentNotFound
        | v1::Reason::ChannelNotFound
        | v1::Reason::PresenceStatusNotFound
        | v1::Reason::SkillNotFound
        | v1::Reason::QueueNotFound
        | v1::Reason::ButtonNotFound
        | v1::Reason::ResourceNotFound
        | v1::Reason::ConversationNotFound
        | v1::Reason::RecordNotFound
        | v1::Reason::InviteNotFound
        | v1::Reason::RequestNotFound => Code::NotFound,
        v1::Reason::Unspecified
        | v1::Reason::RequestIdReused
        | v1::Reason::SessionNotOpen
        | v1::Reason::SessionFenced
        | v1::Reason::ConversationEnded
        | v1::Reason::NotAParticipant
        | v1::Reason::NotTheKeeper
        | v1::Reason::ConversationInactive
        | v1::Reason::InviteAccepted
        | v1::Reason::InviteDeclined
        | v1::Reason::InviteExpired
        | v1::Reason::InviteRescinded
        | v1::Reason::InviteRevoked
        | v1::Reason::RequestClosed
        | v1::Reason::NotTheRequester
        | v1::Reason::NotAsynchronous
        | v1::Reason::ConferenceNotAllowed
        | v1::Reason::ConsoleNotSupported
        | v1::Reason::AlreadyAParticipant
        | v1::Reason::ParticipantsFull
        | v1::Reason::ConferenceButtonSkillsNotTransferable
        | v1::Reason::TransferOpen
        | v1::Reason::ConferenceOpen
        | v1::Reason::RequestsFull
        | v1::Reason::LastAgentMustEnd
        | v1::Reason::ConferenceInProgress
        | v1::Reason::NoWrapUp
        | v1::Reason::RecordsFull
        | v1::Reason::AgentNotEligible
        | v1::Reason::AgentAtCapacity
        | v1::Reason::ConversationsFull
        | v1::Reason::OrgsFull => Code::FailedPrecondition,
    }
}

/// What a person who reads the error should know and do.
fn message(reason: v1::Reason) -> &'static str {
    match reason {
        v1::Reason::Unspecified => "refused",
        v1::Reason::ShuttingDown => "the service is shutting down; connect again and repeat the call",
        v1::Reason::Starting => "the service is starting; repeat the call after the stated delay",
        v1::Reason::Overloaded => {
            "no room for this call now, nothing was done; repeat it after the stated delay"
        }
        v1::Reason::InvalidFields => "fields are not as they must be; correct them and call again",
        v1::Reason::OrgNotFound => "the org has no directory; call ApplyDirectory for it first",
        v1::Reason::DirectoryInvalid => "the directory would be wrong; correct every place that is named",
        v1::Reason::RequestIdReused => {
            "the request_id belongs to an earlier call of another kind; give each call one of its own"
        }
        v1::Reason::AgentNotFound => "the agent is not in the directory; put it there or correct the id",
        v1::Reason::ChannelNotFound => "the channel is not in the directory; put it there or correct the id",
        v1::Reason::PresenceStatusNotFound => {
            "the presence status is not in the directory; put it there or correct the id"
        }
        v1::Reason::SkillNotFound => "the skill is not in the directory; put it there or correct the id",
        v1::Reason::QueueNotFound => "the queue is not in the directory; put it there or correct the id",
        v1::Reason::ButtonNotFound => "the button is not in the directory; put it there or correct the id",
        v1::Reason::ResourceNotFound => "the directory has no such resource; check its kind and its id",
        v1::Reason::SessionNotOpen => {
            "the agent has no session; call OpenSession and use the epoch it answers"
        }
        v1::Reason::SessionFenced => {
            "a newer session of this agent has taken over; go on there, or open a new one"
        }
        v1::Reason::ConversationNotFound => "no such conversation, or none of the caller's; check the id",
        v1::Reason::ConversationEnded => "the conversation has ended; nothing is left to do in it",
        v1::Reason::NotAParticipant => "the agent is not in this conversation; only participants may do this",
        v1::Reason::NotTheKeeper => {
            "another agent keeps this conversation: the one in it longest; only that one may do this"
        }
        v1::Reason::RecordNotFound => "the keeper has no such record; check its type and its id",
        v1::Reason::ConversationInactive => {
            "the conversation is inactive; it goes on when its customer writes, or its agent writes to the customer"
        }
        v1::Reason::InviteNotFound => {
            "the agent has, and as far as is remembered had, no invite with this id; check the id"
        }
        v1::Reason::InviteAccepted => {
            "the invite was accepted already, by another call; nothing is left to do"
        }
        v1::Reason::InviteDeclined => "the invite was declined; wait for the next one",
        v1::Reason::InviteExpired => "the invite was not answered in time; wait for the next one",
        v1::Reason::InviteRescinded => "another agent accepted first; wait for the next invite",
        v1::Reason::InviteRevoked => "the invite was withdrawn; wait for the next one",
        v1::Reason::RequestNotFound => "no such routing request, or none of the caller's; check the id",
        v1::Reason::RequestClosed => "the routing request is over; make a new one if it is still wanted",
        v1::Reason::NotTheRequester => {
            "another agent made this routing request; only that one can withdraw it"
        }
        v1::Reason::NotAsynchronous => {
            "the channel is not asynchronous; end the conversation, or change the channel"
        }
        v1::Reason::ConferenceNotAllowed => {
            "the channel does not allow conferences; transfer, or change the channel"
        }
        v1::Reason::ConsoleNotSupported => {
            "where routing is by Omni-Channel, a conference needs LIGHTNING consoles, the requester's and the invited's"
        }
        v1::Reason::AlreadyAParticipant => "the agent is in this conversation already; ask another one",
        v1::Reason::ParticipantsFull => {
            "the conversation has as many agents, and requests for them, as its channel allows; cancel a request or leave"
        }
        v1::Reason::ConferenceButtonSkillsNotTransferable => {
            "a conference that came in by button skills cannot be transferred; leave it to one agent first"
        }
        v1::Reason::TransferOpen => "the conversation has an open transfer; wait for its end or cancel it",
        v1::Reason::ConferenceOpen => {
            "the conversation has an open conference request; wait for its end or cancel it"
        }
        v1::Reason::RequestsFull => {
            "the conversation has as many open requests as it may have; wait for one to end or cancel it"
        }
        v1::Reason::QueueFull => {
            "as many wait in the queue as may, and it has no overflow; repeat the call after the stated delay"
        }
        v1::Reason::LastAgentMustEnd => "the last agent cannot leave; end the conversation, or transfer it",
        v1::Reason::ConferenceInProgress => {
            "other agents are in the conversation; leave it, or let the platform end it"
        }
        v1::Reason::NoWrapUp => "the agent has no wrap-up in this conversation; nothing is left to do",
        v1::Reason::RecordsFull => {
            "the keeper has as many records in this conversation as it may have; remove one first"
        }
        v1::Reason::AgentNotEligible => {
            "the agent cannot be given this; ExplainConversation and ExplainAgent say what is in the way"
        }
        v1::Reason::AgentAtCapacity => "the agent has no room for this now; finish other work first",
        v1::Reason::OrgsFull => "the service hosts as many orgs as it may; use another instance",
        v1::Reason::ConversationsFull => {
            "the org has as many live conversations as the service allows; end some, then repeat"
        }
        v1::Reason::TokenInvalid => "the call needs a token that counts",
        v1::Reason::TokenExpired => "the token has expired; get a new one and call again",
        v1::Reason::PermissionDenied => "the token's role, org or name does not allow this call",
    }
}

fn status(reason: v1::Reason, mut details: ErrorDetails) -> Status {
    details.set_error_info(name(reason), DOMAIN, []);
    Status::with_error_details(code(reason), message(reason), details)
}

/// The status of a refusal.
pub fn refusal(rejection: &Rejection) -> Status {
    let mut details = ErrorDetails::new();
    if let Rejection::DirectoryInvalid(remarks) = rejection {
        // The check keeps the report within what a header can carry.
        let mut report = Check::new();
        for Remark { path, text } in remarks {
            if path.starts_with("resource") {
                report.say(path, text);
            } else {
                report.within("directory", |report| report.say(path, text));
            }
        }
        report.report_to(&mut details);
    }
    if *rejection == Rejection::QueueFull {
        details.set_retry_info(Some(Duration::from_millis(limits::QUEUE_FULL_RETRY_MS)));
    }
    status(reason(rejection), details)
}

/// No room in the mailbox now.
pub fn overloaded(retry_after: Duration) -> Status {
    status(v1::Reason::Overloaded, ErrorDetails::with_retry_info(Some(retry_after)))
}

/// The service takes no more calls, or no more new work.
pub fn shutting_down() -> Status {
    status(v1::Reason::ShuttingDown, ErrorDetails::with_retry_info(Some(RESTART)))
}

/// The service takes no calls yet.
pub fn starting() -> Status {
    status(v1::Reason::Starting, ErrorDetails::with_retry_info(Some(RESTART)))
}

/// What came is no message of this call, or larger than it may be.
pub fn undecodable() -> Status {
    let mut details = ErrorDetails::new();
    details.set_error_info(name(v1::Reason::InvalidFields), DOMAIN, []);
    let message =
        "the message cannot be decoded, or is larger than this call takes; send what the proto says";
    Status::with_error_details(Code::InvalidArgument, message, details)
}

/// There is no token, or none that counts.
pub fn token_invalid(why: &str) -> Status {
    let mut details = ErrorDetails::new();
    details.set_error_info(name(v1::Reason::TokenInvalid), DOMAIN, []);
    Status::with_error_details(Code::Unauthenticated, why, details)
}

/// The token has expired.
pub fn token_expired() -> Status {
    status(v1::Reason::TokenExpired, ErrorDetails::new())
}

/// The token does not allow it. It is the same whatever there is to be found.
pub fn permission_denied() -> Status {
    status(v1::Reason::PermissionDenied, ErrorDetails::new())
}

/// No directory was ever applied for the org.
pub fn org_not_found() -> Status {
    refusal(&Rejection::OrgNotFound)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One of each, in the order of the enum.
    fn every_rejection() -> Vec<Rejection> {
        use Rejection as R;
        vec![
            R::OrgNotFound,
            R::RequestIdReused,
            R::DirectoryInvalid(vec![Remark { path: "agents[0].id".into(), text: "is wrong".into() }]),
            R::AgentNotFound,
            R::ChannelNotFound,
            R::PresenceStatusNotFound,
            R::SkillNotFound,
            R::QueueNotFound,
            R::ButtonNotFound,
            R::ResourceNotFound,
            R::SessionNotOpen,
            R::SessionFenced,
            R::ConversationNotFound,
            R::ConversationEnded,
            R::NotAParticipant,
            R::NotTheKeeper,
            R::RecordNotFound,
            R::ConversationInactive,
            R::InviteNotFound,
            R::InviteAccepted,
            R::InviteDeclined,
            R::InviteExpired,
            R::InviteRescinded,
            R::InviteRevoked,
            R::RequestNotFound,
            R::RequestClosed,
            R::NotTheRequester,
            R::NotAsynchronous,
            R::ConferenceNotAllowed,
            R::ConsoleNotSupported,
            R::AlreadyAParticipant,
            R::ParticipantsFull,
            R::ConferenceButtonSkillsNotTransferable,
            R::TransferOpen,
            R::ConferenceOpen,
            R::RequestsFull,
            R::QueueFull,
            R::LastAgentMustEnd,
            R::ConferenceInProgress,
            R::NoWrapUp,
            R::RecordsFull,
            R::AgentNotEligible,
            R::AgentAtCapacity,
            R::ConversationsFull,
            R::OrgsFull,
        ]
    }

    /// The variants as the source has them, so that a new one cannot be forgotten here.
    fn variants_in_the_source() -> Vec<&'static str> {
        let (_, body) =
            include_str!("../engine/rejection.rs").split_once("pub enum Rejection {").expect("the enum");
        body.lines()
            .map_while(|line| (!line.starts_with('}')).then(|| line.trim()))
            .filter(|line| line.starts_with(|first: char| first.is_ascii_uppercase()))
            .map(|line| line.split(['(', ',']).next().unwrap_or(line))
            .collect()
    }

    fn reason_in(status: &Status) -> String {
        status.get_error_details().error_info().map(|it| it.reason.clone()).unwrap_or_default()
    }

    #[test]
    fn the_numbers_of_the_reasons_are_the_order_of_the_rejections() {
        let rejections = every_rejection();
        let named: Vec<String> = rejections
            .iter()
            .map(|it| format!("{it:?}").split('(').next().unwrap_or_default().to_owned())
            .collect();
        assert_eq!(named, variants_in_the_source());
        let numbers: Vec<i32> = rejections.iter().map(|it| reason(it) as i32).collect();
        assert!(numbers.is_sorted_by(|a, b| a < b), "{numbers:?}");
    }

    #[test]
    fn every_published_reason_is_given_by_something() {
        let mut given: Vec<String> = every_rejection().iter().map(|it| reason_in(&refusal(it))).collect();
        given.push(reason_in(&overloaded(Duration::from_millis(5))));
        given.push(reason_in(&shutting_down()));
        given.push(reason_in(&starting()));
        given.extend([token_invalid("none"), token_expired(), permission_denied()].iter().map(reason_in));
        let mut check = Check::new();
        check.say("field", "is wrong");
        given.push(reason_in(&check.into_status()));
        let mut published: Vec<&str> =
            (1..=1_000).filter_map(|it| v1::Reason::try_from(it).ok()).map(name).collect();
        given.sort_unstable();
        published.sort_unstable();
        assert_eq!(given, published);
    }

    #[test]
    fn what_is_not_found_is_not_found_and_all_refusals_say_what_to_do() {
        for rejection in every_rejection() {
            let status = refusal(&rejection);
            let is_not_found = reason_in(&status).ends_with("_NOT_FOUND");
            assert_eq!(status.code() == Code::NotFound, is_not_found, "{rejection:?}");
            assert!(!status.message().is_empty());
            assert_eq!(
                status.get_error_details().error_info().map(|it| it.domain.clone()),
                Some(DOMAIN.into())
            );
        }
    }

    #[test]
    fn a_wrong_directory_names_every_mistake_by_its_path() {
        let remark = |path: &str| Remark { path: path.into(), text: "is wrong".into() };
        let status =
            refusal(&Rejection::DirectoryInvalid(vec![remark("agents[3].id"), remark("resource.id")]));
        assert_eq!(status.code(), Code::InvalidArgument);
        let details = status.get_error_details();
        let fields: Vec<&str> = details
            .bad_request()
            .map(|it| it.field_violations.iter().map(|it| &*it.field).collect())
            .unwrap_or_default();
        assert_eq!(fields, ["directory.agents[3].id", "resource.id"]);
    }

    #[test]
    fn overload_says_when_to_come_back() {
        let status = overloaded(Duration::from_millis(20));
        assert_eq!(status.code(), Code::ResourceExhausted);
        let delay = status.get_error_details().retry_info().and_then(|it| it.retry_delay);
        assert_eq!(delay, Some(Duration::from_millis(20)));
    }
}
