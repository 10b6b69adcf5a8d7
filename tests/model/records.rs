//! The records of a conversation: what each agent in it has (REC).

use omniroute::engine::{
    event::Event,
    ids::{AgentIx, ConversationId},
    records::Record,
};

use super::world::World;

impl World {
    /// What an agent has in a conversation, by type and id.
    pub(crate) fn records(&self, conversation: ConversationId, agent: AgentIx) -> Vec<Record> {
        let mut records = self.conversations[&conversation].records.get(&agent).cloned().unwrap_or_default();
        records.sort();
        records
    }

    pub(crate) fn attach(&mut self, conversation: ConversationId, agent: AgentIx, record: Record) {
        let room = self.conversations.get_mut(&conversation).unwrap();
        let records = room.records.entry(agent).or_default();
        records.retain(|it| (&it.record_type, &it.id) != (&record.record_type, &record.id));
        records.push(record.clone());
        self.said.push(Event::RecordAttached { conversation, agent, record });
    }

    pub(crate) fn detach(
        &mut self,
        conversation: ConversationId,
        agent: AgentIx,
        (record_type, id): (Box<str>, Box<str>),
    ) {
        let room = self.conversations.get_mut(&conversation).unwrap();
        let records = room.records.entry(agent).or_default();
        records.retain(|it| (&it.record_type, &it.id) != (&record_type, &id));
        self.said.push(Event::RecordRemoved { conversation, agent, record_type, id });
    }

    /// What the keeper has and an agent may see; while nobody is in, what the last who was had. None: there are no records at all.
    pub(crate) fn offered(&self, conversation: ConversationId, agent: AgentIx) -> Option<Vec<Record>> {
        let room = &self.conversations[&conversation];
        if room.records.values().all(Vec::is_empty) {
            return None;
        }
        // Who left while nobody had any may still stand here, with none.
        let last = room.records.iter().find(|it| !it.1.is_empty()).map(|it| it.0);
        let whose = room.participants.first().or(last);
        let types = &self.directory.agent(agent).record_types;
        let mut offered = self.records(conversation, *whose.unwrap());
        offered.retain(|it| types.is_empty() || types.contains(&it.record_type));
        Some(offered)
    }

    pub(crate) fn give_records(
        &mut self,
        conversation: ConversationId,
        agent: AgentIx,
        records: Vec<Record>,
    ) {
        self.conversations.get_mut(&conversation).unwrap().records.insert(agent, records.clone());
        self.forget_records(conversation);
        self.said.push(Event::RecordsGiven { conversation, agent, records });
    }

    /// Whoever is out has no records.
    pub(crate) fn forget_records(&mut self, conversation: ConversationId) {
        let room = self.conversations.get_mut(&conversation).unwrap();
        let participants = &room.participants;
        room.records.retain(|agent, _| participants.contains(agent));
    }
}
