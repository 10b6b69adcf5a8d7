//! What changes with the directory, with sessions and with presence.

use std::sync::Arc;

use super::{Touched, inactivity};
use crate::engine::{
    directory::spec::{Change, ResourceKind},
    event::PresenceCause,
    ids::{AgentIx, Epoch, Millis, StatusIx},
    state::{State, agent::Session, timers::Timer},
};

pub(super) fn directory_changed(state: &mut State, changes: &[Change], touched: &mut Touched) {
    Arc::make_mut(&mut state.registry).apply(changes);
    state.agents.grow(state.registry.agent_count());
    for change in changes {
        let (kind, id) = match change {
            Change::Create(resource) | Change::Replace(resource) => (resource.kind(), resource.id()),
            Change::Remove(kind, id) => (*kind, &**id),
        };
        match (kind, state.registry.names().number::<AgentIx>(kind, id)) {
            (ResourceKind::Agent, Some(agent)) => touched.agents.push(agent),
            _ => touched.all = true,
        }
    }
    let is_channel = |it: &Change| match it {
        Change::Create(resource) | Change::Replace(resource) => resource.kind() == ResourceKind::Channel,
        Change::Remove(..) => false,
    };
    if changes.iter().any(is_channel) {
        for id in state.conversations.ids() {
            inactivity::time_silence(state, id, |_| ());
        }
    }
    if touched.all {
        (0..).take(state.agents.len()).map(AgentIx).for_each(|agent| sum_up(state, agent));
    } else {
        touched.agents.iter().for_each(|&agent| sum_up(state, agent));
    }
}

pub(super) fn sum_up(state: &mut State, agent: AgentIx) {
    let (row, profile) = state.agent_mut(agent);
    row.sum_up(profile);
}

pub(super) fn session_open(state: &mut State, agent: AgentIx, session: Session, touched: &mut Touched) {
    let was_online = is_logged_in_online(state, agent);
    let row = &mut state.agents[agent.index()];
    row.latest_epoch = session.epoch.0;
    row.not_responding = false;
    let former = row.session.replace(session);
    state.timers.cancel(former.map_or(0, |it| it.lease_until), Timer::Lease(agent));
    came_online(state, agent, was_online);
    touched.agents.push(agent);
}

pub(super) fn session_resumed(state: &mut State, agent: AgentIx, touched: &mut Touched) {
    if let Some(session) = state.agent(agent).session {
        session_open(state, agent, Session { lease_until: 0, ..session }, touched);
    }
}

pub(super) fn session_dropped(state: &mut State, agent: AgentIx, lease_until: Millis, touched: &mut Touched) {
    if let Some(session) = &mut state.agents[agent.index()].session {
        session.lease_until = lease_until;
    }
    state.timers.set(lease_until, Timer::Lease(agent));
    touched.agents.push(agent);
}

pub(super) fn presence_set(
    state: &mut State,
    agent: AgentIx,
    status: StatusIx,
    cause: &PresenceCause,
    touched: &mut Touched,
) {
    let was_online = is_logged_in_online(state, agent);
    let row = &mut state.agents[agent.index()];
    row.status = Some(status);
    // The agent has acted, or a supervisor for it (INV-5, PRES-4).
    row.not_responding &= matches!(cause, PresenceCause::Decline | PresenceCause::Expiry);
    came_online(state, agent, was_online);
    touched.agents.push(agent);
}

pub(super) fn session_ended(state: &mut State, agent: AgentIx, epoch: Epoch, touched: &mut Touched) {
    let row = &mut state.agents[agent.index()];
    let session = row.session.take_if(|it| it.epoch == epoch);
    row.status = None;
    row.not_responding = false;
    state.timers.cancel(session.map_or(0, |it| it.lease_until), Timer::Lease(agent));
    touched.agents.push(agent);
}

/// Free counts from coming online (SEL-2). Neither a stream that broke and came back (PRES-2) nor an invite that was not answered
/// sets it back.
pub(super) fn came_online(state: &mut State, agent: AgentIx, was_online: bool) {
    if !was_online && is_logged_in_online(state, agent) {
        state.agents[agent.index()].free_since = state.now;
    }
}

pub(super) fn is_logged_in_online(state: &State, agent: AgentIx) -> bool {
    let row = state.agent(agent);
    row.session.is_some() && row.status.is_some_and(|status| state.is_online_status(status))
}
