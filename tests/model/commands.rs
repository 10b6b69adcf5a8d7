//! Commands: what is refused, in which order, and what is answered (API-1, 3). A refusal is looked for in the order of the published
//! list, and nothing is done before the last of them.

use std::{collections::BTreeMap, mem::discriminant};

use omniroute::engine::{
    command::{Acting, Actor, Audience, Command},
    directory::spec::{Change, ResourceKind, RoutingModel},
    event::{Author, Console, Event, Leaving, PresenceCause, RequestEnd, RequestKind},
    ids::{AgentIx, ConversationId, InviteId, RequestId, RequestKey},
    limits,
    rejection::Rejection,
    reply::Reply,
    routing::{Routing, RoutingAsk, RoutingType, Target},
    state::agent::HoldOwner,
};

use super::world::{Conversation, World};

pub(crate) type Decided = Result<Reply, Rejection>;

pub(crate) fn check(holds: bool, otherwise: Rejection) -> Result<(), Rejection> {
    if holds { Ok(()) } else { Err(otherwise) }
}

impl World {
    pub(crate) fn decide(&mut self, now: u64, key: Option<RequestKey>, command: Command) -> Decided {
        self.advance(now);
        let kind = discriminant(&command);
        let first = key.and_then(|key| self.answers.iter().find(|it| it.1 == key)).map(|it| (it.2, it.3));
        let decided = match (first, command) {
            (Some((first, _)), _) if first != kind => return Err(Rejection::RequestIdReused),
            (Some((_, Reply::SessionOpened { agent: whose, .. })), Command::OpenSession { agent, .. })
                if whose != agent =>
            {
                return Err(Rejection::RequestIdReused);
            }
            (
                Some((_, Reply::SessionOpened { epoch, .. })),
                Command::OpenSession { agent, console, status, .. },
            ) => self.carry_out(Command::OpenSession { agent, console, resume: Some(epoch), status }),
            (Some((_, reply)), _) => return Ok(reply),
            (None, command) => {
                let said = self.said.len();
                let decided = self.carry_out(command);
                if let (Some(key), Ok(reply), true) = (key, &decided, self.said.len() > said) {
                    self.answers.push((self.now, key, kind, *reply));
                    self.answers.retain(|it| it.0 + limits::ANSWER_KEPT_MS >= self.now);
                }
                decided
            }
        };
        self.come_to_rest();
        decided
    }

