//! Any resource that a directory can have.

use proptest::{collection::vec, option, prelude::*};

use super::any_event::{model, one_of, text, texts};
use crate::engine::directory::spec::{
    Agent, Button, CapacityProfile, Channel, Inactivity, OnSessionLoss, Overflow, PresenceKind,
    PresenceStatus, Queue, Reinvite, Resource, Skill,
};

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
    let inactivity = (any::<u32>(), any::<u64>(), any::<u64>())
        .prop_map(|(weight, after_ms, ends_after_ms)| Inactivity { weight, after_ms, ends_after_ms });
    (text(), text(), numbers, flags, loss, reinvite, statuses, option::of(inactivity)).prop_map(
        |(
            id,
            name,
            numbers,
            flags,
            on_session_loss,
            reinvite,
            (decline_status, expiry_status),
            inactivity,
        )| {
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
                inactivity,
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

pub(super) fn resource() -> impl Strategy<Value = Resource> {
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
