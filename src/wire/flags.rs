//! The calls about flags.

use super::{
    agents::session,
    check::Check,
    conversations::{actor, conversation},
    mutation::{Mutation, head},
    names::{id_of, number_of},
    v1,
};
use crate::engine::{
    command::{Actor, Command},
    directory::names::Names,
    ids::AgentIx,
    limits,
    reply::Reply,
};

impl Mutation for v1::RaiseFlagRequest {
    type Response = v1::RaiseFlagResponse;

    fn into_command(self, names: &Names, check: &mut Check) -> Command {
        head(&self, check);
        check.bytes("reason", &self.reason, 0, limits::FLAG_REASON_BYTES_MAX);
        Command::RaiseFlag {
            session: session(self.session, names, check),
            conversation: conversation(self.conversation_id, check),
            reason: self.reason.into(),
        }
    }

    fn respond(_: Reply) -> Self::Response {
        v1::RaiseFlagResponse {}
    }
}

impl Mutation for v1::LowerFlagRequest {
    type Response = v1::LowerFlagResponse;

    fn into_command(self, names: &Names, check: &mut Check) -> Command {
        head(&self, check);
        let is_said = self.actor.as_ref().is_some_and(|it| it.actor.is_some());
        let actor = actor(self.actor, names, check);
        let agent = whose(&actor, is_said, &self.agent_id, names, check);
        Command::LowerFlag { actor, conversation: conversation(self.conversation_id, check), agent }
    }

    fn respond(_: Reply) -> Self::Response {
        v1::LowerFlagResponse {}
    }
}

/// Whose flag it is: an agent lowers its own alone.
fn whose(actor: &Actor, is_said: bool, agent_id: &str, names: &Names, check: &mut Check) -> AgentIx {
    match actor {
        Actor::Agent(own) => {
            if !agent_id.is_empty() && agent_id != id_of(names, own.agent) {
                check.say("agent_id", "is another agent; an agent lowers its own flag alone");
            }
            own.agent
        }
        Actor::Supervisor(_) => number_of(names, check, "agent_id", agent_id),
        Actor::Customer | Actor::Platform => {
            if is_said {
                check.say("actor", "must be an agent or a supervisor");
            }
            AgentIx(super::UNKNOWN)
        }
    }
}
