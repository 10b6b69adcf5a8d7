//! Events from their stored form.

use std::sync::Arc;

use super::{StoredError, choice, level, read_directory, stored_v1 as stored};
use crate::engine::{
    event::{Author, Event, Leaving, PresenceCause},
    ids::{
        AgentIx, ButtonIx, ChannelIx, ConversationId, Epoch, InviteId, QueueIx, RequestId, RequestKey,
        SkillIx, StatusIx,
    },
    records::Record,
    relaxation::{Insist, Preferred, Relaxed, Step, Terms, WhenRequeued},
    routing::{Capacity, Requirement, Routing, Target, Waves},
    state::agent::Earmark,
};
use stored::entry::Event as Stored;

pub(super) fn entry(entry: stored::Entry) -> Result<(Option<RequestKey>, Event), StoredError> {
    let key = match (entry.key_high, entry.key_low) {
        (Some(high), Some(low)) => Some(RequestKey(u128::from(high) << 64 | u128::from(low))),
        (None, None) => None,
        (Some(_), None) | (None, Some(_)) => return Err(StoredError::Missing("half of a request key")),
    };
    Ok((key, what(entry.event.ok_or(StoredError::Missing("an event"))?)?))
}

fn kind(number: i32) -> Result<crate::engine::event::RequestKind, StoredError> {
    choice::<stored::RequestKind>("a request's kind", number)
}

