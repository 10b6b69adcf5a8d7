//! A small directory for tests, and its parts to change.

use omniroute::wire::v1::{
    self, AgentResource, AgentSkill, Button, CapacityProfile, Channel, Directory, PresenceKind,
    PresenceStatus, Queue, RoutingModel, Skill,
};

pub fn skill(id: &str) -> Skill {
    Skill { id: id.into(), name: String::new() }
}

/// A channel of weight 1 that allows conferences, with neither time-out nor wrap-up.
pub fn channel(id: &str) -> Channel {
    Channel { id: id.into(), weight: 1, conference_allowed: true, ..Channel::default() }
}

pub fn status(id: &str, kind: PresenceKind, channels: &[&str]) -> PresenceStatus {
    let channel_ids = channels.iter().map(|&it| it.into()).collect();
    PresenceStatus { id: id.into(), name: String::new(), kind: kind.into(), channel_ids }
}

pub fn profile(id: &str, units: u32) -> CapacityProfile {
    CapacityProfile { id: id.into(), units, ..CapacityProfile::default() }
}

pub fn queue(id: &str) -> Queue {
    Queue { id: id.into(), model: RoutingModel::LeastActive.into(), ..Queue::default() }
}

pub fn button(id: &str, skills: &[&str]) -> Button {
    let skill_ids = skills.iter().map(|&it| it.into()).collect();
    Button { id: id.into(), skill_ids, model: RoutingModel::LeastActive.into(), ..Button::default() }
}

/// An agent of the profile `standard`.
pub fn agent(id: &str, skills: &[(&str, u32)], queues: &[&str]) -> AgentResource {
    AgentResource {
        id: id.into(),
        name: String::new(),
        capacity_profile_id: "standard".into(),
        skills: skills
            .iter()
            .map(|(id, level)| AgentSkill { skill_id: (*id).into(), level_hundredths: *level })
            .collect(),
        queue_ids: queues.iter().map(|&it| it.into()).collect(),
        ..AgentResource::default()
    }
}

/// Ann, Bob, Cid and Dee: all in the queue `help`; Ann, Bob and Cid speak French (at 9, 7, 5), Cid and Dee know billing (at 4, 8).
/// Three units each, for `chat` and `case` of weight 1 and `voice` of weight 3. The button `web` asks for French or billing.
pub fn directory() -> Directory {
    Directory {
        skills: vec![skill("french"), skill("billing")],
        channels: vec![channel("chat"), channel("case"), Channel { weight: 3, ..channel("voice") }],
        presence_statuses: vec![
            status("available", PresenceKind::Online, &["chat", "case", "voice"]),
            status("chat-only", PresenceKind::Online, &["chat"]),
            status("lunch", PresenceKind::Away, &[]),
            status("gone", PresenceKind::Offline, &[]),
            status("finishing", PresenceKind::Draining, &[]),
        ],
        capacity_profiles: vec![profile("standard", 3), profile("small", 1)],
        queues: vec![queue("help"), queue("sales")],
        buttons: vec![button("web", &["french", "billing"])],
        agents: vec![
            agent("ann", &[("french", 900)], &["help"]),
            agent("bob", &[("french", 700)], &["help", "sales"]),
            agent("cid", &[("french", 500), ("billing", 400)], &["help"]),
            agent("dee", &[("billing", 800)], &["help"]),
        ],
    }
}

/// The sample with another channel `chat`.
pub fn with_chat(chat: Channel) -> Directory {
    let mut directory = directory();
    directory.channels[0] = Channel { id: "chat".into(), ..chat };
    directory
}

pub fn resource_of_agent(agent: AgentResource) -> v1::resource::Resource {
    v1::resource::Resource::Agent(agent)
}

/// The sample in which `standard` is another capacity profile.
pub fn with_profile(standard: CapacityProfile) -> Directory {
    let mut directory = directory();
    directory.capacity_profiles[0] = CapacityProfile { id: "standard".into(), ..standard };
    directory
}

/// The sample in which `help` is another queue.
pub fn with_queue(help: Queue) -> Directory {
    let mut directory = directory();
    directory.queues[0] = Queue { id: "help".into(), ..help };
    directory
}

/// The sample in which `web` is another button.
pub fn with_button(web: Button) -> Directory {
    let mut directory = directory();
    directory.buttons[0] = Button { id: "web".into(), ..web };
    directory
}
