//! What a command answers.

use serde::{Deserialize, Serialize};

use crate::engine::{
    directory::spec::Change,
    event::Event,
    ids::{AgentIx, ConversationId, Epoch, Millis, RequestId},
};

/// The answer to a command that was carried out. Small, for it is remembered (API-1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reply {
    /// It was done.
    Done,
    /// The directory is as asked.
    DirectoryApplied {
        /// Resources that were not there.
        created: u32,
        /// Resources that are other than they were.
        changed: u32,
        /// Resources that are no longer there.
        removed: u32,
    },
    /// The session is open.
    SessionOpened {
        /// Whose.
        agent: AgentIx,
        /// Its epoch.
        epoch: Epoch,
        /// Whether it was there before.
        resumed: bool,
    },
    /// The conversation was created.
    ConversationCreated {
        /// Its number.
        conversation: ConversationId,
        /// The request for its first agent.
        request: RequestId,
    },
    /// The request is open.
    RequestOpened {
        /// Its number.
        request: RequestId,
    },
    /// The acceptance won.
    InviteAccepted {
        /// Where the agent is now.
        conversation: ConversationId,
    },
    /// The wrap-up is longer.
    WrapUpExtended {
        /// When it ends now.
        until: Millis,
    },
    /// The message was posted.
    MessagePosted {
        /// Its entry in the log of its author.
        number: u32,
    },
}

impl Reply {
    /// The answer of the command whose first event this is: one rule, for the first answer and for every repeat.
    pub fn of(first: &Event) -> Self {
        match first {
            Event::DirectoryChanged { changes } => directory_applied(changes),
            Event::SessionStarted { agent, epoch, .. } => {
                Self::SessionOpened { agent: *agent, epoch: *epoch, resumed: false }
            }
            Event::SessionResumed { agent, epoch, .. } => {
                Self::SessionOpened { agent: *agent, epoch: *epoch, resumed: true }
            }
            Event::ConversationCreated { conversation, request, .. } => {
                Self::ConversationCreated { conversation: *conversation, request: *request }
            }
            Event::RequestOpened { request, .. } | Event::ConversationMoved { request, .. } => {
                Self::RequestOpened { request: *request }
            }
            Event::InviteAccepted { conversation, .. } => {
                Self::InviteAccepted { conversation: *conversation }
            }
            Event::WrapUpExtended { until, .. } => Self::WrapUpExtended { until: *until },
            Event::MessagePosted { number, customer_number, author, .. } => Self::MessagePosted {
                number: if *author == crate::engine::event::Author::Customer {
                    *customer_number
                } else {
                    *number
                },
            },
            Event::SessionDropped { .. }
            | Event::SessionEnded { .. }
            | Event::PresenceSet { .. }
            | Event::InvitesSent { .. }
            | Event::InvitesEnded { .. }
            | Event::RequestEnded { .. }
            | Event::RoundStarted { .. }
            | Event::WavesEnded { .. }
            | Event::AgentEarmarked { .. }
            | Event::EarmarkLifted { .. }
            | Event::ParticipantLeft { .. }
            | Event::ConversationEnded { .. }
            | Event::FlagRaised { .. }
            | Event::FlagLowered { .. }
            | Event::WrapUpEnded { .. }
            | Event::RecordAttached { .. }
            | Event::RecordRemoved { .. }
            | Event::RecordsGiven { .. } => Self::Done,
        }
    }
}

fn directory_applied(changes: &[Change]) -> Reply {
    let mut counts = [0; 3];
    for change in changes {
        counts[match change {
            Change::Create(_) => 0,
            Change::Replace(_) => 1,
            Change::Remove(..) => 2,
        }] += 1;
    }
    Reply::DirectoryApplied { created: counts[0], changed: counts[1], removed: counts[2] }
}
