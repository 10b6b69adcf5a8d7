//! Sessions, presence and the directory (PRES, DIR).

use omniroute::engine::{
    directory::spec::{Change, OnSessionLoss, ResourceKind},
    event::{Console, Event, InviteEnd, PresenceCause},
    ids::{AgentIx, ConversationId, Epoch, StatusIx},
    limits,
    state::agent::{HoldOwner, Session},
};

use super::world::World;

impl World {
    /// In a session, in a status that is online: from when on that is so, the agent has been free (SEL-2).
    fn is_logged_in_online(&self, agent: AgentIx) -> bool {
        let row = self.agent(agent);
        row.session.is_some() && row.status.is_some_and(|it| self.is_online_status(it))
    }

    pub(crate) fn start_session(&mut self, agent: AgentIx, console: Console, status: Option<StatusIx>) {
        let was_online = self.is_logged_in_online(agent);
        let row = self.agent_mut(agent);
        row.latest_epoch += 1;
        let epoch = Epoch(row.latest_epoch);
        row.session = Some(Session { epoch, console, lease_until: 0 });
        row.not_responding = false;
        self.said.push(Event::SessionStarted { agent, epoch, console });
        self.came_online(agent, was_online);
        match status {
            Some(status) => self.set_presence(agent, status, PresenceCause::Agent),
            None => self.revoke_unfit(agent),
        }
    }

    pub(crate) fn resume_session(&mut self, agent: AgentIx, epoch: Epoch) {
        let row = self.agent_mut(agent);
        row.session.as_mut().unwrap().lease_until = 0;
        row.not_responding = false;
        self.said.push(Event::SessionResumed { agent, epoch });
    }

    pub(crate) fn drop_session(&mut self, agent: AgentIx, epoch: Epoch) {
        let lease_until = self.now + limits::LEASE_MS;
        let Some(row) = self.agents.get_mut(agent.index()) else { return };
        if let Some(session) = row.session.as_mut().filter(|it| it.epoch == epoch && it.lease_until == 0) {
            session.lease_until = lease_until;
            self.said.push(Event::SessionDropped { agent, epoch, lease_until });
        }
    }

    fn conversations_of(&self, agent: AgentIx) -> Vec<ConversationId> {
        let holds = self.agent(agent).holds.iter();
        holds.filter(|it| it.owner == HoldOwner::Participation).map(|it| it.conversation).collect()
    }

    pub(crate) fn end_session(&mut self, agent: AgentIx) {
        let row = self.agent_mut(agent);
        let Some(session) = row.session.take() else { return };
        row.status = None;
        row.not_responding = false;
        self.said.push(Event::SessionEnded { agent, epoch: session.epoch });
        self.revoke_unfit(agent);
        for conversation in self.conversations_of(agent) {
            let channel = self.directory.channel(self.channel_of(conversation));
            if channel.on_session_loss == OnSessionLoss::Requeue {
                self.lose(conversation, agent);
            }
        }
    }

    fn came_online(&mut self, agent: AgentIx, was_online: bool) {
        if !was_online && self.is_logged_in_online(agent) {
            self.agent_mut(agent).free_since = self.now;
        }
    }

    pub(crate) fn set_presence(&mut self, agent: AgentIx, status: StatusIx, cause: PresenceCause) {
        let was_online = self.is_logged_in_online(agent);
        let row = self.agent_mut(agent);
        row.status = Some(status);
        if matches!(cause, PresenceCause::Agent | PresenceCause::Supervisor(_)) {
            row.not_responding = false;
        }
        self.said.push(Event::PresenceSet { agent, status, cause });
        self.came_online(agent, was_online);
        self.revoke_unfit(agent);
    }

    /// Revokes what an agent is invited to and may no longer take: its status does not name the channel, or its console does not
    /// conference.
    pub(crate) fn revoke_unfit(&mut self, agent: AgentIx) {
        for (request, invite, whose) in self.pending() {
            let row = &self.requests[&request];
            let is_classic = self.agent(agent).session.is_some_and(|it| it.console == Console::Classic);
            let fits = self.takes(agent, self.channel_of(row.conversation))
                && !(is_classic && self.is_lightning_only(row));
            if whose == agent && !fits {
                self.end_invites(request, InviteEnd::Revoked, vec![(invite, agent)], "");
            }
        }
    }

    pub(crate) fn change_directory(&mut self, changes: &[Change]) {
        self.directory.apply(changes);
        self.agents.resize_with(self.directory.count(ResourceKind::Agent) as usize, Default::default);
        self.said.push(Event::DirectoryChanged { changes: changes.to_vec() });
        for change in changes {
            if let Change::Remove(ResourceKind::Agent, id) = change {
                let agent = AgentIx(self.directory.number(ResourceKind::Agent, id).unwrap());
                self.end_session(agent);
                for conversation in self.conversations_of(agent) {
                    self.lose(conversation, agent);
                }
            }
        }
        for agent in self.every_agent() {
            self.revoke_unfit(agent);
        }
    }
}
