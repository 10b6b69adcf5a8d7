//! What the logbook says, in the words of the API.

use crate::{
    engine::ids::ConversationId,
    views::logbook::line::{Line, LineAuthor, Record},
    wire::{names::time, v1},
};

pub(super) fn entry(line: Line) -> v1::LogEntry {
    let author = match line.author {
        None => v1::Author::Unspecified,
        Some(LineAuthor::Customer) => v1::Author::Customer,
        Some(LineAuthor::Agent) => v1::Author::Agent,
        Some(LineAuthor::Platform) => v1::Author::Platform,
        Some(LineAuthor::Service) => v1::Author::Service,
        Some(LineAuthor::Supervisor) => v1::Author::Supervisor,
    };
    v1::LogEntry {
        number: line.number,
        at_ms: time(line.at),
        kind: v1::LogEntryKind::from(line.kind).into(),
        author: author.into(),
        agent_id: line.agent,
        receiver_agent_id: line.receiver,
        text: line.text,
        whisper: line.whisper,
        supervisor_id: line.supervisor,
    }
}

/// A conversation that has ended: nobody is in it, nothing is asked.
pub(super) fn ended(id: ConversationId, record: Record) -> v1::Conversation {
    v1::Conversation {
        conversation_id: id.0,
        state: v1::ConversationState::Ended.into(),
        channel_id: record.channel,
        customer_id: record.customer,
        routing_type: v1::RoutingType::from(record.routing_type).into(),
        created_at_ms: time(record.created_at),
        ended_at_ms: record.ended_at.map_or(0, time),
        participants: Vec::new(),
        requests: Vec::new(),
        log_entries: record.entries,
        inactive_since_ms: 0,
        inactive_ends_at_ms: 0,
    }
}
