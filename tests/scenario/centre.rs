//! The contact centre of a scenario: its directory, from the lines that say what there is.

use omniroute::wire::v1::{
    self, AgentResource, AgentSkill, Button, CapacityProfile, Channel, ChannelMaximum, Directory,
    OnSessionLoss, PresenceKind, PresenceStatus, Queue, Reinvite, RoutingModel, Skill, overflow,
    resource::Resource, target::Target,
};

use super::{
    script::{Script, Step},
    verbs::Verb,
};

/// Units of an agent of whom nothing is said.
const UNITS: u32 = 3;

/// The directory that stands, or that is to be.
#[derive(Debug, Clone, Default)]
pub struct Centre(pub Directory);

impl Centre {
    /// What there is at the beginning.
    pub fn new(script: &Script) -> Result<Self, String> {
        let mut centre = Self::default();
        let said = |kind: Verb| script.there.iter().any(|it| it.verb == kind);
        if !said(Verb::Channel) {
            centre.put(Resource::Channel(channel("chat")));
        }
        if !said(Verb::Queue) {
            centre.put(Resource::Queue(Queue { id: "help".into(), ..Queue::default() }));
        }
        for step in &script.there {
            let resources = centre.resources(step).map_err(|why| format!("{}: {why}", step.line))?;
            resources.into_iter().for_each(|it| centre.put(it));
        }
        let all: Vec<String> = centre.0.channels.iter().map(|it| it.id.clone()).collect();
        for (id, kind) in [
            ("online", PresenceKind::Online),
            ("away", PresenceKind::Away),
            ("offline", PresenceKind::Offline),
            ("draining", PresenceKind::Draining),
        ] {
            let channel_ids = if id == "online" { all.clone() } else { Vec::new() };
            let status =
                PresenceStatus { id: id.into(), kind: kind.into(), channel_ids, ..Default::default() };
            centre.put(Resource::PresenceStatus(status));
        }
        Ok(centre)
    }

    /// Puts a resource in, in the place of the one with its id.
    pub fn put(&mut self, resource: Resource) {
        fn place<T>(all: &mut Vec<T>, it: T, id: impl Fn(&T) -> &str) {
            match all.iter().position(|other| id(other) == id(&it)) {
                Some(at) => all[at] = it,
                None => all.push(it),
            }
        }
        let it = &mut self.0;
        match resource {
            Resource::Skill(new) => place(&mut it.skills, new, |it| &it.id),
            Resource::Channel(new) => place(&mut it.channels, new, |it| &it.id),
            Resource::PresenceStatus(new) => place(&mut it.presence_statuses, new, |it| &it.id),
            Resource::CapacityProfile(new) => place(&mut it.capacity_profiles, new, |it| &it.id),
            Resource::Queue(new) => place(&mut it.queues, new, |it| &it.id),
            Resource::Button(new) => place(&mut it.buttons, new, |it| &it.id),
            Resource::Agent(new) => place(&mut it.agents, new, |it| &it.id),
        }
    }

    /// Takes a resource out.
    pub fn remove(&mut self, kind: &str, id: &str) -> Result<(), String> {
        let it = &mut self.0;
        match kind {
            "skill" => it.skills.retain(|it| it.id != id),
            "channel" => it.channels.retain(|it| it.id != id),
            "status" => it.presence_statuses.retain(|it| it.id != id),
            "queue" => it.queues.retain(|it| it.id != id),
            "button" => it.buttons.retain(|it| it.id != id),
            "agent" => it.agents.retain(|it| it.id != id),
            other => return Err(format!("`{other}` is no kind of resource")),
        }
        Ok(())
    }

