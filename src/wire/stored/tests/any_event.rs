//! Any event there can be, and all that can be in one.

use proptest::{collection::vec, option, prelude::*};

use crate::engine::{
    directory::spec::{
        Agent, Button, CapacityProfile, Change, Channel, OnSessionLoss, Overflow, PresenceKind,
        PresenceStatus, Queue, Reinvite, Resource, ResourceKind, RoutingModel, Skill,
    },
    event::{Author, Console, Event, InviteEnd, Leaving, PresenceCause, RequestEnd, RequestKind},
    ids::{
        AgentIx, ButtonIx, ChannelIx, ConversationId, Epoch, InviteId, QueueIx, RequestId, SkillIx, StatusIx,
    },
    records::Record,
    routing::{Capacity, Mode, Requirement, Routing, RoutingType, Target, Waves},
    state::agent::Earmark,
};

fn text() -> impl Strategy<Value = Box<str>> {
    any::<String>().prop_map(String::into_boxed_str)
}

fn texts() -> impl Strategy<Value = Vec<Box<str>>> {
    vec(text(), 0..4)
}

fn agent() -> impl Strategy<Value = AgentIx> {
    any::<u32>().prop_map(AgentIx)
}

fn agents() -> impl Strategy<Value = Vec<AgentIx>> {
    vec(agent(), 0..20)
}

fn conversation() -> impl Strategy<Value = ConversationId> {
    any::<u64>().prop_map(ConversationId)
}

fn request() -> impl Strategy<Value = RequestId> {
    any::<u64>().prop_map(RequestId)
}

fn epoch() -> impl Strategy<Value = Epoch> {
    any::<u64>().prop_map(Epoch)
}

fn one_of<T: Clone + std::fmt::Debug + 'static>(all: &'static [T]) -> impl Strategy<Value = T> {
    proptest::sample::select(all)
}

fn kind() -> impl Strategy<Value = RequestKind> {
    one_of(&[RequestKind::New, RequestKind::Conference, RequestKind::Transfer])
}

fn model() -> impl Strategy<Value = RoutingModel> {
    use RoutingModel as M;
    one_of(&[M::LeastActive, M::MostAvailable, M::LongestIdle, M::BestMatch])
}

fn author() -> impl Strategy<Value = Author> {
    prop_oneof![
        Just(Author::Customer),
        agent().prop_map(Author::Agent),
        Just(Author::Platform),
        Just(Author::Service),
        text().prop_map(Author::Supervisor)
    ]
}

fn requirements() -> impl Strategy<Value = Box<[Requirement]>> {
    let one =
        (any::<u32>(), any::<u16>()).prop_map(|(skill, level)| Requirement { skill: SkillIx(skill), level });
    vec(one, 0..6).prop_map(Vec::into_boxed_slice)
}

fn routing() -> impl Strategy<Value = Routing> {
    let target = prop_oneof![
        agent().prop_map(Target::Agent),
        any::<u32>().prop_map(|it| Target::Skill(SkillIx(it))),
        requirements().prop_map(Target::Requirements),
        (any::<u32>(), requirements())
            .prop_map(|(queue, skills)| Target::Queue { queue: QueueIx(queue), skills }),
        any::<u32>().prop_map(|it| Target::Button(ButtonIx(it))),
    ];
    let mode = one_of(&[Mode::Single, Mode::Broadcast, Mode::Waves]);
    let waves = (any::<u32>(), any::<u64>()).prop_map(|(size, interval)| Waves { size, interval });
    let capacity = one_of(&[Capacity::Fit, Capacity::Exceed]);
    let times = (any::<u64>(), any::<u64>(), any::<u64>());
    (target, mode, waves, model(), any::<u32>(), capacity, times).prop_map(
        |(target, mode, waves, model, priority, capacity, (not_before, accept_by, earmark_after))| Routing {
            target,
            mode,
            waves,
            model,
            priority,
            capacity,
            not_before,
            accept_by,
            earmark_after,
        },
    )
}

