//! Which agents an event is told to, on the streams of their sessions. Not stored: whoever misses it sees the state when it comes back.

use crate::engine::{
    event::{Event, InviteEnd},
    ids::{Agents, ConversationId},
    state::State,
};

/// Adds the agents that an event concerns, each once. `state` is that after the event.
pub fn tell(state: &State, event: &Event, told: &mut Agents) {
    match event {
        Event::PresenceSet { agent, .. }
        | Event::WrapUpExtended { agent, .. }
        | Event::WrapUpEnded { agent, .. }
        | Event::RecordsGiven { agent, .. } => {
            told.push(*agent);
        }
        Event::InvitesSent { agents, .. } => told.extend_from_slice(agents),
        Event::InviteAccepted { conversation, giver, .. } => {
            participants(state, *conversation, told);
            giver.iter().for_each(|it| told.push(*it));
        }
        Event::InvitesEnded { request, end, invites, .. } => {
            told.extend(invites.iter().map(|(_, agent)| *agent));
            if matches!(end, InviteEnd::Declined | InviteEnd::Expired) {
                told.extend(state.requests.get(*request).and_then(|it| it.requester));
            }
        }
        Event::RequestEnded { requester, .. } => requester.iter().for_each(|it| told.push(*it)),
        Event::ParticipantLeft { conversation, agent, .. } => {
            participants(state, *conversation, told);
            told.push(*agent);
        }
        Event::ConversationInactivated { conversation, .. }
        | Event::ConversationResumed { conversation, .. } => {
            participants(state, *conversation, told);
        }
        Event::ConversationEnded { participants, .. } => told.extend_from_slice(participants),
        Event::MessagePosted { conversation, .. }
        | Event::FlagRaised { conversation, .. }
        | Event::FlagLowered { conversation, .. } => participants(state, *conversation, told),
        Event::DirectoryChanged { .. }
        | Event::SessionStarted { .. }
        | Event::SessionResumed { .. }
        | Event::SessionDropped { .. }
        | Event::SessionEnded { .. }
        | Event::ConversationCreated { .. }
        | Event::RequestOpened { .. }
        | Event::RoundStarted { .. }
        | Event::ConversationMoved { .. }
        | Event::RecordAttached { .. }
        | Event::RecordRemoved { .. }
        | Event::RequestRelaxed { .. }
        | Event::WavesEnded { .. }
        | Event::AgentEarmarked { .. }
        | Event::EarmarkLifted { .. } => {}
    }
}

fn participants(state: &State, conversation: ConversationId, told: &mut Agents) {
    if let Some(row) = state.conversations.get(conversation) {
        row.participants.iter().for_each(|it| told.push(it.agent));
    }
}
