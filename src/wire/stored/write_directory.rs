//! Directory changes to their stored form.

use super::stored_v1 as stored;
use crate::engine::directory::spec::{Change, Channel, Overflow, Reinvite, Resource};

pub(super) fn change(change: &Change) -> stored::Change {
    use stored::change::Change as Of;
    let change = match change {
        Change::Create(it) => Of::Create(resource(it)),
        Change::Replace(it) => Of::Replace(resource(it)),
        Change::Remove(kind, id) => {
            Of::Remove(stored::Removal { kind: stored::ResourceKind::from(*kind).into(), id: id.to_string() })
        }
    };
    stored::Change { change: Some(change) }
}

fn resource(resource: &Resource) -> stored::Resource {
    use stored::resource::Kind;
    let kind = match resource {
        Resource::Skill(_) => Kind::Skill(stored::Skill {}),
        Resource::Channel(it) => Kind::Channel(channel(it)),
        Resource::PresenceStatus(it) => Kind::PresenceStatus(stored::PresenceStatus {
            kind: stored::PresenceKind::from(it.kind).into(),
            channels: texts(&it.channels),
        }),
        Resource::CapacityProfile(it) => {
            let maximum = |(channel, conversations): &(Box<str>, u32)| stored::ChannelMaximum {
                channel: channel.to_string(),
                conversations: *conversations,
            };
            Kind::CapacityProfile(stored::CapacityProfile {
                units: it.units,
                interruptible_units: it.interruptible_units,
                channel_maxima: it.channel_maxima.iter().map(maximum).collect(),
            })
        }
        Resource::Queue(it) => Kind::Queue(stored::Queue {
            model: stored::RoutingModel::from(it.model).into(),
            priority: it.priority,
            weight: it.weight,
            waiting_max: it.waiting_max,
            overflow: it.overflow.as_ref().map(overflow),
            by_deadline: it.by_deadline,
            earmark_after_ms: it.earmark_after_ms,
        }),
        Resource::Button(it) => Kind::Button(stored::Button {
            skills: texts(&it.skills),
            all_skills: it.all_skills,
            model: stored::RoutingModel::from(it.model).into(),
            reroutes_max: it.reroutes_max,
        }),
        Resource::Agent(it) => {
            let skill = |(skill, level): &(Box<str>, u16)| stored::AgentSkill {
                skill: skill.to_string(),
                level: (*level).into(),
            };
            Kind::Agent(stored::Agent {
                profile: it.profile.to_string(),
                skills: it.skills.iter().map(skill).collect(),
                queues: texts(&it.queues),
                record_types: texts(&it.record_types),
                access_scopes: texts(&it.access_scopes),
            })
        }
    };
    stored::Resource { id: resource.id().into(), name: resource.name().into(), kind: Some(kind) }
}

fn overflow(overflow: &Overflow) -> stored::Overflow {
    use stored::overflow::Target as Of;
    let target = match overflow {
        Overflow::Queue(id) => Of::Queue(id.to_string()),
        Overflow::Skill(id) => Of::Skill(id.to_string()),
        Overflow::Button(id) => Of::Button(id.to_string()),
        Overflow::Agent(id) => Of::Agent(id.to_string()),
    };
    stored::Overflow { target: Some(target) }
}

fn channel(it: &Channel) -> stored::Channel {
    use stored::reinvite as of;
    let reinvite = match it.reinvite {
        Reinvite::Never => of::Reinvite::Never(of::Never {}),
        Reinvite::After(span) => of::Reinvite::AfterMs(span),
        Reinvite::OnceEveryoneHas => of::Reinvite::OnceEveryoneHas(of::OnceEveryoneHas {}),
    };
    stored::Channel {
        weight: it.weight,
        interruptible: it.interruptible,
        push_timeout_ms: it.push_timeout_ms,
        wrap_up_ms: it.wrap_up_ms,
        auto_accept: it.auto_accept,
        conference_allowed: it.conference_allowed,
        participants_max: it.participants_max,
        on_session_loss: stored::OnSessionLoss::from(it.on_session_loss).into(),
        reinvite: Some(stored::Reinvite { reinvite: Some(reinvite) }),
        decline_status: it.decline_status.as_deref().map(str::to_owned),
        expiry_status: it.expiry_status.as_deref().map(str::to_owned),
    }
}

fn texts(all: &[Box<str>]) -> Vec<String> {
    all.iter().map(ToString::to_string).collect()
}
