//! The rule of who can serve what (SEL-1), in three parts that the index asks at different times. Deciding and explaining both ask
//! here; there is no second copy.
//!
//! ```text
//!   could_serve(cohort, class)   skills, queue, channel, console: once, when a cohort or a class first appears
//!   has_room(profile, load, …)   capacity: once for each load that agents of a cohort have
//!   bars(request, agent, now)    in the conversation, said no: for the agent at hand
//! ```

use std::sync::Arc;

use crate::engine::{
    directory::registry::{CapacityProfile, Registry},
    event::{Console, RequestKind},
    ids::{AgentIx, ChannelIx, Millis, ProfileIx, QueueIx, SkillIx, StatusIx},
    relaxation::Relaxed,
    routing::{Capacity, Requirement, Routing, RoutingType, Target},
    state::{
        State,
        agent::{Earmark, Load},
        conversation::{Conversation, Declined, Request},
    },
};

/// Agents whom nothing but their load and their age tells apart.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Cohort {
    /// What they have room for.
    pub profile: ProfileIx,
    /// Which channels they take.
    pub status: StatusIx,
    /// Where they work.
    pub console: Console,
    /// What they can do.
    pub skills: Arc<[(SkillIx, u16)]>,
    /// Which queues they serve.
    pub queues: Arc<[QueueIx]>,
}

/// Requests that the same agents can serve.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Class {
    /// The kind of work.
    pub channel: ChannelIx,
    /// Whom it addresses, as its requirements stand now.
    pub target: Target,
    /// The one agent that it is for, by name or because it insists on it; that agent must be of the target as anybody must.
    pub addressed: Option<AgentIx>,
    /// What it takes.
    pub units: u32,
    /// From which pool.
    pub interruptible: bool,
    /// Whether it may exceed capacity.
    pub capacity: Capacity,
    /// Whether it is for LIGHTNING consoles only (CONF-5).
    pub lightning_only: bool,
    /// Whether it waits until an agent picks it (BTN-1) or the platform picks who gets it (SEL-2).
    pub picked: bool,
}

/// Why an agent cannot be given a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Obstacle {
    /// Another agent is addressed.
    NotAddressed,
    /// It is not a member of the queue.
    NotInQueue,
    /// It lacks this skill.
    SkillMissing(SkillIx),
    /// It has this skill at too low a level.
    SkillTooLow(SkillIx),
    /// It has none of the button's skills.
    NoButtonSkill,
    /// Its presence status does not take the channel.
    ChannelNotTaken,
    /// Its console does not conference.
    Console,
    /// It has as many conversations of the channel as its profile allows.
    ChannelFull,
    /// Its room is kept for work that starves (QUE-5).
    Earmarked,
    /// It has so many units too few.
    RoomShortBy(u32),
    /// It is in the conversation.
    InConversation,
    /// It said no in this round.
    Declined,
}

impl Class {
    /// The class that a request is of, as the directory stands now.
    pub fn of(state: &State, request: &Request) -> Self {
        let conversation = state.conversation_of(request);
        let work = (conversation.channel, conversation.routing_type);
        Self::new(&state.registry, work, request.kind, &request.routing, request.relaxed)
    }

    /// The class that a request would be of.
    pub fn new(
        registry: &Registry,
        (channel, routing_type): (ChannelIx, RoutingType),
        kind: RequestKind,
        routing: &Routing,
        relaxed: Relaxed,
    ) -> Self {
        let (units, interruptible) = weight(registry, channel, routing);
        Self {
            channel,
            target: routing.target_now(relaxed),
            addressed: routing.addressed(relaxed),
            units,
            interruptible,
            capacity: routing.capacity,
            lightning_only: kind == RequestKind::Conference && routing_type == RoutingType::OmniChannel,
            picked: routing.model.is_picked(),
        }
    }
}

/// What a request on a channel takes, and whether from the interruptible pool (CAP-1).
pub fn weight(registry: &Registry, channel: ChannelIx, routing: &Routing) -> (u32, bool) {
    let rules = &registry.channel(channel).spec;
    let of_queue = routing.target.queue().and_then(|queue| registry.queue(queue).spec.weight);
    (of_queue.unwrap_or(rules.weight), rules.interruptible)
}

/// Whether agents of a cohort could serve a class, had they room.
pub fn could_serve(registry: &Registry, cohort: &Cohort, class: &Class) -> Result<(), Obstacle> {
    could_serve_with(registry, cohort, |skill| level(cohort, skill), class)
}

