//! What changes when a conversation goes inactive and when it goes on, and the silence before (ASYN, CAP-6).

use super::Touched;
use crate::engine::{
    event::Author,
    ids::{AgentIx, ConversationId, Millis},
    state::{
        State,
        agent::HoldOwner,
        conversation::{Conversation, Inactive},
        timers::Timer,
    },
};

pub(super) fn inactivated(
    state: &mut State,
    at: Millis,
    id: ConversationId,
    (agent, units): (AgentIx, u32),
    ends_at: Millis,
    touched: &mut Touched,
) {
    let held = state.agent(agent).part(id).map_or(0, |it| it.units);
    state.conversations.at_mut(id).inactive = Some(Inactive { since: at, ends_at, units: held });
    state.timers.set(ends_at, Timer::InactiveEnd(id));
    let (row, profile) = state.agent_mut(agent);
    row.reweigh(profile, id, (HoldOwner::Participation, HoldOwner::Inactive), units);
    // Free from now on: the end of what is inactive does not set it back.
    row.free_since = at;
    touched.loads.push(agent);
    stirred(state, id);
}

pub(super) fn resumed(
    state: &mut State,
    id: ConversationId,
    agent: Option<AgentIx>,
    units: u32,
    touched: &mut Touched,
) {
    over(state, id);
    if let Some(agent) = agent {
        state.given_count += 1;
        let given = state.given_count;
        let (row, profile) = state.agent_mut(agent);
        row.reweigh(profile, id, (HoldOwner::Inactive, HoldOwner::Participation), units);
        row.given = given;
        touched.loads.push(agent);
    }
    let now = state.now;
    state.conversations.at_mut(id).participants.iter_mut().for_each(|it| it.in_hand_since = now);
    stirred(state, id);
}

/// A conversation is no longer inactive, if it was.
pub(super) fn over(state: &mut State, id: ConversationId) {
    if let Some(inactive) = state.conversations.at_mut(id).inactive.take() {
        state.timers.cancel(inactive.ends_at, Timer::InactiveEnd(id));
    }
}

/// Customer and agents wrote to each other. What only agents see, and what the platform writes, breaks no silence.
pub(super) fn written(state: &mut State, id: ConversationId, customer_number: u32, author: &Author) {
    if customer_number != 0 && matches!(author, Author::Customer | Author::Agent(_)) {
        stirred(state, id);
    }
}

/// Somebody wrote, came, left or was asked for: a silence begins anew.
pub(super) fn stirred(state: &mut State, id: ConversationId) {
    stir(state, id, |_| ());
}

/// The same, with what else changes of the conversation.
pub(super) fn stir(state: &mut State, id: ConversationId, change: impl FnOnce(&mut Conversation)) {
    let now = state.now;
    time_silence(state, id, |row| {
        change(row);
        row.quiet_since = now;
    });
}

/// Changes a conversation, and sets the time at which it goes inactive by silence, as its channel says now.
pub(super) fn time_silence(state: &mut State, id: ConversationId, change: impl FnOnce(&mut Conversation)) {
    let row = state.conversations.at_mut(id);
    change(row);
    let rules = &state.registry.channel(row.channel).spec;
    let can = row.inactive.is_none() && row.participants.len() == 1 && row.requests.is_empty();
    let after_ms = rules.inactivity.filter(|_| can).map_or(0, |it| it.after_ms);
    let silent_at = if after_ms == 0 { 0 } else { row.quiet_since + after_ms };
    let former = std::mem::replace(&mut row.silent_at, silent_at);
    if former != silent_at {
        state.timers.cancel(former, Timer::Silence(id));
        state.timers.set(silent_at, Timer::Silence(id));
    }
}
