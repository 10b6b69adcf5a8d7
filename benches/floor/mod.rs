//! A contact centre's floor for benches: so many agents in so many cohorts, so many of them busy; and the commands of a day on it.
#![allow(dead_code, unreachable_pub, reason = "each bench uses its part")]
#![allow(clippy::expect_used, clippy::panic, reason = "a bench fails by panicking")]

use omniroute::engine::{
    Engine, Recorded,
    command::{Acting, Actor, Command},
    directory::spec::{
        Agent, CapacityProfile, Channel, OnSessionLoss, PresenceKind, PresenceStatus, Reinvite, Resource,
        RoutingModel, Skill,
    },
    event::{Console, Event},
    ids::{AgentIx, ChannelIx, ConversationId, Epoch, InviteId, RequestKey, SkillIx, StatusIx},
    reply::Reply,
    routing::{Requirement, RoutingAsk, Target},
};

/// Skills of the floor.
pub const SKILLS: u32 = 50;
/// Skills of an agent.
pub const SKILLS_EACH: u32 = 4;
/// Different sets of skills and levels.
pub const COHORTS: u32 = 200;
/// Units of an agent; a conversation takes one.
pub const UNITS: u32 = 3;
/// Units of each of so many agents that with three an org would have more conversations than it may.
const UNITS_OF_A_MILLION: u32 = 2;

/// The engine with its agents at work.
pub struct Floor {
    pub engine: Engine,
    pub agents: u32,
    pub cohorts: u32,
    pub busy_percent: u32,
    pub units: u32,
    pub now: u64,
}

impl std::fmt::Display for Floor {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            out,
            "{} agents, {SKILLS} skills, {SKILLS_EACH} skills an agent, {} cohorts, {} units each, {} % busy, {} live conversations",
            self.agents,
            self.cohorts.min(self.agents),
            self.units,
            self.busy_percent,
            self.engine.state().conversations.len()
        )
    }
}

