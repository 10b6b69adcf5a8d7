//! The resources of a directory, in both directions.
//!
//! Shapes are checked here: choices, spans below zero, ids that are no ids. Values out of range and references into nowhere are the
//! engine's to find (`directory::check`), which names them all at once (DIR-2).

use super::{check::Check, v1};
use crate::engine::{
    directory::spec::{
        Agent, Button, CapacityProfile, Channel, OnSessionLoss, Overflow, PresenceKind, PresenceStatus,
        Queue, Reinvite, Resource, RoutingModel, Skill,
    },
    limits,
};

/// A resource of any kind, at the path that is being looked at.
pub(super) fn resource(resource: Option<v1::Resource>, check: &mut Check) -> Option<Resource> {
    use v1::resource::Resource as Kind;
    let inner = check.required("resource", resource)?.resource;
    check.within("resource", |check| {
        let Some(inner) = inner else {
            check.say("", "is required: one of its kinds");
            return None;
        };
        Some(match inner {
            Kind::Skill(it) => skill(it),
            Kind::Channel(it) => check.within("channel", |check| channel(it, check)),
            Kind::PresenceStatus(it) => check.within("presence_status", |check| presence_status(it, check)),
            Kind::CapacityProfile(it) => {
                check.within("capacity_profile", |check| capacity_profile(it, check))
            }
            Kind::Queue(it) => check.within("queue", |check| queue(it, check)),
            Kind::Button(it) => check.within("button", |check| button(it, check)),
            Kind::Agent(it) => check.within("agent", |check| agent(it, check)),
        })
    })
}

pub(super) fn skill(it: v1::Skill) -> Resource {
    Resource::Skill(Skill { id: it.id.into(), name: it.name.into() })
}

pub(super) fn channel(it: v1::Channel, check: &mut Check) -> Resource {
    let reinvite = match v1::Reinvite::try_from(it.reinvite) {
        Ok(v1::Reinvite::Never) => Reinvite::Never,
        Ok(v1::Reinvite::After) => {
            Reinvite::After(check.span("reinvite_after_ms", it.reinvite_after_ms, 1, limits::SPAN_MS_MAX))
        }
        Ok(v1::Reinvite::OnceEveryoneHas | v1::Reinvite::Unspecified) => Reinvite::OnceEveryoneHas,
        Err(_) => {
            check.say("reinvite", format!("{} is none of the choices", it.reinvite));
            Reinvite::OnceEveryoneHas
        }
    };
    Resource::Channel(Channel {
        push_timeout_ms: check.span("push_timeout_ms", it.push_timeout_ms, 0, limits::SPAN_MS_MAX),
        wrap_up_ms: check.span("wrap_up_ms", it.wrap_up_ms, 0, limits::SPAN_MS_MAX),
        participants_max: if it.participants_max == 0 {
            limits::PARTICIPANTS_DEFAULT
        } else {
            it.participants_max
        },
        on_session_loss: check
            .choice_or_open::<v1::OnSessionLoss>("on_session_loss", it.on_session_loss)
            .unwrap_or(OnSessionLoss::Keep),
        reinvite,
        decline_status: optional_id("decline_presence_status_id", it.decline_presence_status_id, check),
        expiry_status: optional_id("expiry_presence_status_id", it.expiry_presence_status_id, check),
        id: it.id.into(),
        name: it.name.into(),
        weight: it.weight,
        interruptible: it.interruptible,
        auto_accept: it.auto_accept,
        conference_allowed: it.conference_allowed,
    })
}

pub(super) fn presence_status(it: v1::PresenceStatus, check: &mut Check) -> Resource {
    check.count("channel_ids", it.channel_ids.len(), 0, limits::CHANNELS_MAX);
    Resource::PresenceStatus(PresenceStatus {
        kind: check.choice::<v1::PresenceKind>("kind", it.kind).unwrap_or(PresenceKind::Offline),
        channels: ids("channel_ids", it.channel_ids, check),
        id: it.id.into(),
        name: it.name.into(),
    })
}