fn channel() -> impl Strategy<Value = Resource> {
    let reinvite = prop_oneof![
        Just(Reinvite::Never),
        any::<u64>().prop_map(Reinvite::After),
        Just(Reinvite::OnceEveryoneHas)
    ];
    let loss = one_of(&[OnSessionLoss::Keep, OnSessionLoss::Requeue]);
    let numbers = (any::<u32>(), any::<u64>(), any::<u64>(), any::<u32>());
    let flags = (any::<bool>(), any::<bool>(), any::<bool>());
    let statuses = (option::of(text()), option::of(text()));
    (text(), text(), numbers, flags, loss, reinvite, statuses).prop_map(
        |(id, name, numbers, flags, on_session_loss, reinvite, (decline_status, expiry_status))| {
            Resource::Channel(Channel {
                id,
                name,
                weight: numbers.0,
                interruptible: flags.0,
                push_timeout_ms: numbers.1,
                wrap_up_ms: numbers.2,
                auto_accept: flags.1,
                conference_allowed: flags.2,
                participants_max: numbers.3,
                on_session_loss,
                reinvite,
                decline_status,
                expiry_status,
            })
        },
    )
}

fn queue() -> impl Strategy<Value = Resource> {
    let overflow = prop_oneof![
        text().prop_map(Overflow::Queue),
        text().prop_map(Overflow::Skill),
        text().prop_map(Overflow::Button),
        text().prop_map(Overflow::Agent)
    ];
    let numbers = (any::<u32>(), option::of(any::<u32>()), option::of(any::<u32>()), any::<u64>());
    (text(), text(), model(), numbers, option::of(overflow), any::<bool>()).prop_map(
        |(id, name, model, (priority, weight, waiting_max, earmark_after_ms), overflow, by_deadline)| {
            Resource::Queue(Queue {
                id,
                name,
                model,
                priority,
                weight,
                waiting_max,
                overflow,
                by_deadline,
                earmark_after_ms,
            })
        },
    )
}

fn resource() -> impl Strategy<Value = Resource> {
    use PresenceKind as P;
    let presence = one_of(&[P::Online, P::Away, P::Offline, P::Draining]);
    prop_oneof![
        (text(), text()).prop_map(|(id, name)| Resource::Skill(Skill { id, name })),
        channel(),
        (text(), text(), presence, texts()).prop_map(|(id, name, kind, channels)| {
            Resource::PresenceStatus(PresenceStatus { id, name, kind, channels })
        }),
        (text(), text(), any::<u32>(), any::<u32>(), vec((text(), any::<u32>()), 0..4)).prop_map(
            |(id, name, units, interruptible_units, channel_maxima)| {
                Resource::CapacityProfile(CapacityProfile {
                    id,
                    name,
                    units,
                    interruptible_units,
                    channel_maxima,
                })
            }
        ),
        queue(),
        (text(), text(), texts(), any::<bool>(), model(), option::of(any::<u32>())).prop_map(
            |(id, name, skills, all_skills, model, reroutes_max)| {
                Resource::Button(Button { id, name, skills, all_skills, model, reroutes_max })
            }
        ),
        (text(), text(), text(), vec((text(), any::<u16>()), 0..4), texts(), texts(), texts()).prop_map(
            |(id, name, profile, skills, queues, record_types, access_scopes)| {
                Resource::Agent(Agent { id, name, profile, skills, queues, record_types, access_scopes })
            }
        ),
    ]
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        resource().prop_map(Change::Create),
        resource().prop_map(Change::Replace),
        (one_of(&ResourceKind::ALL), text()).prop_map(|(kind, id)| Change::Remove(kind, id)),
    ]
}

