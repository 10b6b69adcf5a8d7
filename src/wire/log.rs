//! What an event says in a chat log (LOG-1, LOG-2). The rule is `engine::chat_log`'s; here it gets the API's words.

use super::{kinds, names::id_or_empty, v1};
use crate::engine::{chat_log, directory::names::Names, event::Event};

/// The entry that an event is, without its number and time, which the caller knows.
pub fn entry(event: &Event, names: &Names) -> Option<v1::LogEntry> {
    let entry = chat_log::entry(event)?;
    let (author, _, supervisor_id) = entry.author.as_ref().map(kinds::author).unwrap_or_default();
    Some(v1::LogEntry {
        kind: v1::LogEntryKind::from(entry.kind).into(),
        author: author.into(),
        supervisor_id,
        agent_id: id_or_empty(names, entry.agent),
        receiver_agent_id: id_or_empty(names, entry.receiver),
        text: entry.text.to_owned(),
        whisper: !entry.shown_to_customer,
        ..v1::LogEntry::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::samples;

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
