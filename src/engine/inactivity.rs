//! Conversations that go inactive, to be picked up again when the customer writes (ASYN, CAP-6).
//!
//! ```text
//!            the agent, or silence                 the customer writes
//!   active ───────────────────────► inactive ──────────────────────────► active, with the same agent if it can take it,
//!                                      │  the channel's time is over       else routed like new, with its age
//!                                      └───────────────────────► ended
//! ```

use crate::engine::{
    Engine,
    command::{Acting, Audience},
    directory::spec::Inactivity,
    dispatch::eligible::{self, Class},
    event::{Author, Event, Leaving, RequestKind},
    ids::{AgentIx, ConversationId},
    invites::later,
    rejection::Rejection,
    state::conversation::Inactive,
};

impl Engine {
    pub(super) fn inactivate_conversation(
        &mut self,
        session: Acting,
        conversation: ConversationId,
    ) -> Result<(), Rejection> {
        self.live_agent(session.agent)?;
        let agent = self.participant(session, conversation)?;
        self.is_active(conversation)?;
        let rules = self.rules_of(conversation).ok_or(Rejection::NotAsynchronous)?;
        if self.open(conversation, RequestKind::Transfer) > 0 {
            return Err(Rejection::TransferOpen);
        }
        if self.open(conversation, RequestKind::Conference) > 0 {
            return Err(Rejection::ConferenceOpen);
        }
        if self.state.conversations.at(conversation).participants.len() > 1 {
            return Err(Rejection::ConferenceInProgress);
        }
        self.inactivate(conversation, agent, Author::Agent(agent), rules);
        Ok(())
    }

    /// The silence was long enough. Whatever stands in the way takes its timer away, so nothing does.
    pub(super) fn fall_silent(&mut self, conversation: ConversationId) {
        let participants = &self.state.conversations.at(conversation).participants;
        if let ([only], Some(rules)) = (&participants[..], self.rules_of(conversation)) {
            self.inactivate(conversation, only.agent, Author::Service, rules);
        }
    }

    fn inactivate(&mut self, conversation: ConversationId, agent: AgentIx, by: Author, rules: Inactivity) {
        let ends_at = later(self.now, rules.ends_after_ms);
        // Where a queue made it lighter than its channel says, it does not get heavier.
        let held = self.state.agent(agent).part(conversation).map_or(0, |it| it.units);
        let units = rules.weight.min(held);
        self.emit(Event::ConversationInactivated { conversation, agent, by, units, ends_at });
    }

    /// Whether what somebody is about to write lets an inactive conversation go on: then, what is true of it until then. An agent that
    /// writes to its customer needs room for it; whispers, and what the platform and supervisors write, let it rest.
    pub(super) fn awakens(
        &self,
        conversation: ConversationId,
        author: &Author,
        audience: Audience,
    ) -> Result<Option<Inactive>, Rejection> {
        let inactive = self.state.conversations.at(conversation).inactive;
        let Some(inactive) = inactive.filter(|_| audience == Audience::Everyone) else { return Ok(None) };
        match author {
            Author::Customer => Ok(Some(inactive)),
            Author::Agent(agent) if self.has_room_again(conversation, *agent, inactive) => Ok(Some(inactive)),
            Author::Agent(_) => Err(Rejection::AgentAtCapacity),
            Author::Platform | Author::Service | Author::Supervisor(_) => Ok(None),
        }
    }

    /// An inactive conversation goes on, for somebody wrote: the agent in whose hands it is, or, where it is none, its customer.
    pub(super) fn resume(
        &mut self,
        conversation: ConversationId,
        inactive: Inactive,
        writer: Option<AgentIx>,
    ) {
        let row = self.state.conversations.at(conversation);
        let whose = row.participants.first().map(|it| it.agent);
        let takes = |agent: AgentIx| {
            writer == Some(agent)
                || (self.state.is_online(agent)
                    && self.state.takes(agent, row.channel)
                    && self.has_room_again(conversation, agent, inactive))
        };
        if let Some(agent) = whose.filter(|agent| takes(*agent)) {
            let units = inactive.units;
            self.emit(Event::ConversationResumed { conversation, agent: Some(agent), units });
            return;
        }
        if let Some(agent) = whose {
            self.take_out(conversation, agent, Leaving::CouldNotResume);
        }
        self.emit(Event::ConversationResumed { conversation, agent: None, units: 0 });
        self.route_again(conversation);
    }

    /// Whether the agent of an inactive conversation has room for it again: for what it held, beside what else it has.
    fn has_room_again(&self, conversation: ConversationId, agent: AgentIx, inactive: Inactive) -> bool {
        let row = self.state.conversations.at(conversation);
        let interruptible = self.state.agent(agent).part(conversation).is_some_and(|it| it.interruptible);
        let class = Class::new(
            &self.state.registry,
            (row.channel, row.routing_type),
            RequestKind::New,
            &row.origin,
            row.origin.relaxation.at_first(),
        );
        let class = Class { units: inactive.units, interruptible, ..class };
        let profile = self.state.profile(agent);
        let load = self.state.agent(agent).load_without(profile, conversation);
        eligible::has_room(profile, load, &class).is_ok()
    }

    /// Refuses what an agent cannot do in an inactive conversation.
    pub(super) fn is_active(&self, conversation: ConversationId) -> Result<(), Rejection> {
        match self.state.conversations.at(conversation).inactive {
            None => Ok(()),
            Some(_) => Err(Rejection::ConversationInactive),
        }
    }

    /// How a conversation goes inactive, as its channel says now; none: it does not.
    fn rules_of(&self, conversation: ConversationId) -> Option<Inactivity> {
        self.state.registry.channel(self.state.conversations.at(conversation).channel).spec.inactivity
    }
}
