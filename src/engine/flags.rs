//! Flags: an agent in a conversation asks for help (SUPV-1). The flag is a part of its being in, and is down when that ends.

use crate::engine::{
    Engine,
    command::{Acting, Actor},
    event::Event,
    ids::{AgentIx, ConversationId},
    rejection::Rejection,
};

impl Engine {
    /// One that is up gets another reason.
    pub(super) fn raise_flag(
        &mut self,
        session: Acting,
        conversation: ConversationId,
        reason: Box<str>,
    ) -> Result<(), Rejection> {
        self.live_agent(session.agent)?;
        let agent = self.participant(session, conversation)?;
        self.emit(Event::FlagRaised { conversation, agent, reason });
        Ok(())
    }

    /// An agent and a supervisor may be at it at once: where it is down already nothing is to be done.
    pub(super) fn lower_flag(
        &mut self,
        actor: Actor,
        conversation: ConversationId,
        agent: AgentIx,
    ) -> Result<(), Rejection> {
        self.live_agent(agent)?;
        let by = self.author(actor, conversation)?;
        let participants = &self.state.conversations.at(conversation).participants;
        let whose = participants.iter().find(|it| it.agent == agent).ok_or(Rejection::NotAParticipant)?;
        if whose.flag.is_some() {
            self.emit(Event::FlagLowered { conversation, agent, by });
        }
        Ok(())
    }
}
