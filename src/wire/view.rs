//! What the engine says of itself, as the API shows it.

use super::{
    names::{count, id_of, id_or_empty, ids_of, time},
    relaxation, routing, v1,
};
use crate::engine::{
    directory::{
        names::Names,
        spec::{self, Overflow, Reinvite, Resource},
    },
    query::{AgentView, ConversationView, InviteView, RequestView},
    queue_view::QueueView,
    state::{
        agent::{Hold, HoldOwner},
        conversation::Flag,
    },
};

/// An agent.
pub fn agent(view: &AgentView, names: &Names) -> v1::Agent {
    let console = view.session.map(|(_, console, _)| v1::Console::from(console)).unwrap_or_default();
    v1::Agent {
        agent_id: id_of(names, view.agent),
        routing_state: v1::RoutingState::from(view.routing_state).into(),
        presence_status_id: id_or_empty(names, view.status),
        session_epoch: view.session.map_or(0, |(epoch, ..)| epoch.0),
        connected: view.session.is_some_and(|(.., connected)| connected),
        console: console.into(),
        units: view.units,
        interruptible_units: view.interruptible_units,
        units_used: view.units_used,
        holds: view.holds.iter().map(hold).collect(),
        invites: view.invites.iter().map(|it| invite(it, names)).collect(),
        conversation_ids: view.conversations.iter().map(|it| it.0).collect(),
        earmarked_for_routing_request_id: view.earmarked_for.map_or(0, |it| it.0),
        flagged_conversation_ids: view.flagged.iter().map(|it| it.0).collect(),
    }
}

fn flag(flag: &Flag) -> v1::Flag {
    v1::Flag { reason: flag.reason.to_string(), raised_at_ms: time(flag.raised_at) }
}

fn hold(hold: &Hold) -> v1::Hold {
    let (owner, invite_id, until) = match hold.owner {
        HoldOwner::Invite(invite) => (v1::HoldOwner::Invite, invite.0, 0),
        HoldOwner::Participation => (v1::HoldOwner::Participation, 0, 0),
        HoldOwner::Inactive => (v1::HoldOwner::Inactive, 0, 0),
        HoldOwner::WrapUp(until) => (v1::HoldOwner::WrapUp, 0, until),
    };
    v1::Hold {
        owner: owner.into(),
        conversation_id: hold.conversation.0,
        invite_id,
        units: hold.units,
        interruptible: hold.interruptible,
        until_ms: time(until),
    }
}

/// A pending invite. It waits for the agent, so it is none that is accepted in the agent's name.
pub fn invite(view: &InviteView, names: &Names) -> v1::Invite {
    v1::Invite {
        invite_id: view.invite.0,
        routing_request_id: view.request.0,
        conversation_id: view.conversation.0,
        kind: v1::RequestKind::from(view.kind).into(),
        channel_id: id_of(names, view.channel),
        customer_id: view.customer.to_string(),
        requested_by_agent_id: id_or_empty(names, view.requester),
        weight: view.units,
        expires_at_ms: time(view.expires_at),
        auto_accept: view.auto_accept,
    }
}

/// An open request.
pub fn request(view: &RequestView, names: &Names) -> v1::RoutingRequest {
    let state = if view.invited_count == 0 { v1::RequestState::Waiting } else { v1::RequestState::Inviting };
    v1::RoutingRequest {
        routing_request_id: view.request.0,
        kind: v1::RequestKind::from(view.kind).into(),
        state: state.into(),
        routing: Some(routing::shown(&view.routing, names)),
        requested_by_agent_id: id_or_empty(names, view.requester),
        requested_at_ms: time(view.requested_at),
        invited_agent_ids: ids_of(names, &view.invited),
        invited_count: count(view.invited_count),
        steps_taken: view.relaxed.steps,
        required_now: routing::shown_requirements(&view.required, false, names),
        insists_on_preferred: view.relaxed.insists,
        next_step: view.next_step.as_ref().map(|it| relaxation::shown_next(it, names)),
        earmarked_agent_id: id_or_empty(names, view.earmarked),
    }
}

/// A request that waits in a queue.
pub fn waiting(view: &RequestView, names: &Names) -> v1::WaitingRequest {
    v1::WaitingRequest { conversation_id: view.conversation.0, request: Some(request(view, names)) }
}

/// A live conversation.
pub fn conversation(view: &ConversationView, names: &Names) -> v1::Conversation {
    let (inactive_since, inactive_ends_at) = view.inactive.unwrap_or_default();
    let state = if view.inactive.is_some() {
        v1::ConversationState::Inactive
    } else if view.participants.is_empty() {
        v1::ConversationState::Waiting
    } else {
        v1::ConversationState::Active
    };
    let participants = view.participants.iter().enumerate().map(|(place, it)| v1::Participant {
        agent_id: id_of(names, it.agent),
        joined_at_ms: time(it.joined_at),
        keeper: place == 0,
        flag: it.flag.as_deref().map(flag),
    });
    v1::Conversation {
        conversation_id: view.conversation.0,
        state: state.into(),
        channel_id: id_of(names, view.channel),
        customer_id: view.customer.to_string(),
        routing_type: v1::RoutingType::from(view.routing_type).into(),
        created_at_ms: time(view.created_at),
        ended_at_ms: 0,
        participants: participants.collect(),
        requests: view.requests.iter().map(|it| request(it, names)).collect(),
        log_entries: view.log_entries,
        inactive_since_ms: time(inactive_since),
        inactive_ends_at_ms: time(inactive_ends_at),
    }
}

