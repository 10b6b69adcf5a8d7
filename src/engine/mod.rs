//! The engine of one org: a pure, deterministic state machine. No clock, thread, I/O, randomness, metric or log line inside.
//!
//! ```text
//!            decide(now, command)                             apply(event)
//!   Command ─────► rules (sessions, requests, invites, room …) ─────► State ──┐
//!                     ▲   refusals come before the first event               │ follow
//!                     │                                                      ▼
//!                     └────────────── next decision ◄───────────────── dispatch
//!   out: Reply, and the events with whom to tell
//! ```
//!
//! State changes in `apply` alone; everything else reads and emits events. Timers are state: `next_wake` says when the engine wants to
//! be called, and every call first does what is due. Same events, same state.

mod admission;
pub mod apply;
pub mod audience;
pub mod chat_log;
pub mod command;
pub mod directory;
pub mod dispatch;
pub mod event;
pub mod explain;
mod flags;
pub mod ids;
mod inactivity;
mod invites;
pub mod limits;
pub mod measure;
pub mod query;
pub mod queue_view;
pub mod records;
pub mod rejection;
pub mod relaxation;
pub mod reply;
mod requests;
mod resources;
mod rooms;
pub mod routing;
mod sessions;
pub mod state;
mod supervising;
pub mod survey;
pub mod ties;

use smol_str::SmolStr;

use apply::Touched;
use command::{Acting, Command};
use dispatch::{Decision, Dispatch, Layout};
use event::{Author, Event, RequestEnd, RequestKind};
use ids::{Agents, Millis, RequestKey};
use measure::Settled;
use rejection::Rejection;
use reply::Reply;
use routing::Target;
use state::{State, timers::Timer};

/// An event that was decided, with what its readers outside need beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// When.
    pub at: Millis,
    /// The command whose first event it is, where that is to be remembered.
    pub key: Option<RequestKey>,
    /// What.
    pub event: Event,
    /// Whom to tell.
    pub told: Agents,
    /// The number of the entry that it is in the chat log; 0: it is none.
    pub log_number: u32,
    /// Of invites: what they are about.
    pub invites_to: Option<InvitesTo>,
    /// What it settles.
    pub measured: Settled,
}

/// What invites are about: what a console shows with them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvitesTo {
    /// The conversation's channel.
    pub channel: ids::ChannelIx,
    /// The conversation's customer.
    pub customer: SmolStr,
    /// Who asked; none for NEW.
    pub requester: Option<ids::AgentIx>,
}

/// The engine of one org.
#[derive(Debug)]
pub struct Engine {
    state: State,
    dispatch: Dispatch,
    touched: Touched,
    /// What was decided since it was last emptied, in order.
    outbox: Vec<Recorded>,
    /// How much that was the last time. Room for as much is made at once.
    usual: usize,
    /// The key of the command that is being carried out, until its first event has it.
    key: Option<RequestKey>,
    now: Millis,
}

impl Default for Engine {
    fn default() -> Self {
        Self::new(State::default())
    }
}

impl Engine {
    /// The engine over a state, from a snapshot or from replay.
    pub fn new(state: State) -> Self {
        Self::with_layout(state, Layout::default())
    }

    /// The same, with its index laid out otherwise.
    pub fn with_layout(mut state: State, layout: Layout) -> Self {
        state.reindex();
        state.answers.reindex();
        let dispatch = Dispatch::new(&state, layout);
        let (touched, outbox) = (Touched::default(), Vec::new());
        Self { now: state.now, dispatch, state, touched, outbox, usual: 0, key: None }
    }

    /// What is true.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// What is true, as it is now: for a snapshot, while the engine goes on.
    pub fn state_as_it_is(&mut self) -> State {
        self.state.as_it_is()
    }

    /// What is true, in the end.
    pub fn into_state(self) -> State {
        self.state
    }

    /// How many events were decided since the outbox was last emptied.
    pub fn decided(&self) -> usize {
        self.outbox.len()
    }

    /// When the engine wants to be called, if nothing happens before.
    pub fn next_wake(&self) -> Option<Millis> {
        self.state.timers.next()
    }

    /// What was decided since the last call, in order.
    pub fn take_outbox(&mut self) -> Vec<Recorded> {
        self.usual = self.outbox.len();
        std::mem::take(&mut self.outbox)
    }

