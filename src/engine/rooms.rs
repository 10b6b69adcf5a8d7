//! The room that a conversation is: who is in, who leaves, how it ends, what is written, and the wrap-up after it (ROOM, LOG).

use crate::engine::{
    Engine,
    command::{Acting, Actor, Audience},
    event::{Author, Event, Leaving, RequestEnd},
    ids::{AgentIx, ChannelIx, ConversationId, Millis},
    invites::later,
    rejection::Rejection,
};

impl Engine {
    pub(super) fn leave_conversation(
        &mut self,
        session: Acting,
        conversation: ConversationId,
    ) -> Result<(), Rejection> {
        self.live_agent(session.agent)?;
        let agent = self.participant(session, conversation)?;
        if self.state.conversations.at(conversation).participants.len() == 1 {
            return Err(Rejection::LastAgentMustEnd);
        }
        self.take_out(conversation, agent, Leaving::Asked);
        Ok(())
    }

    pub(super) fn end_conversation(
        &mut self,
        actor: Actor,
        conversation: ConversationId,
    ) -> Result<(), Rejection> {
        let by = self.author(actor, conversation)?;
        let in_conference = self.state.conversations.at(conversation).participants.len() > 1;
        if matches!(by, Author::Agent(_)) && in_conference {
            return Err(Rejection::ConferenceInProgress);
        }
        self.end_room(conversation, by);
        Ok(())
    }

    pub(super) fn post_message(
        &mut self,
        actor: Actor,
        conversation: ConversationId,
        text: Box<str>,
        audience: Audience,
    ) -> Result<(), Rejection> {
        let author = self.author(actor, conversation)?;
        let awakened = self.awakens(conversation, &author, audience)?;
        let writer = if let Author::Agent(agent) = author { Some(agent) } else { None };
        let row = self.state.conversations.at(conversation);
        self.emit(Event::MessagePosted {
            conversation,
            number: row.log_entries + 1,
            customer_number: if audience == Audience::Everyone { row.customer_log_entries + 1 } else { 0 },
            author,
            text,
        });
        if let Some(inactive) = awakened {
            self.resume(conversation, inactive, writer);
        }
        Ok(())
    }

    pub(super) fn complete_wrap_up(
        &mut self,
        session: Acting,
        conversation: ConversationId,
    ) -> Result<(), Rejection> {
        let (agent, _) = self.wrap_up(session, conversation)?;
        self.emit(Event::WrapUpEnded { conversation, agent });
        Ok(())
    }

    pub(super) fn extend_wrap_up(
        &mut self,
        session: Acting,
        conversation: ConversationId,
        extend_by: Millis,
    ) -> Result<(), Rejection> {
        let (agent, until) = self.wrap_up(session, conversation)?;
        self.emit(Event::WrapUpExtended { conversation, agent, until: until + extend_by });
        Ok(())
    }

    fn wrap_up(&self, session: Acting, conversation: ConversationId) -> Result<(AgentIx, Millis), Rejection> {
        self.live_agent(session.agent)?;
        let agent = self.acting(session)?;
        let until = self.state.agent(agent).wrap_up(conversation).ok_or(Rejection::NoWrapUp)?;
        Ok((agent, until))
    }

    /// The wrap-ups of an agent in a conversation that end at this time: more than one, where it left twice in a moment.
    pub(super) fn end_due_wrap_ups(&mut self, agent: AgentIx, conversation: ConversationId, at: Millis) {
        while self.state.agent(agent).wrap_up(conversation).is_some_and(|until| until <= at) {
            self.emit(Event::WrapUpEnded { conversation, agent });
        }
    }

    /// Ends a conversation: what is pending is revoked, who was in has a wrap-up, unless it was inactive.
    pub(super) fn end_room(&mut self, conversation: ConversationId, by: Author) {
        for request in self.state.conversations.at(conversation).requests.clone() {
            self.end_request(request, RequestEnd::ConversationEnded);
        }
        let row = self.state.conversations.at(conversation);
        let wrap_up_until = if row.inactive.is_some() { 0 } else { self.wrap_up_after(row.channel) };
        let participants = row.participants.iter().map(|it| it.agent).collect();
        self.emit(Event::ConversationEnded { conversation, by, participants, wrap_up_until });
    }

    /// Takes an agent out of a conversation, with what it has asked for.
    pub(super) fn take_out(&mut self, conversation: ConversationId, agent: AgentIx, leaving: Leaving) {
        let wrap_up_until = match leaving {
            Leaving::Asked | Leaving::Moved(_) => self.wrap_up_until(conversation),
            Leaving::SessionLost | Leaving::CouldNotResume => 0,
        };
        self.emit(Event::ParticipantLeft { conversation, agent, leaving, wrap_up_until });
        self.end_requests_of(conversation, agent);
    }

    /// When a wrap-up that begins now ends; 0: there is none.
    pub(super) fn wrap_up_until(&self, conversation: ConversationId) -> Millis {
        self.wrap_up_after(self.state.conversations.at(conversation).channel)
    }

    fn wrap_up_after(&self, channel: ChannelIx) -> Millis {
        later(self.now, self.state.registry.channel(channel).spec.wrap_up_ms)
    }

    /// The acting agent, if it is in this live conversation.
    pub(super) fn participant(
        &self,
        session: Acting,
        conversation: ConversationId,
    ) -> Result<AgentIx, Rejection> {
        let agent = self.acting(session)?;
        self.live_conversation(conversation)?;
        if self.state.conversations.at(conversation).has(agent) {
            Ok(agent)
        } else {
            Err(Rejection::NotAParticipant)
        }
    }

    /// Who acts in this live conversation, if it may.
    pub(super) fn author(&self, actor: Actor, conversation: ConversationId) -> Result<Author, Rejection> {
        match actor {
            Actor::Agent(session) => {
                self.live_agent(session.agent)?;
                self.participant(session, conversation).map(Author::Agent)
            }
            Actor::Customer => self.live_conversation(conversation).map(|()| Author::Customer),
            Actor::Platform => self.live_conversation(conversation).map(|()| Author::Platform),
            Actor::Supervisor(who) => self.live_conversation(conversation).map(|()| Author::Supervisor(who)),
        }
    }

    pub(super) fn live_conversation(&self, conversation: ConversationId) -> Result<(), Rejection> {
        if self.state.conversations.get(conversation).is_some() {
            Ok(())
        } else if (1..=self.state.conversation_count).contains(&conversation.0) {
            Err(Rejection::ConversationEnded)
        } else {
            Err(Rejection::ConversationNotFound)
        }
    }
}