    #[allow(clippy::too_many_lines, reason = "one arm a command")]
    fn carry_out(&mut self, command: Command) -> Decided {
        match command {
            Command::ApplyDirectory { wanted } => {
                let changes = self.directory.plan_all(&wanted);
                let changes = changes.ok_or(Rejection::DirectoryInvalid(Vec::new()))?;
                Ok(self.directory_changes(&changes))
            }
            Command::PutResource { resource } => {
                let changes = self.directory.plan_put(&resource);
                let changes = changes.ok_or(Rejection::DirectoryInvalid(Vec::new()))?;
                Ok(self.directory_changes(&changes))
            }
            Command::DeleteResource { kind, id } => {
                let number = self.directory.number(kind, &id);
                let is_there = number.is_some_and(|it| self.directory.is_live(kind, it));
                check(is_there, Rejection::ResourceNotFound)?;
                let referred = self.directory.is_referred_to(kind, &id);
                check(!referred, Rejection::DirectoryInvalid(Vec::new()))?;
                Ok(self.directory_changes(&[Change::Remove(kind, id)]))
            }
            Command::OpenSession { agent, console, resume, status } => {
                self.agent_is_live(agent)?;
                if let Some(status) = status {
                    let is_live = self.directory.is_live(ResourceKind::PresenceStatus, status.0);
                    check(is_live, Rejection::PresenceStatusNotFound)?;
                }
                let there = self.agent(agent).session.map(|it| it.epoch);
                if let (Some(resume), Some(epoch)) = (resume, there) {
                    check(resume == epoch, Rejection::SessionFenced)?;
                    self.resume_session(agent, epoch);
                    return Ok(Reply::SessionOpened { agent, epoch, resumed: true });
                }
                self.start_session(agent, console, status);
                let epoch = self.agent(agent).session.unwrap().epoch;
                Ok(Reply::SessionOpened { agent, epoch, resumed: false })
            }
            Command::DropSession { session } => {
                self.drop_session(session.agent, session.epoch);
                Ok(Reply::Done)
            }
            Command::DropAllSessions => {
                for agent in self.every_agent() {
                    if let Some(session) = self.agent(agent).session {
                        self.drop_session(agent, session.epoch);
                    }
                }
                Ok(Reply::Done)
            }
            Command::SetPresence { session, status } => {
                self.agent_is_live(session.agent)?;
                let is_live = self.directory.is_live(ResourceKind::PresenceStatus, status.0);
                check(is_live, Rejection::PresenceStatusNotFound)?;
                let agent = self.acting(session)?;
                self.set_presence(agent, status, PresenceCause::Agent);
                Ok(Reply::Done)
            }
            Command::AssignConversation { supervisor, conversation, agent } => {
                self.assign(supervisor, conversation, agent)
            }
            Command::MoveConversation { supervisor, conversation, queue, skills, priority } => {
                self.move_to(supervisor, conversation, Target::Queue { queue, skills }, priority)
            }
            Command::RaiseFlag { session, conversation, reason } => self.raise(session, conversation, reason),
            Command::LowerFlag { actor, conversation, agent } => self.lower(actor, conversation, agent),
            Command::SetAgentPresence { supervisor, agent, status } => {
                self.set_agent_presence(supervisor, agent, status)
            }
            Command::AcceptInvite { session, invite } => self.accept(session, invite),
            Command::DeclineInvite { session, invite, reason } => {
                let (agent, request) = self.own_pending(session, invite)?;
                self.decline(request, invite, agent, &reason);
                Ok(Reply::Done)
            }
            Command::CreateConversation { channel, customer, routing, access_scope } => {
                let ask = routing.clone();
                let routing = self.fill_in(routing, RequestKind::New);
                let has_channel = self.directory.is_live(ResourceKind::Channel, channel.0);
                match routing {
                    Err(Rejection::AgentNotFound) => Err(Rejection::AgentNotFound),
                    _ if !has_channel => Err(Rejection::ChannelNotFound),
                    Err(refused) => Err(refused),
                    Ok(routing) => {
                        let (routing, overflowed_from) =
                            self.admit(&ask, routing, RequestKind::New, channel, None)?;
                        let by_button = matches!(routing.target, Target::Button(_));
                        let routing_type =
                            if by_button { RoutingType::ButtonSkills } else { RoutingType::OmniChannel };
                        self.conversation_count += 1;
                        let conversation = ConversationId(self.conversation_count);
                        let row = Conversation {
                            channel,
                            routing_type,
                            created_at: self.now,
                            origin: routing.clone(),
                            participants: Vec::new(),
                            flags: BTreeMap::new(),
                            log_entries: 0,
                            customer_log_entries: 0,
                            records: BTreeMap::new(),
                            inactive: None,
                            quiet_since: self.now,
                        };
                        self.conversations.insert(conversation, row);
                        let request = self.open_request(
                            conversation,
                            RequestKind::New,
                            None,
                            routing.clone(),
                            self.now,
                        );
                        self.said.push(Event::ConversationCreated {
                            conversation,
                            channel,
                            customer,
                            routing_type,
                            request,
                            routing: routing.into(),
                            overflowed_from,
                            access_scope,
                        });
                        Ok(Reply::ConversationCreated { conversation, request })
                    }
                }
            }
            Command::RequestConference { session, conversation, routing } => {
                self.conference(session, conversation, routing)
            }
            Command::RequestTransfer { session, conversation, routing } => {
                self.transfer(session, conversation, routing)
            }
            Command::PickConversation { session, conversation } => {
                self.agent_is_live(session.agent)?;
                let agent = self.acting(session)?;
                self.is_live(conversation)?;
                let waits = self.requests_of(conversation).into_iter();
                let id = waits.filter(|it| self.waits_to_be_picked(*it, RoutingModel::Choice)).min();
                let id = id.ok_or(Rejection::RequestClosed)?;
                self.can_be_picked(id, agent)?;
                let invite = self.invite(id, &[agent], true);
                self.win(id, invite, None);
                Ok(Reply::AgentInvited { invite })
            }
            Command::InviteAgent { request, agent } => {
                self.agent_is_live(agent)?;
                check((1..=self.request_count).contains(&request.0), Rejection::RequestNotFound)?;
                let waits = self.requests.contains_key(&request)
                    && self.waits_to_be_picked(request, RoutingModel::External);
                check(waits, Rejection::RequestClosed)?;
                self.can_be_picked(request, agent)?;
                let invite = self.invite(request, &[agent], false);
                Ok(Reply::AgentInvited { invite })
            }
            Command::CancelRequest { session, request } => {
                self.agent_is_live(session.agent)?;
                let agent = self.acting(session)?;
                check((1..=self.request_count).contains(&request.0), Rejection::RequestNotFound)?;
                let row = self.requests.get(&request).ok_or(Rejection::RequestClosed)?;
                check(row.requester == Some(agent), Rejection::NotTheRequester)?;
                self.end_request(request, RequestEnd::Cancelled);
                Ok(Reply::Done)
            }
            Command::LeaveConversation { session, conversation } => {
                let agent = self.participant(session, conversation)?;
                let is_last = self.conversations[&conversation].participants.len() == 1;
                check(!is_last, Rejection::LastAgentMustEnd)?;
                self.take_out(conversation, agent, Leaving::Asked);
                Ok(Reply::Done)
            }
            Command::EndConversation { actor, conversation } => {
                let by = self.author(actor, conversation)?;
                let is_conference = self.conversations[&conversation].participants.len() > 1;
                let may = !is_conference || !matches!(by, Author::Agent(_));
                check(may, Rejection::ConferenceInProgress)?;
                self.end_conversation(conversation, by);
                Ok(Reply::Done)
            }
            Command::InactivateConversation { session, conversation } => {
                self.put_aside(session, conversation)
            }
            Command::CompleteWrapUp { session, conversation } => {
                let (agent, _) = self.own_wrap_up(session, conversation)?;
                self.end_wrap_up(agent, conversation);
                Ok(Reply::Done)
            }
            Command::ExtendWrapUp { session, conversation, extend_by } => {
                let (agent, former) = self.own_wrap_up(session, conversation)?;
                let until = former + extend_by;
                let (from, to) = (HoldOwner::WrapUp(former), HoldOwner::WrapUp(until));
                self.hand_over(agent, conversation, from, to);
                self.said.push(Event::WrapUpExtended { conversation, agent, until });
                Ok(Reply::WrapUpExtended { until })
            }
            Command::PostMessage { actor, conversation, text, audience } => {
                let author = self.author(actor, conversation)?;
                let awakens = self.awakens(conversation, &author, audience)?;
                let shown = audience == Audience::Everyone;
                let room = self.conversations.get_mut(&conversation).unwrap();
                room.log_entries += 1;
                room.customer_log_entries += u32::from(shown);
                let number = room.log_entries;
                let customer_number = if shown { room.customer_log_entries } else { 0 };
                let by = author.clone();
                self.said.push(Event::MessagePosted {
                    conversation,
                    number,
                    customer_number,
                    author: by,
                    text,
                });
                if shown && matches!(author, Author::Customer | Author::Agent(_)) {
                    self.stir(conversation);
                }
                if awakens {
                    self.resume(conversation, &author);
                }
                let of_author = if author == Author::Customer { customer_number } else { number };
                Ok(Reply::MessagePosted { number: of_author })
            }
            Command::AttachRecord { session, conversation, record } => {
                let agent = self.keeper(session, conversation)?;
                self.attach(conversation, agent, record);
                Ok(Reply::Done)
            }
            Command::RemoveRecord { session, conversation, record_type, id } => {
                let agent = self.keeper(session, conversation)?;
                let records = self.records(conversation, agent);
                let has = records.iter().any(|it| (&it.record_type, &it.id) == (&record_type, &id));
                check(has, Rejection::RecordNotFound)?;
                self.detach(conversation, agent, (record_type, id));
                Ok(Reply::Done)
            }
        }
    }

