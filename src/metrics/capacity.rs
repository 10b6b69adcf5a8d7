//! The figures of capacity as a page: gauges by org, queue and skill. Each page is drawn by a recorder of its own, so a queue that is gone
//! is gone from the page, and nothing has to be taken back.

use std::{collections::BTreeMap, sync::Arc};

use metrics::{SharedString, gauge, with_local_recorder};
use metrics_exporter_prometheus::PrometheusBuilder;

use super::{
    catalog,
    places::{self, Labelled},
};
use crate::engine::{
    directory::{names::Names, spec::ResourceKind},
    ids::{Millis, QueueIx, SkillIx},
    survey::{AgentSums, Outline, Sums, WaitingSums},
};

/// The labels of the routing states, in the order of their numbers.
const STATES: [&str; 6] = ["offline", "idle", "engaged", "at_capacity", "not_responding", "draining"];

/// The figures of one org.
#[derive(Debug, Clone, Default)]
pub struct OrgFigures {
    /// What they begin with.
    pub outline: Outline,
    /// Its agents.
    pub agents: Sums<AgentSums>,
    /// Session streams that are open.
    pub streams: u64,
    /// What waits.
    pub waiting: Sums<WaitingSums>,
}

impl OrgFigures {
    /// Adds a slice of its agents.
    pub fn add_agents(&mut self, slice: &Sums<AgentSums>, streams: u64) {
        self.agents.add(slice, AgentSums::add);
        self.streams += streams;
    }

    /// Adds a slice of what waits.
    pub fn add_waiting(&mut self, slice: &Sums<WaitingSums>) {
        self.waiting.add(slice, WaitingSums::add);
    }
}

/// A page that is being drawn.
#[derive(Debug, Default)]
pub struct Drawing {
    orgs: BTreeMap<Label, OrgSums>,
    queues: BTreeMap<(Label, Label), Pair>,
    skills: BTreeMap<(Label, Label), Pair>,
}

type Label = SharedString;
type Pair = (AgentSums, WaitingSums);

#[derive(Debug, Default)]
struct OrgSums {
    both: Pair,
    streams: u64,
    conversations: usize,
    requests: usize,
    invites: usize,
}

fn add(to: &mut Pair, agents: Option<&AgentSums>, waiting: Option<&WaitingSums>) {
    agents.into_iter().for_each(|it| to.0.add(it));
    waiting.into_iter().for_each(|it| to.1.add(it));
}

impl Drawing {
    /// Adds an org, with the names of its directory.
    pub fn add(&mut self, org: &Arc<str>, figures: &OrgFigures, names: &Names) {
        let OrgFigures { outline, agents, streams, waiting } = figures;
        let label = places::org_label(org);
        let sums = self.orgs.entry(label.clone()).or_default();
        add(&mut sums.both, Some(&agents.whole), Some(&waiting.whole));
        sums.streams += streams;
        sums.conversations += outline.conversations;
        sums.requests += outline.requests;
        sums.invites += outline.invites;
        for QueueIx(queue) in &outline.queues {
            let id = names.of(ResourceKind::Queue).name(*queue);
            let key = (label.clone(), places::label(Labelled::Queue, org, *queue, id));
            add(self.queues.entry(key).or_default(), agents.queues.get(*queue), waiting.queues.get(*queue));
        }
        for SkillIx(skill) in &outline.skills {
            let id = names.of(ResourceKind::Skill).name(*skill);
            let key = (label.clone(), places::label(Labelled::Skill, org, *skill, id));
            add(self.skills.entry(key).or_default(), agents.skills.get(*skill), waiting.skills.get(*skill));
        }
    }

    /// The page, in Prometheus' text format.
    pub fn page(&self) -> String {
        let recorder = PrometheusBuilder::new().build_recorder();
        with_local_recorder(&recorder, || {
            catalog::describe(&catalog::CAPACITY);
            for (org, sums) in &self.orgs {
                draw_org(org, sums);
            }
            for ((org, queue), sums) in &self.queues {
                draw_queue(&[("org", org.clone()), ("queue", queue.clone())], sums);
            }
            for ((org, skill), sums) in &self.skills {
                draw_skill(&[("org", org.clone()), ("skill", skill.clone())], sums);
            }
        });
        recorder.handle().render()
    }
}

