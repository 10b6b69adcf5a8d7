//! What the state calls for (SEL-3): as long as there is a waiting request for which something is to be done, it is done for the
//! first of them in turn.

use omniroute::engine::{
    directory::spec::{Reinvite, RoutingModel},
    event::{Author, Event, RequestEnd, RequestKind},
    ids::{AgentIx, InviteId, Millis, RequestId},
    limits,
    routing::{Mode, Target},
    state::agent::{Earmark, Hold, HoldOwner},
};

use super::world::{Due, Request, World};

/// What is to be done for a request.
#[derive(Debug)]
pub(crate) enum ToDo {
    Invite(Vec<AgentIx>),
    Fail(RequestEnd),
    NewRound,
    EndWaves,
    Earmark(AgentIx, Earmark),
    LiftEarmark(AgentIx),
}

impl World {
    /// Time passes, and what is due happens.
    pub(crate) fn advance(&mut self, now: u64) {
        self.now = self.now.max(now);
        while let Some((at, due)) = self.due_times().first().copied().filter(|it| it.0 <= self.now) {
            match due {
                Due::Expiry(request) => self.expire(request, at),
                Due::Lease(agent) => self.end_session(agent),
                Due::WrapUp(agent, conversation) => self.end_wrap_up(agent, conversation),
                Due::Silence(conversation) => {
                    let agent = self.conversations[&conversation].participants[0];
                    self.inactivate(conversation, agent, Author::Service);
                }
                Due::InactiveEnd(conversation) => self.end_conversation(conversation, Author::Service),
                Due::Relax(request) => self.relax(request, at),
            }
        }
        self.come_to_rest();
    }

    pub(crate) fn come_to_rest(&mut self) {
        while let Some((request, to_do)) = self.to_do() {
            match to_do {
                ToDo::Invite(agents) => {
                    self.invite(request, &agents, false);
                }
                ToDo::EndWaves => {
                    let row = self.requests.get_mut(&request).unwrap();
                    row.next_wave_at = 0;
                    let conversation = row.conversation;
                    self.said.push(Event::WavesEnded { request, conversation });
                }
                ToDo::Earmark(agent, earmark) => {
                    self.lift_earmark(request);
                    let conversation = self.requests[&request].conversation;
                    self.requests.get_mut(&request).unwrap().earmarked = Some(agent);
                    self.agent_mut(agent).earmark = Some((request, earmark));
                    self.said.push(Event::AgentEarmarked { request, conversation, agent, earmark });
                }
                ToDo::LiftEarmark(agent) => {
                    self.lift_earmark(request);
                    let conversation = self.requests[&request].conversation;
                    self.said.push(Event::EarmarkLifted { request, conversation, agent });
                }
                ToDo::NewRound => {
                    let row = self.requests.get_mut(&request).unwrap();
                    row.round += 1;
                    row.declined.clear();
                    let (conversation, round) = (row.conversation, row.round);
                    self.said.push(Event::RoundStarted { request, conversation, round });
                }
                ToDo::Fail(why) => {
                    let (conversation, kind) =
                        (self.requests[&request].conversation, self.requests[&request].kind);
                    self.end_request(request, why);
                    if why == RequestEnd::NoAgentAvailable && kind == RequestKind::New {
                        self.end_conversation(conversation, Author::Service);
                    }
                }
            }
        }
    }

    /// The first thing that is to be done, in turn (QUE-1).
    pub(crate) fn to_do(&self) -> Option<(RequestId, ToDo)> {
        let mut waiting: Vec<_> = self
            .requests
            .iter()
            .filter(|(_, row)| self.is_in_line(row) || self.wave_is_due(row))
            .map(|(id, row)| (row.routing.priority, self.due(row), row.requested_at, *id))
            .collect();
        waiting.sort_unstable();
        waiting.into_iter().find_map(|(.., id)| self.to_do_for(id).map(|it| (id, it)))
    }

    pub(crate) fn is_in_line(&self, row: &Request) -> bool {
        row.pending.is_empty() && row.routing.not_before <= self.now
    }

    fn wave_is_due(&self, row: &Request) -> bool {
        !row.pending.is_empty() && (1..=self.now).contains(&row.next_wave_at)
    }

    /// By when it should be accepted, where its queue goes by that (QUE-4).
    fn due(&self, row: &Request) -> Millis {
        let goes_by_it = row.routing.target.queue().is_some_and(|it| self.directory.queue(it).by_deadline);
        if goes_by_it && row.routing.accept_by != 0 { row.routing.accept_by } else { Millis::MAX }
    }

