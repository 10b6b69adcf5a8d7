//! What changes with conversations, their participants and wrap-ups.

use std::sync::Arc;

use smallvec::SmallVec;
use smol_str::SmolStr;

use super::{Touched, inactivity};
use crate::engine::{
    event::RequestKind,
    ids::{AgentIx, ChannelIx, ConversationId, Millis},
    routing::{Routing, RoutingType},
    state::{
        State,
        agent::{Hold, HoldOwner},
        conversation::{Conversation, Participant},
        records::Records,
        timers::Timer,
    },
};

pub(super) fn conversation_created(
    state: &mut State,
    id: ConversationId,
    (channel, routing_type): (ChannelIx, RoutingType),
    customer: &SmolStr,
    origin: &Arc<Routing>,
) {
    state.conversation_count = id.0;
    let row = Conversation {
        channel,
        customer: customer.clone(),
        routing_type,
        created_at: state.now,
        origin: origin.clone(),
        participants: SmallVec::new(),
        requests: SmallVec::new(),
        log_entries: 0,
        customer_log_entries: 0,
        records: Records::default(),
        inactive: None,
        quiet_since: state.now,
        silent_at: 0,
    };
    state.conversations.insert(id, row);
}

/// An agent is in: in a transfer in the place of the giver.
pub(super) fn joined(
    state: &mut State,
    at: Millis,
    conversation: ConversationId,
    kind: RequestKind,
    agent: AgentIx,
    giver: Option<AgentIx>,
) {
    let joined = Participant { agent, joined_at: at, in_hand_since: at, flag: None };
    inactivity::stir(state, conversation, |row| {
        match giver.and_then(|giver| row.participants.iter_mut().find(|it| it.agent == giver)) {
            Some(place) if kind == RequestKind::Transfer => *place = joined,
            Some(_) | None => row.participants.push(joined),
        }
    });
}

pub(super) fn conversation_ended(state: &mut State, id: ConversationId) {
    inactivity::over(state, id);
    if let Some(row) = state.conversations.remove(id) {
        state.timers.cancel(row.silent_at, Timer::Silence(id));
    }
}

pub(super) fn participant_left(state: &mut State, conversation: ConversationId, agent: AgentIx) {
    inactivity::stir(state, conversation, |row| {
        row.participants.retain(|it| it.agent != agent);
        // What the last agent had waits for whom the conversation is given to next.
        if !row.records.is_empty() && !row.participants.is_empty() {
            row.records.keep_for(&row.participants);
        }
    });
}

/// An agent's part in a conversation is over: its hold ends, or becomes a wrap-up.
pub(super) fn part_ended(
    state: &mut State,
    at: Millis,
    conversation: ConversationId,
    agent: AgentIx,
    wrap_up_until: Millis,
    touched: &mut Touched,
) {
    let row = state.conversations.at(conversation);
    // Who is out may be asked in again.
    touched.requests.extend(&row.requests);
    if row.inactive.is_some() {
        // Of what is inactive the agent was free before.
        let free_since = state.agent(agent).free_since;
        release(state, free_since, agent, conversation, HoldOwner::Inactive, touched);
    } else if wrap_up_until == 0 {
        release(state, at, agent, conversation, HoldOwner::Participation, touched);
    } else {
        let (row, profile) = state.agent_mut(agent);
        row.rehold(profile, conversation, HoldOwner::Participation, HoldOwner::WrapUp(wrap_up_until));
        state.timers.set(wrap_up_until, Timer::WrapUp(agent, conversation));
        touched.loads.push(agent);
    }
}

pub(super) fn wrap_up_extended(
    state: &mut State,
    conversation: ConversationId,
    agent: AgentIx,
    until: Millis,
) {
    let former = state.agent(agent).wrap_up(conversation).unwrap_or(0);
    let (row, profile) = state.agent_mut(agent);
    row.rehold(profile, conversation, HoldOwner::WrapUp(former), HoldOwner::WrapUp(until));
    cancel_wrap_up(state, conversation, agent, former);
    state.timers.set(until, Timer::WrapUp(agent, conversation));
}

pub(super) fn wrap_up_ended(
    state: &mut State,
    at: Millis,
    conversation: ConversationId,
    agent: AgentIx,
    touched: &mut Touched,
) {
    let until = state.agent(agent).wrap_up(conversation).unwrap_or(0);
    release(state, at, agent, conversation, HoldOwner::WrapUp(until), touched);
    cancel_wrap_up(state, conversation, agent, until);
}

/// Takes back the timer of a wrap-up that is no more, unless another one ends at the same time.
pub(super) fn cancel_wrap_up(state: &mut State, conversation: ConversationId, agent: AgentIx, until: Millis) {
    let same = |it: &Hold| it.conversation == conversation && it.owner == HoldOwner::WrapUp(until);
    if !state.agent(agent).holds().iter().any(same) {
        state.timers.cancel(until, Timer::WrapUp(agent, conversation));
    }
}

pub(super) fn release(
    state: &mut State,
    at: Millis,
    agent: AgentIx,
    conversation: ConversationId,
    owner: HoldOwner,
    touched: &mut Touched,
) {
    let (row, profile) = state.agent_mut(agent);
    row.release(profile, conversation, owner);
    row.free_since = at;
    touched.loads.push(agent);
}
