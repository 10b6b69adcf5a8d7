//! The one function that changes state. It decides nothing, cannot fail, and stays as it is for ever: old events must mean the same
//! in every later release.

use std::sync::Arc;

use crate::engine::{
    chat_log,
    directory::spec::{Change, Reinvite, ResourceKind},
    event::{Event, InviteEnd, PresenceCause, RequestKind},
    ids::{AgentIx, ChannelIx, ConversationId, Epoch, InviteId, Millis, RequestId, RequestKey, StatusIx},
    reply::Reply,
    routing::{Routing, RoutingType},
    state::{
        State,
        agent::{Hold, HoldOwner, Session},
        conversation::{Conversation, Declined, Invite, Participant, Request, Sent},
        outcomes::Outcome,
        records::Records,
        timers::{Timer, Timers},
    },
};

/// Whom an event touched, so that the index over the state can follow. Cleared by its reader.
#[derive(Debug, Default)]
pub struct Touched {
    /// Agents whose ability to take work may differ.
    pub agents: Vec<AgentIx>,
    /// Requests that may wait now, or wait no more.
    pub requests: Vec<RequestId>,
    /// Whether what all depend on may differ: anything of the directory but agents.
    pub all: bool,
}

/// Brings the state from before an event to after it. `key` is that of the command whose first event it is.
pub fn apply(state: &mut State, at: Millis, key: Option<RequestKey>, event: &Event, touched: &mut Touched) {
    state.now = at;
    if let Some(key) = key {
        state.answers.remember(at, key, Reply::of(event));
    }
    count_entry(state, event);
    match event {
        Event::DirectoryChanged { changes } => directory_changed(state, changes, touched),
        Event::SessionStarted { agent, epoch, console } => {
            let session = Session { epoch: *epoch, console: *console, lease_until: 0 };
            session_open(state, *agent, session, touched);
        }
        Event::SessionResumed { agent, .. } => session_resumed(state, *agent, touched),
        Event::SessionDropped { agent, lease_until, .. } => {
            session_dropped(state, *agent, *lease_until, touched);
        }
        Event::SessionEnded { agent, epoch } => session_ended(state, *agent, *epoch, touched),
        Event::PresenceSet { agent, status, cause } => presence_set(state, *agent, *status, *cause, touched),
        Event::ConversationCreated {
            conversation,
            channel,
            customer,
            routing_type,
            request,
            routing,
            ..
        } => {
            conversation_created(state, *conversation, (*channel, *routing_type), customer, routing);
            let row = request_row(*conversation, RequestKind::New, None, routing, at);
            request_opened(state, *request, row, touched);
        }
        Event::RequestOpened { request, conversation, kind, requester, routing, requested_at, .. } => {
            let row = request_row(*conversation, *kind, *requester, routing, *requested_at);
            request_opened(state, *request, row, touched);
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
            invites_sent(state, *request, *conversation, sent, touched);
        }
        Event::InviteAccepted { invite, request, conversation, kind, agent, giver, wrap_up_until } => {
            invite_accepted(state, at, *invite, *request, *agent, touched);
            let joined = Participant { agent: *agent, joined_at: at };
            let participants = &mut state.conversations.at_mut(*conversation).participants;
            match giver.and_then(|giver| participants.iter_mut().find(|it| it.agent == giver)) {
                Some(place) if *kind == RequestKind::Transfer => *place = joined,
                Some(_) | None => participants.push(joined),
            }
            if let Some(giver) = giver {
                part_ended(state, at, *conversation, *giver, *wrap_up_until, touched);
            }
        }
        Event::InvitesEnded { request, end, invites, .. } => {
            invites_ended(state, at, *request, *end, invites, touched);
        }
        Event::RequestEnded { request, .. } => close_request(state, *request, touched),
        Event::RoundStarted { request, round, .. } => round_started(state, *request, *round, touched),
        Event::WavesEnded { request, .. } => waves_ended(state, *request),
        Event::ParticipantLeft { conversation, agent, wrap_up_until, .. } => {
            participant_left(state, *conversation, *agent);
            part_ended(state, at, *conversation, *agent, *wrap_up_until, touched);
        }
        Event::ConversationEnded { conversation, participants, wrap_up_until, .. } => {
            for agent in participants {
                part_ended(state, at, *conversation, *agent, *wrap_up_until, touched);
            }
            state.conversations.remove(*conversation);
        }
        Event::WrapUpExtended { conversation, agent, until } => {
            wrap_up_extended(state, *conversation, *agent, *until);
        }
        Event::WrapUpEnded { conversation, agent } => {
            wrap_up_ended(state, at, *conversation, *agent, touched);
        }
        Event::MessagePosted { .. } => {}
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

fn count_entry(state: &mut State, event: &Event) {
    if let Some(entry) = chat_log::entry(event) {
        let conversation = state.conversations.at_mut(entry.conversation);
        conversation.log_entries += 1;
        conversation.customer_log_entries += u32::from(entry.shown_to_customer);
    }
}

fn directory_changed(state: &mut State, changes: &[Change], touched: &mut Touched) {
    state.registry.apply(changes);
    state.agents.resize_with(state.registry.agent_count(), Default::default);
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
    if touched.all {
        (0..).take(state.agents.len()).map(AgentIx).for_each(|agent| sum_up(state, agent));
    } else {
        touched.agents.iter().for_each(|&agent| sum_up(state, agent));
    }
}

fn sum_up(state: &mut State, agent: AgentIx) {
    let (row, profile) = state.agent_mut(agent);
    row.sum_up(profile);
}

fn session_open(state: &mut State, agent: AgentIx, session: Session, touched: &mut Touched) {
    let was_online = is_logged_in_online(state, agent);
    let row = &mut state.agents[agent.index()];
    row.latest_epoch = session.epoch.0;
    row.not_responding = false;
    let former = row.session.replace(session);
    state.timers.cancel(former.map_or(0, |it| it.lease_until), Timer::Lease(agent));
    came_online(state, agent, was_online);
    touched.agents.push(agent);
}

fn session_resumed(state: &mut State, agent: AgentIx, touched: &mut Touched) {
    if let Some(session) = state.agent(agent).session {
        session_open(state, agent, Session { lease_until: 0, ..session }, touched);
    }
}

fn session_dropped(state: &mut State, agent: AgentIx, lease_until: Millis, touched: &mut Touched) {
    if let Some(session) = &mut state.agents[agent.index()].session {
        session.lease_until = lease_until;
    }
    state.timers.set(lease_until, Timer::Lease(agent));
    touched.agents.push(agent);
}

fn presence_set(
    state: &mut State,
    agent: AgentIx,
    status: StatusIx,
    cause: PresenceCause,
    touched: &mut Touched,
) {
    let was_online = is_logged_in_online(state, agent);
    let row = &mut state.agents[agent.index()];
    row.status = Some(status);
    row.not_responding &= cause != PresenceCause::Agent;
    came_online(state, agent, was_online);
    touched.agents.push(agent);
}

fn session_ended(state: &mut State, agent: AgentIx, epoch: Epoch, touched: &mut Touched) {
    let row = &mut state.agents[agent.index()];
    let session = row.session.take_if(|it| it.epoch == epoch);
    row.status = None;
    row.not_responding = false;
    state.timers.cancel(session.map_or(0, |it| it.lease_until), Timer::Lease(agent));
    touched.agents.push(agent);
}

/// Free counts from coming online (SEL-2). Neither a stream that broke and came back (PRES-2) nor an invite that was not answered
/// sets it back.
fn came_online(state: &mut State, agent: AgentIx, was_online: bool) {
    if !was_online && is_logged_in_online(state, agent) {
        state.agents[agent.index()].free_since = state.now;
    }
}

fn conversation_created(
    state: &mut State,
    id: ConversationId,
    (channel, routing_type): (ChannelIx, RoutingType),
    customer: &str,
    origin: &Routing,
) {
    state.conversation_count = id.0;
    let row = Conversation {
        channel,
        customer: Arc::from(customer),
        routing_type,
        created_at: state.now,
        origin: origin.clone(),
        participants: Vec::new(),
        requests: Vec::new(),
        log_entries: 0,
        customer_log_entries: 0,
        records: Records::default(),
    };
    state.conversations.insert(id, row);
}

fn is_logged_in_online(state: &State, agent: AgentIx) -> bool {
    let row = state.agent(agent);
    row.session.is_some() && row.status.is_some_and(|status| state.is_online_status(status))
}

fn request_row(
    conversation: ConversationId,
    kind: RequestKind,
    requester: Option<AgentIx>,
    routing: &Routing,
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
        accepted: false,
    }
}

fn request_opened(state: &mut State, id: RequestId, row: Request, touched: &mut Touched) {
    state.request_count = id.0;
    state.conversations.at_mut(row.conversation).requests.push(id);
    if row.routing.not_before > state.now {
        state.timers.set(row.routing.not_before, Timer::Begin(id));
    }
    state.requests.insert(id, row);
    touched.requests.push(id);
}

fn invites_sent(
    state: &mut State,
    request: RequestId,
    conversation: ConversationId,
    sent: Sent,
    touched: &mut Touched,
) {
    let channel = state.conversations.at(conversation).channel;
    for &(invite, agent) in &sent.pending {
        let given = state.outcomes.add();
        assert!(given == invite, "invites are numbered densely");
        state.invites.insert(invite, Invite { request, agent, expires_at: sent.expires_at });
        let (row, profile) = state.agent_mut(agent);
        row.invites.push(invite);
        if sent.held {
            let owner = HoldOwner::Invite(invite);
            let hold =
                Hold { owner, conversation, channel, units: sent.units, interruptible: sent.interruptible };
            row.hold(profile, hold);
            touched.agents.push(agent);
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

fn invite_accepted(
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
    let (conversation, sent) = (row.conversation, (row.sent.units, row.sent.interruptible, row.sent.held));
    let channel = state.conversations.at(conversation).channel;
    let (it, profile) = state.agent_mut(agent);
    it.invites.retain(|id| *id != invite);
    it.given = given;
    it.not_responding = false;
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
    touched.agents.push(agent);
    // Who is in can no longer take the conversation's other requests: it may have been the last who could.
    touched
        .requests
        .extend(state.conversations.at(conversation).requests.iter().filter(|it| **it != request));
    if state.requests.at(request).sent.pending.is_empty() {
        close_request(state, request, touched);
    }
}

fn invites_ended(
    state: &mut State,
    at: Millis,
    request: RequestId,
    end: InviteEnd,
    invites: &[(InviteId, AgentIx)],
    touched: &mut Touched,
) {
    let row = state.requests.at(request);
    let (conversation, held) = (row.conversation, row.sent.held);
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
            InviteEnd::Declined => it.not_responding = false,
            InviteEnd::Expired => it.not_responding = true,
            InviteEnd::Rescinded | InviteEnd::Revoked => {}
        }
        if held || matches!(end, InviteEnd::Declined | InviteEnd::Expired) {
            touched.agents.push(agent);
        }
        if matches!(end, InviteEnd::Declined | InviteEnd::Expired) {
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

/// Takes back the timers of what a request had out.
fn cancel_sent(timers: &mut Timers, request: RequestId, sent: &Sent) {
    timers.cancel(sent.expires_at, Timer::Expiry(request));
    sent.earlier_expiries.iter().for_each(|it| timers.cancel(*it, Timer::Expiry(request)));
    timers.cancel(sent.next_wave_at, Timer::Wave(request));
}

fn waves_ended(state: &mut State, request: RequestId) {
    let at = std::mem::take(&mut state.requests.at_mut(request).sent.next_wave_at);
    state.timers.cancel(at, Timer::Wave(request));
}

fn round_started(state: &mut State, request: RequestId, round: u32, touched: &mut Touched) {
    let row = state.requests.at_mut(request);
    row.round = round;
    let declined = std::mem::take(&mut row.declined);
    declined.iter().for_each(|it| state.timers.cancel(it.again_at, Timer::Reinvite(request)));
    touched.requests.push(request);
}

fn close_request(state: &mut State, id: RequestId, touched: &mut Touched) {
    if let Some(row) = state.requests.remove(id) {
        cancel_sent(&mut state.timers, id, &row.sent);
        state.timers.cancel(row.routing.not_before, Timer::Begin(id));
        row.declined.iter().for_each(|it| state.timers.cancel(it.again_at, Timer::Reinvite(id)));
        state.conversations.at_mut(row.conversation).requests.retain(|it| *it != id);
        touched.requests.push(id);
    }
}

fn participant_left(state: &mut State, conversation: ConversationId, agent: AgentIx) {
    let row = state.conversations.at_mut(conversation);
    row.participants.retain(|it| it.agent != agent);
    // What the last agent had waits for whom the conversation is given to next.
    if !row.records.is_empty() && !row.participants.is_empty() {
        row.records.keep_for(&row.participants);
    }
}

/// An agent's part in a conversation is over: its hold ends, or becomes a wrap-up.
fn part_ended(
    state: &mut State,
    at: Millis,
    conversation: ConversationId,
    agent: AgentIx,
    wrap_up_until: Millis,
    touched: &mut Touched,
) {
    // Who is out may be asked in again.
    touched.requests.extend(&state.conversations.at(conversation).requests);
    if wrap_up_until == 0 {
        release(state, at, agent, conversation, HoldOwner::Participation, touched);
    } else {
        let (row, profile) = state.agent_mut(agent);
        row.rehold(profile, conversation, HoldOwner::Participation, HoldOwner::WrapUp(wrap_up_until));
        state.timers.set(wrap_up_until, Timer::WrapUp(agent, conversation));
        touched.agents.push(agent);
    }
}

fn wrap_up_extended(state: &mut State, conversation: ConversationId, agent: AgentIx, until: Millis) {
    let former = state.agent(agent).wrap_up(conversation).unwrap_or(0);
    let (row, profile) = state.agent_mut(agent);
    row.rehold(profile, conversation, HoldOwner::WrapUp(former), HoldOwner::WrapUp(until));
    cancel_wrap_up(state, conversation, agent, former);
    state.timers.set(until, Timer::WrapUp(agent, conversation));
}

fn wrap_up_ended(
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
fn cancel_wrap_up(state: &mut State, conversation: ConversationId, agent: AgentIx, until: Millis) {
    let same = |it: &Hold| it.conversation == conversation && it.owner == HoldOwner::WrapUp(until);
    if !state.agent(agent).holds().iter().any(same) {
        state.timers.cancel(until, Timer::WrapUp(agent, conversation));
    }
}

fn release(
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
    touched.agents.push(agent);
}
