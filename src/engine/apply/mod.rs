//! The one function that changes state. It decides nothing, cannot fail, and stays as it is for ever: old events must mean the same
//! in every later release.

mod inactivity;
mod requests;
mod rooms;
mod sessions;

use crate::engine::{
    chat_log,
    event::{Event, RequestKind},
    ids::{AgentIx, InviteId, Millis, RequestId, RequestKey},
    reply::Reply,
    state::{
        State,
        agent::Session,
        conversation::{Flag, Sent},
    },
};
use requests::Queued;

/// Whom an event touched, so that the index over the state can follow. Cleared by its reader.
#[derive(Debug, Default)]
pub struct Touched {
    /// Agents whose ability to take work may differ in any way.
    pub agents: Vec<AgentIx>,
    /// Agents of whom no more may differ than what they have in hand, and how long they have been free.
    pub loads: Vec<AgentIx>,
    /// Requests that may wait now, or wait no more.
    pub requests: Vec<RequestId>,
    /// Whether what all depend on may differ: anything of the directory but agents.
    pub all: bool,
    /// The number of the entry that the event is in its chat log; 0: it is none.
    pub log_number: u32,
}

impl Touched {
    /// Whether nobody and nothing is.
    pub fn is_empty(&self) -> bool {
        !self.all && self.agents.is_empty() && self.loads.is_empty() && self.requests.is_empty()
    }

    /// Forgets all of it, for whom no index follows.
    pub fn clear(&mut self) {
        let Self { agents, loads, requests, all, log_number } = self;
        (*all, *log_number) = (false, 0);
        agents.clear();
        loads.clear();
        requests.clear();
    }
}

