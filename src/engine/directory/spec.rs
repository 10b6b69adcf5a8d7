//! The directory as it is written: resources that refer to each other by id. What the API brings, what events store.

use serde::{Deserialize, Serialize};

use crate::engine::ids::Millis;

/// A skill that agents have at a level.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skill {
    /// Its id.
    pub id: Box<str>,
    /// Its name for people.
    pub name: Box<str>,
}

/// What becomes of a conversation whose only agent is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum OnSessionLoss {
    /// The agent keeps it.
    Keep,
    /// It is routed again, with its age.
    Requeue,
}

/// When an agent that declined or let an invite expire is invited again for the same request (INV-6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reinvite {
    /// Never.
    Never,
    /// When so many milliseconds have passed.
    After(Millis),
    /// Once everyone who could serve the request, busy or not, has declined too.
    OnceEveryoneHas,
}

/// A kind of work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Channel {
    /// Its id.
    pub id: Box<str>,
    /// Its name for people.
    pub name: Box<str>,
    /// Capacity units of one conversation.
    pub weight: u32,
    /// Whether it takes interruptible units only (CAP-5).
    pub interruptible: bool,
    /// How long an invite stays open; 0: for ever.
    pub push_timeout_ms: Millis,
    /// How long an agent is held after its part has ended; 0: not at all.
    pub wrap_up_ms: Millis,
    /// Whether invites are accepted in the agent's name at once (INV-7).
    pub auto_accept: bool,
    /// Whether agents may be brought in (CONF-6).
    pub conference_allowed: bool,
    /// How many agents may be in one conversation.
    pub participants_max: u32,
    /// What becomes of work whose agent is lost (PRES-2).
    pub on_session_loss: OnSessionLoss,
    /// When whoever declined is asked again.
    pub reinvite: Reinvite,
    /// The status that a decline puts the agent in (INV-5).
    pub decline_status: Option<Box<str>>,
    /// The status that an expiry puts the agent in; none: it is NOT_RESPONDING.
    pub expiry_status: Option<Box<str>>,
}

/// What a presence status means for routing (PRES-3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum PresenceKind {
    /// Takes the named channels.
    Online,
    /// At work, takes nothing.
    Away,
    /// Not at work.
    Offline,
    /// Finishes what is in hand, takes nothing new.
    Draining,
}

/// What an agent can say of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PresenceStatus {
    /// Its id.
    pub id: Box<str>,
    /// Its name for people.
    pub name: Box<str>,
    /// What it means.
    pub kind: PresenceKind,
    /// The channels it takes, when online.
    pub channels: Vec<Box<str>>,
}

/// How much work an agent can have (CAP-1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CapacityProfile {
    /// Its id.
    pub id: Box<str>,
    /// Its name for people.
    pub name: Box<str>,
    /// Capacity units.
    pub units: u32,
    /// Units for interruptible work.
    pub interruptible_units: u32,
    /// How many conversations of a channel at once.
    pub channel_maxima: Vec<(Box<str>, u32)>,
}

/// How the best agent is chosen among the eligible (SEL-2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum RoutingModel {
    /// Fewest units in use.
    LeastActive,
    /// Most units free.
    MostAvailable,
    /// Nothing in hand and free the longest; then fewest units in use, last work ended longest ago.
    LongestIdle,
    /// Highest sum of levels over the required skills.
    BestMatch,
    /// Nobody is chosen: agents pick from what waits. For buttons (BTN-1).
    Choice,
}

/// A queue: its members serve what is sent to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Queue {
    /// Its id.
    pub id: Box<str>,
    /// Its name for people.
    pub name: Box<str>,
    /// How its agents are chosen.
    pub model: RoutingModel,
    /// The priority of what names none.
    pub priority: u32,
    /// Weight of its work in place of the channel's.
    pub weight: Option<u32>,
    /// How many requests may wait in it (QUE-3).
    pub waiting_max: Option<u32>,
    /// Who gets what is too much.
    pub overflow: Option<Overflow>,
    /// Whether nearer deadlines go first within a priority (QUE-4).
    pub by_deadline: bool,
    /// After which wait work that fits nobody's free room earmarks an agent (QUE-5); 0: never.
    pub earmark_after_ms: Millis,
}

/// Who gets what is too much for a queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Overflow {
    /// Another queue.
    Queue(Box<str>),
    /// All who have a skill.
    Skill(Box<str>),
    /// A button.
    Button(Box<str>),
    /// An agent.
    Agent(Box<str>),
}

impl Overflow {
    /// The resource that it names.
    pub fn reference(&self) -> (ResourceKind, &str) {
        match self {
            Self::Queue(id) => (ResourceKind::Queue, id),
            Self::Skill(id) => (ResourceKind::Skill, id),
            Self::Button(id) => (ResourceKind::Button, id),
            Self::Agent(id) => (ResourceKind::Agent, id),
        }
    }
}