    fn to_do_for(&self, id: RequestId) -> Option<ToDo> {
        let row = &self.requests[&id];
        if matches!(row.routing.model, RoutingModel::Choice | RoutingModel::External) {
            return None;
        }
        let mut eligible = self.eligible(id);
        // SKL-3: the preferred agent goes before the best.
        if row.routing.mode == Mode::Single {
            eligible.sort_by_key(|it| row.routing.relaxation.preferred.is_none_or(|who| who.agent != *it));
        }
        eligible.retain(|agent| !row.pending.iter().any(|it| it.1 == *agent));
        if !eligible.is_empty() {
            let wave = if row.pending.is_empty() { 1 } else { row.wave + 1 };
            match row.routing.mode {
                Mode::Single => eligible.truncate(1),
                Mode::Waves if wave < limits::WAVES => eligible.truncate(row.routing.waves.size as usize),
                Mode::Broadcast | Mode::Waves => {}
            }
            return Some(ToDo::Invite(eligible));
        }
        if !row.pending.is_empty() {
            return Some(ToDo::EndWaves);
        }
        let earmark = self.earmark_to_do(id);
        if earmark.is_some() {
            return earmark;
        }
        let could = |agent: &AgentIx| self.could(*agent, row);
        let may_be_asked = |agent: &AgentIx| could(agent) && !self.said_no(*agent, row);
        if self.every_agent().iter().any(may_be_asked) {
            return None;
        }
        let is_personal = matches!(row.routing.target, Target::Agent(_) | Target::Skill(_));
        if row.kind != RequestKind::New && is_personal && !row.insists {
            return Some(ToDo::Fail(if row.declined.is_empty() {
                RequestEnd::NoAgentEligible
            } else if row.declined.iter().any(|it| it.expired) {
                RequestEnd::AllExpired
            } else {
                RequestEnd::AllDeclined
            }));
        }
        if row.declined.is_empty() || !self.every_agent().iter().any(could) {
            return None;
        }
        let reroutes_max = match row.routing.target {
            Target::Button(button) => self.directory.button(button).reroutes_max,
            Target::Agent(_) | Target::Skill(_) | Target::Requirements(_) | Target::Queue { .. } => None,
        };
        let reinvite = self.directory.channel(self.channel_of(row.conversation)).reinvite;
        match reroutes_max {
            Some(at_most) if row.round >= at_most => Some(ToDo::Fail(RequestEnd::NoAgentAvailable)),
            Some(_) => Some(ToDo::NewRound),
            None if reinvite == Reinvite::OnceEveryoneHas => Some(ToDo::NewRound),
            None => None,
        }
    }

    /// Agents are invited: asked, or where it is `taken`, or their channel says so, in at once.
    pub(crate) fn invite(&mut self, request: RequestId, agents: &[AgentIx], taken: bool) -> InviteId {
        let row = self.requests[&request].clone();
        let channel = self.channel_of(row.conversation);
        let rules = self.directory.channel(channel).clone();
        let (mut units, mut interruptible) = self.weight(&row);
        let mut wave = 1;
        if !row.pending.is_empty() {
            (units, interruptible, wave) = (row.units, row.interruptible, row.wave + 1);
        }
        self.lift_earmark(request);
        let held = row.routing.mode == Mode::Single;
        let auto = held && rules.auto_accept;
        let at_once = taken || auto;
        let has_more = row.routing.mode == Mode::Waves && wave < limits::WAVES && !at_once;
        let next_wave_at = if has_more { self.now + row.routing.waves.interval } else { 0 };
        let expires_at =
            if at_once || rules.push_timeout_ms == 0 { 0 } else { self.now + rules.push_timeout_ms };
        let first = InviteId(self.invites.len() as u64 + 1);
        self.said.push(Event::InvitesSent {
            request,
            conversation: row.conversation,
            kind: row.kind,
            first,
            agents: agents.into(),
            expires_at,
            units,
            interruptible,
            held,
            next_wave_at,
            at_once,
        });
        let row = self.requests.get_mut(&request).unwrap();
        (row.wave, row.next_wave_at) = (wave, next_wave_at);
        for (agent, invite) in agents.iter().copied().zip((first.0..).map(InviteId)) {
            self.invites.push((agent, None));
            let row = self.requests.get_mut(&request).unwrap();
            row.pending.push((invite, agent));
            row.expiries.insert(invite, expires_at);
            (row.units, row.interruptible, row.held) = (units, interruptible, held);
            if held {
                let (owner, conversation) = (HoldOwner::Invite(invite), row.conversation);
                self.agent_mut(agent).holds.push(Hold { owner, conversation, channel, units, interruptible });
            }
        }
        if auto && !taken {
            self.win(request, first, None);
        }
        first
    }
}
