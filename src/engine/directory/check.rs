//! What makes a directory wrong, and what makes it useless (DIR-2).
//!
//! A mistake is refused with its path; a warning is told and let through. Everything that `Registry::apply` relies on is checked
//! here, so that applying cannot fail.

use rustc_hash::{FxHashMap, FxHashSet};

use super::{
    registry::{ChannelSet, Registry},
    spec::{
        Agent, Button, CapacityProfile, Channel, Overflow, PresenceStatus, Queue, Reinvite, Resource,
        ResourceKind, RoutingModel,
    },
};
use crate::engine::{ids::QueueIx, limits};

/// A place in a directory and what is to be said of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// Where: `agents[3].skills[0].skill_id`.
    pub path: String,
    /// What, for people.
    pub text: String,
}

/// Mistakes that are reported at most: a directory with more is wrong all over.
const MISTAKES_MAX: usize = 100;

struct Checker<'a> {
    exists: &'a dyn Fn(ResourceKind, &str) -> bool,
    /// The queue that a queue overflows into.
    overflow_of: &'a dyn Fn(&str) -> Option<Box<str>>,
    path: String,
    mistakes: Vec<Remark>,
}

/// The mistakes of a whole directory, which would stand where `registry` stands now.
pub fn mistakes(registry: &Registry, wanted: &[Resource]) -> Vec<Remark> {
    let ids: [FxHashSet<&str>; 7] = ResourceKind::ALL
        .map(|kind| wanted.iter().filter(|it| it.kind() == kind).map(Resource::id).collect());
    let exists = |kind: ResourceKind, id: &str| ids[kind as usize].contains(id);
    let into: FxHashMap<&str, &Queue> = wanted
        .iter()
        .filter_map(|it| if let Resource::Queue(queue) = it { Some((&*queue.id, queue)) } else { None })
        .collect();
    let overflow_of = |id: &str| into.get(id).and_then(|it| next_queue(it));
    let mut checker =
        Checker { exists: &exists, overflow_of: &overflow_of, path: String::new(), mistakes: Vec::new() };
    let mut seen: [FxHashSet<&str>; 7] = Default::default();
    let mut places = [0_usize; 7];
    for resource in wanted {
        let kind = resource.kind() as usize;
        checker.path = format!("{}[{}]", resource.kind().list_name(), places[kind]);
        places[kind] += 1;
        if !seen[kind].insert(resource.id()) {
            checker.say("id", "stands here twice");
        }
        checker.resource(resource);
    }
    for kind in ResourceKind::ALL {
        let new =
            ids[kind as usize].iter().filter(|id| registry.names().of(kind).number(id).is_none()).count();
        checker.path.clear();
        checker.count(kind, ids[kind as usize].len(), registry.names().of(kind).count() + new);
    }
    checker.mistakes
}

/// The mistakes of putting one resource into a directory that has none.
pub fn mistakes_of_put(registry: &Registry, resource: &Resource) -> Vec<Remark> {
    let kind = resource.kind();
    let exists =
        |of: ResourceKind, id: &str| registry.contains(of, id) || (of == kind && id == resource.id());
    let overflow_of = |id: &str| {
        if let Resource::Queue(queue) = resource
            && *queue.id == *id
        {
            return next_queue(queue);
        }
        let there = registry.names().number(ResourceKind::Queue, id);
        let is_live = |it: &QueueIx| registry.is_live(ResourceKind::Queue, it.0);
        there.filter(is_live).and_then(|it| next_queue(&registry.queue(it).spec))
    };
    let mut checker = Checker {
        exists: &exists,
        overflow_of: &overflow_of,
        path: format!("resource.{}", kind.name()),
        mistakes: Vec::new(),
    };
    checker.resource(resource);
    if let Resource::Queue(queue) = resource
        && checker.mistakes.is_empty()
    {
        // The ways of others lead over it too.
        let live = registry.live_by_id(ResourceKind::Queue).into_iter();
        let mut others = live.map(|it| &registry.queue(QueueIx(it)).spec).filter(|it| it.id != queue.id);
        if let Some((id, way)) =
            others.find_map(|it| overflow_way(it, &overflow_of).err().map(|way| (&it.id, way)))
        {
            checker.say("overflow", format!("that of queue {id:?} {way}"));
        }
    }
    checker.path.clear();
    if !registry.contains(kind, resource.id()) {
        let is_new = usize::from(registry.names().of(kind).number(resource.id()).is_none());
        let live =
            (0..).take(registry.names().of(kind).count()).filter(|&it| registry.is_live(kind, it)).count();
        checker.count(kind, live + 1, registry.names().of(kind).count() + is_new);
    }
    checker.mistakes
}