fn event_of_a_session() -> impl Strategy<Value = Event> {
    use PresenceCause as C;
    let cause = prop_oneof![one_of(&[C::Agent, C::Decline, C::Expiry]), text().prop_map(C::Supervisor)];
    let console = one_of(&[Console::Lightning, Console::Classic]);
    prop_oneof![
        vec(change(), 0..6).prop_map(|changes| Event::DirectoryChanged { changes }),
        (agent(), epoch(), console).prop_map(|(agent, epoch, console)| Event::SessionStarted {
            agent,
            epoch,
            console
        }),
        (agent(), epoch()).prop_map(|(agent, epoch)| Event::SessionResumed { agent, epoch }),
        (agent(), epoch(), any::<u64>()).prop_map(|(agent, epoch, lease_until)| Event::SessionDropped {
            agent,
            epoch,
            lease_until
        }),
        (agent(), epoch()).prop_map(|(agent, epoch)| Event::SessionEnded { agent, epoch }),
        (agent(), any::<u32>(), cause).prop_map(|(agent, status, cause)| Event::PresenceSet {
            agent,
            status: StatusIx(status),
            cause
        }),
    ]
}

fn overflowed() -> impl Strategy<Value = Option<QueueIx>> {
    option::of(any::<u32>().prop_map(QueueIx))
}

#[allow(clippy::too_many_lines, reason = "one arm an event")]
fn event_of_a_request() -> impl Strategy<Value = Event> {
    use InviteEnd as E;
    use RequestEnd as R;
    let routing_type = one_of(&[RoutingType::OmniChannel, RoutingType::ButtonSkills]);
    let end = one_of(&[E::Declined, E::Expired, E::Rescinded, E::Revoked]);
    let why = one_of(&[
        R::NoAgentEligible,
        R::AllDeclined,
        R::AllExpired,
        R::Cancelled,
        R::RequesterLeft,
        R::ConversationEnded,
        R::NoAgentAvailable,
        R::Moved,
    ]);
    let held = (any::<bool>(), any::<bool>(), any::<bool>());
    let sent = (any::<u64>(), any::<u64>(), any::<u32>(), held, any::<u64>());
    let invites = vec((any::<u64>().prop_map(InviteId), agent()), 0..20);
    prop_oneof![
        (conversation(), any::<u32>(), (text(), text()), routing_type, request(), routing(), overflowed())
            .prop_map(
                |(
                    conversation,
                    channel,
                    (customer, access_scope),
                    routing_type,
                    request,
                    routing,
                    overflowed_from,
                )| {
                    Event::ConversationCreated {
                        conversation,
                        channel: ChannelIx(channel),
                        customer,
                        routing_type,
                        request,
                        routing,
                        overflowed_from,
                        access_scope,
                    }
                }
            ),
        (request(), conversation(), kind(), option::of(agent()), routing(), any::<u64>(), overflowed())
            .prop_map(|(request, conversation, kind, requester, routing, requested_at, overflowed_from)| {
                Event::RequestOpened {
                    request,
                    conversation,
                    kind,
                    requester,
                    routing,
                    requested_at,
                    overflowed_from,
                }
            }),
        (request(), conversation(), kind(), agents(), sent).prop_map(
            |(
                request,
                conversation,
                kind,
                agents,
                (first, expires_at, units, (interruptible, held, at_once), next_wave_at),
            )| {
                let first = InviteId(first);
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
                }
            }
        ),
        (
            (any::<u64>(), request(), conversation(), kind()),
            (agent(), option::of(agent()), any::<u64>(), option::of(text()))
        )
            .prop_map(
                |((invite, request, conversation, kind), (agent, giver, wrap_up_until, supervisor))| {
                    Event::InviteAccepted {
                        invite: InviteId(invite),
                        request,
                        conversation,
                        kind,
                        agent,
                        giver,
                        wrap_up_until,
                        supervisor,
                    }
                }
            ),
        (conversation(), text(), request(), routing(), any::<u64>(), overflowed()).prop_map(
            |(conversation, supervisor, request, routing, requested_at, overflowed_from)| {
                Event::ConversationMoved {
                    conversation,
                    supervisor,
                    request,
                    routing,
                    requested_at,
                    overflowed_from,
                }
            }
        ),
        (request(), conversation(), end, invites, text()).prop_map(
            |(request, conversation, end, invites, reason)| Event::InvitesEnded {
                request,
                conversation,
                end,
                invites,
                reason
            }
        ),
        (request(), conversation(), kind(), option::of(agent()), why).prop_map(
            |(request, conversation, kind, requester, why)| Event::RequestEnded {
                request,
                conversation,
                kind,
                requester,
                why
            }
        ),
        (request(), conversation())
            .prop_map(|(request, conversation)| Event::WavesEnded { request, conversation }),
        (request(), conversation(), agent(), any::<bool>(), any::<u32>()).prop_map(
            |(request, conversation, agent, interruptible, units)| Event::AgentEarmarked {
                request,
                conversation,
                agent,
                earmark: Earmark { interruptible, units }
            }
        ),
        (request(), conversation(), agent()).prop_map(|(request, conversation, agent)| {
            Event::EarmarkLifted { request, conversation, agent }
        }),
        (request(), conversation(), any::<u32>())
            .prop_map(|(request, conversation, round)| Event::RoundStarted { request, conversation, round }),
    ]
}

