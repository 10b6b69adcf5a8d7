//! Who can serve what, and who is best (CAP, SEL), asked of each agent anew.

use omniroute::engine::{
    directory::spec::{PresenceKind, ResourceKind, RoutingModel},
    event::{Console, RequestKind},
    ids::{AgentIx, ChannelIx, Millis, RequestId, SkillIx, StatusIx},
    query::RoutingState,
    routing::{Capacity, Requirement, RoutingType, Target},
    state::agent::{Earmark, Hold, HoldOwner},
};

use super::world::{Request, World};

impl World {
    pub(crate) fn is_online_status(&self, status: StatusIx) -> bool {
        self.directory.is_live(ResourceKind::PresenceStatus, status.0)
            && self.directory.status(status).kind == PresenceKind::Online
    }

    /// Whether the agent's status is online and names the channel.
    pub(crate) fn takes(&self, agent: AgentIx, channel: ChannelIx) -> bool {
        let channel = self.directory.name(ResourceKind::Channel, channel.0);
        self.agent(agent).status.is_some_and(|it| {
            self.is_online_status(it) && self.directory.status(it).channels.iter().any(|id| **id == *channel)
        })
    }

    /// PRES: in the directory, its stream open, online, and answering.
    pub(crate) fn is_there(&self, agent: AgentIx) -> bool {
        let row = self.agent(agent);
        self.directory.is_live(ResourceKind::Agent, agent.0)
            && row.session.is_some_and(|it| it.lease_until == 0)
            && row.status.is_some_and(|it| self.is_online_status(it))
            && !row.not_responding
    }

    /// What the engine should say of the agent.
    pub(crate) fn routing_state(&self, agent: AgentIx) -> RoutingState {
        let row = self.agent(agent);
        let is_live = |it: &StatusIx| self.directory.is_live(ResourceKind::PresenceStatus, it.0);
        let kind = row.status.filter(is_live).map(|it| self.directory.status(it).kind);
        let profile = self.directory.profile_of(agent);
        let (total, primary) = self.used(agent);
        let (units, interruptible) = (i64::from(profile.units), i64::from(profile.interruptible_units));
        match (row.session.filter(|it| it.lease_until == 0), kind) {
            (Some(_), Some(PresenceKind::Draining)) => RoutingState::Draining,
            (Some(_), Some(PresenceKind::Online)) if row.not_responding => RoutingState::NotResponding,
            (Some(_), Some(PresenceKind::Online)) => {
                if primary > units || (primary == units && total >= interruptible) {
                    RoutingState::AtCapacity
                } else if row.holds.is_empty() {
                    RoutingState::Idle
                } else {
                    RoutingState::Engaged
                }
            }
            _ => RoutingState::Offline,
        }
    }

    fn level(&self, agent: AgentIx, skill: SkillIx) -> Option<u16> {
        let skill = self.directory.name(ResourceKind::Skill, skill.0);
        self.directory.agent(agent).skills.iter().find(|it| *it.0 == *skill).map(|it| it.1)
    }

    fn meets(&self, agent: AgentIx, requirements: &[Requirement]) -> bool {
        requirements.iter().all(|it| self.level(agent, it.skill).is_some_and(|level| level >= it.level))
    }

    fn button_skills(&self, target: &Target) -> Vec<SkillIx> {
        let Target::Button(button) = target else { return Vec::new() };
        let skills = &self.directory.button(*button).skills;
        skills.iter().map(|id| SkillIx(self.directory.number(ResourceKind::Skill, id).unwrap())).collect()
    }

    fn is_addressed(&self, agent: AgentIx, target: &Target) -> bool {
        match target {
            Target::Agent(it) => *it == agent,
            Target::Skill(skill) => self.level(agent, *skill).is_some(),
            Target::Requirements(requirements) => self.meets(agent, requirements),
            Target::Queue { queue, skills } => {
                let queue = self.directory.name(ResourceKind::Queue, queue.0);
                let is_member = self.directory.agent(agent).queues.iter().any(|it| **it == *queue);
                is_member && self.meets(agent, skills)
            }
            Target::Button(button) => {
                let skills = self.button_skills(target);
                let mut has = skills.iter().map(|it| self.level(agent, *it).is_some());
                if self.directory.button(*button).all_skills { has.all(|it| it) } else { has.any(|it| it) }
            }
        }
    }

    /// CONF-5: a conference of a conversation that Omni-Channel routes is for LIGHTNING consoles.
    pub(crate) fn is_lightning_only(&self, request: &Request) -> bool {
        request.kind == RequestKind::Conference
            && self.conversations[&request.conversation].routing_type == RoutingType::OmniChannel
    }

    /// SEL-1 without room and without what this agent said before.
    pub(crate) fn could(&self, agent: AgentIx, request: &Request) -> bool {
        let conversation = &self.conversations[&request.conversation];
        let console = self.agent(agent).session.map(|it| it.console);
        self.is_there(agent)
            && self.is_addressed(agent, &request.routing.target)
            && self.takes(agent, conversation.channel)
            && !conversation.participants.contains(&agent)
            && (!self.is_lightning_only(request) || console == Some(Console::Lightning))
    }

