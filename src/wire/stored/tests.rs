//! Round trips over every event, damage, and bytes of earlier releases.

use proptest::{collection::vec, option, prelude::*};

use super::{super::samples, *};
use crate::engine::{
    directory::spec::{
        Agent, Button, CapacityProfile, Change, Channel, OnSessionLoss, Overflow, PresenceKind,
        PresenceStatus, Queue, Reinvite, Resource, ResourceKind, RoutingModel, Skill,
    },
    event::{Author, Console, InviteEnd, Leaving, PresenceCause, RequestEnd, RequestKind},
    ids::{
        AgentIx, ButtonIx, ChannelIx, ConversationId, Epoch, InviteId, QueueIx, RequestId, SkillIx, StatusIx,
    },
    records::Record,
    routing::{Capacity, Mode, Requirement, Routing, RoutingType, Target, Waves},
};

/// A batch of `samples::events()`, as the first release wrote it. It must decode for ever; it is never written anew.
const FIRST_RELEASE: &str = "\
    0880d095ffbc3112b203090000000000000000110700000000000000a2019c030a120a100a05636172647312054361726473\
    1a000a0b0a090a056c6f616e731a000a2f0a2d0a0463686174120443686174221f0802100118a09c01208827280130013808\
    40024a0410e0d4035204617761790a180a160a04617761791204417761792a0808021204636861740a260a240a087374616e\
    6461726412085374616e64617264320e080a10041a080a046368617410030a180a160a0566726f6e74120546726f6e743a06\
    0804100718030a1d0a1b0a0468656c70120448656c70420d0a0563617264731001180220020a390a370a04616e6e61120441\
    4e4e414a290a087374616e64617264120a0a05636172647310d505120a0a056c6f616e7310e8071a0566726f6e740a390a37\
    0a04626572741204424552544a290a087374616e64617264120a0a05636172647310d505120a0a056c6f616e7310e8071a05\
    66726f6e740a390a370a04636c656f1204434c454f4a290a087374616e64617264120a0a05636172647310d505120a0a056c\
    6f616e7310e8071a0566726f6e740a10120e0a05636172647312034e65771a000a0a1a080806120468656c70120782010410\
    03180212170900000000200000001107000000000000008a01021003120c920109100318b0ba97ffbc311217090000000040\
    0000001107000000000000009a01021003120672040801180312470900000000600000001107000000000000001a3308ac02\
    1a1263c3a4736172406578616d706c652e6f7267200128ad023215220b12090a0200011203f403003002380340644801121f\
    4a1d08ad0210ac02180220002a0a100130023803406448013081d095ffbc3112300900000000800000001107000000000000\
    00221c08ad0210ac0218022084072a02020130a0ec96ffbc3138024001480112182a1608850710ad0218ac02200328013000\
    3888f795ffbc31122a0900000000a0000000110700000000000000421608ad0210ac021801220284072a010232056c756e63\
    68120e520c08ad0210ac02180220002803121c0900000000c00000001107000000000000006a0808ad0210ac021802120e5a\
    0c08ac02180220f0fe95ffbc3112250900000000e0000000110700000000000000321108ac02120208011a010120d88696ff\
    bc31120e7a0c08ac02100118c08e96ffbc3112190900000000000100001107000000000000003a0508ac0210011215621308\
    ac021004220208002a087073737420e29c93";

/// The events about records, as they were first written. Like the first release's, these bytes decode for ever.
const FIRST_RECORDS: &str = "\
    0880d095ffbc311224f2012108ac021a1c0a056f7264657212036f2d371a0e5a77c3b66c6620476cc3a47365721212fa010f\
    08ac021a056f7264657222036f2d37122682022308ac0210011a1c0a056f7264657212036f2d371a0e5a77c3b66c6620476c\
    c3a4736572";

/// A conversation with an access scope, as it was first written.
const FIRST_ACCESS_SCOPE: &str = "\
    0880d095ffbc3112221a2008ac021a0463757374200128ad0232081001300138014064a2010573616c6573";

fn recorded(events: Vec<(Option<RequestKey>, Event)>) -> Vec<Recorded> {
    events
        .into_iter()
        .map(|(key, event)| Recorded { at: 0, key, event, told: 0..0, log_number: 0, invites_to: None })
        .collect()
}

fn samples_with_keys() -> Vec<(Option<RequestKey>, Event)> {
    let key = |place: u128| place.is_multiple_of(2).then_some(RequestKey(place << 100 | 7));
    (0..).map(key).zip(samples::events()).collect()
}

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

fn one_of<T: Copy + std::fmt::Debug + 'static>(all: &'static [T]) -> impl Strategy<Value = T> {
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
        Just(Author::Service)
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
    let times = (any::<u64>(), any::<u64>());
    (target, mode, waves, model(), any::<u32>(), capacity, times).prop_map(
        |(target, mode, waves, model, priority, capacity, (not_before, accept_by))| Routing {
            target,
            mode,
            waves,
            model,
            priority,
            capacity,
            not_before,
            accept_by,
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
    let numbers = (any::<u32>(), option::of(any::<u32>()), option::of(any::<u32>()));
    (text(), text(), model(), numbers, option::of(overflow), any::<bool>()).prop_map(
        |(id, name, model, (priority, weight, waiting_max), overflow, by_deadline)| {
            Resource::Queue(Queue { id, name, model, priority, weight, waiting_max, overflow, by_deadline })
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
    let cause = one_of(&[C::Agent, C::Decline, C::Expiry]);
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
    ]);
    let sent = (any::<u64>(), any::<u64>(), any::<u32>(), any::<bool>(), any::<bool>(), any::<u64>());
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
                (first, expires_at, units, interruptible, held, next_wave_at),
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
                }
            }
        ),
        (any::<u64>(), request(), conversation(), kind(), agent(), option::of(agent()), any::<u64>())
            .prop_map(|(invite, request, conversation, kind, agent, giver, wrap_up_until)| {
                let invite = InviteId(invite);
                Event::InviteAccepted { invite, request, conversation, kind, agent, giver, wrap_up_until }
            }),
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
        (request(), conversation(), any::<u32>())
            .prop_map(|(request, conversation, round)| Event::RoundStarted { request, conversation, round }),
    ]
}

