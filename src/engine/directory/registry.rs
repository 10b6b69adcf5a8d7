//! The directory as the engine uses it: resources by their dense numbers, references resolved.
//!
//! A removed resource stays readable, marked as no longer live: work in hand still needs its rules (DIR-3), but nothing new can
//! refer to it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{
    names::Names,
    spec::{self, Change, Overflow, PresenceKind, Resource, ResourceKind},
};
use crate::engine::{
    ids::{AgentIx, ButtonIx, ChannelIx, ProfileIx, QueueIx, SkillIx, StatusIx},
    routing::Target,
};

/// A set of channels, one bit each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct ChannelSet(u128);

impl ChannelSet {
    /// Channel ids that an org may ever use: the width of the set.
    pub const WIDTH: usize = 128;

    /// Puts a channel in.
    pub fn insert(&mut self, channel: ChannelIx) {
        self.0 |= 1 << channel.0;
    }

    /// Whether a channel is in.
    pub fn contains(self, channel: ChannelIx) -> bool {
        self.0 >> channel.0 & 1 == 1
    }
}

/// A channel with its references resolved.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Channel {
    /// As it was written.
    pub spec: spec::Channel,
    /// The status that a decline puts the agent in.
    pub decline_status: Option<StatusIx>,
    /// The status that an expiry puts the agent in.
    pub expiry_status: Option<StatusIx>,
}

/// A presence status with its references resolved.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PresenceStatus {
    /// As it was written.
    pub spec: spec::PresenceStatus,
    /// What it takes; nothing unless it is online.
    pub channels: ChannelSet,
}

/// A capacity profile with its references resolved.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CapacityProfile {
    /// As it was written.
    pub spec: spec::CapacityProfile,
    /// How many conversations of a channel at once.
    pub maxima: Vec<(ChannelIx, u32)>,
}

/// A queue with its references resolved.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Queue {
    /// As it was written.
    pub spec: spec::Queue,
    /// Who gets what is too much.
    pub overflow: Option<Target>,
}

/// A button with its references resolved.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Button {
    /// As it was written.
    pub spec: spec::Button,
    /// The skills it asks for.
    pub skills: Vec<SkillIx>,
}

/// An agent with its references resolved. There are many, so what the numbers say is not kept as text too.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Agent {
    /// Its name for people.
    pub name: Box<str>,
    /// How much work it can have.
    pub profile: ProfileIx,
    /// What it can do, by skill.
    pub skills: Arc<[(SkillIx, u16)]>,
    /// The queues it serves, in order.
    pub queues: Arc<[QueueIx]>,
    /// The types of records that it may see; none: all.
    pub record_types: Box<[Box<str>]>,
    /// The access scopes that it was given.
    pub access_scopes: Box<[Box<str>]>,
}

/// A resource, and whether it is still in the directory.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Slot<T> {
    live: bool,
    value: T,
}

/// All resources that ever were, by number.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Registry {
    names: Names,
    skills: Vec<Slot<spec::Skill>>,
    channels: Vec<Slot<Channel>>,
    statuses: Vec<Slot<PresenceStatus>>,
    profiles: Vec<Slot<CapacityProfile>>,
    queues: Vec<Slot<Queue>>,
    buttons: Vec<Slot<Button>>,
    agents: Vec<Slot<Agent>>,
}

fn put<T>(slots: &mut Vec<Slot<T>>, index: usize, value: T) {
    let slot = Slot { live: true, value };
    if index == slots.len() {
        slots.push(slot);
    } else {
        slots[index] = slot;
    }
}

impl Registry {
    /// Brings the directory from one state to the next. The changes were checked when they were decided; it cannot fail.
    pub fn apply(&mut self, changes: &[Change]) {
        self.names.intern(changes);
        // Numbers are given in the order of the changes within each kind, so what is put next always has a place.
        for change in changes {
            match change {
                Change::Create(resource) | Change::Replace(resource) => self.put(resource),
                Change::Remove(kind, id) => self.remove(*kind, id),
            }
        }
    }