/// A button of the older routing (BTN-1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Button {
    /// Its id.
    pub id: Box<str>,
    /// Its name for people.
    pub name: Box<str>,
    /// The skills it asks for.
    pub skills: Vec<Box<str>>,
    /// Whether an agent needs all of them; else any.
    pub all_skills: bool,
    /// How its agents are chosen.
    pub model: RoutingModel,
    /// How often its work is routed again once everyone has declined (BTN-3).
    pub reroutes_max: Option<u32>,
}

/// An agent in the directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agent {
    /// Its id.
    pub id: Box<str>,
    /// Its name for people.
    pub name: Box<str>,
    /// How much work it can have.
    pub profile: Box<str>,
    /// What it can do, at which level in hundredths.
    pub skills: Vec<(Box<str>, u16)>,
    /// The queues it serves.
    pub queues: Vec<Box<str>>,
    /// The types of records that it may see; none: all (REC-2).
    pub record_types: Vec<Box<str>>,
    /// The access scopes that it was given: of older conversations it may see those (HIST-3).
    pub access_scopes: Vec<Box<str>>,
}

/// One resource of any kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Resource {
    /// A skill.
    Skill(Skill),
    /// A channel.
    Channel(Channel),
    /// A presence status.
    PresenceStatus(PresenceStatus),
    /// A capacity profile.
    CapacityProfile(CapacityProfile),
    /// A queue.
    Queue(Queue),
    /// A button.
    Button(Button),
    /// An agent.
    Agent(Agent),
}

/// The kinds of resource, in the order in which they refer to each other: later ones to earlier ones, but for what is said below.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ResourceKind {
    /// Skills.
    Skill,
    /// Channels. They name presence statuses, which name channels.
    Channel,
    /// Presence statuses.
    PresenceStatus,
    /// Capacity profiles.
    CapacityProfile,
    /// Queues. They overflow into each other, and into buttons and agents.
    Queue,
    /// Buttons.
    Button,
    /// Agents.
    Agent,
}

impl ResourceKind {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Skill,
        Self::Channel,
        Self::PresenceStatus,
        Self::CapacityProfile,
        Self::Queue,
        Self::Button,
        Self::Agent,
    ];

    /// The name of one of them, in the paths of its mistakes.
    pub fn name(self) -> &'static str {
        match self {
            Self::Skill => "skill",
            Self::Channel => "channel",
            Self::PresenceStatus => "presence_status",
            Self::CapacityProfile => "capacity_profile",
            Self::Queue => "queue",
            Self::Button => "button",
            Self::Agent => "agent",
        }
    }

    /// The name of its list in a directory: the path of its mistakes begins so.
    pub fn list_name(self) -> &'static str {
        match self {
            Self::Skill => "skills",
            Self::Channel => "channels",
            Self::PresenceStatus => "presence_statuses",
            Self::CapacityProfile => "capacity_profiles",
            Self::Queue => "queues",
            Self::Button => "buttons",
            Self::Agent => "agents",
        }
    }
}

impl Resource {
    /// Which kind it is of.
    pub fn kind(&self) -> ResourceKind {
        match self {
            Self::Skill(_) => ResourceKind::Skill,
            Self::Channel(_) => ResourceKind::Channel,
            Self::PresenceStatus(_) => ResourceKind::PresenceStatus,
            Self::CapacityProfile(_) => ResourceKind::CapacityProfile,
            Self::Queue(_) => ResourceKind::Queue,
            Self::Button(_) => ResourceKind::Button,
            Self::Agent(_) => ResourceKind::Agent,
        }
    }

    /// Its id.
    pub fn id(&self) -> &str {
        match self {
            Self::Skill(it) => &it.id,
            Self::Channel(it) => &it.id,
            Self::PresenceStatus(it) => &it.id,
            Self::CapacityProfile(it) => &it.id,
            Self::Queue(it) => &it.id,
            Self::Button(it) => &it.id,
            Self::Agent(it) => &it.id,
        }
    }

    /// Its name for people.
    pub fn name(&self) -> &str {
        match self {
            Self::Skill(it) => &it.name,
            Self::Channel(it) => &it.name,
            Self::PresenceStatus(it) => &it.name,
            Self::CapacityProfile(it) => &it.name,
            Self::Queue(it) => &it.name,
            Self::Button(it) => &it.name,
            Self::Agent(it) => &it.name,
        }
    }
}

/// One step from a directory to another. A list of them is what a `DirectoryChanged` event stores.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Change {
    /// A resource that was not there.
    Create(Resource),
    /// A resource in place of its former version.
    Replace(Resource),
    /// A resource that is there no more.
    Remove(ResourceKind, Box<str>),
}
