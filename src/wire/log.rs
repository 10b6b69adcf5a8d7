//! What an event says in a chat log (LOG-1, LOG-2). Which events are entries at all is `engine::chat_log`'s rule; a test keeps the two
//! together.

use super::{
    kinds,
    names::{id_of, id_or_empty},
    v1,
};
use crate::engine::{
    directory::names::Names,
    event::{Author, Event},
};

/// The entry that an event is, without its number and time, which the caller knows.
pub fn entry(event: &Event, names: &Names) -> Option<v1::LogEntry> {
    match event {
        Event::InviteAccepted { agent, giver: None, .. } => Some(v1::LogEntry {
            kind: v1::LogEntryKind::AgentJoined.into(),
            agent_id: id_of(names, *agent),
            ..v1::LogEntry::default()
        }),
        Event::InviteAccepted { agent, giver: Some(giver), .. } => Some(v1::LogEntry {
            kind: v1::LogEntryKind::Transferred.into(),
            agent_id: id_of(names, *giver),
            receiver_agent_id: id_of(names, *agent),
            ..v1::LogEntry::default()
        }),
        Event::ParticipantLeft { agent, .. } => Some(v1::LogEntry {
            kind: v1::LogEntryKind::AgentLeft.into(),
            agent_id: id_of(names, *agent),
            ..v1::LogEntry::default()
        }),
        Event::ConversationEnded { by, .. } => Some(authored(v1::LogEntryKind::Ended, *by, names)),
        Event::MessagePosted { customer_number, author, text, .. } => Some(v1::LogEntry {
            text: text.to_string(),
            whisper: *customer_number == 0,
            ..authored(v1::LogEntryKind::Message, *author, names)
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
        | Event::WrapUpExtended { .. }
        | Event::WrapUpEnded { .. } => None,
    }
}

fn authored(kind: v1::LogEntryKind, author: Author, names: &Names) -> v1::LogEntry {
    let (author, agent) = kinds::author(author);
    v1::LogEntry {
        kind: kind.into(),
        author: author.into(),
        agent_id: id_or_empty(names, agent),
        ..v1::LogEntry::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{engine::chat_log, wire::samples};

    #[test]
    fn what_has_an_entry_here_is_an_entry_to_the_engine() {
        let names = samples::names();
        for event in samples::events() {
            let (shown, counted) = (entry(&event, &names), chat_log::entry(&event));
            assert_eq!(shown.is_some(), counted.is_some(), "{event:?}");
            if let (Some(shown), Some(counted)) = (shown, counted) {
                assert_eq!(shown.whisper, !counted.shown_to_customer, "{event:?}");
                assert_ne!(shown.kind, 0);
            }
        }
    }

    #[test]
    fn a_transfer_names_who_gave_and_who_received() {
        let accepted = samples::events().into_iter().find(|it| matches!(it, Event::InviteAccepted { .. }));
        let entry = entry(&accepted.expect("there is one"), &samples::names()).expect("it is an entry");
        assert_eq!(entry.kind(), v1::LogEntryKind::Transferred);
        assert_eq!((&*entry.agent_id, &*entry.receiver_agent_id), ("anna", "bert"));
    }
}