/// The resources that still refer to one that is to be removed.
pub fn mistakes_of_removal(registry: &Registry, kind: ResourceKind, id: &str) -> Vec<Remark> {
    let mut mistakes = Vec::new();
    for of in ResourceKind::ALL {
        for number in 0..u32::try_from(registry.names().of(of).count()).unwrap_or(u32::MAX) {
            if mistakes.len() < MISTAKES_MAX
                && registry
                    .resource(of, number)
                    .is_some_and(|it| references(&it).any(|(k, i)| k == kind && i == id))
            {
                let path = format!("{}.{}", of.list_name(), registry.names().of(of).name(number));
                mistakes.push(Remark { path, text: "still refers to it".into() });
            }
        }
    }
    mistakes
}

/// Every resource that this one names.
fn references(resource: &Resource) -> Box<dyn Iterator<Item = (ResourceKind, &str)> + '_> {
    match resource {
        Resource::Skill(_) => Box::new(std::iter::empty()),
        Resource::Queue(it) => Box::new(it.overflow.iter().map(Overflow::reference)),
        Resource::Channel(it) => Box::new(
            it.decline_status.iter().chain(&it.expiry_status).map(|id| (ResourceKind::PresenceStatus, &**id)),
        ),
        Resource::PresenceStatus(it) => Box::new(it.channels.iter().map(|id| (ResourceKind::Channel, &**id))),
        Resource::CapacityProfile(it) => {
            Box::new(it.channel_maxima.iter().map(|(id, _)| (ResourceKind::Channel, &**id)))
        }
        Resource::Button(it) => Box::new(it.skills.iter().map(|id| (ResourceKind::Skill, &**id))),
        Resource::Agent(it) => Box::new(
            std::iter::once((ResourceKind::CapacityProfile, &*it.profile))
                .chain(it.skills.iter().map(|(id, _)| (ResourceKind::Skill, &**id)))
                .chain(it.queues.iter().map(|id| (ResourceKind::Queue, &**id))),
        ),
    }
}

/// The queue that a queue overflows into.
fn next_queue(queue: &Queue) -> Option<Box<str>> {
    if let Some(Overflow::Queue(id)) = &queue.overflow { Some(id.clone()) } else { None }
}

/// Follows the overflow of a queue from queue to queue; the error says what is wrong with the way.
fn overflow_way(from: &Queue, overflow_of: &dyn Fn(&str) -> Option<Box<str>>) -> Result<(), String> {
    let mut way = vec![from.id.clone()];
    let mut next = next_queue(from);
    while let Some(id) = next {
        let in_a_circle = way.contains(&id);
        next = overflow_of(&id);
        way.push(id);
        if in_a_circle {
            return Err(format!("goes in a circle: {}", way.join(" -> ")));
        }
        if way.len() > limits::OVERFLOW_HOPS_MAX + 1 {
            return Err(format!("goes over more than {} queues", limits::OVERFLOW_HOPS_MAX));
        }
    }
    Ok(())
}