    fn put(&mut self, resource: &Resource) {
        let index = self.known::<u32>(resource.kind(), resource.id()) as usize;
        match resource {
            Resource::Skill(it) => put(&mut self.skills, index, it.clone()),
            Resource::Channel(it) => {
                let status = |id: &Option<Box<str>>| {
                    id.as_ref().map(|id| self.known(ResourceKind::PresenceStatus, id))
                };
                let channel = Channel {
                    decline_status: status(&it.decline_status),
                    expiry_status: status(&it.expiry_status),
                    spec: it.clone(),
                };
                put(&mut self.channels, index, channel);
            }
            Resource::PresenceStatus(it) => {
                let mut channels = ChannelSet::default();
                if it.kind == PresenceKind::Online {
                    it.channels.iter().for_each(|id| channels.insert(self.known(ResourceKind::Channel, id)));
                }
                put(&mut self.statuses, index, PresenceStatus { spec: it.clone(), channels });
            }
            Resource::CapacityProfile(it) => {
                let maxima = it
                    .channel_maxima
                    .iter()
                    .map(|(id, maximum)| (self.known(ResourceKind::Channel, id), *maximum))
                    .collect();
                put(&mut self.profiles, index, CapacityProfile { spec: it.clone(), maxima });
            }
            Resource::Queue(it) => {
                let overflow = it.overflow.as_ref().map(|it| self.target(it));
                put(&mut self.queues, index, Queue { spec: it.clone(), overflow });
            }
            Resource::Button(it) => {
                let skills = it.skills.iter().map(|id| self.known(ResourceKind::Skill, id)).collect();
                put(&mut self.buttons, index, Button { spec: it.clone(), skills });
            }
            Resource::Agent(it) => {
                let agent = self.resolve_agent(it);
                put(&mut self.agents, index, agent);
            }
        }
    }

    fn target(&self, overflow: &Overflow) -> Target {
        let (kind, id) = overflow.reference();
        match overflow {
            Overflow::Queue(_) => Target::Queue { queue: self.known(kind, id), skills: Arc::default() },
            Overflow::Skill(_) => Target::Skill(self.known(kind, id)),
            Overflow::Button(_) => Target::Button(self.known(kind, id)),
            Overflow::Agent(_) => Target::Agent(self.known(kind, id)),
        }
    }

    fn resolve_agent(&self, it: &spec::Agent) -> Agent {
        let mut skills: Vec<_> =
            it.skills.iter().map(|(id, level)| (self.known(ResourceKind::Skill, id), *level)).collect();
        let mut queues: Vec<_> = it.queues.iter().map(|id| self.known(ResourceKind::Queue, id)).collect();
        skills.sort_unstable();
        queues.sort_unstable();
        Agent {
            name: it.name.clone(),
            profile: self.known(ResourceKind::CapacityProfile, &it.profile),
            skills: skills.into(),
            queues: queues.into(),
            record_types: it.record_types.clone().into(),
            access_scopes: it.access_scopes.clone().into(),
        }
    }

    fn remove(&mut self, kind: ResourceKind, id: &str) {
        let index = self.known::<u32>(kind, id) as usize;
        *self.live_mut(kind, index) = false;
    }

    fn live_mut(&mut self, kind: ResourceKind, index: usize) -> &mut bool {
        match kind {
            ResourceKind::Skill => &mut self.skills[index].live,
            ResourceKind::Channel => &mut self.channels[index].live,
            ResourceKind::PresenceStatus => &mut self.statuses[index].live,
            ResourceKind::CapacityProfile => &mut self.profiles[index].live,
            ResourceKind::Queue => &mut self.queues[index].live,
            ResourceKind::Button => &mut self.buttons[index].live,
            ResourceKind::Agent => &mut self.agents[index].live,
        }
    }

    fn known<T: From<u32>>(&self, kind: ResourceKind, id: &str) -> T {
        self.names
            .number(kind, id)
            .unwrap_or_else(|| unreachable!("a checked change refers to what is there"))
    }

