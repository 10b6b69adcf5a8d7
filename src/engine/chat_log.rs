//! Which events are entries of a conversation's chat log, and which of those its customer sees (LOG-1, LOG-2). The engine counts by
//! it, the read model writes by it.

use crate::engine::{event::Event, ids::ConversationId};

/// An entry of a chat log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// In which conversation.
    pub conversation: ConversationId,
    /// Whether the customer sees it too.
    pub shown_to_customer: bool,
}

/// The entry that an event is, if it is one.
pub fn entry(event: &Event) -> Option<Entry> {
    let (conversation, shown_to_customer) = match event {
        Event::InviteAccepted { conversation, .. }
        | Event::ParticipantLeft { conversation, .. }
        | Event::ConversationEnded { conversation, .. } => (*conversation, true),
        Event::MessagePosted { conversation, customer_number, .. } => (*conversation, *customer_number != 0),
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
        | Event::WrapUpExtended { .. }
        | Event::WrapUpEnded { .. } => return None,
    };
    Some(Entry { conversation, shown_to_customer })
}
