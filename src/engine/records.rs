//! The records attached to a conversation (REC). The keeper alone attaches and removes; whoever joins gets what the keeper has at that
//! moment and what it may see of that; what the keeper does later changes nothing for the others.

use serde::{Deserialize, Serialize};

use crate::engine::{
    Engine,
    command::Acting,
    event::Event,
    ids::{AgentIx, ConversationId},
    limits,
    rejection::Rejection,
};

/// A reference to something of the platform: an account, an order, a case.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Record {
    /// What kind of thing it is, in the platform's words. Who may see it goes by this.
    pub record_type: Box<str>,
    /// Which of them.
    pub id: Box<str>,
    /// Its title for people; may be empty.
    pub title: Box<str>,
}

impl Engine {
    pub(super) fn attach_record(
        &mut self,
        session: Acting,
        conversation: ConversationId,
        record: Record,
    ) -> Result<(), Rejection> {
        let agent = self.keeper(session, conversation)?;
        let records = &self.state.conversations.at(conversation).records;
        let is_new = !records.has(agent, &record.record_type, &record.id);
        if is_new && records.of(Some(agent)).count() >= limits::RECORDS_MAX {
            return Err(Rejection::RecordsFull);
        }
        self.emit(Event::RecordAttached { conversation, agent, record });
        Ok(())
    }

    pub(super) fn remove_record(
        &mut self,
        session: Acting,
        conversation: ConversationId,
        record_type: Box<str>,
        id: Box<str>,
    ) -> Result<(), Rejection> {
        let agent = self.keeper(session, conversation)?;
        if !self.state.conversations.at(conversation).records.has(agent, &record_type, &id) {
            return Err(Rejection::RecordNotFound);
        }
        self.emit(Event::RecordRemoved { conversation, agent, record_type, id });
        Ok(())
    }

    /// What an agent gets that joins now, by type and id: what the keeper has, or had when it was lost, and the agent may see. None: the
    /// conversation has no records, and nothing is said of them.
    pub(super) fn records_for(&self, conversation: ConversationId, agent: AgentIx) -> Option<Vec<Record>> {
        let row = self.state.conversations.at(conversation);
        if row.records.is_empty() {
            return None;
        }
        let keeper = row.participants.first().map(|it| it.agent);
        let types = &self.state.registry.agent(agent).record_types;
        let may_see = |it: &&Record| types.is_empty() || types.contains(&it.record_type);
        let mut records: Vec<Record> = row.records.of(keeper).filter(may_see).cloned().collect();
        records.sort_unstable();
        Some(records)
    }

    /// What an agent has; without one, the keeper.
    pub(super) fn records_of(
        &self,
        conversation: ConversationId,
        agent: Option<AgentIx>,
    ) -> Result<Vec<Record>, Rejection> {
        agent.map_or(Ok(()), |agent| self.live_agent(agent))?;
        self.live_conversation(conversation)?;
        let row = self.state.conversations.at(conversation);
        if agent.is_some_and(|agent| !row.has(agent)) {
            return Err(Rejection::NotAParticipant);
        }
        let whose = agent.or(row.participants.first().map(|it| it.agent));
        let mut records: Vec<Record> = row.records.of(whose).cloned().collect();
        records.sort_unstable();
        Ok(records)
    }

    fn keeper(&self, session: Acting, conversation: ConversationId) -> Result<AgentIx, Rejection> {
        self.live_agent(session.agent)?;
        let agent = self.participant(session, conversation)?;
        let keeper = self.state.conversations.at(conversation).participants.first();
        if keeper.is_some_and(|it| it.agent == agent) { Ok(agent) } else { Err(Rejection::NotTheKeeper) }
    }
}