#[expect(clippy::too_many_lines, reason = "a table: one entry an event")]
fn what(event: Stored) -> Result<Event, StoredError> {
    Ok(match event {
        Stored::DirectoryChanged(it) => Event::DirectoryChanged {
            changes: it.changes.into_iter().map(read_directory::change).collect::<Result<_, _>>()?,
        },
        Stored::SessionStarted(it) => Event::SessionStarted {
            agent: AgentIx(it.agent),
            epoch: Epoch(it.epoch),
            console: choice::<stored::Console>("a console", it.console)?,
        },
        Stored::SessionResumed(it) => {
            Event::SessionResumed { agent: AgentIx(it.agent), epoch: Epoch(it.epoch) }
        }
        Stored::SessionDropped(it) => Event::SessionDropped {
            agent: AgentIx(it.agent),
            epoch: Epoch(it.epoch),
            lease_until: it.lease_until_ms,
        },
        Stored::SessionEnded(it) => Event::SessionEnded { agent: AgentIx(it.agent), epoch: Epoch(it.epoch) },
        Stored::PresenceSet(it) => Event::PresenceSet {
            agent: AgentIx(it.agent),
            status: StatusIx(it.status),
            cause: presence_cause(it.cause, it.supervisor)?,
        },
        Stored::ConversationCreated(it) => Event::ConversationCreated {
            conversation: ConversationId(it.conversation),
            channel: ChannelIx(it.channel),
            customer: it.customer.into(),
            routing_type: choice::<stored::RoutingType>("a routing type", it.routing_type)?,
            request: RequestId(it.request),
            routing: routing(it.routing)?.into(),
            overflowed_from: it.overflowed_from.map(QueueIx),
            access_scope: it.access_scope.into(),
        },
        Stored::RequestOpened(it) => Event::RequestOpened {
            request: RequestId(it.request),
            conversation: ConversationId(it.conversation),
            kind: kind(it.kind)?,
            requester: it.requester.map(AgentIx),
            routing: routing(it.routing)?.into(),
            requested_at: it.requested_at_ms,
            overflowed_from: it.overflowed_from.map(QueueIx),
        },
        Stored::InvitesSent(it) => Event::InvitesSent {
            request: RequestId(it.request),
            conversation: ConversationId(it.conversation),
            kind: kind(it.kind)?,
            first: InviteId(it.first_invite),
            agents: it.agents.into_iter().map(AgentIx).collect(),
            expires_at: it.expires_at_ms,
            units: it.units,
            interruptible: it.interruptible,
            held: it.held,
            next_wave_at: it.next_wave_at_ms,
            at_once: it.at_once,
        },
        Stored::InviteAccepted(it) => Event::InviteAccepted {
            invite: InviteId(it.invite),
            request: RequestId(it.request),
            conversation: ConversationId(it.conversation),
            kind: kind(it.kind)?,
            agent: AgentIx(it.agent),
            giver: it.giver.map(AgentIx),
            wrap_up_until: it.wrap_up_until_ms,
            supervisor: it.supervisor.map(Into::into),
        },
        Stored::InvitesEnded(it) => {
            if it.invites.len() != it.agents.len() {
                return Err(StoredError::Impossible("more invites than agents, or fewer,"));
            }
            let invites = it.invites.into_iter().map(InviteId).zip(it.agents.into_iter().map(AgentIx));
            Event::InvitesEnded {
                request: RequestId(it.request),
                conversation: ConversationId(it.conversation),
                end: choice::<stored::InviteEnd>("the end of an invite", it.end)?,
                invites: invites.collect(),
                reason: it.reason.into(),
            }
        }
        Stored::RequestEnded(it) => Event::RequestEnded {
            request: RequestId(it.request),
            conversation: ConversationId(it.conversation),
            kind: kind(it.kind)?,
            requester: it.requester.map(AgentIx),
            why: choice::<stored::RequestEnd>("the end of a request", it.why)?,
        },
        Stored::RoundStarted(it) => Event::RoundStarted {
            request: RequestId(it.request),
            conversation: ConversationId(it.conversation),
            round: it.round,
        },
        Stored::WavesEnded(it) => Event::WavesEnded {
            request: RequestId(it.request),
            conversation: ConversationId(it.conversation),
        },
        Stored::RequestRelaxed(it) => Event::RequestRelaxed {
            request: RequestId(it.request),
            conversation: ConversationId(it.conversation),
            relaxed: Relaxed { steps: it.steps, insists: it.insists },
        },
        Stored::AgentEarmarked(it) => Event::AgentEarmarked {
            request: RequestId(it.request),
            conversation: ConversationId(it.conversation),
            agent: AgentIx(it.agent),
            earmark: Earmark { interruptible: it.interruptible, units: it.units },
        },
        Stored::EarmarkLifted(it) => Event::EarmarkLifted {
            request: RequestId(it.request),
            conversation: ConversationId(it.conversation),
            agent: AgentIx(it.agent),
        },
        Stored::ParticipantLeft(it) => Event::ParticipantLeft {
            conversation: ConversationId(it.conversation),
            agent: AgentIx(it.agent),
            leaving: leaving(it.leaving, it.supervisor)?,
            wrap_up_until: it.wrap_up_until_ms,
        },
        Stored::ConversationEnded(it) => Event::ConversationEnded {
            conversation: ConversationId(it.conversation),
            by: author(it.by)?,
            participants: it.participants.into_iter().map(AgentIx).collect(),
            wrap_up_until: it.wrap_up_until_ms,
        },
        Stored::ConversationMoved(it) => Event::ConversationMoved {
            conversation: ConversationId(it.conversation),
            supervisor: it.supervisor.into(),
            request: RequestId(it.request),
            routing: routing(it.routing)?.into(),
            requested_at: it.requested_at_ms,
            overflowed_from: it.overflowed_from.map(QueueIx),
        },
        Stored::FlagRaised(it) => Event::FlagRaised {
            conversation: ConversationId(it.conversation),
            agent: AgentIx(it.agent),
            reason: it.reason.into(),
        },
        Stored::FlagLowered(it) => Event::FlagLowered {
            conversation: ConversationId(it.conversation),
            agent: AgentIx(it.agent),
            by: author(it.by)?,
        },
        Stored::ConversationInactivated(it) => Event::ConversationInactivated {
            conversation: ConversationId(it.conversation),
            agent: AgentIx(it.agent),
            by: author(it.by)?,
            units: it.units,
            ends_at: it.ends_at_ms,
        },
        Stored::ConversationResumed(it) => Event::ConversationResumed {
            conversation: ConversationId(it.conversation),
            agent: it.agent.map(AgentIx),
            units: it.units,
        },
        Stored::WrapUpExtended(it) => Event::WrapUpExtended {
            conversation: ConversationId(it.conversation),
            agent: AgentIx(it.agent),
            until: it.until_ms,
        },
        Stored::WrapUpEnded(it) => {
            Event::WrapUpEnded { conversation: ConversationId(it.conversation), agent: AgentIx(it.agent) }
        }
        Stored::MessagePosted(it) => Event::MessagePosted {
            conversation: ConversationId(it.conversation),
            number: it.number,
            customer_number: it.customer_number,
            author: author(it.author)?,
            text: it.text.into(),
        },
        Stored::RecordAttached(it) => Event::RecordAttached {
            conversation: ConversationId(it.conversation),
            agent: AgentIx(it.agent),
            record: record(it.record.ok_or(StoredError::Missing("a record"))?),
        },
        Stored::RecordRemoved(it) => Event::RecordRemoved {
            conversation: ConversationId(it.conversation),
            agent: AgentIx(it.agent),
            record_type: it.record_type.into(),
            id: it.id.into(),
        },
        Stored::RecordsGiven(it) => Event::RecordsGiven {
            conversation: ConversationId(it.conversation),
            agent: AgentIx(it.agent),
            records: it.records.into_iter().map(record).collect(),
        },
    })
}

