//! Which agent of a conversation has which records (REC). Each is kept once, with who has it.

use serde::{Deserialize, Serialize};

use crate::engine::{ids::AgentIx, records::Record, state::conversation::Participant};

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Attached {
    record: Record,
    agents: Vec<AgentIx>,
}

/// The records of a conversation. An agent has each record, by its type and id, once at most.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Records(Vec<Attached>);

impl Records {
    /// Whether nobody has any.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Those that an agent has, in no particular order; for none, all.
    pub fn of(&self, agent: Option<AgentIx>) -> impl Iterator<Item = &Record> {
        let had = move |it: &&Attached| agent.is_none_or(|agent| it.agents.contains(&agent));
        self.0.iter().filter(had).map(|it| &it.record)
    }

    /// Whether an agent has a record.
    pub fn has(&self, agent: AgentIx, record_type: &str, id: &str) -> bool {
        self.of(Some(agent)).any(|it| &*it.record_type == record_type && &*it.id == id)
    }

    /// An agent has a record now, in place of a former version of it.
    pub fn attach(&mut self, agent: AgentIx, record: &Record) {
        self.remove(agent, &record.record_type, &record.id);
        match self.0.iter_mut().find(|it| it.record == *record) {
            Some(there) => there.agents.push(agent),
            None => self.0.push(Attached { record: record.clone(), agents: vec![agent] }),
        }
    }

    /// An agent has a record no more.
    pub fn remove(&mut self, agent: AgentIx, record_type: &str, id: &str) {
        self.drop_where(|it, whose| whose == agent && &*it.record_type == record_type && &*it.id == id);
    }

    /// An agent has these now, and no others.
    pub fn give(&mut self, agent: AgentIx, records: &[Record]) {
        records.iter().for_each(|it| self.attach(agent, it));
        self.drop_where(|it, whose| whose == agent && !records.contains(it));
    }

    /// Whoever is not in the conversation has none of them any more.
    pub fn keep_for(&mut self, participants: &[Participant]) {
        self.drop_where(|_, whose| !participants.iter().any(|it| it.agent == whose));
    }

    fn drop_where(&mut self, is_gone: impl Fn(&Record, AgentIx) -> bool) {
        for it in &mut self.0 {
            it.agents.retain(|whose| !is_gone(&it.record, *whose));
        }
        self.0.retain(|it| !it.agents.is_empty());
    }
}