fn event_of_a_room() -> impl Strategy<Value = Event> {
    let leaving = one_of(&[Leaving::Asked, Leaving::SessionLost]);
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

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![event_of_a_session(), event_of_a_request(), event_of_a_room(), event_about_records()]
}

proptest! {
    #[test]
    fn what_is_written_is_read(
        at in any::<u64>(),
        events in vec((option::of(any::<u128>().prop_map(RequestKey)), event()), 0..12),
    ) {
        let payload = encode(at, &recorded(events.clone()));
        prop_assert_eq!(decode(&payload).expect("what was encoded decodes"), StoredBatch { at, events });
    }

    #[test]
    fn bytes_of_any_kind_are_read_or_refused(bytes in vec(any::<u8>(), 0..400)) {
        if let Ok(batch) = decode(&bytes) {
            let again = encode(batch.at, &recorded(batch.events.clone()));
            prop_assert_eq!(decode(&again).expect("what was decoded can be written"), batch);
        }
    }

    #[test]
    fn a_damaged_batch_is_read_or_refused(place in any::<prop::sample::Index>(), bits in 1_u8.., cut in any::<bool>()) {
        let mut payload = encode(9, &recorded(samples_with_keys()));
        let place = place.index(payload.len());
        if cut { payload.truncate(place) } else { payload[place] ^= bits }
        if let Ok(batch) = decode(&payload) {
            let again = encode(batch.at, &recorded(batch.events.clone()));
            prop_assert_eq!(decode(&again).expect("what was decoded can be written"), batch);
        }
    }
}

fn from_hex(hex: &str) -> Vec<u8> {
    (0..hex.len() / 2).map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).expect("hex")).collect()
}

#[test]
fn what_the_first_release_wrote_is_read_for_ever() {
    let batch = decode(&from_hex(FIRST_RELEASE)).expect("it decodes");
    let mut events = samples_with_keys();
    events.truncate(18);
    assert_eq!(batch, StoredBatch { at: 1_700_000_000_000, events });
}

#[test]
fn events_about_records_are_read_for_ever() {
    let batch = decode(&from_hex(FIRST_RECORDS)).expect("it decodes");
    let events: Vec<_> = samples::events().drain(18..21).map(|it| (None, it)).collect();
    assert_eq!(encode(batch.at, &recorded(events.clone())), from_hex(FIRST_RECORDS));
    assert_eq!(batch, StoredBatch { at: 1_700_000_000_000, events });
}

#[test]
fn access_scopes_are_read_for_ever() {
    let batch = decode(&from_hex(FIRST_ACCESS_SCOPE)).expect("it decodes");
    assert_eq!(encode(batch.at, &recorded(batch.events.clone())), from_hex(FIRST_ACCESS_SCOPE));
    let [(None, Event::ConversationCreated { conversation, access_scope, .. })] = &batch.events[..] else {
        panic!("{batch:?}")
    };
    assert_eq!((conversation.0, &**access_scope), (300, "sales"));
}

#[test]
fn the_samples_have_every_event() {
    let discriminants: std::collections::HashSet<_> =
        samples::events().iter().map(std::mem::discriminant).collect();
    let (_, body) = include_str!("../../engine/event.rs").split_once("pub enum Event {").expect("the enum");
    let variants = body.lines().filter(|line| line.starts_with("    ") && line.ends_with(" {")).count();
    assert_eq!((discriminants.len(), samples::events().len()), (variants, variants));
}

#[test]
fn what_this_release_does_not_know_is_refused_by_name() {
    let batch = |event| {
        let entries = vec![stored_v1::Entry { key_high: None, key_low: None, event }];
        decode(&stored_v1::Batch { at_ms: 1, entries }.encode_to_vec())
    };
    assert!(matches!(batch(None), Err(StoredError::Missing("an event"))));
    let started = |console| {
        let started = stored_v1::SessionStarted { agent: 1, epoch: 1, console };
        batch(Some(stored_v1::entry::Event::SessionStarted(started)))
    };
    assert!(matches!(started(99), Err(StoredError::UnknownChoice { choice: "a console", number: 99 })));
    assert!(matches!(started(0), Err(StoredError::UnknownChoice { number: 0, .. })));
    let ended =
        stored_v1::InvitesEnded { end: 1, invites: vec![1, 2], agents: vec![1], ..Default::default() };
    let ended = batch(Some(stored_v1::entry::Event::InvitesEnded(ended)));
    assert!(matches!(ended, Err(StoredError::Impossible(_))));
    assert!(matches!(decode(&[0xff]), Err(StoredError::Malformed(_))));
}

#[test]
fn a_usual_batch_is_small() {
    let sent = samples::events().into_iter().find(|it| matches!(it, Event::InvitesSent { .. }));
    let payload = encode(1_700_000_000_000, &recorded(vec![(None, sent.expect("there is one"))]));
    assert!(payload.len() <= 48, "{} bytes", payload.len());
}
