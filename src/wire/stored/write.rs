//! Events to their stored form. The numbers of the fields are those of `journal.proto`.

use super::{pen::Pen, stored_v1 as stored, write_directory};
use crate::engine::{
    event::{Author, Event, Leaving, PresenceCause},
    ids::{AgentIx, ConversationId, QueueIx, RequestId, RequestKey},
    records::Record,
    relaxation::{Insist, Preferred, Step, WhenRequeued},
    routing::{Capacity, Requirement, Routing, Target},
};

pub(super) fn entry(pen: &mut Pen<'_>, key: Option<RequestKey>, event: &Event) {
    // Two halves of 64 bits; the casts cut nothing else off.
    #[expect(clippy::cast_possible_truncation, reason = "the lower half is meant")]
    let low = |key: RequestKey| key.0 as u64;
    pen.fixed(1, key.map(|key| low(RequestKey(key.0 >> 64))));
    pen.fixed(2, key.map(low));
    what(pen, event);
}

#[expect(clippy::too_many_lines, reason = "a table: one entry an event")]
fn what(pen: &mut Pen<'_>, event: &Event) {
    match event {
        Event::DirectoryChanged { changes } => {
            let changes = changes.iter().map(write_directory::change).collect();
            pen.generated(20, &stored::DirectoryChanged { changes });
        }
        Event::SessionStarted { agent, epoch, console } => pen.message(16, |pen| {
            pen.number(1, agent.0);
            pen.number(2, epoch.0);
            pen.choice(3, stored::Console::from(*console));
        }),
        Event::SessionResumed { agent, epoch } => pen.message(17, |pen| {
            pen.number(1, agent.0);
            pen.number(2, epoch.0);
        }),
        Event::SessionDropped { agent, epoch, lease_until } => pen.message(18, |pen| {
            pen.number(1, agent.0);
            pen.number(2, epoch.0);
            pen.number(3, *lease_until);
        }),
        Event::SessionEnded { agent, epoch } => pen.message(19, |pen| {
            pen.number(1, agent.0);
            pen.number(2, epoch.0);
        }),
        Event::PresenceSet { agent, status, cause } => pen.message(14, |pen| {
            let (cause, supervisor) = presence_cause(cause);
            pen.number(1, agent.0);
            pen.number(2, status.0);
            pen.choice(3, cause);
            pen.text(50, supervisor);
        }),
        Event::ConversationCreated {
            conversation,
            channel,
            customer,
            routing_type,
            request,
            routing,
            overflowed_from,
            access_scope,
        } => pen.message(3, |pen| {
            pen.number(1, conversation.0);
            pen.number(2, channel.0);
            pen.text(3, customer);
            pen.choice(4, stored::RoutingType::from(*routing_type));
            pen.number(5, request.0);
            pen.message(6, |pen| self::routing(pen, routing));
            pen.set(7, queue(*overflowed_from));
            pen.text(20, access_scope);
        }),
        Event::RequestOpened {
            request,
            conversation,
            kind,
            requester,
            routing,
            requested_at,
            overflowed_from,
        } => pen.message(9, |pen| {
            of_request(pen, *request, *conversation);
            pen.choice(3, stored::RequestKind::from(*kind));
            pen.set(4, agent(*requester));
            pen.message(5, |pen| self::routing(pen, routing));
            pen.number(6, *requested_at);
            pen.set(7, queue(*overflowed_from));
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
        } => pen.message(4, |pen| {
            of_request(pen, *request, *conversation);
            pen.choice(3, stored::RequestKind::from(*kind));
            pen.number(4, first.0);
            pen.list(5, agents.iter().map(|it| it.0));
            pen.number(6, *expires_at);
            pen.number(7, *units);
            pen.number(8, *interruptible);
            pen.number(9, *held);
            pen.number(10, *next_wave_at);
            pen.number(50, *at_once);
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
        } => pen.message(5, |pen| {
            pen.number(1, invite.0);
            pen.number(2, request.0);
            pen.number(3, conversation.0);
            pen.choice(4, stored::RequestKind::from(*kind));
            pen.number(5, agent.0);
            pen.set(6, self::agent(*giver));
            pen.number(7, *wrap_up_until);
            pen.set_text(50, supervisor.as_deref());
        }),
        Event::InvitesEnded { request, conversation, end, invites, reason } => pen.message(8, |pen| {
            of_request(pen, *request, *conversation);
            pen.choice(3, stored::InviteEnd::from(*end));
            pen.list(4, invites.iter().map(|(invite, _)| invite.0));
            pen.list(5, invites.iter().map(|(_, agent)| agent.0));
            pen.text(6, reason);
        }),
        Event::RequestEnded { request, conversation, kind, requester, why } => pen.message(10, |pen| {
            of_request(pen, *request, *conversation);
            pen.choice(3, stored::RequestKind::from(*kind));
            pen.set(4, agent(*requester));
            pen.choice(5, stored::RequestEnd::from(*why));
        }),
        Event::RoundStarted { request, conversation, round } => pen.message(13, |pen| {
            of_request(pen, *request, *conversation);
            pen.number(3, *round);
        }),
        Event::WavesEnded { request, conversation } => {
            pen.message(40, |pen| of_request(pen, *request, *conversation));
        }
        Event::RequestRelaxed { request, conversation, relaxed } => pen.message(50, |pen| {
            of_request(pen, *request, *conversation);
            pen.number(3, relaxed.steps);
            pen.number(4, relaxed.insists);
        }),
        Event::AgentEarmarked { request, conversation, agent, earmark } => pen.message(80, |pen| {
            of_request(pen, *request, *conversation);
            pen.number(3, agent.0);
            pen.number(4, earmark.units);
            pen.number(5, earmark.interruptible);
        }),
        Event::EarmarkLifted { request, conversation, agent } => pen.message(81, |pen| {
            of_request(pen, *request, *conversation);
            pen.number(3, agent.0);
        }),
        Event::ParticipantLeft { conversation, agent, leaving, wrap_up_until } => pen.message(11, |pen| {
            let (leaving, supervisor) = self::leaving(leaving);
            of_agent(pen, *conversation, *agent);
            pen.choice(3, leaving);
            pen.number(4, *wrap_up_until);
            pen.text(50, supervisor);
        }),
        Event::ConversationEnded { conversation, by, participants, wrap_up_until } => {
            pen.message(6, |pen| {
                pen.number(1, conversation.0);
                pen.message(2, |pen| author(pen, by));
                pen.list(3, participants.iter().map(|it| it.0));
                pen.number(4, *wrap_up_until);
            });
        }
        Event::ConversationMoved {
            conversation,
            supervisor,
            request,
            routing,
            requested_at,
            overflowed_from,
        } => pen.message(70, |pen| {
            pen.number(1, conversation.0);
            pen.text(2, supervisor);
            pen.number(3, request.0);
            pen.message(4, |pen| self::routing(pen, routing));
            pen.number(5, *requested_at);
            pen.set(6, queue(*overflowed_from));
        }),
        Event::FlagRaised { conversation, agent, reason } => pen.message(71, |pen| {
            of_agent(pen, *conversation, *agent);
            pen.text(3, reason);
        }),
        Event::FlagLowered { conversation, agent, by } => pen.message(72, |pen| {
            of_agent(pen, *conversation, *agent);
            pen.message(3, |pen| author(pen, by));
        }),
        Event::ConversationInactivated { conversation, agent, by, units, ends_at } => {
            pen.message(60, |pen| {
                of_agent(pen, *conversation, *agent);
                pen.message(3, |pen| author(pen, by));
                pen.number(4, *units);
                pen.number(5, *ends_at);
            });
        }
        Event::ConversationResumed { conversation, agent, units } => pen.message(61, |pen| {
            pen.number(1, conversation.0);
            pen.set(2, self::agent(*agent));
            pen.number(3, *units);
        }),
        Event::WrapUpExtended { conversation, agent, until } => pen.message(15, |pen| {
            of_agent(pen, *conversation, *agent);
            pen.number(3, *until);
        }),
        Event::WrapUpEnded { conversation, agent } => {
            pen.message(7, |pen| of_agent(pen, *conversation, *agent));
        }
        Event::MessagePosted { conversation, number, customer_number, author, text } => {
            pen.message(12, |pen| {
                pen.number(1, conversation.0);
                pen.number(2, *number);
                pen.number(3, *customer_number);
                pen.message(4, |pen| self::author(pen, author));
                pen.text(5, text);
            });
        }
        Event::RecordAttached { conversation, agent, record } => pen.message(30, |pen| {
            of_agent(pen, *conversation, *agent);
            pen.message(3, |pen| self::record(pen, record));
        }),
        Event::RecordRemoved { conversation, agent, record_type, id } => pen.message(31, |pen| {
            of_agent(pen, *conversation, *agent);
            pen.text(3, record_type);
            pen.text(4, id);
        }),
        Event::RecordsGiven { conversation, agent, records } => pen.message(32, |pen| {
            of_agent(pen, *conversation, *agent);
            records.iter().for_each(|it| pen.message(3, |pen| record(pen, it)));
        }),
    }
}

fn of_request(pen: &mut Pen<'_>, request: RequestId, conversation: ConversationId) {
    pen.number(1, request.0);
    pen.number(2, conversation.0);
}

fn of_agent(pen: &mut Pen<'_>, conversation: ConversationId, agent: AgentIx) {
    pen.number(1, conversation.0);
    pen.number(2, agent.0);
}

fn agent(agent: Option<AgentIx>) -> Option<u32> {
    agent.map(|it| it.0)
}

fn queue(queue: Option<QueueIx>) -> Option<u32> {
    queue.map(|it| it.0)
}

fn record(pen: &mut Pen<'_>, it: &Record) {
    pen.text(1, &it.record_type);
    pen.text(2, &it.id);
    pen.text(3, &it.title);
}

fn author(pen: &mut Pen<'_>, author: &Author) {
    match author {
        Author::Agent(agent) => pen.set(1, Some(agent.0)),
        Author::Customer => pen.message(2, |_| {}),
        Author::Platform => pen.message(3, |_| {}),
        Author::Service => pen.message(4, |_| {}),
        Author::Supervisor(who) => pen.set_text(50, Some(who)),
    }
}

fn leaving(leaving: &Leaving) -> (stored::Leaving, &str) {
    match leaving {
        Leaving::Asked => (stored::Leaving::Asked, ""),
        Leaving::SessionLost => (stored::Leaving::SessionLost, ""),
        Leaving::CouldNotResume => (stored::Leaving::CouldNotResume, ""),
        Leaving::Moved(who) => (stored::Leaving::Moved, who),
    }
}

fn presence_cause(cause: &PresenceCause) -> (stored::PresenceCause, &str) {
    match cause {
        PresenceCause::Agent => (stored::PresenceCause::Agent, ""),
        PresenceCause::Decline => (stored::PresenceCause::Decline, ""),
        PresenceCause::Expiry => (stored::PresenceCause::Expiry, ""),
        PresenceCause::Supervisor(who) => (stored::PresenceCause::Supervisor, who),
    }
}

fn routing(pen: &mut Pen<'_>, routing: &Routing) {
    match &routing.target {
        Target::Agent(agent) => pen.set(1, Some(agent.0)),
        Target::Skill(skill) => pen.set(2, Some(skill.0)),
        Target::Requirements(all) => pen.message(3, |pen| requirements(pen, all)),
        Target::Queue { queue, skills } => pen.message(4, |pen| {
            pen.number(1, queue.0);
            some_requirements(pen, 2, skills);
        }),
        Target::Button(button) => pen.set(5, Some(button.0)),
    }
    let gives = &routing.relaxation;
    pen.choice(6, stored::RoutingMode::from(routing.mode));
    pen.choice(7, stored::RoutingModel::from(routing.model));
    pen.number(8, routing.priority);
    pen.number(9, routing.capacity == Capacity::Exceed);
    pen.number(10, routing.not_before);
    pen.number(11, routing.accept_by);
    pen.number(12, routing.waves.size);
    pen.number(13, routing.waves.interval);
    pen.number(14, routing.earmark_after);
    some_requirements(pen, 30, &gives.additional);
    gives.steps.iter().for_each(|it| pen.message(31, |pen| step(pen, it)));
    gives.preferred.iter().for_each(|it| pen.message(32, |pen| preferred(pen, it)));
    pen.number(33, gives.when_requeued == WhenRequeued::StartOver);
}

fn step(pen: &mut Pen<'_>, it: &Step) {
    pen.number(1, it.after);
    pen.number(2, it.drops);
    pen.number(3, it.lowers_by);
}

fn preferred(pen: &mut Pen<'_>, it: &Preferred) {
    let (insist_for_ms, until_available) = match it.insist {
        Insist::For(span) => (span, false),
        Insist::UntilAvailable => (0, true),
    };
    pen.number(1, it.agent.0);
    pen.number(2, insist_for_ms);
    pen.number(3, until_available);
}

/// Requirements, where there are any.
fn some_requirements(pen: &mut Pen<'_>, field: u32, all: &[Requirement]) {
    if !all.is_empty() {
        pen.message(field, |pen| requirements(pen, all));
    }
}

fn requirements(pen: &mut Pen<'_>, all: &[Requirement]) {
    pen.list(1, all.iter().map(|it| it.skill.0));
    pen.list(2, all.iter().map(|it| it.level));
}