    /// What a line declares; profiles before the agents that have them.
    pub fn resources(&self, step: &Step) -> Result<Vec<Resource>, String> {
        let ids = step.said.names(0);
        let each = |of: &dyn Fn(&str) -> Resource| ids.iter().map(|it| of(it)).collect();
        Ok(match step.verb {
            Verb::Skill => each(&|id| Resource::Skill(Skill { id: id.into(), name: String::new() })),
            Verb::Channel => vec![Resource::Channel(said_channel(step)?)],
            Verb::Status => vec![Resource::PresenceStatus(said_status(step))],
            Verb::Queue => vec![Resource::Queue(said_queue(step)?)],
            Verb::Button => vec![Resource::Button(said_button(step)?)],
            Verb::Agent => {
                let profile = said_profile(step)?;
                let agents = ids.iter().map(|id| self.agent(id, &profile.id, step));
                let agents: Vec<Resource> = agents.collect::<Result<_, String>>()?;
                std::iter::once(Resource::CapacityProfile(profile)).chain(agents).collect()
            }
            other => return Err(format!("{other:?} declares nothing")),
        })
    }

    fn agent(&self, id: &str, profile: &str, step: &Step) -> Result<Resource, String> {
        let mut agent =
            AgentResource { id: id.into(), capacity_profile_id: profile.into(), ..Default::default() };
        if !step.has("queue/queues <queues>") && !step.has("no queue") {
            agent.queue_ids = self.0.queues.iter().map(|it| it.id.clone()).collect();
        }
        for said in &step.options {
            match said.form {
                "queue/queues <queues>" => agent.queue_ids = said.names(0).to_vec(),
                "may see <words>" => agent.record_types = said.names(0).to_vec(),
                "scope/scopes <words>" => agent.access_scopes = said.names(0).to_vec(),
                "<skill> <level>" => agent.skills.push(AgentSkill {
                    skill_id: said.name(0).into(),
                    level_hundredths: small(said.number(1))?,
                }),
                "unknown skill <word>" => {
                    agent.skills.push(AgentSkill { skill_id: said.name(0).into(), level_hundredths: 100 });
                }
                _ => {}
            }
        }
        Ok(Resource::Agent(agent))
    }
}

fn small(number: u64) -> Result<u32, String> {
    u32::try_from(number).map_err(|_| format!("{number} is too large"))
}

