//! The directory, naively: a list of everything that ever was, by kind.

use std::collections::BTreeMap;

use omniroute::engine::{
    directory::spec::{
        Agent, Button, CapacityProfile, Change, Channel, Overflow, PresenceStatus, Queue, Reinvite, Resource,
        ResourceKind, RoutingModel,
    },
    ids::{AgentIx, ButtonIx, ChannelIx, ProfileIx, QueueIx, StatusIx},
    limits,
};

#[derive(Debug, Clone)]
struct Entry {
    id: Box<str>,
    live: bool,
    last: Resource,
}

/// Resources in the order in which their ids first appeared.
#[derive(Debug, Clone, Default)]
pub(crate) struct Directory(BTreeMap<ResourceKind, Vec<Entry>>);

macro_rules! typed {
    ($name:ident, $kind:ident, $resource:ident, $number:ty) => {
        pub(crate) fn $name(&self, number: $number) -> &$resource {
            match &self.entries(ResourceKind::$kind)[number.index()].last {
                Resource::$kind(it) => it,
                other => panic!("{other:?} among the {}", ResourceKind::$kind.list_name()),
            }
        }
    };
}

impl Directory {
    typed!(channel, Channel, Channel, ChannelIx);
    typed!(status, PresenceStatus, PresenceStatus, StatusIx);
    typed!(queue, Queue, Queue, QueueIx);
    typed!(button, Button, Button, ButtonIx);
    typed!(agent, Agent, Agent, AgentIx);
    typed!(profile, CapacityProfile, CapacityProfile, ProfileIx);

