//! Which orgs, queues, skills and channels have series of their own: the first so many that the process met. The rest is summed under one
//! label, so that no directory, however large, and no platform that makes and removes queues all day, is an explosion of series.
//!
//! A place is kept until the process ends: a series that changed its meaning would be worse than one that stands still.

use std::{
    collections::BTreeSet,
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

use metrics::SharedString;

/// Orgs with series of their own.
pub const ORGS_MAX: usize = 200;
/// Queues with series of their own, of all those orgs together.
pub const QUEUES_MAX: usize = 1_000;
/// Skills, likewise.
pub const SKILLS_MAX: usize = 1_000;
/// Channels, likewise.
pub const CHANNELS_MAX: usize = 500;
/// The label of the rest. No id has a parenthesis, so it is nobody's.
pub const OTHERS: &str = "(others)";

/// The places of this process, as the recorder of metrics is the process's.
static PLACES: LazyLock<Mutex<Places>> = LazyLock::new(Mutex::default);

/// What kind of resource has a label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Labelled {
    /// A queue.
    Queue,
    /// A skill.
    Skill,
    /// A channel.
    Channel,
}

impl Labelled {
    fn max(self) -> usize {
        match self {
            Self::Queue => QUEUES_MAX,
            Self::Skill => SKILLS_MAX,
            Self::Channel => CHANNELS_MAX,
        }
    }
}

#[derive(Debug, Default)]
struct Places {
    orgs: BTreeSet<Arc<str>>,
    resources: [BTreeSet<(Arc<str>, u32)>; 3],
}

fn take<T: Ord>(places: &mut BTreeSet<T>, it: T, max: usize) -> bool {
    places.contains(&it) || (places.len() < max && places.insert(it))
}

impl Places {
    fn has_org(&mut self, org: &Arc<str>) -> bool {
        take(&mut self.orgs, org.clone(), ORGS_MAX)
    }

    fn has(&mut self, what: Labelled, org: &Arc<str>, number: u32) -> bool {
        self.has_org(org) && take(&mut self.resources[what as usize], (org.clone(), number), what.max())
    }
}

/// The label of an org.
pub fn org_label(org: &Arc<str>) -> SharedString {
    let is_placed = PLACES.lock().unwrap_or_else(PoisonError::into_inner).has_org(org);
    if is_placed { org.clone().into() } else { OTHERS.into() }
}

/// The label of a resource of an org, by its number and its id.
pub fn label(what: Labelled, org: &Arc<str>, number: u32, id: &str) -> SharedString {
    let is_placed = PLACES.lock().unwrap_or_else(PoisonError::into_inner).has(what, org, number);
    if is_placed { id.to_owned().into() } else { OTHERS.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_so_many_have_places_and_keep_them() {
        let mut places = Places::default();
        let orgs: Vec<Arc<str>> = (0..ORGS_MAX + 50).map(|it| format!("org-{it}").into()).collect();
        for _ in 0..2 {
            let shown: Vec<bool> = orgs.iter().map(|it| places.has_org(it)).collect();
            assert!(shown[..ORGS_MAX].iter().all(|it| *it) && !shown[ORGS_MAX..].iter().any(|it| *it));
        }
        for what in [Labelled::Queue, Labelled::Skill, Labelled::Channel] {
            let all = || orgs.iter().flat_map(|org| (0..10).map(move |number| (org, number)));
            let shown = all().filter(|(org, number)| places.has(what, org, *number)).count();
            assert_eq!(shown, what.max(), "of {what:?}");
            assert!(places.has(what, &orgs[0], 0) && !places.has(what, &orgs[0], 10));
        }
    }
}