/// Numbers that look drawn by lot and are the same every time (splitmix64).
pub fn drawn(seed: u64) -> u64 {
    let mut it = seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    it = (it ^ (it >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    it = (it ^ (it >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    it ^ (it >> 31)
}

/// The skills of a cohort, so that every skill is about as common as every other, and hardly two cohorts are alike.
fn skills_of(cohort: u32) -> Vec<(Box<str>, u16)> {
    (0..SKILLS_EACH)
        .map(|place| {
            let lot = drawn(u64::from(cohort) << 8 | u64::from(place));
            let level = 100 + u16::try_from(lot / 1_000 % 900).unwrap_or(0);
            (format!("skill-{:02}", lot % u64::from(SKILLS)).into(), level)
        })
        .fold(Vec::new(), |mut skills, skill| {
            if skills.iter().all(|(id, _): &(Box<str>, u16)| *id != skill.0) {
                skills.push(skill);
            }
            skills
        })
}

fn directory(agents: u32, cohorts: u32, units: u32) -> Vec<Resource> {
    let mut wanted: Vec<Resource> = (0..SKILLS)
        .map(|it| Resource::Skill(Skill { id: format!("skill-{it:02}").into(), name: "".into() }))
        .collect();
    wanted.push(Resource::Channel(Channel {
        id: "chat".into(),
        name: "".into(),
        weight: 1,
        interruptible: false,
        push_timeout_ms: 0,
        wrap_up_ms: 0,
        auto_accept: false,
        conference_allowed: true,
        participants_max: 8,
        on_session_loss: OnSessionLoss::Keep,
        reinvite: Reinvite::OnceEveryoneHas,
        decline_status: None,
        expiry_status: None,
        inactivity: None,
    }));
    wanted.push(Resource::PresenceStatus(PresenceStatus {
        id: "available".into(),
        name: "".into(),
        kind: PresenceKind::Online,
        channels: vec!["chat".into()],
    }));
    wanted.push(Resource::CapacityProfile(CapacityProfile {
        id: "standard".into(),
        name: "".into(),
        units,
        interruptible_units: units,
        channel_maxima: Vec::new(),
    }));
    wanted.extend((0..agents).map(|it| {
        Resource::Agent(Agent {
            id: format!("agent-{it:06}").into(),
            name: "".into(),
            profile: "standard".into(),
            skills: skills_of(it % cohorts),
            queues: Vec::new(),
            record_types: Vec::new(),
            access_scopes: Vec::new(),
        })
    }));
    wanted
}

impl Floor {
    /// So many agents online in so many cohorts; of each hundred so many have all their units in use.
    pub fn new(agents: u32, cohorts: u32, busy_percent: u32) -> Self {
        let units = if agents > 500_000 { UNITS_OF_A_MILLION } else { UNITS };
        let (engine, now) = (Engine::default(), 1_700_000_000_000);
        let mut floor = Self { engine, agents, cohorts, busy_percent, units, now };
        floor.decide(Command::ApplyDirectory { wanted: directory(agents, cohorts, units) });
        floor.engine.take_outbox();
        for agent in (0..agents).map(AgentIx) {
            let status = Some(StatusIx(0));
            floor.decide(Command::OpenSession { agent, console: Console::Lightning, resume: None, status });
            // As in the service: what was decided is handed on, and not kept.
            floor.engine.take_outbox();
        }
        for agent in
            (0..agents).filter(|it| drawn(u64::from(*it) << 32) % 100 < u64::from(busy_percent)).map(AgentIx)
        {
            for _ in 0..units {
                floor.decide(create(Target::Agent(agent)));
                let invite = floor.first_invite();
                floor.decide(accept(agent, invite));
            }
        }
        floor.engine.take_outbox();
        floor
    }

    /// Decides a command that the rules allow.
    pub fn decide(&mut self, command: Command) -> Reply {
        self.decide_as(None, command)
    }

    /// The same with a `request_id` of its own, whose answer is remembered.
    pub fn decide_once(&mut self, command: Command) -> Reply {
        let lot = self.now;
        let key = RequestKey(u128::from(drawn(lot)) << 64 | u128::from(lot)).of_kind(0);
        self.decide_as(Some(key), command)
    }

    fn decide_as(&mut self, key: Option<RequestKey>, command: Command) -> Reply {
        self.now += 1;
        self.engine.decide(self.now, key, command).expect("the rules allow it")
    }

    /// The number of the first invite that was sent since the outbox was last emptied, and empties it.
    pub fn first_invite(&mut self) -> InviteId {
        self.invited().expect("somebody was invited").1
    }

    /// Who was invited first since the outbox was last emptied, by which invite; and empties it.
    pub fn invited(&mut self) -> Option<(AgentIx, InviteId)> {
        invited(&self.engine.take_outbox())
    }

    /// Requirements that nobody meets.
    pub fn hopeless(&self, seed: u32) -> Target {
        let Target::Requirements(requirements) = self.requirements(seed) else { unreachable!("as built") };
        let unmet = |it: &Requirement| Requirement { level: it.level + 1_000, ..*it };
        Target::Requirements(requirements.iter().map(unmet).collect())
    }

    /// One to three skills of an agent, drawn by lot, at whatever level.
    pub fn requirements_by_lot(&self, lot: u64) -> Target {
        let (agent, count) = (drawn(lot) % u64::from(self.agents), drawn(!lot) % 3 + 1);
        let rules = self.engine.state().registry.agent(AgentIx(u32::try_from(agent).unwrap_or(0)));
        let skills = rules.skills.iter().take(usize::try_from(count).unwrap_or(1));
        Target::Requirements(skills.map(|(skill, _)| Requirement { skill: *skill, level: 0 }).collect())
    }

    /// Requirements that the cohort of this number meets, and perhaps others: two of its skills, at half their level.
    pub fn requirements(&self, seed: u32) -> Target {
        let names = self.engine.state().registry.names();
        let mut requirements: Vec<Requirement> = skills_of(seed)
            .into_iter()
            .take(2)
            .map(|(id, level)| {
                let skill: SkillIx = names
                    .number(omniroute::engine::directory::spec::ResourceKind::Skill, &id)
                    .expect("a skill");
                Requirement { skill, level: level / 2 }
            })
            .collect();
        requirements.sort_unstable();
        Target::Requirements(requirements.into())
    }
}

/// Who was invited, by which invite, to which conversation: the first of each request.
pub fn all_invited(events: &[Recorded]) -> impl Iterator<Item = (AgentIx, InviteId, ConversationId)> {
    events.iter().filter_map(|it| {
        if let Event::InvitesSent { agents, first, conversation, .. } = &it.event {
            Some((agents[0], *first, *conversation))
        } else {
            None
        }
    })
}

/// Who was invited first, by which invite.
pub fn invited(events: &[Recorded]) -> Option<(AgentIx, InviteId)> {
    all_invited(events).next().map(|(agent, invite, _)| (agent, invite))
}

/// A chat for somebody of the target.
pub fn create(target: Target) -> Command {
    create_by(target, None)
}

/// A chat for the best of the target by a model.
pub fn create_by(target: Target, model: Option<RoutingModel>) -> Command {
    Command::CreateConversation {
        channel: ChannelIx(0),
        customer: "customer".into(),
        access_scope: "".into(),
        routing: RoutingAsk { model, ..RoutingAsk::to(target) },
    }
}

pub fn accept(agent: AgentIx, invite: InviteId) -> Command {
    Command::AcceptInvite { session: acting(agent), invite }
}

pub fn end(conversation: ConversationId) -> Command {
    Command::EndConversation { actor: Actor::Platform, conversation }
}

pub fn acting(agent: AgentIx) -> Acting {
    Acting { agent, epoch: Epoch(1) }
}

/// The conversation that a reply created.
pub fn created(reply: Reply) -> ConversationId {
    if let Reply::ConversationCreated { conversation, .. } = reply {
        conversation
    } else {
        panic!("a conversation was created, not {reply:?}")
    }
}
