//! What changes with requests and their invites.

use std::sync::Arc;

use super::{Touched, inactivity};
use crate::engine::{
    directory::spec::{Reinvite, ResourceKind, RoutingModel},
    event::{InviteEnd, RequestKind},
    ids::{AgentIx, ConversationId, InviteId, Millis, RequestId},
    relaxation::{Relaxed, WhenRequeued},
    routing::Routing,
    state::{
        State,
        agent::{Earmark, Hold, HoldOwner},
        conversation::{Declined, Invite, Request, Sent},
        outcomes::Outcome,
        tempo::Tempo,
        timers::{Timer, Timers},
    },
};

pub(super) fn request_row(
    conversation: ConversationId,
    kind: RequestKind,
    requester: Option<AgentIx>,
    routing: &Arc<Routing>,
    requested_at: Millis,
) -> Request {
    Request {
        conversation,
        kind,
        requester,
        routing: routing.clone(),
        requested_at,
        sent: Sent::default(),
        declined: Vec::new(),
        round: 0,
        relaxed: Relaxed::default(),
        steps_from: requested_at,
        earmarked: None,
        accepted: false,
    }
}

/// Whether a request is for what came in, or for what comes back to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Queued {
    First,
    Again,
}

pub(super) fn request_opened(
    state: &mut State,
    id: RequestId,
    mut row: Request,
    queued: Queued,
    touched: &mut Touched,
) {
    state.request_count = id.0;
    begin_steps(state, &mut row, queued);
    state.timers.set(row.relaxes_at(), Timer::Relax(id));
    if row.routing.not_before > state.now {
        state.timers.set(row.routing.not_before, Timer::Begin(id));
    }
    if row.earmark_at() > state.now {
        state.timers.set(row.earmark_at(), Timer::Earmark(id));
    }
    inactivity::stir(state, row.conversation, |it| it.requests.push(id));
    state.requests.insert(id, row);
    touched.requests.push(id);
}

/// The steps of what is queued follow its requested time, those of what an agent asks begin now, none before the request does; what is
/// due already is taken (SKL-2). What is queued again has had its preferred agent, or did without it.
fn begin_steps(state: &State, row: &mut Request, queued: Queued) {
    let relaxation = &row.routing.relaxation;
    let goes_on = row.kind == RequestKind::New && relaxation.when_requeued == WhenRequeued::GoOn;
    let from = if goes_on { row.requested_at } else { state.now };
    row.steps_from = from.max(row.routing.not_before);
    let is_there =
        relaxation.preferred.is_some_and(|it| state.registry.is_live(ResourceKind::Agent, it.agent.0));
    let mut first = relaxation.at_first();
    first.insists &= is_there && !(goes_on && queued == Queued::Again);
    row.relaxed = relaxation.by(state.now, row.steps_from, first);
}

pub(super) fn request_relaxed(state: &mut State, id: RequestId, relaxed: Relaxed, touched: &mut Touched) {
    let row = state.requests.at_mut(id);
    state.timers.cancel(row.relaxes_at(), Timer::Relax(id));
    row.relaxed = relaxed;
    state.timers.set(row.relaxes_at(), Timer::Relax(id));
    touched.requests.push(id);
}

pub(super) fn invites_sent(
    state: &mut State,
    request: RequestId,
    conversation: ConversationId,
    sent: Sent,
    touched: &mut Touched,
) {
    earmarked(state, request, None, touched);
    let channel = state.conversations.at(conversation).channel;
    for &(invite, agent) in &sent.pending {
        let given = state.outcomes.add(agent);
        assert!(given == invite, "invites are numbered densely");
        let row = Invite { request, agent, sent_at: state.now, expires_at: sent.expires_at };
        state.invites.insert(invite, row);
        let (row, profile) = state.agent_mut(agent);
        row.invites.push(invite);
        if sent.held {
            let owner = HoldOwner::Invite(invite);
            let hold =
                Hold { owner, conversation, channel, units: sent.units, interruptible: sent.interruptible };
            row.hold(profile, hold);
            touched.loads.push(agent);
        }
    }
    state.timers.set(sent.expires_at, Timer::Expiry(request));
    state.timers.set(sent.next_wave_at, Timer::Wave(request));
    let out = &mut state.requests.at_mut(request).sent;
    if out.pending.is_empty() {
        *out = sent;
    } else {
        state.timers.cancel(out.next_wave_at, Timer::Wave(request));
        out.next_wave(sent);
    }
    touched.requests.push(request);
}

pub(super) fn invite_accepted(
    state: &mut State,
    at: Millis,
    invite: InviteId,
    request: RequestId,
    agent: AgentIx,
    touched: &mut Touched,
) {
    state.invites.remove(invite);
    state.outcomes.settle(invite, Outcome::Accepted);
    state.given_count += 1;
    let given = state.given_count;
    let row = state.requests.at_mut(request);
    row.accepted = true;
    row.sent.pending.retain(|(id, _)| *id != invite);
    let queue = row.routing.target.queue();
    let (conversation, sent) = (row.conversation, (row.sent.units, row.sent.interruptible, row.sent.held));
    let is_settled = row.sent.pending.is_empty();
    let of_conversation = state.conversations.at(conversation);
    let channel = of_conversation.channel;
    // Who is in can no longer take the conversation's other requests: it may have been the last who could.
    touched.requests.extend(of_conversation.requests.iter().filter(|it| **it != request));
    if let Some(queue) = queue {
        state.tempos.entry(queue).or_insert_with(|| Tempo::new(channel)).accepted(at, channel);
    }
    let (it, profile) = state.agent_mut(agent);
    it.invites.retain(|id| *id != invite);
    it.given = given;
    let (units, interruptible, held) = sent;
    if held {
        it.rehold(profile, conversation, HoldOwner::Invite(invite), HoldOwner::Participation);
    } else {
        it.hold(
            profile,
            Hold { owner: HoldOwner::Participation, conversation, channel, units, interruptible },
        );
    }
    debug_assert!(at == state.now, "events are applied in their order");
    touched.loads.push(agent);
    if is_settled {
        close_request(state, request, touched);
    }
}

