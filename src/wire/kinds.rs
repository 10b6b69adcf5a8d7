//! The choices of the API and of the journal beside the engine's own: one line a pair, in both directions.

use super::{stored_v1, v1};
use crate::engine::{chat_log, directory::spec, event, ids::AgentIx, query, routing};

/// A generated choice that stands for one of the engine's.
pub trait Known: TryFrom<i32> {
    /// The engine's type.
    type Meaning;

    /// What it stands for; `UNSPECIFIED`, and what only the API knows, for nothing.
    fn meaning(self) -> Option<Self::Meaning>;
}

/// What a number on the wire stands for; nothing for 0 and for numbers of a later release.
pub(super) fn known<P: Known>(number: i32) -> Option<P::Meaning> {
    P::try_from(number).ok().and_then(Known::meaning)
}

macro_rules! pairs {
    ($($generated:ty = $own:ty { $($choice:ident)* } $(without { $($only:ident)* })?;)*) => {$(
        impl From<$own> for $generated {
            fn from(own: $own) -> Self {
                match own { $(<$own>::$choice => Self::$choice,)* }
            }
        }

        impl Known for $generated {
            type Meaning = $own;

            fn meaning(self) -> Option<$own> {
                match self {
                    $(Self::$choice => Some(<$own>::$choice),)*
                    $($(Self::$only => None,)*)?
                    Self::Unspecified => None,
                }
            }
        }
    )*};
}

pairs! {
    v1::Console = event::Console { Lightning Classic };
    v1::RequestKind = event::RequestKind { New Conference Transfer };
    v1::RequestEnd = event::RequestEnd {
        NoAgentEligible AllDeclined AllExpired Cancelled RequesterLeft ConversationEnded NoAgentAvailable Moved
    };
    v1::InviteOutcome = event::InviteEnd { Declined Expired Rescinded Revoked } without { Accepted };
    v1::LogEntryKind = chat_log::EntryKind { Message AgentJoined AgentLeft Transferred Ended };
    v1::RoutingType = routing::RoutingType { OmniChannel ButtonSkills };
    v1::RoutingMode = routing::Mode { Single Broadcast Waves };
    v1::RoutingModel = spec::RoutingModel { LeastActive MostAvailable LongestIdle BestMatch Choice };
    v1::OnSessionLoss = spec::OnSessionLoss { Keep Requeue };
    v1::PresenceKind = spec::PresenceKind { Online Away Offline Draining };
    v1::ResourceKind = spec::ResourceKind { Skill Channel PresenceStatus CapacityProfile Queue Button Agent };
    v1::RoutingState = query::RoutingState { Offline Idle Engaged AtCapacity NotResponding Draining };

    stored_v1::Console = event::Console { Lightning Classic };
    stored_v1::RequestKind = event::RequestKind { New Conference Transfer };
    stored_v1::RequestEnd = event::RequestEnd {
        NoAgentEligible AllDeclined AllExpired Cancelled RequesterLeft ConversationEnded NoAgentAvailable Moved
    };
    stored_v1::InviteEnd = event::InviteEnd { Declined Expired Rescinded Revoked };
    stored_v1::RoutingType = routing::RoutingType { OmniChannel ButtonSkills };
    stored_v1::RoutingMode = routing::Mode { Single Broadcast Waves };
    stored_v1::RoutingModel = spec::RoutingModel { LeastActive MostAvailable LongestIdle BestMatch Choice };
    stored_v1::OnSessionLoss = spec::OnSessionLoss { Keep Requeue };
    stored_v1::PresenceKind = spec::PresenceKind { Online Away Offline Draining };
    stored_v1::ResourceKind =
        spec::ResourceKind { Skill Channel PresenceStatus CapacityProfile Queue Button Agent };
}

/// An author in three fields: the choice, which agent, which supervisor.
pub(super) fn author(author: &event::Author) -> (v1::Author, Option<AgentIx>, String) {
    let (choice, agent) = match author {
        event::Author::Customer => (v1::Author::Customer, None),
        event::Author::Agent(agent) => (v1::Author::Agent, Some(*agent)),
        event::Author::Platform => (v1::Author::Platform, None),
        event::Author::Service => (v1::Author::Service, None),
        event::Author::Supervisor(who) => return (v1::Author::Supervisor, None, who.to_string()),
    };
    (choice, agent, String::new())
}

/// Who set a presence in two fields: the choice, and which supervisor.
pub(super) fn presence_cause(cause: &event::PresenceCause) -> (v1::PresenceCause, String) {
    let choice = match cause {
        event::PresenceCause::Agent => v1::PresenceCause::Agent,
        event::PresenceCause::Decline => v1::PresenceCause::Decline,
        event::PresenceCause::Expiry => v1::PresenceCause::Expiry,
        event::PresenceCause::Supervisor(who) => return (v1::PresenceCause::Supervisor, who.to_string()),
    };
    (choice, String::new())
}
