//! Any event there can be, and all that can be in one.

use proptest::{collection::vec, option, prelude::*};

use super::any_resource::resource;
use crate::engine::{
    directory::spec::{Change, ResourceKind, RoutingModel},
    event::{Author, Console, Event, InviteEnd, Leaving, PresenceCause, RequestEnd, RequestKind},
    ids::{
        AgentIx, Agents, ButtonIx, ChannelIx, ConversationId, Epoch, InviteId, QueueIx, RequestId, SkillIx,
        StatusIx,
    },
    records::Record,
    relaxation::{Insist, Preferred, Relaxation, Relaxed, Step, Terms, WhenRequeued},
    routing::{Capacity, Mode, Requirement, Routing, RoutingType, Target, Waves},
    state::agent::Earmark,
};

pub(super) fn text() -> impl Strategy<Value = Box<str>> {
    any::<String>().prop_map(String::into_boxed_str)
}

pub(super) fn texts() -> impl Strategy<Value = Vec<Box<str>>> {
    vec(text(), 0..4)
}

fn agent() -> impl Strategy<Value = AgentIx> {
    any::<u32>().prop_map(AgentIx)
}

fn agents() -> impl Strategy<Value = Agents> {
    vec(agent(), 0..20).prop_map(Into::into)
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

pub(super) fn one_of<T: Clone + std::fmt::Debug + 'static>(all: &'static [T]) -> impl Strategy<Value = T> {
    proptest::sample::select(all)
}

fn kind() -> impl Strategy<Value = RequestKind> {
    one_of(&[RequestKind::New, RequestKind::Conference, RequestKind::Transfer])
}

pub(super) fn model() -> impl Strategy<Value = RoutingModel> {
    use RoutingModel as M;
    one_of(&[M::LeastActive, M::MostAvailable, M::LongestIdle, M::BestMatch, M::Choice, M::External])
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

fn requirements() -> impl Strategy<Value = std::sync::Arc<[Requirement]>> {
    let one =
        (any::<u32>(), any::<u16>()).prop_map(|(skill, level)| Requirement { skill: SkillIx(skill), level });
    vec(one, 0..6).prop_map(Into::into)
}

fn relaxation() -> impl Strategy<Value = Relaxation> {
    let step = (any::<u64>(), any::<u32>(), any::<u16>());
    let step = step.prop_map(|(after, drops, lowers_by)| Step { after, drops, lowers_by });
    let insist = prop_oneof![any::<u64>().prop_map(Insist::For), Just(Insist::UntilAvailable)];
    let preferred = (agent(), insist).prop_map(|(agent, insist)| Preferred { agent, insist });
    let when_requeued = one_of(&[WhenRequeued::GoOn, WhenRequeued::StartOver]);
    (requirements(), vec(step, 0..4), option::of(preferred), when_requeued).prop_map(
        |(additional, steps, preferred, when_requeued)| {
            let additional = additional.to_vec();
            Terms { additional, steps, preferred, when_requeued }.into()
        },
    )
}

fn routing() -> impl Strategy<Value = std::sync::Arc<Routing>> {
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
    (target, mode, waves, model(), any::<u32>(), capacity, times, relaxation()).prop_map(
        |(
            target,
            mode,
            waves,
            model,
            priority,
            capacity,
            (not_before, accept_by, earmark_after),
            relaxation,
        )| {
            let routing = Routing {
                target,
                mode,
                waves,
                model,
                priority,
                capacity,
                not_before,
                accept_by,
                relaxation,
                earmark_after,
            };
            routing.into()
        },
    )
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
                        customer: customer.into(),
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
        (request(), conversation(), any::<u32>(), any::<bool>()).prop_map(
            |(request, conversation, steps, insists)| Event::RequestRelaxed {
                request,
                conversation,
                relaxed: Relaxed { steps, insists }
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
    let leaving = prop_oneof![
        one_of(&[Leaving::Asked, Leaving::SessionLost, Leaving::CouldNotResume]),
        text().prop_map(Leaving::Moved)
    ];
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
        (conversation(), agent(), author(), any::<u32>(), any::<u64>()).prop_map(
            |(conversation, agent, by, units, ends_at)| Event::ConversationInactivated {
                conversation,
                agent,
                by,
                units,
                ends_at
            }
        ),
        (conversation(), option::of(agent()), any::<u32>()).prop_map(|(conversation, agent, units)| {
            Event::ConversationResumed { conversation, agent, units }
        }),
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
