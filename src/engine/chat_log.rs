//! Which events are entries of a conversation's chat log, what they say there, and which of them its customer sees (LOG-1, LOG-2). The
//! engine counts by it, the read model writes by it, notices are made by it.

use crate::engine::{
    event::{Author, Event, Leaving},
    ids::{AgentIx, ConversationId},
};

/// What an entry says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// Somebody wrote.
    Message,
    /// An agent came in.
    AgentJoined,
    /// An agent left.
    AgentLeft,
    /// An agent handed over to another.
    Transferred,
    /// The conversation ended.
    Ended,
}

/// An entry of a chat log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry<'a> {
    /// In which conversation.
    pub conversation: ConversationId,
    /// What it says.
    pub kind: EntryKind,
    /// Whether the customer sees it too.
    pub shown_to_customer: bool,
    /// Who wrote or ended; of what a supervisor brought about, which one.
    pub author: Option<Author>,
    /// The agent it is about: who wrote, joined, left, handed over or ended.
    pub agent: Option<AgentIx>,
    /// Who received a transfer.
    pub receiver: Option<AgentIx>,
    /// The text of a message.
    pub text: &'a str,
}

/// The entry that an event is, if it is one.
pub fn entry(event: &Event) -> Option<Entry<'_>> {
    let says = |conversation: &ConversationId, kind, agent| Entry {
        conversation: *conversation,
        kind,
        shown_to_customer: true,
        author: None,
        agent,
        receiver: None,
        text: "",
    };
    match event {
        Event::InviteAccepted { conversation, agent, giver, supervisor, .. } => {
            let author = supervisor.clone().map(Author::Supervisor);
            Some(match giver {
                None => Entry { author, ..says(conversation, EntryKind::AgentJoined, Some(*agent)) },
                Some(giver) => Entry {
                    author,
                    receiver: Some(*agent),
                    ..says(conversation, EntryKind::Transferred, Some(*giver))
                },
            })
        }
        Event::ParticipantLeft { conversation, agent, leaving, .. } => {
            let author = match leaving {
                Leaving::Moved(who) => Some(Author::Supervisor(who.clone())),
                Leaving::Asked | Leaving::SessionLost => None,
            };
            Some(Entry { author, ..says(conversation, EntryKind::AgentLeft, Some(*agent)) })
        }
        Event::ConversationEnded { conversation, by, .. } => {
            Some(Entry { author: Some(by.clone()), ..says(conversation, EntryKind::Ended, agent_of(by)) })
        }
        Event::MessagePosted { conversation, customer_number, author, text, .. } => Some(Entry {
            shown_to_customer: *customer_number != 0,
            author: Some(author.clone()),
            text,
            ..says(conversation, EntryKind::Message, agent_of(author))
        }),
        Event::DirectoryChanged { .. }
        | Event::SessionStarted { .. }
        | Event::SessionResumed { .. }
        | Event::SessionDropped { .. }
        | Event::SessionEnded { .. }
        | Event::PresenceSet { .. }
        | Event::ConversationCreated { .. }
        | Event::RequestOpened { .. }
        | Event::InvitesSent { .. }
        | Event::InvitesEnded { .. }
        | Event::RequestEnded { .. }
        | Event::RoundStarted { .. }
        | Event::WavesEnded { .. }
        | Event::AgentEarmarked { .. }
        | Event::EarmarkLifted { .. }
        | Event::ConversationMoved { .. }
        | Event::FlagRaised { .. }
        | Event::FlagLowered { .. }
        | Event::WrapUpExtended { .. }
        | Event::WrapUpEnded { .. }
        | Event::RecordAttached { .. }
        | Event::RecordRemoved { .. }
        | Event::RecordsGiven { .. } => None,
    }
}

fn agent_of(author: &Author) -> Option<AgentIx> {
    match author {
        Author::Agent(agent) => Some(*agent),
        Author::Customer | Author::Platform | Author::Service | Author::Supervisor(_) => None,
    }
}