fn span(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// The value of an enum of the API by its word in the rules: `LEAST_ACTIVE`.
pub fn model(word: &str) -> Result<i32, String> {
    let value = RoutingModel::from_str_name(&format!("ROUTING_MODEL_{word}"));
    value.map(i32::from).ok_or(format!("`{word}` is no routing model"))
}

fn channel(id: &str) -> Channel {
    Channel { id: id.into(), weight: 1, conference_allowed: true, ..Channel::default() }
}

fn said_channel(step: &Step) -> Result<Channel, String> {
    let mut channel = channel(step.said.name(0));
    for said in &step.options {
        match said.form {
            "weight <number>" => channel.weight = small(said.number(0))?,
            "interruptible" => channel.interruptible = true,
            "push time-out <time>" => channel.push_timeout_ms = span(said.number(0)),
            "wrap-up <time>" => channel.wrap_up_ms = span(said.number(0)),
            "auto-accept" => channel.auto_accept = true,
            "no conferences" => channel.conference_allowed = false,
            "at most <number> agents" => channel.participants_max = small(said.number(0))?,
            "lost work is queued again" => channel.on_session_loss = OnSessionLoss::Requeue.into(),
            "asked again never" => channel.reinvite = Reinvite::Never.into(),
            "asked again after <time>" => {
                channel.reinvite = Reinvite::After.into();
                channel.reinvite_after_ms = span(said.number(0));
            }
            "a decline sets <word>" => channel.decline_presence_status_id = said.name(0).into(),
            "an expiry sets <word>" => channel.expiry_presence_status_id = said.name(0).into(),
            "asynchronous" => channel.asynchronous = true,
            "inactive weight <number>" => channel.inactive_weight = small(said.number(0))?,
            "inactive after <time>" => channel.inactive_after_ms = span(said.number(0)),
            "inactive for at most <time>" => channel.inactive_ends_after_ms = span(said.number(0)),
            other => return Err(format!("a channel has no `{other}`")),
        }
    }
    Ok(channel)
}

fn said_status(step: &Step) -> PresenceStatus {
    let kind = if step.has("away") {
        PresenceKind::Away
    } else if step.has("offline") {
        PresenceKind::Offline
    } else if step.has("draining") {
        PresenceKind::Draining
    } else {
        PresenceKind::Online
    };
    let channel_ids = step.option("takes <channels>").map_or_else(Vec::new, |it| it.names(0).to_vec());
    PresenceStatus { id: step.said.name(0).into(), kind: kind.into(), channel_ids, ..Default::default() }
}

fn said_queue(step: &Step) -> Result<Queue, String> {
    let mut queue = Queue { id: step.said.name(0).into(), ..Queue::default() };
    for said in &step.options {
        match said.form {
            "model <WORD>" => queue.model = model(said.name(0))?,
            "priority <number>" => queue.priority = Some(small(said.number(0))?),
            "weight <number>" => queue.weight = Some(small(said.number(0))?),
            "at most <number> wait" => queue.waiting_max = Some(small(said.number(0))?),
            "overflow to <target>" => {
                let target = match said.target(0) {
                    Target::AgentId(id) => overflow::Target::AgentId(id),
                    Target::SkillId(id) => overflow::Target::SkillId(id),
                    Target::ButtonId(id) => overflow::Target::ButtonId(id),
                    Target::Queue(it) => overflow::Target::QueueId(it.queue_id),
                    Target::Requirements(_) => return Err("a queue does not overflow to skills".into()),
                };
                queue.overflow = Some(v1::Overflow { target: Some(target) });
            }
            "by deadline" => queue.by_deadline = true,
            "earmark after <time>" => queue.earmark_after_ms = span(said.number(0)),
            other => return Err(format!("a queue has no `{other}`")),
        }
    }
    Ok(queue)
}

fn said_button(step: &Step) -> Result<Button, String> {
    let mut button = Button { id: step.said.name(0).into(), ..Button::default() };
    for said in &step.options {
        match said.form {
            "skill/skills <skills>" => button.skill_ids = said.names(0).to_vec(),
            "all of them" => button.all_skills = true,
            "model <WORD>" => button.model = model(said.name(0))?,
            "<number> reroutes" => button.reroutes_max = Some(small(said.number(0))?),
            other => return Err(format!("a button has no `{other}`")),
        }
    }
    Ok(button)
}

/// Agents of whom the same is said have the same profile.
fn said_profile(step: &Step) -> Result<CapacityProfile, String> {
    let mut profile = CapacityProfile { units: UNITS, ..CapacityProfile::default() };
    for said in &step.options {
        match said.form {
            "<number> unit/units" => profile.units = small(said.number(0))?,
            "<number> interruptible" => profile.interruptible_units = Some(small(said.number(0))?),
            "at most <number> <channel>" => profile.channel_maxima.push(ChannelMaximum {
                channel_id: said.name(1).into(),
                conversations: small(said.number(0))?,
            }),
            _ => {}
        }
    }
    let interruptible = profile.interruptible_units.map_or_else(String::new, |it| format!("-i{it}"));
    let maxima = profile.channel_maxima.iter().map(|it| format!("-{}{}", it.channel_id, it.conversations));
    profile.id = format!("units{}{interruptible}{}", profile.units, maxima.collect::<String>());
    Ok(profile)
}

/// A kind of resource by its word in a scenario.
pub fn resource_kind(word: &str) -> Result<v1::ResourceKind, String> {
    let kind = match word {
        "skill" => v1::ResourceKind::Skill,
        "channel" => v1::ResourceKind::Channel,
        "status" => v1::ResourceKind::PresenceStatus,
        "queue" => v1::ResourceKind::Queue,
        "button" => v1::ResourceKind::Button,
        "agent" => v1::ResourceKind::Agent,
        other => return Err(format!("`{other}` is no kind of resource")),
    };
    Ok(kind)
}