fn event_of_a_room() -> impl Strategy<Value = Event> {
    let leaving =
        prop_oneof![one_of(&[Leaving::Asked, Leaving::SessionLost]), text().prop_map(Leaving::Moved)];
    prop_oneof![
        (conversation(), agent(), leaving, any::<u64>()).prop_map(
            |(conversation, agent, leaving, wrap_up_until)| Event::ParticipantLeft {
                conversation,
                agent,
                leaving,
                wrap_up_until
            }
        ),
        (conversation(), author(), agents(), any::<u64>()).prop_map(
            |(conversation, by, participants, wrap_up_until)| Event::ConversationEnded {
                conversation,
                by,
                participants,
                wrap_up_until
            }
        ),
        (conversation(), agent(), any::<u64>())
            .prop_map(|(conversation, agent, until)| Event::WrapUpExtended { conversation, agent, until }),
        (conversation(), agent())
            .prop_map(|(conversation, agent)| Event::WrapUpEnded { conversation, agent }),
        (conversation(), agent(), text()).prop_map(|(conversation, agent, reason)| Event::FlagRaised {
            conversation,
            agent,
            reason
        }),
        (conversation(), agent(), author()).prop_map(|(conversation, agent, by)| Event::FlagLowered {
            conversation,
            agent,
            by
        }),
        (conversation(), any::<u32>(), any::<u32>(), author(), text()).prop_map(
            |(conversation, number, customer_number, author, text)| Event::MessagePosted {
                conversation,
                number,
                customer_number,
                author,
                text
            }
        ),
    ]
}

fn record() -> impl Strategy<Value = Record> {
    (text(), text(), text()).prop_map(|(record_type, id, title)| Record { record_type, id, title })
}

fn event_about_records() -> impl Strategy<Value = Event> {
    prop_oneof![
        (conversation(), agent(), record()).prop_map(|(conversation, agent, record)| Event::RecordAttached {
            conversation,
            agent,
            record
        }),
        (conversation(), agent(), text(), text()).prop_map(|(conversation, agent, record_type, id)| {
            Event::RecordRemoved { conversation, agent, record_type, id }
        }),
        (conversation(), agent(), vec(record(), 0..4))
            .prop_map(|(conversation, agent, records)| Event::RecordsGiven { conversation, agent, records }),
    ]
}

pub(super) fn event() -> impl Strategy<Value = Event> {
    prop_oneof![event_of_a_session(), event_of_a_request(), event_of_a_room(), event_about_records()]
}