    /// The ids and their numbers.
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// Whether the resource with this number is in the directory now.
    pub fn is_live(&self, kind: ResourceKind, index: u32) -> bool {
        let index = index as usize;
        match kind {
            ResourceKind::Skill => self.skills.get(index).is_some_and(|it| it.live),
            ResourceKind::Channel => self.channels.get(index).is_some_and(|it| it.live),
            ResourceKind::PresenceStatus => self.statuses.get(index).is_some_and(|it| it.live),
            ResourceKind::CapacityProfile => self.profiles.get(index).is_some_and(|it| it.live),
            ResourceKind::Queue => self.queues.get(index).is_some_and(|it| it.live),
            ResourceKind::Button => self.buttons.get(index).is_some_and(|it| it.live),
            ResourceKind::Agent => self.agents.get(index).is_some_and(|it| it.live),
        }
    }

    /// Whether a resource with this id is in the directory now.
    pub fn contains(&self, kind: ResourceKind, id: &str) -> bool {
        self.names.of(kind).number(id).is_some_and(|index| self.is_live(kind, index))
    }

    /// A channel, also one that was removed.
    pub fn channel(&self, ix: ChannelIx) -> &Channel {
        &self.channels[ix.index()].value
    }

    /// A presence status, also one that was removed.
    pub fn status(&self, ix: StatusIx) -> &PresenceStatus {
        &self.statuses[ix.index()].value
    }

    /// A capacity profile, also one that was removed.
    pub fn profile(&self, ix: ProfileIx) -> &CapacityProfile {
        &self.profiles[ix.index()].value
    }

    /// A queue, also one that was removed.
    pub fn queue(&self, ix: QueueIx) -> &Queue {
        &self.queues[ix.index()].value
    }

    /// A button, also one that was removed.
    pub fn button(&self, ix: ButtonIx) -> &Button {
        &self.buttons[ix.index()].value
    }

    /// An agent, also one that was removed.
    pub fn agent(&self, ix: AgentIx) -> &Agent {
        &self.agents[ix.index()].value
    }

    /// How many agents ever were.
    pub fn agent_count(&self) -> usize {
        self.agents.len()
    }

    /// A resource as it was written, if it is in the directory now.
    pub fn resource(&self, kind: ResourceKind, index: u32) -> Option<Resource> {
        if !self.is_live(kind, index) {
            return None;
        }
        Some(match kind {
            ResourceKind::Skill => Resource::Skill(self.skills[index as usize].value.clone()),
            ResourceKind::Channel => Resource::Channel(self.channel(ChannelIx(index)).spec.clone()),
            ResourceKind::PresenceStatus => {
                Resource::PresenceStatus(self.status(StatusIx(index)).spec.clone())
            }
            ResourceKind::CapacityProfile => {
                Resource::CapacityProfile(self.profile(ProfileIx(index)).spec.clone())
            }
            ResourceKind::Queue => Resource::Queue(self.queue(QueueIx(index)).spec.clone()),
            ResourceKind::Button => Resource::Button(self.button(ButtonIx(index)).spec.clone()),
            ResourceKind::Agent => Resource::Agent(self.agent_spec(AgentIx(index))),
        })
    }

    fn agent_spec(&self, ix: AgentIx) -> spec::Agent {
        let agent = self.agent(ix);
        let name = |kind, number| Box::from(self.names.of(kind).name(number));
        spec::Agent {
            id: name(ResourceKind::Agent, ix.0),
            name: agent.name.clone(),
            profile: name(ResourceKind::CapacityProfile, agent.profile.0),
            skills: agent
                .skills
                .iter()
                .map(|(skill, level)| (name(ResourceKind::Skill, skill.0), *level))
                .collect(),
            queues: agent.queues.iter().map(|queue| name(ResourceKind::Queue, queue.0)).collect(),
            record_types: agent.record_types.to_vec(),
            access_scopes: agent.access_scopes.to_vec(),
        }
    }

    /// Numbers of the resources of a kind that are in the directory now, in the order of their ids.
    pub fn live_by_id(&self, kind: ResourceKind) -> Vec<u32> {
        let names = self.names.of(kind);
        let mut live: Vec<u32> =
            (0..).take(names.count()).filter(|&index| self.is_live(kind, index)).collect();
        live.sort_unstable_by(|a, b| names.name(*a).cmp(names.name(*b)));
        live
    }

    /// Rebuilds what a snapshot leaves out.
    pub fn reindex(&mut self) {
        self.names.reindex();
    }
}