/// The same, where `level` says at which level they have a skill: the index need not look at each cohort for that.
pub(super) fn could_serve_with(
    registry: &Registry,
    cohort: &Cohort,
    level: impl Fn(SkillIx) -> Option<u16>,
    class: &Class,
) -> Result<(), Obstacle> {
    match &class.target {
        // Which agent it is, is not a matter of cohorts: the index asks the agent at hand.
        Target::Agent(_) => {}
        Target::Skill(skill) => meets(&level, &[Requirement { skill: *skill, level: 0 }])?,
        Target::Requirements(requirements) => meets(&level, requirements)?,
        Target::Queue { queue, skills } => {
            cohort.queues.binary_search(queue).map_err(|_| Obstacle::NotInQueue)?;
            meets(&level, skills)?;
        }
        Target::Button(button) => {
            let button = registry.button(*button);
            let lacks = |skill: &&SkillIx| level(**skill).is_none();
            match button.skills.iter().find(lacks) {
                Some(skill) if button.spec.all_skills => return Err(Obstacle::SkillMissing(*skill)),
                Some(_) if button.skills.iter().all(|skill| lacks(&skill)) => {
                    return Err(Obstacle::NoButtonSkill);
                }
                Some(_) | None => {}
            }
        }
    }
    if !registry.status(cohort.status).channels.contains(class.channel) {
        return Err(Obstacle::ChannelNotTaken);
    }
    if class.lightning_only && cohort.console != Console::Lightning {
        return Err(Obstacle::Console);
    }
    Ok(())
}

fn level(cohort: &Cohort, skill: SkillIx) -> Option<u16> {
    let place = cohort.skills.binary_search_by_key(&skill, |(skill, _)| *skill).ok()?;
    Some(cohort.skills[place].1)
}

fn meets(level: impl Fn(SkillIx) -> Option<u16>, requirements: &[Requirement]) -> Result<(), Obstacle> {
    for requirement in requirements {
        match level(requirement.skill) {
            None => return Err(Obstacle::SkillMissing(requirement.skill)),
            Some(level) if level < requirement.level => return Err(Obstacle::SkillTooLow(requirement.skill)),
            Some(_) => {}
        }
    }
    Ok(())
}

/// The sum of levels over the skills that a class requires, of whom `level` says at which it has a skill: what `BEST_MATCH` looks at.
pub fn match_sum(registry: &Registry, level: impl Fn(SkillIx) -> Option<u16>, class: &Class) -> u32 {
    let sum = |skills: &mut dyn Iterator<Item = SkillIx>| skills.filter_map(&level).map(u32::from).sum();
    match &class.target {
        Target::Agent(_) => 0,
        Target::Skill(skill) => sum(&mut std::iter::once(*skill)),
        Target::Requirements(requirements) => sum(&mut requirements.iter().map(|it| it.skill)),
        Target::Queue { skills, .. } => sum(&mut skills.iter().map(|it| it.skill)),
        Target::Button(button) => sum(&mut registry.button(*button).skills.iter().copied()),
    }
}

/// Units that are free for a class at an agent with this load; below 0: it is over its capacity (CAP-5).
pub fn free_units(profile: &CapacityProfile, load: Load, interruptible: bool) -> i64 {
    if interruptible {
        i64::from(profile.spec.interruptible_units) - i64::from(load.total)
    } else {
        i64::from(profile.spec.units) - i64::from(load.primary)
    }
}

/// Whether an agent with this load has room for a class (CAP-1, 4, 5), and it is not kept for heavier work (QUE-5). Interruptible work and
/// other work do not wait for each other's earmarks: a case never keeps a chat away, and takes nothing that a chat could.
pub fn has_room(profile: &CapacityProfile, load: Load, class: &Class) -> Result<(), Obstacle> {
    if class.capacity == Capacity::Exceed {
        return Ok(());
    }
    if load.closed.contains(class.channel) {
        return Err(Obstacle::ChannelFull);
    }
    let short = short_by(profile, load, class);
    if short > 0 {
        return Err(Obstacle::RoomShortBy(u32::try_from(short).unwrap_or(u32::MAX)));
    }
    let is_kept = |it: Earmark| it.interruptible == class.interruptible && it.units > class.units;
    if load.earmark.is_some_and(is_kept) { Err(Obstacle::Earmarked) } else { Ok(()) }
}

/// How many units an agent with this load has too few for a class; 0 or less: none. Above its units an agent gets no routed work at all, not
/// even into interruptible units that are free (CAP-4).
pub fn short_by(profile: &CapacityProfile, load: Load, class: &Class) -> i64 {
    let above = -free_units(profile, load, false);
    above.max(i64::from(class.units) - free_units(profile, load, class.interruptible))
}

/// Whether agents of a profile have room for a class when they have nothing in hand.
pub fn could_ever_fit(profile: &CapacityProfile, class: &Class) -> bool {
    let is_closed = profile.maxima.iter().any(|it| it.0 == class.channel && it.1 == 0);
    !is_closed && short_by(profile, Load::default(), class) <= 0
}

/// Whether an agent is in the conversation of a request, or said no to it and may not be asked again yet (INV-6).
pub fn bars(
    conversation: &Conversation,
    request: &Request,
    agent: AgentIx,
    now: Millis,
) -> Result<(), Obstacle> {
    if conversation.has(agent) {
        return Err(Obstacle::InConversation);
    }
    let barred = |it: &Declined| it.agent == agent && (it.again_at == 0 || it.again_at > now);
    if request.declined.iter().any(barred) { Err(Obstacle::Declined) } else { Ok(()) }
}