    fn entries(&self, kind: ResourceKind) -> &[Entry] {
        self.0.get(&kind).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn count(&self, kind: ResourceKind) -> u32 {
        u32::try_from(self.entries(kind).len()).unwrap()
    }

    pub(crate) fn name(&self, kind: ResourceKind, number: u32) -> &str {
        &self.entries(kind)[number as usize].id
    }

    pub(crate) fn number(&self, kind: ResourceKind, id: &str) -> Option<u32> {
        self.entries(kind).iter().position(|it| &*it.id == id).map(|it| u32::try_from(it).unwrap())
    }

    pub(crate) fn is_live(&self, kind: ResourceKind, number: u32) -> bool {
        self.entries(kind).get(number as usize).is_some_and(|it| it.live)
    }

    pub(crate) fn profile_of(&self, agent: AgentIx) -> &CapacityProfile {
        let number = self.number(ResourceKind::CapacityProfile, &self.agent(agent).profile).unwrap();
        self.profile(ProfileIx(number))
    }

    /// All that is in the directory now.
    pub(crate) fn live(&self) -> Vec<Resource> {
        self.0.values().flatten().filter(|it| it.live).map(|it| it.last.clone()).collect()
    }

    pub(crate) fn apply(&mut self, changes: &[Change]) {
        for change in changes {
            match change {
                Change::Create(resource) | Change::Replace(resource) => {
                    let entries = self.0.entry(resource.kind()).or_default();
                    let new = Entry { id: resource.id().into(), live: true, last: resource.clone() };
                    match entries.iter_mut().find(|it| &*it.id == resource.id()) {
                        Some(entry) => *entry = new,
                        None => entries.push(new),
                    }
                }
                Change::Remove(kind, id) => {
                    let entries = self.0.get_mut(kind).unwrap();
                    entries.iter_mut().find(|it| it.id == *id).unwrap().live = false;
                }
            }
        }
    }

    fn change(&self, wanted: &Resource) -> Option<Change> {
        match self.live().iter().find(|it| it.kind() == wanted.kind() && it.id() == wanted.id()) {
            None => Some(Change::Create(wanted.clone())),
            Some(there) if sorted(there) == sorted(wanted) => None,
            Some(_) => Some(Change::Replace(wanted.clone())),
        }
    }

    /// What makes the directory exactly this; none: it is wrong.
    pub(crate) fn plan_all(&self, wanted: &[Resource]) -> Option<Vec<Change>> {
        let mut wanted = wanted.to_vec();
        wanted.sort_by(|a, b| (a.kind(), a.id()).cmp(&(b.kind(), b.id())));
        let twice = wanted.windows(2).any(|it| it[0].kind() == it[1].kind() && it[0].id() == it[1].id());
        if twice || !wanted.iter().all(|it| is_right(it, &wanted)) {
            return None;
        }
        let mut changes: Vec<Change> = wanted.iter().filter_map(|it| self.change(it)).collect();
        let mut gone = self.live();
        gone.retain(|it| !wanted.iter().any(|other| it.kind() == other.kind() && it.id() == other.id()));
        gone.sort_by(|a, b| b.kind().cmp(&a.kind()).then(a.id().cmp(b.id())));
        changes.extend(gone.iter().map(|it| Change::Remove(it.kind(), it.id().into())));
        Some(changes)
    }

    /// What puts one resource in; none: it is wrong.
    pub(crate) fn plan_put(&self, resource: &Resource) -> Option<Vec<Change>> {
        let mut all = self.live();
        all.push(resource.clone());
        is_right(resource, &all).then(|| self.change(resource).into_iter().collect())
    }

    /// Whether anything still refers to a resource.
    pub(crate) fn is_referred_to(&self, kind: ResourceKind, id: &str) -> bool {
        self.live().iter().any(|it| references(it).contains(&(kind, id.into())))
    }
}

fn sorted(resource: &Resource) -> Resource {
    let mut resource = resource.clone();
    if let Resource::Agent(agent) = &mut resource {
        agent.skills.sort();
        agent.queues.sort();
        agent.record_types.sort();
        agent.access_scopes.sort();
    }
    resource
}

fn references(resource: &Resource) -> Vec<(ResourceKind, Box<str>)> {
    let all = |kind: ResourceKind, ids: Vec<Box<str>>| ids.into_iter().map(move |id| (kind, id));
    match resource {
        Resource::Skill(_) => Vec::new(),
        Resource::Queue(it) => {
            it.overflow.iter().map(|it| (it.reference().0, it.reference().1.into())).collect()
        }
        Resource::Channel(it) => {
            let ids = it.decline_status.iter().chain(&it.expiry_status).cloned().collect();
            all(ResourceKind::PresenceStatus, ids).collect()
        }
        Resource::PresenceStatus(it) => all(ResourceKind::Channel, it.channels.clone()).collect(),
        Resource::CapacityProfile(it) => {
            let ids = it.channel_maxima.iter().map(|it| it.0.clone()).collect();
            all(ResourceKind::Channel, ids).collect()
        }
        Resource::Button(it) => all(ResourceKind::Skill, it.skills.clone()).collect(),
        Resource::Agent(it) => {
            let skills = it.skills.iter().map(|it| it.0.clone()).collect();
            all(ResourceKind::CapacityProfile, vec![it.profile.clone()])
                .chain(all(ResourceKind::Skill, skills))
                .chain(all(ResourceKind::Queue, it.queues.clone()))
                .collect()
        }
    }
}

/// Whether what is too much for a queue comes back to it, or to one on the way. The last of an id counts: it is to be put.
fn is_in_a_circle(queue: &Queue, all: &[Resource]) -> bool {
    let mut at = queue.clone();
    for _ in 0..all.len() {
        let Some(Overflow::Queue(next)) = &at.overflow else { return false };
        let found = all
            .iter()
            .rev()
            .find(|it| it.kind() == ResourceKind::Queue && it.id() == &**next)
            .and_then(|it| if let Resource::Queue(other) = it { Some(other.clone()) } else { None });
        let Some(found) = found else { return false };
        at = found;
    }
    true
}

/// The mistakes that the driver makes: dangling references, repeated skills, a button without skills, spans and levels out of range.
fn is_right(resource: &Resource, all: &[Resource]) -> bool {
    let refers = references(resource);
    let mut distinct = refers.clone();
    distinct.sort();
    distinct.dedup();
    let exists =
        |it: &(ResourceKind, Box<str>)| all.iter().any(|other| (other.kind(), other.id()) == (it.0, &*it.1));
    let in_range = match resource {
        Resource::Channel(it) => {
            it.weight <= limits::UNITS_MAX
                && it.reinvite != Reinvite::After(0)
                && it.inactivity.is_none_or(|rules| rules.weight <= it.weight)
        }
        Resource::Button(it) => {
            !it.skills.is_empty()
                && matches!(
                    it.model,
                    RoutingModel::LeastActive | RoutingModel::MostAvailable | RoutingModel::Choice
                )
                && distinct.len() == refers.len()
        }
        Resource::Agent(it) => {
            it.skills.iter().all(|it| it.1 <= limits::LEVEL_MAX) && distinct.len() == refers.len()
        }
        Resource::Queue(it) => {
            (it.overflow.is_none() || it.waiting_max.is_some()) && !is_in_a_circle(it, all)
        }
        Resource::Skill(_) | Resource::PresenceStatus(_) | Resource::CapacityProfile(_) => true,
    };
    in_range && refers.iter().all(exists)
}
