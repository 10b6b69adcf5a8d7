//! How a request is routed: whom it addresses, to how many at a time, in which order.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::engine::{
    directory::spec::RoutingModel,
    ids::{AgentIx, ButtonIx, Millis, QueueIx, SkillIx},
    limits,
    relaxation::Relaxation,
};

/// How a conversation came in, for life (BTN-2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum RoutingType {
    /// By an agent, a skill, requirements or a queue.
    OmniChannel,
    /// By a button.
    ButtonSkills,
}

/// A skill and the least level of it, in hundredths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Requirement {
    /// The skill.
    pub skill: SkillIx,
    /// The least level.
    pub level: u16,
}

/// Whom a request addresses.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Target {
    /// One agent.
    Agent(AgentIx),
    /// All who have this skill, at any level.
    Skill(SkillIx),
    /// All who have these skills, each once, in the order of their numbers.
    Requirements(Arc<[Requirement]>),
    /// The members of a queue, those with these skills.
    Queue {
        /// The queue.
        queue: QueueIx,
        /// Skills beside the membership, in the order of their numbers.
        skills: Arc<[Requirement]>,
    },
    /// Agents with any (or all) of a button's skills.
    Button(ButtonIx),
}

impl Target {
    /// The queue, where it is one.
    pub fn queue(&self) -> Option<QueueIx> {
        match self {
            Self::Queue { queue, .. } => Some(*queue),
            Self::Agent(_) | Self::Skill(_) | Self::Requirements(_) | Self::Button(_) => None,
        }
    }

    /// The skill requirements that it states.
    pub fn requirements(&self) -> &[Requirement] {
        match self {
            Self::Requirements(all) | Self::Queue { skills: all, .. } => all,
            Self::Agent(_) | Self::Skill(_) | Self::Button(_) => &[],
        }
    }

    /// How a conversation comes in that is meant for it (BTN-2).
    pub fn routing_type(&self) -> RoutingType {
        match self {
            Self::Button(_) => RoutingType::ButtonSkills,
            Self::Agent(_) | Self::Skill(_) | Self::Requirements(_) | Self::Queue { .. } => {
                RoutingType::OmniChannel
            }
        }
    }

    /// Whether it names whom it wants: an agent, or whoever has one skill. Such requests may exceed capacity (CAP-4) and fail at once
    /// when nobody is there (CONF-4); the others wait.
    pub fn is_personal(&self) -> bool {
        match self {
            Self::Agent(_) | Self::Skill(_) => true,
            Self::Requirements(_) | Self::Queue { .. } | Self::Button(_) => false,
        }
    }
}

/// Whom a request goes to at a time (INV-1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Mode {
    /// The best agent, then the next.
    Single,
    /// Everyone eligible at once.
    Broadcast,
    /// The best few, then more, then all.
    Waves,
}

/// How the waves of a request go; nothing of it counts in other modes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Waves {
    /// How many are invited at a time; asked for, 0: by default.
    pub size: u32,
    /// How long until the next are; asked for, 0: by default.
    pub interval: Millis,
}

/// Whether an agent without free units may be given something (CAP-4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Capacity {
    /// Only into free units.
    Fit,
    /// Also above.
    Exceed,
}

/// How a request is routed; every default is filled in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Routing {
    /// Whom it addresses.
    pub target: Target,
    /// To how many at a time.
    pub mode: Mode,
    /// Of how many, where it goes by waves.
    pub waves: Waves,
    /// Who is best.
    pub model: RoutingModel,
    /// Lower goes first.
    pub priority: u32,
    /// Whether it may exceed capacity.
    pub capacity: Capacity,
    /// It is not routed before this time (QUE-4); 0: at once.
    pub not_before: Millis,
    /// By when it should be accepted; 0: no deadline.
    pub accept_by: Millis,
    /// How its requirements give way.
    pub relaxation: Relaxation,
    /// After which wait it earmarks an agent, where it fits nobody's free room (QUE-5); 0: never.
    pub earmark_after: Millis,
}

impl Routing {
    /// How many agents are invited at once, after so many waves.
    pub fn at_once(&self, waves_sent: u32) -> usize {
        match self.mode {
            Mode::Single => 1,
            Mode::Waves if waves_sent + 1 < limits::WAVES => self.waves.size as usize,
            Mode::Broadcast | Mode::Waves => limits::BROADCAST_MAX,
        }
    }
}

/// How the caller wants a request to be routed; what it leaves open the directory says (`requests::fill_in`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoutingAsk {
    /// Whom it addresses.
    pub target: Target,
    /// To how many at a time.
    pub mode: Option<Mode>,
    /// Of how many, where it goes by waves.
    pub waves: Waves,
    /// Who is best.
    pub model: Option<RoutingModel>,
    /// Lower goes first.
    pub priority: Option<u32>,
    /// Whether it may exceed capacity.
    pub capacity: Option<Capacity>,
    /// It is not routed before this time; 0: at once.
    pub not_before: Millis,
    /// By when it should be accepted; 0: no deadline.
    pub accept_by: Millis,
    /// How its requirements give way.
    pub relaxation: Relaxation,
}

impl RoutingAsk {
    /// To a target, with all else left open.
    pub fn to(target: Target) -> Self {
        Self {
            target,
            mode: None,
            waves: Waves::default(),
            model: None,
            priority: None,
            capacity: None,
            not_before: 0,
            accept_by: 0,
            relaxation: Relaxation::default(),
        }
    }
}
