//! What a supervisor does (SUPV, PRES-4). It is known by the name that the platform gives it, and events say that name. What it does to
//! one conversation like anybody else, to end it or to write, is in `rooms`.

use crate::engine::{
    Engine,
    event::PresenceCause,
    ids::{AgentIx, StatusIx},
    rejection::Rejection,
};

impl Engine {
    /// Sets the presence of an agent that has a session, be it dropped: it counts when the agent is back.
    pub(super) fn set_agent_presence(
        &mut self,
        supervisor: Box<str>,
        agent: AgentIx,
        status: StatusIx,
    ) -> Result<(), Rejection> {
        self.live_agent(agent)?;
        self.live_status(status)?;
        self.state.agent(agent).session.ok_or(Rejection::SessionNotOpen)?;
        self.change_presence(agent, status, PresenceCause::Supervisor(supervisor));
        Ok(())
    }
}
