//! Agents in the order of their ids, as numbers that can be compared: the last tie of every routing model is "the lower id".
//!
//! Each id has a label; a new id gets one between those of its neighbours. When there is no number left between two, all are
//! labelled anew, evenly. Only the order of labels means anything, so they are no part of the state.

use std::collections::BTreeMap;

use smol_str::SmolStr;

use crate::engine::{
    directory::{registry::Registry, spec::ResourceKind},
    ids::AgentIx,
};

/// Room that is left between neighbours: ids mostly come in ascending order, and then it is never used up.
const GAP: u64 = 1 << 32;

/// The labels of all agents' ids.
#[derive(Debug, Default)]
pub struct IdOrder {
    labels: Vec<u64>,
    by_id: BTreeMap<SmolStr, AgentIx>,
}

impl IdOrder {
    /// The label of an agent: comparing labels is comparing ids.
    pub fn label(&self, agent: AgentIx) -> u64 {
        self.labels[agent.index()]
    }

    /// Takes in the agents that are new. Whether former labels changed: then whoever sorted by them must sort again.
    pub fn learn(&mut self, registry: &Registry) -> bool {
        let mut relabelled = false;
        for number in self.labels.len()..registry.names().of(ResourceKind::Agent).count() {
            let agent = AgentIx(u32::try_from(number).unwrap_or(u32::MAX));
            let id = registry.names().of(ResourceKind::Agent).shared(agent.0);
            let below = self.by_id.range(..id.clone()).next_back().map_or(0, |(_, it)| self.label(*it));
            let above = self.by_id.range(id.clone()..).next().map(|(_, it)| self.label(*it));
            self.by_id.insert(id, agent);
            let label = match above {
                None => below.checked_add(GAP),
                Some(above) => Some(below + (above - below) / 2).filter(|it| *it != below),
            };
            self.labels.push(label.unwrap_or(0));
            if label.is_none() {
                self.relabel();
                relabelled = true;
            }
        }
        relabelled
    }

    fn relabel(&mut self) {
        for (agent, place) in self.by_id.values().zip(1..) {
            self.labels[agent.index()] = place * GAP;
        }
    }
}