    fn waits_to_be_picked(&self, request: RequestId, model: RoutingModel) -> bool {
        let row = &self.requests[&request];
        row.pending.is_empty() && row.routing.model == model && row.routing.not_before <= self.now
    }

    fn can_be_picked(&self, request: RequestId, agent: AgentIx) -> Result<(), Rejection> {
        let row = self.requests[&request].clone();
        let is_in = self.conversations[&row.conversation].participants.contains(&agent);
        check(!is_in, Rejection::AlreadyAParticipant)?;
        check(!self.said_no(agent, &row) && self.could(agent, &row), Rejection::AgentNotEligible)?;
        let has_room = self.has_room(agent, &row, self.weight(&row)) && !self.is_kept(agent, &row);
        check(has_room, Rejection::AgentAtCapacity)
    }

    fn directory_changes(&mut self, changes: &[Change]) -> Reply {
        let count = |counts: fn(&Change) -> bool| {
            u32::try_from(changes.iter().filter(|it| counts(it)).count()).unwrap()
        };
        let reply = Reply::DirectoryApplied {
            created: count(|it| matches!(it, Change::Create(_))),
            changed: count(|it| matches!(it, Change::Replace(_))),
            removed: count(|it| matches!(it, Change::Remove(..))),
        };
        self.change_directory(changes);
        reply
    }

