//! What an `ApplyDirectory` has to change: the difference between the directory that is there and the one that is wanted.

use super::{
    registry::Registry,
    spec::{Change, Resource, ResourceKind},
};

/// The changes that make the directory exactly `wanted`, which was checked: creations and replacements in the order of `wanted`,
/// then removals by kind and id, those that refer to others first. The two ways of writing one thing (order of skills) are one.
pub fn plan(registry: &Registry, wanted: Vec<Resource>) -> Vec<Change> {
    let mut kept: [Vec<bool>; 7] =
        ResourceKind::ALL.map(|kind| vec![false; registry.names().of(kind).count()]);
    let mut changes = Vec::new();
    for resource in wanted {
        let number = registry.names().of(resource.kind()).number(resource.id());
        if let Some(number) = number {
            kept[resource.kind() as usize][number as usize] = true;
        }
        changes.extend(change(registry, resource));
    }
    for kind in ResourceKind::ALL.into_iter().rev() {
        let names = registry.names().of(kind);
        for number in registry.live_by_id(kind) {
            if !kept[kind as usize][number as usize] {
                changes.push(Change::Remove(kind, names.name(number).into()));
            }
        }
    }
    changes
}

/// The change that puts one resource in, if it differs from what is there.
pub fn change(registry: &Registry, wanted: Resource) -> Option<Change> {
    let there = registry
        .names()
        .of(wanted.kind())
        .number(wanted.id())
        .and_then(|number| registry.resource(wanted.kind(), number));
    match there {
        None => Some(Change::Create(wanted)),
        Some(there) if canonical(there.clone()) == canonical(wanted.clone()) => None,
        Some(_) => Some(Change::Replace(wanted)),
    }
}

/// The registry keeps an agent's skills and queues by number, and of its record types and scopes the order is of no account; what is written in another order is the same.
fn canonical(resource: Resource) -> Resource {
    if let Resource::Agent(mut agent) = resource {
        agent.skills.sort_unstable();
        agent.queues.sort_unstable();
        agent.record_types.sort_unstable();
        agent.access_scopes.sort_unstable();
        Resource::Agent(agent)
    } else {
        resource
    }
}