    /// INV-6: it said no, and may not be asked again yet.
    pub(crate) fn said_no(&self, agent: AgentIx, request: &Request) -> bool {
        let bars = |again_at: Millis| again_at == 0 || again_at > self.now;
        request.declined.iter().any(|it| it.agent == agent && bars(it.again_at))
    }

    /// What one unit of work of a request takes, as the directory says now: units, and whether of the interruptible pool.
    pub(crate) fn weight(&self, request: &Request) -> (u32, bool) {
        let channel = self.directory.channel(self.channel_of(request.conversation));
        let of_queue = match request.routing.target {
            Target::Queue { queue, .. } => self.directory.queue(queue).weight,
            Target::Agent(_) | Target::Skill(_) | Target::Requirements(_) | Target::Button(_) => None,
        };
        (of_queue.unwrap_or(channel.weight), channel.interruptible)
    }

    /// Units in use, and those of them by work that is not interruptible.
    pub(crate) fn used(&self, agent: AgentIx) -> (i64, i64) {
        let units = |holds: &mut dyn Iterator<Item = &Hold>| holds.map(|it| i64::from(it.units)).sum();
        let holds = &self.agent(agent).holds;
        (units(&mut holds.iter()), units(&mut holds.iter().filter(|it| !it.interruptible)))
    }

    fn free(&self, agent: AgentIx, interruptible: bool) -> i64 {
        let profile = self.directory.profile_of(agent);
        let (all, primary) = self.used(agent);
        if interruptible {
            i64::from(profile.interruptible_units) - all
        } else {
            i64::from(profile.units) - primary
        }
    }

    /// CAP: whether so many units fit.
    pub(crate) fn has_room(
        &self,
        agent: AgentIx,
        request: &Request,
        (units, interruptible): (u32, bool),
    ) -> bool {
        if request.routing.capacity == Capacity::Exceed {
            return true;
        }
        let (channel, profile) = (self.channel_of(request.conversation), self.directory.profile_of(agent));
        let holds = &self.agent(agent).holds;
        let of_channel =
            holds.iter().filter(|it| it.channel == channel && !matches!(it.owner, HoldOwner::WrapUp(_)));
        let id = self.directory.name(ResourceKind::Channel, channel.0);
        let maximum = profile.channel_maxima.iter().find(|it| *it.0 == *id).map(|it| it.1 as usize);
        let is_above = self.used(agent).1 > i64::from(profile.units);
        !is_above
            && maximum.is_none_or(|it| of_channel.count() < it)
            && i64::from(units) <= self.free(agent, interruptible)
    }

    /// QUE-5: its room is kept for heavier work of the same pool.
    pub(crate) fn is_kept(&self, agent: AgentIx, request: &Request) -> bool {
        let (units, interruptible) = self.weight(request);
        let is_kept = |it: Earmark| it.interruptible == interruptible && it.units > units;
        request.routing.capacity == Capacity::Fit && self.agent(agent).earmark.is_some_and(|it| is_kept(it.1))
    }

    /// How good an agent is: lower is better (SEL-2).
    fn rank(&self, agent: AgentIx, request: &Request) -> (i64, i64, Millis, u64, Box<str>) {
        let (row, used) = (self.agent(agent), self.used(agent).0);
        let target = &request.routing.target;
        let sum_of_levels = || -> i64 {
            let asked: Vec<SkillIx> = match target {
                Target::Agent(_) => Vec::new(),
                Target::Skill(skill) => vec![*skill],
                Target::Requirements(all) | Target::Queue { skills: all, .. } => {
                    all.iter().map(|it| it.skill).collect()
                }
                Target::Button(_) => self.button_skills(target),
            };
            asked.iter().filter_map(|it| self.level(agent, *it)).map(i64::from).sum()
        };
        let (first, second, third) = match request.routing.model {
            RoutingModel::LeastActive | RoutingModel::Choice => (used, 0, 0),
            RoutingModel::MostAvailable => (-self.free(agent, self.weight(request).1), 0, 0),
            RoutingModel::LongestIdle => (i64::from(!row.holds.is_empty()), used, row.free_since),
            RoutingModel::BestMatch => (-sum_of_levels(), 0, 0),
        };
        (first, second, third, row.given, self.directory.name(ResourceKind::Agent, agent.0).into())
    }

    /// Agents who can be invited now, best first.
    pub(crate) fn eligible(&self, request: RequestId) -> Vec<AgentIx> {
        let row = &self.requests[&request];
        let mut agents = self.every_agent();
        agents.retain(|it| {
            self.could(*it, row)
                && !self.said_no(*it, row)
                && self.has_room(*it, row, self.weight(row))
                && !self.is_kept(*it, row)
        });
        agents.sort_by_key(|it| self.rank(*it, row));
        agents
    }
}