    pub(crate) fn agent_is_live(&self, agent: AgentIx) -> Result<(), Rejection> {
        check(self.directory.is_live(ResourceKind::Agent, agent.0), Rejection::AgentNotFound)
    }

    fn acting(&self, acting: Acting) -> Result<AgentIx, Rejection> {
        let row = self.agent(acting.agent);
        match row.session {
            Some(session) if session.epoch == acting.epoch => Ok(acting.agent),
            Some(_) => Err(Rejection::SessionFenced),
            None if (1..row.latest_epoch).contains(&acting.epoch.0) => Err(Rejection::SessionFenced),
            None => Err(Rejection::SessionNotOpen),
        }
    }

    pub(crate) fn is_live(&self, conversation: ConversationId) -> Result<(), Rejection> {
        let ever = (1..=self.conversation_count).contains(&conversation.0);
        check(ever, Rejection::ConversationNotFound)?;
        check(self.conversations.contains_key(&conversation), Rejection::ConversationEnded)
    }

    pub(crate) fn participant(
        &self,
        session: Acting,
        conversation: ConversationId,
    ) -> Result<AgentIx, Rejection> {
        self.agent_is_live(session.agent)?;
        let agent = self.acting(session)?;
        self.is_live(conversation)?;
        check(self.conversations[&conversation].participants.contains(&agent), Rejection::NotAParticipant)?;
        Ok(agent)
    }

    pub(crate) fn is_active(&self, conversation: ConversationId) -> Result<(), Rejection> {
        check(self.conversations[&conversation].inactive.is_none(), Rejection::ConversationInactive)
    }

    fn keeper(&self, session: Acting, conversation: ConversationId) -> Result<AgentIx, Rejection> {
        let agent = self.participant(session, conversation)?;
        check(self.conversations[&conversation].participants[0] == agent, Rejection::NotTheKeeper)?;
        Ok(agent)
    }

    pub(crate) fn author(&self, actor: Actor, conversation: ConversationId) -> Result<Author, Rejection> {
        match actor {
            Actor::Agent(session) => self.participant(session, conversation).map(Author::Agent),
            Actor::Customer => self.is_live(conversation).map(|()| Author::Customer),
            Actor::Platform => self.is_live(conversation).map(|()| Author::Platform),
            Actor::Supervisor(who) => self.is_live(conversation).map(|()| Author::Supervisor(who)),
        }
    }

    fn own_wrap_up(
        &self,
        session: Acting,
        conversation: ConversationId,
    ) -> Result<(AgentIx, u64), Rejection> {
        self.agent_is_live(session.agent)?;
        let agent = self.acting(session)?;
        Ok((agent, self.wrap_up(agent, conversation).ok_or(Rejection::NoWrapUp)?))
    }

    /// The request of an invite that is this agent's and pending; else what became of it (INV-4).
    fn own_pending(&self, session: Acting, invite: InviteId) -> Result<(AgentIx, RequestId), Rejection> {
        self.agent_is_live(session.agent)?;
        let agent = self.acting(session)?;
        let place = usize::try_from(invite.0).unwrap_or(usize::MAX).wrapping_sub(1);
        let (whose, settled) = self.invites.get(place).ok_or(Rejection::InviteNotFound)?;
        check(*whose == agent, Rejection::InviteNotFound)?;
        if let Some(settled) = settled {
            return Err(settled.clone());
        }
        Ok((agent, self.request_of(invite).unwrap()))
    }

