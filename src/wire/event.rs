//! Events as watchers see them.

use super::{
    directory::shown_changes,
    kinds,
    names::{count, id_of, id_or_empty, ids_of, time},
    records, routing, v1,
};
use crate::engine::{
    directory::names::Names,
    event::{Event, Leaving},
    ids::Millis,
};

pub use super::filter::{concerns, filters};
use v1::event as shown;

/// An event at its position. `names` knows every id of it: they are interned before the event is told.
pub fn event(position: u64, at: Millis, event: &Event, names: &Names) -> v1::Event {
    v1::Event { position, at_ms: time(at), event: Some(what(event, names)) }
}

#[expect(clippy::too_many_lines, reason = "a table: one entry an event")]
fn what(event: &Event, names: &Names) -> shown::Event {
    match event {
        Event::DirectoryChanged { changes } => shown::Event::DirectoryChanged(shown::DirectoryChanged {
            change_count: count(changes.len()),
            changes: shown_changes(changes),
        }),
        Event::SessionStarted { agent, epoch, console } => {
            shown::Event::SessionStarted(shown::SessionStarted {
                agent_id: id_of(names, *agent),
                epoch: epoch.0,
                console: v1::Console::from(*console).into(),
            })
        }
        Event::SessionResumed { agent, epoch } => shown::Event::SessionResumed(shown::SessionResumed {
            agent_id: id_of(names, *agent),
            epoch: epoch.0,
        }),
        Event::SessionDropped { agent, epoch, lease_until } => {
            shown::Event::SessionDropped(shown::SessionDropped {
                agent_id: id_of(names, *agent),
                epoch: epoch.0,
                lease_until_ms: time(*lease_until),
            })
        }
        Event::SessionEnded { agent, epoch } => {
            shown::Event::SessionEnded(shown::SessionEnded { agent_id: id_of(names, *agent), epoch: epoch.0 })
        }
        Event::PresenceSet { agent, status, cause } => {
            let (cause, supervisor_id) = kinds::presence_cause(cause);
            shown::Event::PresenceSet(shown::PresenceSet {
                agent_id: id_of(names, *agent),
                presence_status_id: id_of(names, *status),
                cause: cause.into(),
                supervisor_id,
            })
        }
        Event::ConversationCreated {
            conversation,
            channel,
            customer,
            routing_type,
            request,
            routing,
            overflowed_from,
            access_scope,
        } => shown::Event::ConversationCreated(shown::ConversationCreated {
            conversation_id: conversation.0,
            channel_id: id_of(names, *channel),
            customer_id: customer.to_string(),
            routing_type: v1::RoutingType::from(*routing_type).into(),
            routing_request_id: request.0,
            routing: Some(routing::shown(routing, names)),
            overflowed_from_queue_id: id_or_empty(names, *overflowed_from),
            access_scope: access_scope.to_string(),
        }),
        Event::RequestOpened {
            request,
            conversation,
            kind,
            requester,
            routing,
            requested_at: _,
            overflowed_from,
        } => shown::Event::RequestOpened(shown::RequestOpened {
            routing_request_id: request.0,
            conversation_id: conversation.0,
            kind: v1::RequestKind::from(*kind).into(),
            requested_by_agent_id: id_or_empty(names, *requester),
            routing: Some(routing::shown(routing, names)),
            overflowed_from_queue_id: id_or_empty(names, *overflowed_from),
        }),
        Event::InvitesSent {
            request,
            conversation,
            kind,
            first,
            agents,
            expires_at,
            units,
            interruptible: _,
            held,
            next_wave_at,
            at_once,
        } => shown::Event::InvitesSent(shown::InvitesSent {
            at_once: *at_once,
            next_wave_at_ms: time(*next_wave_at),
            routing_request_id: request.0,
            conversation_id: conversation.0,
            kind: v1::RequestKind::from(*kind).into(),
            first_invite_id: first.0,
            agent_ids: ids_of(names, agents),
            expires_at_ms: time(*expires_at),
            held_units: if *held { *units } else { 0 },
        }),
        Event::InviteAccepted {
            invite,
            request,
            conversation,
            kind,
            agent,
            giver,
            wrap_up_until: _,
            supervisor,
        } => shown::Event::InviteAccepted(shown::InviteAccepted {
            invite_id: invite.0,
            routing_request_id: request.0,
            conversation_id: conversation.0,
            kind: v1::RequestKind::from(*kind).into(),
            agent_id: id_of(names, *agent),
            giver_agent_id: id_or_empty(names, *giver),
            supervisor_id: supervisor.as_deref().unwrap_or_default().to_owned(),
        }),
        Event::InvitesEnded { request, conversation, end, invites, reason } => {
            shown::Event::InvitesEnded(shown::InvitesEnded {
                routing_request_id: request.0,
                conversation_id: conversation.0,
                outcome: v1::InviteOutcome::from(*end).into(),
                invite_ids: invites.iter().map(|(invite, _)| invite.0).collect(),
                agent_ids: invites.iter().map(|(_, agent)| id_of(names, *agent)).collect(),
                reason: reason.to_string(),
            })
        }
        Event::RequestEnded { request, conversation, kind, requester: _, why } => {
            shown::Event::RequestEnded(shown::RequestEndedEvent {
                routing_request_id: request.0,
                conversation_id: conversation.0,
                kind: v1::RequestKind::from(*kind).into(),
                why: v1::RequestEnd::from(*why).into(),
            })
        }
        Event::RoundStarted { request, conversation, round } => {
            shown::Event::RoundStarted(shown::RoundStarted {
                routing_request_id: request.0,
                conversation_id: conversation.0,
                round: *round,
            })
        }
        Event::WavesEnded { request, conversation } => shown::Event::WavesEnded(shown::WavesEnded {
            routing_request_id: request.0,
            conversation_id: conversation.0,
        }),
        Event::AgentEarmarked { request, conversation, agent, earmark } => {
            shown::Event::AgentEarmarked(shown::AgentEarmarked {
                routing_request_id: request.0,
                conversation_id: conversation.0,
                agent_id: id_of(names, *agent),
                units: earmark.units,
                interruptible: earmark.interruptible,
            })
        }
        Event::EarmarkLifted { request, conversation, agent } => {
            shown::Event::EarmarkLifted(shown::EarmarkLifted {
                routing_request_id: request.0,
                conversation_id: conversation.0,
                agent_id: id_of(names, *agent),
            })
        }
        Event::ParticipantLeft { conversation, agent, leaving, wrap_up_until } => {
            shown::Event::ParticipantLeft(shown::ParticipantLeft {
                conversation_id: conversation.0,
                agent_id: id_of(names, *agent),
                wrap_up_until_ms: time(*wrap_up_until),
                session_lost: *leaving == Leaving::SessionLost,
                supervisor_id: match leaving {
                    Leaving::Moved(who) => who.to_string(),
                    Leaving::Asked | Leaving::SessionLost => String::new(),
                },
            })
        }
        Event::ConversationEnded { conversation, by, participants, wrap_up_until } => {
            let (by, _, supervisor_id) = kinds::author(by);
            shown::Event::ConversationEnded(shown::ConversationEnded {
                conversation_id: conversation.0,
                by: by.into(),
                supervisor_id,
                agent_ids: ids_of(names, participants),
                wrap_up_until_ms: time(*wrap_up_until),
            })
        }
        Event::ConversationMoved {
            conversation,
            supervisor,
            request,
            routing,
            requested_at: _,
            overflowed_from,
        } => shown::Event::ConversationMoved(shown::ConversationMoved {
            conversation_id: conversation.0,
            supervisor_id: supervisor.to_string(),
            routing_request_id: request.0,
            routing: Some(routing::shown(routing, names)),
            overflowed_from_queue_id: id_or_empty(names, *overflowed_from),
        }),
        Event::FlagRaised { conversation, agent, reason } => shown::Event::FlagRaised(shown::FlagRaised {
            conversation_id: conversation.0,
            agent_id: id_of(names, *agent),
            reason: reason.to_string(),
        }),
        Event::FlagLowered { conversation, agent, by } => {
            let (by, _, supervisor_id) = kinds::author(by);
            shown::Event::FlagLowered(shown::FlagLowered {
                conversation_id: conversation.0,
                agent_id: id_of(names, *agent),
                by: by.into(),
                supervisor_id,
            })
        }
        Event::WrapUpExtended { conversation, agent, until } => {
            shown::Event::WrapUpExtended(shown::WrapUpExtended {
                conversation_id: conversation.0,
                agent_id: id_of(names, *agent),
                until_ms: time(*until),
            })
        }
        Event::WrapUpEnded { conversation, agent } => shown::Event::WrapUpEnded(shown::WrapUpEnded {
            conversation_id: conversation.0,
            agent_id: id_of(names, *agent),
        }),
        Event::MessagePosted { conversation, number: _, customer_number, author, text } => {
            let (author, agent, supervisor_id) = kinds::author(author);
            shown::Event::MessagePosted(shown::MessagePosted {
                conversation_id: conversation.0,
                author: author.into(),
                agent_id: id_or_empty(names, agent),
                text: text.to_string(),
                whisper: *customer_number == 0,
                supervisor_id,
            })
        }
        Event::RecordAttached { conversation, agent, record } => {
            shown::Event::RecordAttached(shown::RecordAttached {
                conversation_id: conversation.0,
                agent_id: id_of(names, *agent),
                record: Some(records::shown(record)),
            })
        }
        Event::RecordRemoved { conversation, agent, record_type, id } => {
            shown::Event::RecordRemoved(shown::RecordRemoved {
                conversation_id: conversation.0,
                agent_id: id_of(names, *agent),
                record_type: record_type.to_string(),
                record_id: id.to_string(),
            })
        }
        Event::RecordsGiven { conversation, agent, records } => {
            shown::Event::RecordsGiven(shown::RecordsGivenEvent {
                conversation_id: conversation.0,
                agent_id: id_of(names, *agent),
                records: records.iter().map(records::shown).collect(),
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{engine::ids::AgentIx, wire::samples};

    #[test]
    fn every_event_is_shown_with_its_ids() {
        let names = samples::names();
        for (position, it) in (1..).zip(samples::events()) {
            let shown = event(position, 9, &it, &names);
            assert_eq!((shown.position, shown.at_ms), (position, 9));
            let text = format!("{shown:?}");
            assert!(!text.contains("agent_id: \"\""), "{text}");
        }
    }

    #[test]
    fn a_filter_lets_through_what_passes_both_lists() {
        let events = samples::events();
        let of = |conversations: &[u64], agents: &[AgentIx]| {
            events.iter().filter(|it| concerns(it, conversations, agents)).count()
        };
        assert_eq!(of(&[], &[]), events.len());
        assert_eq!(of(&[300], &[]), events.len() - 6);
        assert_eq!(of(&[299], &[]), 0);
        assert_eq!(of(&[], &[samples::CLEO]), 2);
        assert_eq!(of(&[299, 300], &[samples::CLEO]), 2);
        assert_eq!(of(&[], &[AgentIx(u32::MAX)]), 0);
    }
}
