//! What a supervisor does (SUPV, PRES-4).

use omniroute::engine::{
    directory::spec::ResourceKind,
    event::PresenceCause,
    ids::{AgentIx, StatusIx},
    rejection::Rejection,
    reply::Reply,
};

use super::{
    commands::{Decided, check},
    world::World,
};

impl World {
    pub(crate) fn set_agent_presence(
        &mut self,
        supervisor: Box<str>,
        agent: AgentIx,
        status: StatusIx,
    ) -> Decided {
        self.agent_is_live(agent)?;
        let is_live = self.directory.is_live(ResourceKind::PresenceStatus, status.0);
        check(is_live, Rejection::PresenceStatusNotFound)?;
        check(self.agent(agent).session.is_some(), Rejection::SessionNotOpen)?;
        self.set_presence(agent, status, PresenceCause::Supervisor(supervisor));
        Ok(Reply::Done)
    }
}