    fn accept(&mut self, session: Acting, invite: InviteId) -> Decided {
        let (agent, request) = self.own_pending(session, invite)?;
        let row = &self.requests[&request];
        let fits = row.held || self.has_room(agent, row, (row.units, row.interruptible));
        check(fits, Rejection::AgentAtCapacity)?;
        let conversation = row.conversation;
        self.win(request, invite, None);
        Ok(Reply::InviteAccepted { conversation })
    }

    fn is_classic(&self, agent: AgentIx) -> bool {
        self.agent(agent).session.is_some_and(|it| it.console == Console::Classic)
    }

    pub(crate) fn open(&self, conversation: ConversationId, kind: RequestKind) -> usize {
        let requests = self.requests_of(conversation);
        requests.into_iter().filter(|it| self.requests[it].kind == kind).count()
    }

    fn conference(&mut self, session: Acting, conversation: ConversationId, ask: RoutingAsk) -> Decided {
        let kind = RequestKind::Conference;
        self.agent_is_live(session.agent)?;
        let routing = self.fill_in(ask.clone(), kind)?;
        let requester = self.participant(session, conversation)?;
        self.is_active(conversation)?;
        let room = &self.conversations[&conversation];
        let by_button = room.routing_type == RoutingType::ButtonSkills;
        let rules = self.directory.channel(room.channel);
        check(rules.conference_allowed, Rejection::ConferenceNotAllowed)?;
        let invited = if let Target::Agent(it) = routing.target { Some(it) } else { None };
        let classic = self.is_classic(requester) || invited.is_some_and(|it| self.is_classic(it));
        check(by_button || !classic, Rejection::ConsoleNotSupported)?;
        let preferred = routing.relaxation.preferred.map(|it| it.agent);
        let is_in = invited.or(preferred).is_some_and(|it| room.participants.contains(&it));
        check(!is_in, Rejection::AlreadyAParticipant)?;
        let places = room.participants.len() + self.open(conversation, kind);
        check(places < rules.participants_max as usize, Rejection::ParticipantsFull)?;
        let open_transfer = self.open(conversation, RequestKind::Transfer) > 0;
        check(!by_button || !open_transfer, Rejection::TransferOpen)?;
        self.open_by_agent(conversation, kind, requester, (ask, routing), self.now)
    }

    fn transfer(&mut self, session: Acting, conversation: ConversationId, ask: RoutingAsk) -> Decided {
        let kind = RequestKind::Transfer;
        self.agent_is_live(session.agent)?;
        let routing = self.fill_in(ask.clone(), kind)?;
        let requester = self.participant(session, conversation)?;
        self.is_active(conversation)?;
        let room = &self.conversations[&conversation];
        let by_button = room.routing_type == RoutingType::ButtonSkills;
        let preferred = routing.relaxation.preferred.map(|it| it.agent);
        let invited = if let Target::Agent(it) = routing.target { Some(it) } else { preferred };
        let is_in = invited.is_some_and(|it| room.participants.contains(&it));
        check(!is_in, Rejection::AlreadyAParticipant)?;
        let is_conference = room.participants.len() > 1;
        check(!by_button || !is_conference, Rejection::ConferenceButtonSkillsNotTransferable)?;
        check(self.open(conversation, kind) == 0, Rejection::TransferOpen)?;
        let open_conference = self.open(conversation, RequestKind::Conference) > 0;
        check(!by_button || !open_conference, Rejection::ConferenceOpen)?;
        self.open_by_agent(conversation, kind, requester, (ask, routing), room.created_at)
    }

    fn open_by_agent(
        &mut self,
        conversation: ConversationId,
        kind: RequestKind,
        requester: AgentIx,
        (ask, routing): (RoutingAsk, Routing),
        requested_at: u64,
    ) -> Decided {
        let requests = self.requests_of(conversation).len();
        check(requests < limits::OPEN_REQUESTS_MAX, Rejection::RequestsFull)?;
        let requester = Some(requester);
        let channel = self.channel_of(conversation);
        let (routing, overflowed_from) = self.admit(&ask, routing, kind, channel, Some(conversation))?;
        let request = self.open_request(conversation, kind, requester, routing.clone(), requested_at);
        self.said.push(Event::RequestOpened {
            request,
            conversation,
            kind,
            requester,
            routing: routing.into(),
            requested_at,
            overflowed_from,
        });
        Ok(Reply::RequestOpened { request })
    }
}
