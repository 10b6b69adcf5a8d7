//! Work that starves keeps the agent who can take it soonest (QUE-5).

use omniroute::engine::{
    directory::spec::ResourceKind,
    ids::{AgentIx, Millis, RequestId},
    state::agent::Earmark,
};

use super::{
    rest::ToDo,
    world::{Request, World},
};

impl World {
    /// When a request begins to keep an agent; 0: never.
    pub(crate) fn earmark_at(row: &Request) -> Millis {
        let after = row.routing.earmark_after;
        if after == 0 { 0 } else { row.requested_at.max(row.routing.not_before) + after }
    }

    pub(crate) fn lift_earmark(&mut self, request: RequestId) {
        if let Some(agent) = self.requests.get_mut(&request).unwrap().earmarked.take() {
            self.agent_mut(agent).earmark = None;
        }
    }

    /// What is to be done for a request that nobody has room for, so that the right agent is kept.
    pub(crate) fn earmark_to_do(&self, id: RequestId) -> Option<ToDo> {
        let row = &self.requests[&id];
        let at = World::earmark_at(row);
        if at == 0 || at > self.now {
            return None;
        }
        let (units, interruptible) = self.weight(row);
        let earmark = Earmark { interruptible, units };
        let could = |agent: &AgentIx| {
            self.could(*agent, row) && !self.said_no(*agent, row) && self.fits_when_idle(*agent, row)
        };
        if row.earmarked.is_some_and(|it| could(&it) && self.agent(it).earmark == Some((id, earmark))) {
            return None;
        }
        let name = |agent: AgentIx| self.directory.name(ResourceKind::Agent, agent.0);
        let soonest = self
            .every_agent()
            .into_iter()
            .filter(|it| could(it) && self.agent(*it).earmark.is_none())
            .min_by_key(|it| (self.short_by(*it, (units, interruptible)), self.agent(*it).given, name(*it)));
        match (soonest, row.earmarked) {
            (Some(agent), _) => Some(ToDo::Earmark(agent, earmark)),
            (None, Some(kept)) => Some(ToDo::LiftEarmark(kept)),
            (None, None) => None,
        }
    }

    fn fits_when_idle(&self, agent: AgentIx, row: &Request) -> bool {
        let (profile, (units, interruptible)) = (self.directory.profile_of(agent), self.weight(row));
        let channel = self.directory.name(ResourceKind::Channel, self.channel_of(row.conversation).0);
        let most = if interruptible { profile.interruptible_units } else { profile.units };
        units <= most && !profile.channel_maxima.iter().any(|it| *it.0 == *channel && it.1 == 0)
    }

    /// Units that are missing, or those that its other work takes beyond its capacity.
    fn short_by(&self, agent: AgentIx, (units, interruptible): (u32, bool)) -> i64 {
        let profile = self.directory.profile_of(agent);
        let (total, primary) = self.used(agent);
        let free = if interruptible {
            i64::from(profile.interruptible_units) - total
        } else {
            i64::from(profile.units) - primary
        };
        (primary - i64::from(profile.units)).max(i64::from(units) - free)
    }
}
