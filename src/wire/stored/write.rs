//! Events to their stored form.

use super::{stored_v1 as stored, write_directory};
use crate::engine::{
    event::{Author, Event, Leaving, PresenceCause},
    ids::RequestKey,
    records::Record,
    routing::{Capacity, Requirement, Routing, Target},
};
use stored::entry::Event as Stored;

pub(super) fn entry(key: Option<RequestKey>, event: &Event) -> stored::Entry {
    // Two halves of 64 bits; the casts cut nothing else off.
    #[expect(clippy::cast_possible_truncation, reason = "the lower half is meant")]
    let low = |key: RequestKey| key.0 as u64;
    stored::Entry {
        key_high: key.map(|key| low(RequestKey(key.0 >> 64))),
        key_low: key.map(low),
        event: Some(what(event)),
    }
}

#[expect(clippy::too_many_lines, reason = "a table: one entry an event")]
fn what(event: &Event) -> Stored {
    match event {
        Event::DirectoryChanged { changes } => Stored::DirectoryChanged(stored::DirectoryChanged {
            changes: changes.iter().map(write_directory::change).collect(),
        }),
        Event::SessionStarted { agent, epoch, console } => Stored::SessionStarted(stored::SessionStarted {
            agent: agent.0,
            epoch: epoch.0,
            console: stored::Console::from(*console).into(),
        }),
        Event::SessionResumed { agent, epoch } => {
            Stored::SessionResumed(stored::SessionResumed { agent: agent.0, epoch: epoch.0 })
        }
        Event::SessionDropped { agent, epoch, lease_until } => {
            Stored::SessionDropped(stored::SessionDropped {
                agent: agent.0,
                epoch: epoch.0,
                lease_until_ms: *lease_until,
            })
        }
        Event::SessionEnded { agent, epoch } => {
            Stored::SessionEnded(stored::SessionEnded { agent: agent.0, epoch: epoch.0 })
        }
        Event::PresenceSet { agent, status, cause } => {
            let (cause, supervisor) = presence_cause(cause);
            Stored::PresenceSet(stored::PresenceSet {
                agent: agent.0,
                status: status.0,
                cause: cause.into(),
                supervisor,
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
        } => Stored::ConversationCreated(stored::ConversationCreated {
            conversation: conversation.0,
            channel: channel.0,
            customer: customer.to_string(),
            routing_type: stored::RoutingType::from(*routing_type).into(),
            request: request.0,
            routing: Some(self::routing(routing)),
            overflowed_from: overflowed_from.map(|it| it.0),
            access_scope: access_scope.to_string(),
        }),
        Event::RequestOpened {
            request,
            conversation,
            kind,
            requester,
            routing,
            requested_at,
            overflowed_from,
        } => Stored::RequestOpened(stored::RequestOpened {
            request: request.0,
            conversation: conversation.0,
            kind: stored::RequestKind::from(*kind).into(),
            requester: requester.map(|it| it.0),
            routing: Some(self::routing(routing)),
            requested_at_ms: *requested_at,
            overflowed_from: overflowed_from.map(|it| it.0),
        }),
        Event::InvitesSent {
            request,
            conversation,
            kind,
            first,
            agents,
            expires_at,
            units,
            interruptible,
            held,
            next_wave_at,
            at_once,
        } => Stored::InvitesSent(stored::InvitesSent {
            at_once: *at_once,
            next_wave_at_ms: *next_wave_at,
            request: request.0,
            conversation: conversation.0,
            kind: stored::RequestKind::from(*kind).into(),
            first_invite: first.0,
            agents: agents.iter().map(|it| it.0).collect(),
            expires_at_ms: *expires_at,
            units: *units,
            interruptible: *interruptible,
            held: *held,
        }),
        Event::InviteAccepted {
            invite,
            request,
            conversation,
            kind,
            agent,
            giver,
            wrap_up_until,
            supervisor,
        } => Stored::InviteAccepted(stored::InviteAccepted {
            invite: invite.0,
            request: request.0,
            conversation: conversation.0,
            kind: stored::RequestKind::from(*kind).into(),
            agent: agent.0,
            giver: giver.map(|it| it.0),
            wrap_up_until_ms: *wrap_up_until,
            supervisor: supervisor.as_deref().map(Into::into),
        }),
        Event::InvitesEnded { request, conversation, end, invites, reason } => {
            Stored::InvitesEnded(stored::InvitesEnded {
                request: request.0,
                conversation: conversation.0,
                end: stored::InviteEnd::from(*end).into(),
                invites: invites.iter().map(|(invite, _)| invite.0).collect(),
                agents: invites.iter().map(|(_, agent)| agent.0).collect(),
                reason: reason.to_string(),
            })
        }
        Event::RequestEnded { request, conversation, kind, requester, why } => {
            Stored::RequestEnded(stored::RequestEnded {
                request: request.0,
                conversation: conversation.0,
                kind: stored::RequestKind::from(*kind).into(),
                requester: requester.map(|it| it.0),
                why: stored::RequestEnd::from(*why).into(),
            })
        }
        Event::RoundStarted { request, conversation, round } => Stored::RoundStarted(stored::RoundStarted {
            request: request.0,
            conversation: conversation.0,
            round: *round,
        }),
        Event::WavesEnded { request, conversation } => {
            Stored::WavesEnded(stored::WavesEnded { request: request.0, conversation: conversation.0 })
        }
        Event::AgentEarmarked { request, conversation, agent, earmark } => {
            Stored::AgentEarmarked(stored::AgentEarmarked {
                request: request.0,
                conversation: conversation.0,
                agent: agent.0,
                units: earmark.units,
                interruptible: earmark.interruptible,
            })
        }
        Event::EarmarkLifted { request, conversation, agent } => {
            Stored::EarmarkLifted(stored::EarmarkLifted {
                request: request.0,
                conversation: conversation.0,
                agent: agent.0,
            })
        }
        Event::ParticipantLeft { conversation, agent, leaving, wrap_up_until } => {
            let (leaving, supervisor) = self::leaving(leaving);
            Stored::ParticipantLeft(stored::ParticipantLeft {
                conversation: conversation.0,
                agent: agent.0,
                leaving: leaving.into(),
                supervisor,
                wrap_up_until_ms: *wrap_up_until,
            })
        }
        Event::ConversationEnded { conversation, by, participants, wrap_up_until } => {
            Stored::ConversationEnded(stored::ConversationEnded {
                conversation: conversation.0,
                by: Some(author(by)),
                participants: participants.iter().map(|it| it.0).collect(),
                wrap_up_until_ms: *wrap_up_until,
            })
        }
        Event::ConversationMoved {
            conversation,
            supervisor,
            request,
            routing,
            requested_at,
            overflowed_from,
        } => Stored::ConversationMoved(stored::ConversationMoved {
            conversation: conversation.0,
            supervisor: supervisor.to_string(),
            request: request.0,
            routing: Some(self::routing(routing)),
            requested_at_ms: *requested_at,
            overflowed_from: overflowed_from.map(|it| it.0),
        }),
        Event::FlagRaised { conversation, agent, reason } => Stored::FlagRaised(stored::FlagRaised {
            conversation: conversation.0,
            agent: agent.0,
            reason: reason.to_string(),
        }),
        Event::FlagLowered { conversation, agent, by } => Stored::FlagLowered(stored::FlagLowered {
            conversation: conversation.0,
            agent: agent.0,
            by: Some(author(by)),
        }),
        Event::WrapUpExtended { conversation, agent, until } => {
            Stored::WrapUpExtended(stored::WrapUpExtended {
                conversation: conversation.0,
                agent: agent.0,
                until_ms: *until,
            })
        }
        Event::WrapUpEnded { conversation, agent } => {
            Stored::WrapUpEnded(stored::WrapUpEnded { conversation: conversation.0, agent: agent.0 })
        }
        Event::MessagePosted { conversation, number, customer_number, author, text } => {
            Stored::MessagePosted(stored::MessagePosted {
                conversation: conversation.0,
                number: *number,
                customer_number: *customer_number,
                author: Some(self::author(author)),
                text: text.to_string(),
            })
        }
        Event::RecordAttached { conversation, agent, record } => {
            Stored::RecordAttached(stored::RecordAttached {
                conversation: conversation.0,
                agent: agent.0,
                record: Some(self::record(record)),
            })
        }
        Event::RecordRemoved { conversation, agent, record_type, id } => {
            Stored::RecordRemoved(stored::RecordRemoved {
                conversation: conversation.0,
                agent: agent.0,
                record_type: record_type.to_string(),
                id: id.to_string(),
            })
        }
        Event::RecordsGiven { conversation, agent, records } => Stored::RecordsGiven(stored::RecordsGiven {
            conversation: conversation.0,
            agent: agent.0,
            records: records.iter().map(self::record).collect(),
        }),
    }
}

fn record(it: &Record) -> stored::Record {
    stored::Record {
        record_type: it.record_type.to_string(),
        id: it.id.to_string(),
        title: it.title.to_string(),
    }
}

fn author(author: &Author) -> stored::Author {
    use stored::author as of;
    let author = match author {
        Author::Agent(agent) => of::Author::Agent(agent.0),
        Author::Customer => of::Author::Customer(of::Customer {}),
        Author::Platform => of::Author::Platform(of::Platform {}),
        Author::Service => of::Author::Service(of::Service {}),
        Author::Supervisor(who) => of::Author::Supervisor(who.to_string()),
    };
    stored::Author { author: Some(author) }
}

fn leaving(leaving: &Leaving) -> (stored::Leaving, String) {
    match leaving {
        Leaving::Asked => (stored::Leaving::Asked, String::new()),
        Leaving::SessionLost => (stored::Leaving::SessionLost, String::new()),
        Leaving::Moved(who) => (stored::Leaving::Moved, who.to_string()),
    }
}

fn presence_cause(cause: &PresenceCause) -> (stored::PresenceCause, String) {
    let choice = match cause {
        PresenceCause::Agent => stored::PresenceCause::Agent,
        PresenceCause::Decline => stored::PresenceCause::Decline,
        PresenceCause::Expiry => stored::PresenceCause::Expiry,
        PresenceCause::Supervisor(who) => return (stored::PresenceCause::Supervisor, who.to_string()),
    };
    (choice, String::new())
}

fn routing(routing: &Routing) -> stored::Routing {
    use stored::routing as of;
    let target = match &routing.target {
        Target::Agent(agent) => of::Target::Agent(agent.0),
        Target::Skill(skill) => of::Target::Skill(skill.0),
        Target::Requirements(all) => of::Target::Requirements(requirements(all)),
        Target::Queue { queue, skills } => of::Target::Queue(of::QueueTarget {
            queue: queue.0,
            requirements: (!skills.is_empty()).then(|| requirements(skills)),
        }),
        Target::Button(button) => of::Target::Button(button.0),
    };
    stored::Routing {
        target: Some(target),
        mode: stored::RoutingMode::from(routing.mode).into(),
        model: stored::RoutingModel::from(routing.model).into(),
        priority: routing.priority,
        over_capacity: routing.capacity == Capacity::Exceed,
        not_before_ms: routing.not_before,
        accept_by_ms: routing.accept_by,
        earmark_after_ms: routing.earmark_after,
        wave_size: routing.waves.size,
        wave_interval_ms: routing.waves.interval,
    }
}

fn requirements(all: &[Requirement]) -> stored::Requirements {
    stored::Requirements {
        skills: all.iter().map(|it| it.skill.0).collect(),
        levels: all.iter().map(|it| it.level.into()).collect(),
    }
}