fn draw_org(org: &Label, sums: &OrgSums) {
    let labels = [("org", org.clone())];
    let (agents, waiting) = &sums.both;
    for (state, count) in STATES.into_iter().zip(agents.agents) {
        gauge!("omniroute_agents", "org" => org.clone(), "state" => state).set(figure(count));
    }
    gauge!("omniroute_units", &labels).set(figure(agents.units));
    gauge!("omniroute_units_used", &labels).set(figure(agents.units_used));
    gauge!("omniroute_units_free", &labels).set(figure(agents.units_free));
    gauge!("omniroute_interruptible_units_free", &labels).set(figure(agents.interruptible_units_free));
    gauge!("omniroute_sessions", &labels).set(figure(sums.streams));
    gauge!("omniroute_conversations", &labels).set(figure(sums.conversations as u64));
    gauge!("omniroute_requests_open", &labels).set(figure(sums.requests as u64));
    gauge!("omniroute_invites_pending", &labels).set(figure(sums.invites as u64));
    gauge!("omniroute_requests_waiting", &labels).set(figure(waiting.waiting));
    if let Some(oldest) = waiting.oldest {
        gauge!("omniroute_requests_oldest_waiting_timestamp_seconds", &labels).set(timestamp(oldest));
    }
}

fn draw_queue(labels: &[(&'static str, Label); 2], (agents, waiting): &Pair) {
    for (state, count) in STATES.into_iter().zip(agents.agents) {
        gauge!("omniroute_queue_agents", &with_state(labels, state)).set(figure(count));
    }
    gauge!("omniroute_queue_units", labels).set(figure(agents.units));
    gauge!("omniroute_queue_units_used", labels).set(figure(agents.units_used));
    gauge!("omniroute_queue_units_free", labels).set(figure(agents.units_free));
    gauge!("omniroute_queue_interruptible_units_free", labels).set(figure(agents.interruptible_units_free));
    gauge!("omniroute_queue_waiting", labels).set(figure(waiting.waiting));
    if let Some(oldest) = waiting.oldest {
        gauge!("omniroute_queue_oldest_waiting_timestamp_seconds", labels).set(timestamp(oldest));
    }
}

fn draw_skill(labels: &[(&'static str, Label); 2], (agents, waiting): &Pair) {
    for (state, count) in STATES.into_iter().zip(agents.agents) {
        gauge!("omniroute_skill_agents", &with_state(labels, state)).set(figure(count));
    }
    gauge!("omniroute_skill_units", labels).set(figure(agents.units));
    gauge!("omniroute_skill_units_used", labels).set(figure(agents.units_used));
    gauge!("omniroute_skill_units_free", labels).set(figure(agents.units_free));
    gauge!("omniroute_skill_interruptible_units_free", labels).set(figure(agents.interruptible_units_free));
    gauge!("omniroute_skill_waiting", labels).set(figure(waiting.waiting));
    if let Some(oldest) = waiting.oldest {
        gauge!("omniroute_skill_oldest_waiting_timestamp_seconds", labels).set(timestamp(oldest));
    }
}

fn with_state(labels: &[(&'static str, Label); 2], state: &'static str) -> [(&'static str, Label); 3] {
    let [org, resource] = labels.clone();
    [org, resource, ("state", state.into())]
}

#[allow(clippy::cast_precision_loss, reason = "sums over a process's agents are far below 2^52")]
fn figure(it: u64) -> f64 {
    it as f64
}

#[allow(clippy::cast_precision_loss, reason = "times are far below 2^52 milliseconds")]
fn timestamp(at: Millis) -> f64 {
    at as f64 / 1_000.0
}