pub(super) fn invites_ended(
    state: &mut State,
    at: Millis,
    request: RequestId,
    end: InviteEnd,
    invites: &[(InviteId, AgentIx)],
    touched: &mut Touched,
) {
    let row = state.requests.at(request);
    let (conversation, held) = (row.conversation, row.sent.held);
    // INV-6 is about whom the engine asks again; whom the platform picks, it picks.
    let counts = row.routing.model != RoutingModel::External
        && matches!(end, InviteEnd::Declined | InviteEnd::Expired);
    let again = state.registry.channel(state.conversations.at(conversation).channel).spec.reinvite;
    let again_at = if let Reinvite::After(span) = again { at + span } else { 0 };
    for &(invite, agent) in invites {
        state.invites.remove(invite);
        state.outcomes.settle(invite, Outcome::Ended(end));
        let (it, profile) = state.agent_mut(agent);
        it.invites.retain(|id| *id != invite);
        if held {
            it.release(profile, conversation, HoldOwner::Invite(invite));
        }
        // To decline is to act, to let expire is not (INV-5).
        match end {
            InviteEnd::Declined | InviteEnd::Expired => {
                it.not_responding = end == InviteEnd::Expired;
                touched.agents.push(agent);
            }
            InviteEnd::Rescinded | InviteEnd::Revoked if held => touched.loads.push(agent),
            InviteEnd::Rescinded | InviteEnd::Revoked => {}
        }
        if counts {
            let declined = Declined { agent, at, expired: end == InviteEnd::Expired, again_at };
            state.requests.at_mut(request).declined.push(declined);
            state.timers.set(again_at, Timer::Reinvite(request));
        }
    }
    let row = state.requests.at_mut(request);
    if invites.len() == row.sent.pending.len() {
        row.sent.pending.clear();
    } else {
        row.sent.pending.retain(|pending| !invites.contains(pending));
    }
    if row.sent.pending.is_empty() {
        let sent = std::mem::take(&mut row.sent);
        cancel_sent(&mut state.timers, request, &sent);
        if state.requests.at(request).accepted {
            close_request(state, request, touched);
        }
    } else if row.sent.wave > 1 {
        for at in row.sent.take_spent(&state.invites) {
            state.timers.cancel(at, Timer::Expiry(request));
        }
    }
    touched.requests.push(request);
}

/// Keeps an agent for a request, in place of the one that was kept for it.
pub(super) fn earmarked(
    state: &mut State,
    request: RequestId,
    earmark: Option<(AgentIx, Earmark)>,
    touched: &mut Touched,
) {
    let former = std::mem::replace(&mut state.requests.at_mut(request).earmarked, earmark.map(|it| it.0));
    if former.is_none() && earmark.is_none() {
        return;
    }
    if let Some(agent) = former {
        let (row, profile) = state.agent_mut(agent);
        row.set_earmark(profile, None);
        touched.loads.push(agent);
    }
    if let Some((agent, earmark)) = earmark {
        let (row, profile) = state.agent_mut(agent);
        row.set_earmark(profile, Some((request, earmark)));
        touched.loads.push(agent);
    }
    touched.requests.push(request);
}

/// Takes back the timers of what a request had out.
pub(super) fn cancel_sent(timers: &mut Timers, request: RequestId, sent: &Sent) {
    timers.cancel(sent.expires_at, Timer::Expiry(request));
    sent.earlier_expiries.iter().for_each(|it| timers.cancel(*it, Timer::Expiry(request)));
    timers.cancel(sent.next_wave_at, Timer::Wave(request));
}

pub(super) fn waves_ended(state: &mut State, request: RequestId) {
    let at = std::mem::take(&mut state.requests.at_mut(request).sent.next_wave_at);
    state.timers.cancel(at, Timer::Wave(request));
}

pub(super) fn round_started(state: &mut State, request: RequestId, round: u32, touched: &mut Touched) {
    let row = state.requests.at_mut(request);
    row.round = round;
    let declined = std::mem::take(&mut row.declined);
    declined.iter().for_each(|it| state.timers.cancel(it.again_at, Timer::Reinvite(request)));
    touched.requests.push(request);
}

pub(super) fn close_request(state: &mut State, id: RequestId, touched: &mut Touched) {
    if state.requests.get(id).is_some_and(|it| it.earmarked.is_some()) {
        earmarked(state, id, None, touched);
    }
    if let Some(row) = state.requests.remove(id) {
        state.timers.cancel(row.earmark_at(), Timer::Earmark(id));
        cancel_sent(&mut state.timers, id, &row.sent);
        state.timers.cancel(row.routing.not_before, Timer::Begin(id));
        state.timers.cancel(row.relaxes_at(), Timer::Relax(id));
        row.declined.iter().for_each(|it| state.timers.cancel(it.again_at, Timer::Reinvite(id)));
        inactivity::stir(state, row.conversation, |it| it.requests.retain(|it| *it != id));
        touched.requests.push(id);
    }
}