    /// Decides a command. `now` never goes back: an earlier one counts as the latest that was. A refusal leaves no event but those of
    /// timers that were due.
    pub fn decide(
        &mut self,
        now: Millis,
        key: Option<RequestKey>,
        command: Command,
    ) -> Result<Reply, Rejection> {
        self.advance(now);
        let key = key.map(|it| it.of_kind(command.kind()));
        let (key, command) = match key.and_then(|key| self.state.answers.first(key)) {
            None => (key, command),
            Some((of_first, _)) if Some(of_first) != key => return Err(Rejection::RequestIdReused),
            Some((_, first)) => match repeat(first, command)? {
                Repeat::Answer(reply) => return Ok(reply),
                Repeat::Again(command) => (None, command),
            },
        };
        let start = self.outbox.len();
        self.key = key;
        let decided = self.carry_out(command);
        self.key = None;
        assert!(decided.is_ok() || self.outbox.len() == start, "a refusal comes before the first event");
        decided?;
        let reply = self.outbox.get(start).map_or(Reply::Done, |first| Reply::of(&first.event));
        self.settle();
        Ok(reply)
    }

    /// Does what is due. All of it is true before anything is decided by it: nobody is invited who is not there by now.
    pub fn advance(&mut self, now: Millis) {
        self.now = self.now.max(now);
        while let Some((at, timer)) = self.state.timers.due(self.now) {
            match timer {
                Timer::Expiry(request) => self.expire_invites(request, at),
                Timer::Wave(request) => self.dispatch.next_wave(request),
                Timer::Lease(agent) => self.end_session(agent),
                Timer::WrapUp(agent, conversation) => self.end_due_wrap_ups(agent, conversation, at),
                Timer::Silence(conversation) => self.fall_silent(conversation),
                Timer::InactiveEnd(conversation) => self.end_room(conversation, Author::Service),
                Timer::Relax(request) => self.relax(request, at),
                Timer::Reinvite(request) | Timer::Begin(request) | Timer::Earmark(request) => {
                    self.dispatch.look_again(request);
                }
            }
            self.state.timers.cancel(at, timer);
        }
        self.settle();
    }

    fn carry_out(&mut self, command: Command) -> Result<(), Rejection> {
        match command {
            Command::ApplyDirectory { wanted } => self.apply_directory(wanted),
            Command::PutResource { resource } => self.put_resource(*resource),
            Command::DeleteResource { kind, id } => self.delete_resource(kind, &id),
            Command::OpenSession { agent, console, resume, status } => {
                self.open_session(agent, console, resume, status)
            }
            Command::DropSession { session } => {
                self.drop_session(session);
                Ok(())
            }
            Command::DropAllSessions => {
                self.drop_all_sessions();
                Ok(())
            }
            Command::SetPresence { session, status } => self.set_presence(session, status),
            Command::AssignConversation { supervisor, conversation, agent } => {
                self.assign_conversation(supervisor, conversation, agent)
            }
            Command::MoveConversation { supervisor, conversation, queue, skills, priority } => {
                self.move_conversation(supervisor, conversation, Target::Queue { queue, skills }, priority)
            }
            Command::SetAgentPresence { supervisor, agent, status } => {
                self.set_agent_presence(supervisor, agent, status)
            }
            Command::AcceptInvite { session, invite } => self.accept_invite(session, invite),
            Command::DeclineInvite { session, invite, reason } => {
                self.decline_invite(session, invite, reason)
            }
            Command::CreateConversation { channel, customer, routing, access_scope } => {
                self.create_conversation(channel, customer, routing, access_scope)
            }
            Command::RequestConference { session, conversation, routing } => {
                self.request_conference(session, conversation, routing)
            }
            Command::RequestTransfer { session, conversation, routing } => {
                self.request_transfer(session, conversation, routing)
            }
            Command::PickConversation { session, conversation } => {
                self.pick_conversation(session, conversation)
            }
            Command::InviteAgent { request, agent } => self.invite_agent(request, agent),
            Command::CancelRequest { session, request } => self.cancel_request(session, request),
            Command::LeaveConversation { session, conversation } => {
                self.leave_conversation(session, conversation)
            }
            Command::EndConversation { actor, conversation } => self.end_conversation(actor, conversation),
            Command::InactivateConversation { session, conversation } => {
                self.inactivate_conversation(session, conversation)
            }
            Command::CompleteWrapUp { session, conversation } => self.complete_wrap_up(session, conversation),
            Command::ExtendWrapUp { session, conversation, extend_by } => {
                self.extend_wrap_up(session, conversation, extend_by)
            }
            Command::PostMessage { actor, conversation, text, audience } => {
                self.post_message(actor, conversation, text, audience)
            }
            Command::RaiseFlag { session, conversation, reason } => {
                self.raise_flag(session, conversation, reason)
            }
            Command::LowerFlag { actor, conversation, agent } => self.lower_flag(actor, conversation, agent),
            Command::AttachRecord { session, conversation, record } => {
                self.attach_record(session, conversation, record)
            }
            Command::RemoveRecord { session, conversation, record_type, id } => {
                self.remove_record(session, conversation, record_type, id)
            }
        }
    }