pub(super) fn capacity_profile(it: v1::CapacityProfile, check: &mut Check) -> Resource {
    check.count("channel_maxima", it.channel_maxima.len(), 0, limits::CHANNELS_MAX);
    let mut channel_maxima = Vec::with_capacity(it.channel_maxima.len());
    for (place, maximum) in it.channel_maxima.into_iter().enumerate() {
        check.item("channel_maxima", place, |check| check.id("channel_id", &maximum.channel_id));
        channel_maxima.push((maximum.channel_id.into(), maximum.conversations));
    }
    Resource::CapacityProfile(CapacityProfile {
        id: it.id.into(),
        name: it.name.into(),
        units: it.units,
        interruptible_units: it.interruptible_units.unwrap_or(it.units),
        channel_maxima,
    })
}

pub(super) fn queue(it: v1::Queue, check: &mut Check) -> Resource {
    Resource::Queue(Queue {
        waiting_max: it.waiting_max,
        by_deadline: it.by_deadline,
        earmark_after_ms: check.span("earmark_after_ms", it.earmark_after_ms, 0, limits::SPAN_MS_MAX),
        overflow: it.overflow.and_then(|it| check.within("overflow", |check| overflow(it, check))),
        id: it.id.into(),
        name: it.name.into(),
        model: model(it.model, check),
        priority: it.priority.unwrap_or(limits::PRIORITY_DEFAULT),
        weight: it.weight,
    })
}

fn overflow(it: v1::Overflow, check: &mut Check) -> Option<Overflow> {
    use v1::overflow::Target as Of;
    let (field, overflow) = match check.required("target", it.target)? {
        Of::QueueId(id) => ("queue_id", Overflow::Queue(id.into())),
        Of::SkillId(id) => ("skill_id", Overflow::Skill(id.into())),
        Of::ButtonId(id) => ("button_id", Overflow::Button(id.into())),
        Of::AgentId(id) => ("agent_id", Overflow::Agent(id.into())),
    };
    check.id(field, overflow.reference().1);
    Some(overflow)
}

pub(super) fn button(it: v1::Button, check: &mut Check) -> Resource {
    Resource::Button(Button {
        id: it.id.into(),
        name: it.name.into(),
        skills: ids("skill_ids", it.skill_ids, check),
        all_skills: it.all_skills,
        model: model(it.model, check),
        reroutes_max: it.reroutes_max,
    })
}

pub(super) fn agent(it: v1::AgentResource, check: &mut Check) -> Resource {
    check.id("capacity_profile_id", &it.capacity_profile_id);
    let mut skills = Vec::with_capacity(it.skills.len());
    for (place, skill) in it.skills.into_iter().enumerate() {
        check.item("skills", place, |check| check.id("skill_id", &skill.skill_id));
        // What 16 bits cannot hold is out of range all the same, and the engine says so.
        let level = u16::try_from(skill.level_hundredths).unwrap_or(u16::MAX);
        skills.push((skill.skill_id.into(), level));
    }
    Resource::Agent(Agent {
        id: it.id.into(),
        name: it.name.into(),
        profile: it.capacity_profile_id.into(),
        skills,
        queues: ids("queue_ids", it.queue_ids, check),
        record_types: ids("record_types", it.record_types, check),
        access_scopes: ids("access_scopes", it.access_scopes, check),
    })
}

fn model(model: i32, check: &mut Check) -> RoutingModel {
    check.choice_or_open::<v1::RoutingModel>("model", model).unwrap_or(RoutingModel::LeastActive)
}

fn ids(list: &'static str, ids: Vec<String>, check: &mut Check) -> Vec<Box<str>> {
    for (place, id) in ids.iter().enumerate() {
        check.item(list, place, |check| check.id("", id));
    }
    ids.into_iter().map(String::into_boxed_str).collect()
}

fn optional_id(field: &str, id: String, check: &mut Check) -> Option<Box<str>> {
    if id.is_empty() {
        return None;
    }
    check.id(field, &id);
    Some(id.into())
}