/// A queue.
pub fn queue(view: &QueueView, names: &Names) -> v1::QueueState {
    v1::QueueState {
        queue_id: id_of(names, view.queue),
        waiting_count: count(view.waiting),
        oldest_requested_at_ms: time(view.oldest.unwrap_or(0)),
        member_count: count(view.members),
        online_count: count(view.online),
        expected_wait_ms: view.expected_wait.map(time),
    }
}

/// A resource.
pub fn resource(resource: Resource) -> v1::Resource {
    v1::Resource { resource: Some(resource_kind(resource)) }
}

pub(super) fn resource_kind(resource: Resource) -> v1::resource::Resource {
    use v1::resource::Resource as Kind;
    match resource {
        Resource::Skill(it) => Kind::Skill(v1::Skill { id: it.id.into(), name: it.name.into() }),
        Resource::Channel(it) => Kind::Channel(channel(it)),
        Resource::PresenceStatus(it) => Kind::PresenceStatus(v1::PresenceStatus {
            id: it.id.into(),
            name: it.name.into(),
            kind: v1::PresenceKind::from(it.kind).into(),
            channel_ids: it.channels.into_iter().map(String::from).collect(),
        }),
        Resource::CapacityProfile(it) => {
            let maximum = |(id, conversations): (Box<str>, u32)| v1::ChannelMaximum {
                channel_id: id.into(),
                conversations,
            };
            Kind::CapacityProfile(v1::CapacityProfile {
                id: it.id.into(),
                name: it.name.into(),
                units: it.units,
                interruptible_units: Some(it.interruptible_units),
                channel_maxima: it.channel_maxima.into_iter().map(maximum).collect(),
            })
        }
        Resource::Queue(it) => Kind::Queue(v1::Queue {
            id: it.id.into(),
            name: it.name.into(),
            model: v1::RoutingModel::from(it.model).into(),
            priority: Some(it.priority),
            weight: it.weight,
            waiting_max: it.waiting_max,
            overflow: it.overflow.map(overflow),
            by_deadline: it.by_deadline,
            earmark_after_ms: time(it.earmark_after_ms),
        }),
        Resource::Button(it) => Kind::Button(v1::Button {
            id: it.id.into(),
            name: it.name.into(),
            skill_ids: it.skills.into_iter().map(String::from).collect(),
            all_skills: it.all_skills,
            model: v1::RoutingModel::from(it.model).into(),
            reroutes_max: it.reroutes_max,
        }),
        Resource::Agent(it) => {
            let skill = |(id, level): (Box<str>, u16)| v1::AgentSkill {
                skill_id: id.into(),
                level_hundredths: level.into(),
            };
            Kind::Agent(v1::AgentResource {
                id: it.id.into(),
                name: it.name.into(),
                capacity_profile_id: it.profile.into(),
                skills: it.skills.into_iter().map(skill).collect(),
                queue_ids: it.queues.into_iter().map(String::from).collect(),
                record_types: it.record_types.into_iter().map(String::from).collect(),
                access_scopes: it.access_scopes.into_iter().map(String::from).collect(),
            })
        }
    }
}

fn overflow(overflow: Overflow) -> v1::Overflow {
    use v1::overflow::Target as Of;
    let target = match overflow {
        Overflow::Queue(id) => Of::QueueId(id.into()),
        Overflow::Skill(id) => Of::SkillId(id.into()),
        Overflow::Button(id) => Of::ButtonId(id.into()),
        Overflow::Agent(id) => Of::AgentId(id.into()),
    };
    v1::Overflow { target: Some(target) }
}

fn channel(it: spec::Channel) -> v1::Channel {
    let (reinvite, after) = match it.reinvite {
        Reinvite::Never => (v1::Reinvite::Never, 0),
        Reinvite::After(span) => (v1::Reinvite::After, span),
        Reinvite::OnceEveryoneHas => (v1::Reinvite::OnceEveryoneHas, 0),
    };
    v1::Channel {
        id: it.id.into(),
        name: it.name.into(),
        weight: it.weight,
        interruptible: it.interruptible,
        push_timeout_ms: time(it.push_timeout_ms),
        wrap_up_ms: time(it.wrap_up_ms),
        auto_accept: it.auto_accept,
        conference_allowed: it.conference_allowed,
        participants_max: it.participants_max,
        on_session_loss: v1::OnSessionLoss::from(it.on_session_loss).into(),
        reinvite: reinvite.into(),
        reinvite_after_ms: time(after),
        decline_presence_status_id: it.decline_status.map(String::from).unwrap_or_default(),
        expiry_presence_status_id: it.expiry_status.map(String::from).unwrap_or_default(),
        asynchronous: it.inactivity.is_some(),
        inactive_weight: it.inactivity.map_or(0, |it| it.weight),
        inactive_after_ms: time(it.inactivity.map_or(0, |it| it.after_ms)),
        inactive_ends_after_ms: time(it.inactivity.map_or(0, |it| it.ends_after_ms)),
    }
}