    /// Carries out what the state now calls for, until it is at rest (SEL-3).
    fn settle(&mut self) {
        loop {
            // Over all events since the last decision at once. What looks in the index before a command's first event finds nothing left.
            self.dispatch.follow(&self.state, &mut self.touched);
            let Some(decision) = self.dispatch.next(&self.state, self.now) else { return };
            match decision {
                Decision::Invite(request, agents) => self.send_invites(request, agents),
                Decision::Fail(request, why) => {
                    let row = self.state.requests.at(request);
                    let (conversation, kind) = (row.conversation, row.kind);
                    self.end_request(request, why);
                    if why == RequestEnd::NoAgentAvailable && kind == RequestKind::New {
                        self.end_room(conversation, Author::Service);
                    }
                }
                Decision::Earmark(request, agent, earmark) => {
                    let conversation = self.state.requests.at(request).conversation;
                    self.emit(Event::AgentEarmarked { request, conversation, agent, earmark });
                }
                Decision::LiftEarmark(request, agent) => {
                    let conversation = self.state.requests.at(request).conversation;
                    self.emit(Event::EarmarkLifted { request, conversation, agent });
                }
                Decision::EndWaves(request) => {
                    let conversation = self.state.requests.at(request).conversation;
                    self.emit(Event::WavesEnded { request, conversation });
                }
                Decision::NewRound(request) => {
                    let row = self.state.requests.at(request);
                    let (conversation, round) = (row.conversation, row.round + 1);
                    self.emit(Event::RoundStarted { request, conversation, round });
                }
            }
        }
    }

    fn emit(&mut self, event: Event) {
        let (at, key, invites_to) = (self.now, self.key.take(), self.invites_to(&event));
        let (told, measured) = (Agents::new(), Settled::new());
        if self.outbox.is_empty() {
            self.outbox.reserve(self.usual);
        }
        self.outbox.push(Recorded { at, key, event, told, log_number: 0, invites_to, measured });
        let recorded = self.outbox.last_mut().unwrap_or_else(|| unreachable!("it was just put there"));
        measure::measure(&self.state, at, &recorded.event, &mut recorded.measured);
        apply::apply(&mut self.state, at, key, &recorded.event, &mut self.touched);
        recorded.log_number = self.touched.log_number;
        audience::tell(&self.state, &recorded.event, &mut recorded.told);
    }

    fn invites_to(&self, event: &Event) -> Option<InvitesTo> {
        if let Event::InvitesSent { request, conversation, .. } = event {
            let (asked, row) = (self.state.requests.at(*request), self.state.conversations.at(*conversation));
            Some(InvitesTo {
                channel: row.channel,
                customer: row.customer.clone(),
                requester: asked.requester,
            })
        } else {
            None
        }
    }
}

enum Repeat {
    Answer(Reply),
    Again(Command),
}

/// What a command comes to that was answered before. An `OpenSession` whose stream broke comes back to the session it opened.
fn repeat(first: Reply, command: Command) -> Result<Repeat, Rejection> {
    match (first, command) {
        (
            Reply::SessionOpened { agent: whose, epoch, .. },
            Command::OpenSession { agent, console, status, .. },
        ) => {
            if whose != agent {
                return Err(Rejection::RequestIdReused);
            }
            Ok(Repeat::Again(Command::OpenSession { agent, console, resume: Some(epoch), status }))
        }
        (first, _) => Ok(Repeat::Answer(first)),
    }
}

impl Engine {
    /// The session that an agent acts from, if it may (PRES-1).
    fn acting(&self, acting: Acting) -> Result<ids::AgentIx, Rejection> {
        let agent = self.state.agents.get(acting.agent.index()).ok_or(Rejection::AgentNotFound)?;
        match agent.session {
            Some(session) if session.epoch == acting.epoch => Ok(acting.agent),
            Some(_) => Err(Rejection::SessionFenced),
            None if acting.epoch.0 != 0 && acting.epoch.0 < agent.latest_epoch => {
                Err(Rejection::SessionFenced)
            }
            None => Err(Rejection::SessionNotOpen),
        }
    }
}
