//! Conversations that go inactive and are picked up again (ASYN).

use omniroute::engine::{
    command::{Acting, Audience},
    event::{Author, Event, Leaving, RequestKind},
    ids::{AgentIx, ConversationId, Millis},
    rejection::Rejection,
    reply::Reply,
    state::{agent::HoldOwner, conversation::Inactive},
};

use super::{
    commands::{Decided, check},
    world::World,
};

impl World {
    /// Somebody wrote, came, left or was asked for.
    pub(crate) fn stir(&mut self, conversation: ConversationId) {
        let now = self.now;
        self.conversations.get_mut(&conversation).unwrap().quiet_since = now;
    }

    /// When it goes inactive by silence; 0: it does not.
    pub(crate) fn silent_at(&self, id: ConversationId) -> Millis {
        let (room, rules) = (&self.conversations[&id], self.directory.channel(self.channel_of(id)));
        let waits = room.participants.len() == 1 && self.requests_of(id).is_empty();
        match rules.inactivity.map_or(0, |it| it.after_ms) {
            0 => 0,
            span if waits && room.inactive.is_none() => room.quiet_since + span,
            _ => 0,
        }
    }

    pub(crate) fn put_aside(&mut self, session: Acting, conversation: ConversationId) -> Decided {
        let agent = self.participant(session, conversation)?;
        self.is_active(conversation)?;
        let rules = self.directory.channel(self.channel_of(conversation));
        check(rules.inactivity.is_some(), Rejection::NotAsynchronous)?;
        check(self.open(conversation, RequestKind::Transfer) == 0, Rejection::TransferOpen)?;
        check(self.open(conversation, RequestKind::Conference) == 0, Rejection::ConferenceOpen)?;
        let is_alone = self.conversations[&conversation].participants.len() == 1;
        check(is_alone, Rejection::ConferenceInProgress)?;
        self.inactivate(conversation, agent, Author::Agent(agent));
        Ok(Reply::Done)
    }

    pub(crate) fn inactivate(&mut self, conversation: ConversationId, agent: AgentIx, by: Author) {
        let rules = self.directory.channel(self.channel_of(conversation)).inactivity.unwrap();
        let (from, to) = (HoldOwner::Participation, HoldOwner::Inactive);
        self.hand_over(agent, conversation, from, to);
        let hold = self.part(agent, conversation);
        let before = hold.units;
        let units = before.min(rules.weight);
        hold.units = units;
        let since = self.now;
        self.agent_mut(agent).free_since = since;
        let ends_at = match rules.ends_after_ms {
            0 => 0,
            span => since + span,
        };
        let room = self.conversations.get_mut(&conversation).unwrap();
        room.inactive = Some(Inactive { since, ends_at, units: before });
        room.log_entries += 1;
        self.stir(conversation);
        self.said.push(Event::ConversationInactivated { conversation, agent, by, units, ends_at });
    }

    fn part(
        &mut self,
        agent: AgentIx,
        conversation: ConversationId,
    ) -> &mut omniroute::engine::state::agent::Hold {
        let holds = &mut self.agent_mut(agent).holds;
        holds
            .iter_mut()
            .find(|it| it.conversation == conversation && it.owner == HoldOwner::Inactive)
            .unwrap()
    }

    /// Whether what somebody is about to write lets it go on; an agent needs room for that.
    pub(crate) fn awakens(
        &self,
        conversation: ConversationId,
        author: &Author,
        audience: Audience,
    ) -> Result<bool, Rejection> {
        let is_inactive = self.conversations[&conversation].inactive.is_some();
        match author {
            _ if !is_inactive || audience == Audience::Agents => Ok(false),
            Author::Customer => Ok(true),
            Author::Agent(agent) if self.has_room_again(conversation, *agent) => Ok(true),
            Author::Agent(_) => Err(Rejection::AgentAtCapacity),
            Author::Platform | Author::Service | Author::Supervisor(_) => Ok(false),
        }
    }

    /// Tried out in a copy of the world, in which the agent does not have it.
    fn has_room_again(&self, conversation: ConversationId, agent: AgentIx) -> bool {
        let mut without = self.clone();
        let hold = without.release(agent, conversation, HoldOwner::Inactive);
        let room = self.conversations[&conversation].clone();
        let request = without.open_request(conversation, RequestKind::New, None, room.origin, self.now);
        let weight = (room.inactive.unwrap().units, hold.interruptible);
        without.has_room(agent, &without.requests[&request], weight)
    }

    pub(crate) fn resume(&mut self, conversation: ConversationId, author: &Author) {
        let room = self.conversations[&conversation].clone();
        let whose = room.participants.first().copied();
        let takes = |agent: &AgentIx| {
            matches!(author, Author::Agent(_))
                || (self.is_there(*agent)
                    && self.takes(*agent, room.channel)
                    && self.has_room_again(conversation, *agent))
        };
        let agent = whose.filter(takes);
        let mut units = 0;
        if let Some(agent) = agent {
            units = room.inactive.unwrap().units;
            self.part(agent, conversation).units = units;
            self.hand_over(agent, conversation, HoldOwner::Inactive, HoldOwner::Participation);
            self.given_count += 1;
            self.agents[agent.index()].given = self.given_count;
        } else if let Some(agent) = whose {
            self.take_out(conversation, agent, Leaving::CouldNotResume);
        }
        let room = self.conversations.get_mut(&conversation).unwrap();
        room.inactive = None;
        room.log_entries += 1;
        self.stir(conversation);
        self.said.push(Event::ConversationResumed { conversation, agent, units });
        if agent.is_none() {
            self.route_again(conversation);
        }
    }
}
