//! Directory changes from their stored form.

use super::{StoredError, choice, level, stored_v1 as stored};
use crate::engine::directory::spec::{
    Agent, Button, CapacityProfile, Change, Channel, Overflow, PresenceStatus, Queue, Reinvite, Resource,
    RoutingModel, Skill,
};

pub(super) fn change(change: stored::Change) -> Result<Change, StoredError> {
    use stored::change::Change as Of;
    Ok(match change.change.ok_or(StoredError::Missing("a change"))? {
        Of::Create(it) => Change::Create(resource(it)?),
        Of::Replace(it) => Change::Replace(resource(it)?),
        Of::Remove(it) => {
            Change::Remove(choice::<stored::ResourceKind>("a kind of resource", it.kind)?, it.id.into())
        }
    })
}

fn resource(resource: stored::Resource) -> Result<Resource, StoredError> {
    use stored::resource::Kind;
    let (id, name) = (resource.id.into_boxed_str(), resource.name.into_boxed_str());
    Ok(match resource.kind.ok_or(StoredError::Missing("a resource"))? {
        Kind::Skill(_) => Resource::Skill(Skill { id, name }),
        Kind::Channel(it) => Resource::Channel(channel(id, name, it)?),
        Kind::PresenceStatus(it) => Resource::PresenceStatus(PresenceStatus {
            id,
            name,
            kind: choice::<stored::PresenceKind>("a presence", it.kind)?,
            channels: texts(it.channels),
        }),
        Kind::CapacityProfile(it) => Resource::CapacityProfile(CapacityProfile {
            id,
            name,
            units: it.units,
            interruptible_units: it.interruptible_units,
            channel_maxima: it
                .channel_maxima
                .into_iter()
                .map(|it| (it.channel.into(), it.conversations))
                .collect(),
        }),
        Kind::Queue(it) => Resource::Queue(Queue {
            id,
            name,
            model: model(it.model)?,
            priority: it.priority,
            weight: it.weight,
            waiting_max: it.waiting_max,
            overflow: it.overflow.map(overflow).transpose()?,
            by_deadline: it.by_deadline,
            earmark_after_ms: it.earmark_after_ms,
        }),
        Kind::Button(it) => Resource::Button(Button {
            id,
            name,
            skills: texts(it.skills),
            all_skills: it.all_skills,
            model: model(it.model)?,
            reroutes_max: it.reroutes_max,
        }),
        Kind::Agent(it) => {
            let skill = |it: stored::AgentSkill| Ok((it.skill.into_boxed_str(), level(it.level)?));
            Resource::Agent(Agent {
                id,
                name,
                profile: it.profile.into(),
                skills: it.skills.into_iter().map(skill).collect::<Result<_, StoredError>>()?,
                queues: texts(it.queues),
                record_types: texts(it.record_types),
                access_scopes: texts(it.access_scopes),
            })
        }
    })
}

fn overflow(overflow: stored::Overflow) -> Result<Overflow, StoredError> {
    use stored::overflow::Target as Of;
    Ok(match overflow.target.ok_or(StoredError::Missing("the target of an overflow"))? {
        Of::Queue(id) => Overflow::Queue(id.into()),
        Of::Skill(id) => Overflow::Skill(id.into()),
        Of::Button(id) => Overflow::Button(id.into()),
        Of::Agent(id) => Overflow::Agent(id.into()),
    })
}

fn channel(id: Box<str>, name: Box<str>, it: stored::Channel) -> Result<Channel, StoredError> {
    use stored::reinvite::Reinvite as Of;
    let reinvite = it.reinvite.and_then(|it| it.reinvite);
    let reinvite = match reinvite.ok_or(StoredError::Missing("when to invite again"))? {
        Of::Never(_) => Reinvite::Never,
        Of::AfterMs(span) => Reinvite::After(span),
        Of::OnceEveryoneHas(_) => Reinvite::OnceEveryoneHas,
    };
    Ok(Channel {
        id,
        name,
        weight: it.weight,
        interruptible: it.interruptible,
        push_timeout_ms: it.push_timeout_ms,
        wrap_up_ms: it.wrap_up_ms,
        auto_accept: it.auto_accept,
        conference_allowed: it.conference_allowed,
        participants_max: it.participants_max,
        on_session_loss: choice::<stored::OnSessionLoss>("what a lost session does", it.on_session_loss)?,
        reinvite,
        decline_status: it.decline_status.map(String::into_boxed_str),
        expiry_status: it.expiry_status.map(String::into_boxed_str),
    })
}

fn model(model: i32) -> Result<RoutingModel, StoredError> {
    choice::<stored::RoutingModel>("a routing model", model)
}

fn texts(all: Vec<String>) -> Vec<Box<str>> {
    all.into_iter().map(String::into_boxed_str).collect()
}