fn record(it: stored::Record) -> Record {
    Record { record_type: it.record_type.into(), id: it.id.into(), title: it.title.into() }
}

fn author(author: Option<stored::Author>) -> Result<Author, StoredError> {
    use stored::author::Author as Of;
    Ok(match author.and_then(|it| it.author).ok_or(StoredError::Missing("an author"))? {
        Of::Agent(agent) => Author::Agent(AgentIx(agent)),
        Of::Customer(_) => Author::Customer,
        Of::Platform(_) => Author::Platform,
        Of::Service(_) => Author::Service,
        Of::Supervisor(who) => Author::Supervisor(who.into()),
    })
}

fn leaving(number: i32, supervisor: String) -> Result<Leaving, StoredError> {
    Ok(match stored::Leaving::try_from(number) {
        Ok(stored::Leaving::Asked) => Leaving::Asked,
        Ok(stored::Leaving::SessionLost) => Leaving::SessionLost,
        Ok(stored::Leaving::CouldNotResume) => Leaving::CouldNotResume,
        Ok(stored::Leaving::Moved) => Leaving::Moved(supervisor.into()),
        Ok(stored::Leaving::Unspecified) | Err(_) => {
            return Err(StoredError::UnknownChoice { choice: "a leaving", number });
        }
    })
}

fn presence_cause(number: i32, supervisor: String) -> Result<PresenceCause, StoredError> {
    Ok(match stored::PresenceCause::try_from(number) {
        Ok(stored::PresenceCause::Agent) => PresenceCause::Agent,
        Ok(stored::PresenceCause::Decline) => PresenceCause::Decline,
        Ok(stored::PresenceCause::Expiry) => PresenceCause::Expiry,
        Ok(stored::PresenceCause::Supervisor) => PresenceCause::Supervisor(supervisor.into()),
        Ok(stored::PresenceCause::Unspecified) | Err(_) => {
            return Err(StoredError::UnknownChoice { choice: "the cause of a presence", number });
        }
    })
}

fn routing(routing: Option<stored::Routing>) -> Result<Routing, StoredError> {
    use stored::routing::Target as Of;
    let routing = routing.ok_or(StoredError::Missing("a routing"))?;
    let target = match routing.target.ok_or(StoredError::Missing("a target"))? {
        Of::Agent(agent) => Target::Agent(AgentIx(agent)),
        Of::Skill(skill) => Target::Skill(SkillIx(skill)),
        Of::Requirements(all) => Target::Requirements(requirements(&all)?),
        Of::Queue(it) => Target::Queue {
            queue: QueueIx(it.queue),
            skills: requirements(&it.requirements.unwrap_or_default())?,
        },
        Of::Button(button) => Target::Button(ButtonIx(button)),
    };
    Ok(Routing {
        target,
        mode: choice::<stored::RoutingMode>("a routing mode", routing.mode)?,
        model: choice::<stored::RoutingModel>("a routing model", routing.model)?,
        priority: routing.priority,
        capacity: if routing.over_capacity { Capacity::Exceed } else { Capacity::Fit },
        not_before: routing.not_before_ms,
        accept_by: routing.accept_by_ms,
        earmark_after: routing.earmark_after_ms,
        waves: Waves { size: routing.wave_size, interval: routing.wave_interval_ms },
        relaxation: Terms {
            additional: requirements(&routing.additional.unwrap_or_default())?.to_vec(),
            steps: routing.steps.iter().map(step).collect::<Result<_, _>>()?,
            preferred: routing.preferred.as_ref().map(preferred),
            when_requeued: if routing.steps_start_over {
                WhenRequeued::StartOver
            } else {
                WhenRequeued::GoOn
            },
        }
        .into(),
    })
}

fn step(it: &stored::Step) -> Result<Step, StoredError> {
    Ok(Step { after: it.after_ms, drops: it.drops, lowers_by: level(it.lowers_by)? })
}

fn preferred(it: &stored::Preferred) -> Preferred {
    let insist = if it.until_available { Insist::UntilAvailable } else { Insist::For(it.insist_for_ms) };
    Preferred { agent: AgentIx(it.agent), insist }
}

fn requirements(all: &stored::Requirements) -> Result<Arc<[Requirement]>, StoredError> {
    if all.skills.len() != all.levels.len() {
        return Err(StoredError::Impossible("more skills than levels, or fewer,"));
    }
    let one =
        |(skill, least): (&u32, &u32)| Ok(Requirement { skill: SkillIx(*skill), level: level(*least)? });
    all.skills.iter().zip(&all.levels).map(one).collect()
}