impl Checker<'_> {
    fn say(&mut self, field: &str, text: impl Into<String>) {
        if self.mistakes.len() < MISTAKES_MAX {
            let between = if self.path.is_empty() { "" } else { "." };
            self.mistakes.push(Remark { path: format!("{}{between}{field}", self.path), text: text.into() });
        }
    }

    fn count(&mut self, kind: ResourceKind, live: usize, ever: usize) {
        let (live_max, ever_max) = match kind {
            ResourceKind::Channel => (limits::CHANNELS_MAX, ChannelSet::WIDTH),
            ResourceKind::PresenceStatus => (limits::STATUSES_MAX, 16 * limits::STATUSES_MAX),
            ResourceKind::Agent => (limits::AGENTS_MAX, 4 * limits::AGENTS_MAX),
            ResourceKind::Skill
            | ResourceKind::CapacityProfile
            | ResourceKind::Queue
            | ResourceKind::Button => (limits::RESOURCES_MAX, 16 * limits::RESOURCES_MAX),
        };
        if live > live_max {
            self.say(kind.list_name(), format!("has {live} entries; at most {live_max} are allowed"));
        }
        if ever > ever_max {
            self.say(
                kind.list_name(),
                format!("the org has used {ever} ids; at most {ever_max} are allowed, removed ones too"),
            );
        }
    }

    fn refer(&mut self, field: &str, kind: ResourceKind, id: &str) {
        if !(self.exists)(kind, id) {
            self.say(field, format!("no resource {id:?} in {}", kind.list_name()));
        }
    }

    fn at_most<T: Copy + PartialOrd + std::fmt::Display>(&mut self, field: &str, value: T, bound: T) {
        if value > bound {
            self.say(field, format!("{value} is above {bound}"));
        }
    }

    fn length(&mut self, field: &str, length: usize, bound: usize, of: &str) {
        if length > bound {
            self.say(field, format!("has {length} {of}; at most {bound} are allowed"));
        }
    }

    fn distinct<'b>(&mut self, field: &str, ids: impl Iterator<Item = &'b str>) {
        let mut seen = FxHashSet::default();
        for (place, id) in ids.enumerate() {
            if !seen.insert(id) {
                self.say(&format!("{field}[{place}]"), format!("{id:?} stands here twice"));
            }
        }
    }

    fn resource(&mut self, resource: &Resource) {
        if !is_id(resource.id()) {
            self.say(
                "id",
                format!("must have 1 to {} characters of A-Z a-z 0-9 . _ : @ -", limits::ID_CHARS_MAX),
            );
        }
        self.length("name", resource.name().len(), limits::NAME_BYTES_MAX, "bytes");
        match resource {
            Resource::Skill(_) => {}
            Resource::Channel(it) => self.channel(it),
            Resource::PresenceStatus(it) => self.status(it),
            Resource::CapacityProfile(it) => self.profile(it),
            Resource::Queue(it) => self.queue(it),
            Resource::Button(it) => self.button(it),
            Resource::Agent(it) => self.agent(it),
        }
    }

    fn channel(&mut self, it: &Channel) {
        self.at_most("weight", it.weight, limits::UNITS_MAX);
        self.at_most("push_timeout_ms", it.push_timeout_ms, limits::SPAN_MS_MAX);
        self.at_most("wrap_up_ms", it.wrap_up_ms, limits::SPAN_MS_MAX);
        self.at_most("participants_max", it.participants_max, limits::PARTICIPANTS_MAX);
        if let Reinvite::After(span) = it.reinvite
            && !(1..=limits::SPAN_MS_MAX).contains(&span)
        {
            self.say("reinvite_after_ms", format!("{span} is not in 1 to {}", limits::SPAN_MS_MAX));
        }
        if let Some(id) = &it.decline_status {
            self.refer("decline_presence_status_id", ResourceKind::PresenceStatus, id);
        }
        if let Some(id) = &it.expiry_status {
            self.refer("expiry_presence_status_id", ResourceKind::PresenceStatus, id);
        }
    }

    fn status(&mut self, it: &PresenceStatus) {
        for (place, id) in it.channels.iter().enumerate() {
            self.refer(&format!("channel_ids[{place}]"), ResourceKind::Channel, id);
        }
        self.distinct("channel_ids", it.channels.iter().map(|id| &**id));
    }

    fn profile(&mut self, it: &CapacityProfile) {
        self.at_most("units", it.units, limits::UNITS_MAX);
        self.at_most("interruptible_units", it.interruptible_units, limits::UNITS_MAX);
        for (place, (id, maximum)) in it.channel_maxima.iter().enumerate() {
            self.refer(&format!("channel_maxima[{place}].channel_id"), ResourceKind::Channel, id);
            self.at_most(&format!("channel_maxima[{place}].conversations"), *maximum, limits::UNITS_MAX);
        }
        self.distinct("channel_maxima", it.channel_maxima.iter().map(|(id, _)| &**id));
    }

    fn queue(&mut self, it: &Queue) {
        if it.model == RoutingModel::Choice {
            self.say("model", "CHOICE is for buttons");
        }
        self.at_most("priority", it.priority, limits::PRIORITY_MAX);
        self.at_most("weight", it.weight.unwrap_or(0), limits::UNITS_MAX);
        self.at_most("waiting_max", it.waiting_max.map_or(0, |it| it as usize), limits::CONVERSATIONS_MAX);
        self.at_most("earmark_after_ms", it.earmark_after_ms, limits::SPAN_MS_MAX);
        let Some(overflow) = &it.overflow else { return };
        if it.waiting_max.is_none() {
            self.say("overflow", "needs waiting_max: without it the queue is never full");
        }
        let (kind, id) = overflow.reference();
        self.refer(&format!("overflow.{}_id", kind.name()), kind, id);
        if let Err(way) = overflow_way(it, self.overflow_of) {
            self.say("overflow", way);
        }
    }

    fn button(&mut self, it: &Button) {
        if it.skills.is_empty() {
            self.say("skill_ids", "must name at least one skill");
        }
        self.length("skill_ids", it.skills.len(), limits::REQUIREMENTS_MAX, "entries");
        for (place, id) in it.skills.iter().enumerate() {
            self.refer(&format!("skill_ids[{place}]"), ResourceKind::Skill, id);
        }
        self.distinct("skill_ids", it.skills.iter().map(|id| &**id));
        if matches!(it.model, RoutingModel::LongestIdle | RoutingModel::BestMatch) {
            self.say("model", "a button routes by LEAST_ACTIVE, MOST_AVAILABLE or CHOICE");
        }
    }

    fn agent(&mut self, it: &Agent) {
        self.refer("capacity_profile_id", ResourceKind::CapacityProfile, &it.profile);
        self.length("skills", it.skills.len(), limits::AGENT_SKILLS_MAX, "entries");
        self.length("queue_ids", it.queues.len(), limits::AGENT_QUEUES_MAX, "entries");
        for (place, (id, level)) in it.skills.iter().enumerate() {
            self.refer(&format!("skills[{place}].skill_id"), ResourceKind::Skill, id);
            self.at_most(&format!("skills[{place}].level_hundredths"), *level, limits::LEVEL_MAX);
        }
        self.distinct("skills", it.skills.iter().map(|(id, _)| &**id));
        for (place, id) in it.queues.iter().enumerate() {
            self.refer(&format!("queue_ids[{place}]"), ResourceKind::Queue, id);
        }
        self.distinct("queue_ids", it.queues.iter().map(|id| &**id));
        self.length("record_types", it.record_types.len(), limits::RECORD_TYPES_MAX, "entries");
        self.distinct("record_types", it.record_types.iter().map(|it| &**it));
        self.length("access_scopes", it.access_scopes.len(), limits::ACCESS_SCOPES_MAX, "entries");
        self.distinct("access_scopes", it.access_scopes.iter().map(|it| &**it));
    }
}