/// Brings the state from before an event to after it. `key` is that of the command whose first event it is.
#[allow(clippy::too_many_lines, reason = "one arm an event")]
pub fn apply(state: &mut State, at: Millis, key: Option<RequestKey>, event: &Event, touched: &mut Touched) {
    state.now = at;
    if let Some(key) = key {
        state.answers.remember(at, key, Reply::of(event));
    }
    touched.log_number = count_entry(state, event);
    match event {
        Event::DirectoryChanged { changes } => sessions::directory_changed(state, changes, touched),
        Event::SessionStarted { agent, epoch, console } => {
            let session = Session { epoch: *epoch, console: *console, lease_until: 0 };
            sessions::session_open(state, *agent, session, touched);
        }
        Event::SessionResumed { agent, .. } => sessions::session_resumed(state, *agent, touched),
        Event::SessionDropped { agent, lease_until, .. } => {
            sessions::session_dropped(state, *agent, *lease_until, touched);
        }
        Event::SessionEnded { agent, epoch } => sessions::session_ended(state, *agent, *epoch, touched),
        Event::PresenceSet { agent, status, cause } => {
            sessions::presence_set(state, *agent, *status, cause, touched);
        }
        Event::ConversationCreated {
            conversation,
            channel,
            customer,
            routing_type,
            request,
            routing,
            ..
        } => {
            rooms::conversation_created(state, *conversation, (*channel, *routing_type), customer, routing);
            let row = requests::request_row(*conversation, RequestKind::New, None, routing, at);
            requests::request_opened(state, *request, row, Queued::First, touched);
        }
        Event::RequestOpened { request, conversation, kind, requester, routing, requested_at, .. } => {
            let row = requests::request_row(*conversation, *kind, *requester, routing, *requested_at);
            let queued = if *kind == RequestKind::New { Queued::Again } else { Queued::First };
            requests::request_opened(state, *request, row, queued, touched);
        }
        Event::InvitesSent {
            request,
            conversation,
            first,
            agents,
            expires_at,
            units,
            interruptible,
            held,
            next_wave_at,
            ..
        } => {
            let sent = Sent {
                pending: (first.0..).map(InviteId).zip(agents.iter().copied()).collect(),
                expires_at: *expires_at,
                earlier_expiries: Vec::new(),
                wave: 1,
                next_wave_at: *next_wave_at,
                units: *units,
                interruptible: *interruptible,
                held: *held,
            };
            requests::invites_sent(state, *request, *conversation, sent, touched);
        }
        Event::InviteAccepted {
            invite,
            request,
            conversation,
            kind,
            agent,
            giver,
            wrap_up_until,
            supervisor,
        } => {
            requests::invite_accepted(state, at, *invite, *request, *agent, touched);
            // What a supervisor did for the agent is no act of the agent's (INV-5).
            let responds_again = state.agents[agent.index()].not_responding && supervisor.is_none();
            if responds_again {
                state.agents[agent.index()].not_responding = false;
                touched.agents.push(*agent);
            }
            rooms::joined(state, at, *conversation, *kind, *agent, *giver);
            if let Some(giver) = giver {
                rooms::part_ended(state, at, *conversation, *giver, *wrap_up_until, touched);
            }
        }
        Event::InvitesEnded { request, end, invites, .. } => {
            requests::invites_ended(state, at, *request, *end, invites, touched);
        }
        Event::RequestEnded { request, .. } => requests::close_request(state, *request, touched),
        Event::RoundStarted { request, round, .. } => {
            requests::round_started(state, *request, *round, touched);
        }
        Event::WavesEnded { request, .. } => requests::waves_ended(state, *request),
        Event::RequestRelaxed { request, relaxed, .. } => {
            requests::request_relaxed(state, *request, *relaxed, touched);
        }
        Event::AgentEarmarked { request, agent, earmark, .. } => {
            requests::earmarked(state, *request, Some((*agent, *earmark)), touched);
        }
        Event::EarmarkLifted { request, .. } => requests::earmarked(state, *request, None, touched),
        Event::ParticipantLeft { conversation, agent, wrap_up_until, .. } => {
            rooms::participant_left(state, *conversation, *agent);
            rooms::part_ended(state, at, *conversation, *agent, *wrap_up_until, touched);
        }
        Event::ConversationEnded { conversation, participants, wrap_up_until, .. } => {
            for agent in participants {
                rooms::part_ended(state, at, *conversation, *agent, *wrap_up_until, touched);
            }
            rooms::conversation_ended(state, *conversation);
        }
        Event::ConversationMoved { conversation, request, routing, requested_at, .. } => {
            state.conversations.at_mut(*conversation).origin = routing.clone();
            let row = requests::request_row(*conversation, RequestKind::New, None, routing, *requested_at);
            requests::request_opened(state, *request, row, Queued::Again, touched);
        }
        Event::FlagRaised { conversation, agent, reason } => {
            let flag = Flag { raised_at: at, reason: reason.clone() };
            state.conversations.at_mut(*conversation).set_flag(*agent, Some(flag));
        }
        Event::FlagLowered { conversation, agent, .. } => {
            state.conversations.at_mut(*conversation).set_flag(*agent, None);
        }
        Event::WrapUpExtended { conversation, agent, until } => {
            rooms::wrap_up_extended(state, *conversation, *agent, *until);
        }
        Event::WrapUpEnded { conversation, agent } => {
            rooms::wrap_up_ended(state, at, *conversation, *agent, touched);
        }
        Event::ConversationInactivated { conversation, agent, units, ends_at, .. } => {
            inactivity::inactivated(state, at, *conversation, (*agent, *units), *ends_at, touched);
        }
        Event::ConversationResumed { conversation, agent, units } => {
            inactivity::resumed(state, *conversation, *agent, *units, touched);
        }
        Event::MessagePosted { conversation, customer_number, author, .. } => {
            inactivity::written(state, *conversation, *customer_number, author);
        }
        Event::RecordAttached { conversation, agent, record } => {
            state.conversations.at_mut(*conversation).records.attach(*agent, record);
        }
        Event::RecordRemoved { conversation, agent, record_type, id } => {
            state.conversations.at_mut(*conversation).records.remove(*agent, record_type, id);
        }
        Event::RecordsGiven { conversation, agent, records } => {
            state.conversations.at_mut(*conversation).give_records(*agent, records);
        }
    }
}

/// Counts the entry that an event is in its chat log, and says its number; 0: it is none.
fn count_entry(state: &mut State, event: &Event) -> u32 {
    let Some(entry) = chat_log::entry(event) else { return 0 };
    let conversation = state.conversations.at_mut(entry.conversation);
    conversation.log_entries += 1;
    conversation.customer_log_entries += u32::from(entry.shown_to_customer);
    conversation.log_entries
}
