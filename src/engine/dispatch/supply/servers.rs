//! Who can serve a class, busy or not: crowds by their number, and of lone agents a bit each.

use super::CohortIx;
use crate::engine::{dispatch::bits::Bits, ids::AgentIx};

/// Who can serve a class.
#[derive(Debug, Default)]
pub(super) struct Servers {
    pub(super) crowds: Vec<CohortIx>,
    pub(super) lone: Bits,
    pub(super) lone_count: usize,
}

impl Servers {
    pub(super) fn add(&mut self, agent: AgentIx) {
        self.lone.set(agent.index());
        self.lone_count += 1;
    }

    pub(super) fn take_out(&mut self, agent: AgentIx) {
        self.lone.clear(agent.index());
        self.lone_count -= 1;
    }
}