/// Whether a text is a resource id: 1 to 64 characters of `A-Z a-z 0-9 . _ : @ -`.
pub fn is_id(text: &str) -> bool {
    (1..=limits::ID_CHARS_MAX).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._:@-".contains(&byte))
}

/// What can never work in a directory without mistakes: work too heavy for everyone, a queue nobody serves, a button nobody meets.
pub fn warnings(wanted: &[Resource]) -> Vec<Remark> {
    let mut units_max = (0, 0);
    let mut members: FxHashSet<&str> = FxHashSet::default();
    let mut skills_of_agents: Vec<FxHashSet<&str>> = Vec::new();
    let profiles: FxHashMap<&str, &CapacityProfile> = wanted
        .iter()
        .filter_map(|it| {
            if let Resource::CapacityProfile(profile) = it { Some((&*profile.id, profile)) } else { None }
        })
        .collect();
    for resource in wanted {
        if let Resource::Agent(agent) = resource {
            if let Some(profile) = profiles.get(&*agent.profile) {
                units_max = (units_max.0.max(profile.units), units_max.1.max(profile.interruptible_units));
            }
            members.extend(agent.queues.iter().map(|id| &**id));
            skills_of_agents.push(agent.skills.iter().map(|(id, _)| &**id).collect());
        }
    }
    let mut remarks = Vec::new();
    let mut places = [0_usize; 7];
    for resource in wanted {
        let kind = resource.kind();
        let path = format!("{}[{}]", kind.list_name(), places[kind as usize]);
        places[kind as usize] += 1;
        let text = match resource {
            Resource::Channel(it) => {
                let units = if it.interruptible { units_max.1 } else { units_max.0 };
                (it.weight > units)
                    .then(|| format!("weight {} is above every agent's {units} units", it.weight))
            }
            Resource::Queue(it) => {
                (!members.contains(&*it.id)).then(|| format!("queue {:?} has no member", it.id))
            }
            Resource::Button(it) => {
                let meets = |skills: &FxHashSet<&str>| {
                    let mut asked = it.skills.iter().map(|id| skills.contains(&**id));
                    if it.all_skills { asked.all(|has| has) } else { asked.any(|has| has) }
                };
                (!skills_of_agents.iter().any(meets))
                    .then(|| format!("no agent meets the skills of button {:?}", it.id))
            }
            Resource::Skill(_)
            | Resource::PresenceStatus(_)
            | Resource::CapacityProfile(_)
            | Resource::Agent(_) => None,
        };
        remarks.extend(text.map(|text| Remark { path, text }));
        if remarks.len() == limits::PAGE_MAX {
            break;
        }
    }
    remarks
}
