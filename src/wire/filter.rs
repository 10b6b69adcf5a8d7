//! Which events pass a watcher's filters.

use super::{check::Check, names::number_of, v1};
use crate::engine::{
    directory::names::Names,
    event::{Author, Event},
    ids::{AgentIx, ConversationId},
};

/// Entries of a filter at most.
const FILTER_MAX: usize = 100;

/// What a `WatchEvents` wants: conversations and agents for `concerns`.
pub fn filters(
    request: &v1::WatchEventsRequest,
    names: &Names,
    check: &mut Check,
) -> (Vec<u64>, Vec<AgentIx>) {
    check.org(&request.org_id);
    check.count("conversation_ids", request.conversation_ids.len(), 0, FILTER_MAX);
    for (place, id) in request.conversation_ids.iter().take(FILTER_MAX).enumerate() {
        check.item("conversation_ids", place, |check| check.given("", *id));
    }
    check.count("agent_ids", request.agent_ids.len(), 0, FILTER_MAX);
    let agent = |(place, id): (usize, &String)| {
        check.item("agent_ids", place, |check| number_of(names, check, "", id))
    };
    let agents = request.agent_ids.iter().take(FILTER_MAX).enumerate().map(agent).collect();
    (request.conversation_ids.clone(), agents)
}

/// Whether an event passes: an empty list lets all through; of two lists it must pass both.
pub fn concerns(event: &Event, conversation_ids: &[u64], agents: &[AgentIx]) -> bool {
    (conversation_ids.is_empty() || conversation(event).is_some_and(|it| conversation_ids.contains(&it.0)))
        && (agents.is_empty() || names_any(event, agents))
}

fn conversation(event: &Event) -> Option<ConversationId> {
    match event {
        Event::ConversationCreated { conversation, .. }
        | Event::RequestOpened { conversation, .. }
        | Event::InvitesSent { conversation, .. }
        | Event::InviteAccepted { conversation, .. }
        | Event::InvitesEnded { conversation, .. }
        | Event::RequestEnded { conversation, .. }
        | Event::RoundStarted { conversation, .. }
        | Event::WavesEnded { conversation, .. }
        | Event::AgentEarmarked { conversation, .. }
        | Event::EarmarkLifted { conversation, .. }
        | Event::ParticipantLeft { conversation, .. }
        | Event::ConversationEnded { conversation, .. }
        | Event::ConversationMoved { conversation, .. }
        | Event::FlagRaised { conversation, .. }
        | Event::FlagLowered { conversation, .. }
        | Event::WrapUpExtended { conversation, .. }
        | Event::WrapUpEnded { conversation, .. }
        | Event::MessagePosted { conversation, .. }
        | Event::RecordAttached { conversation, .. }
        | Event::RecordRemoved { conversation, .. }
        | Event::RecordsGiven { conversation, .. } => Some(*conversation),
        Event::DirectoryChanged { .. }
        | Event::SessionStarted { .. }
        | Event::SessionResumed { .. }
        | Event::SessionDropped { .. }
        | Event::SessionEnded { .. }
        | Event::PresenceSet { .. } => None,
    }
}

/// Whether one of these agents is named in the event, as the API shows it.
fn names_any(event: &Event, agents: &[AgentIx]) -> bool {
    let is_one = |agent: &AgentIx| agents.contains(agent);
    let wrote = |author: &Author| matches!(author, Author::Agent(agent) if agents.contains(agent));
    match event {
        Event::SessionStarted { agent, .. }
        | Event::SessionResumed { agent, .. }
        | Event::SessionDropped { agent, .. }
        | Event::SessionEnded { agent, .. }
        | Event::PresenceSet { agent, .. }
        | Event::AgentEarmarked { agent, .. }
        | Event::EarmarkLifted { agent, .. }
        | Event::ParticipantLeft { agent, .. }
        | Event::FlagRaised { agent, .. }
        | Event::FlagLowered { agent, .. }
        | Event::WrapUpExtended { agent, .. }
        | Event::WrapUpEnded { agent, .. }
        | Event::RecordAttached { agent, .. }
        | Event::RecordRemoved { agent, .. }
        | Event::RecordsGiven { agent, .. } => is_one(agent),
        Event::RequestOpened { requester, .. } | Event::RequestEnded { requester, .. } => {
            requester.as_ref().is_some_and(is_one)
        }
        Event::InvitesSent { agents: invited, .. } => invited.iter().any(is_one),
        Event::InviteAccepted { agent, giver, .. } => is_one(agent) || giver.as_ref().is_some_and(is_one),
        Event::InvitesEnded { invites, .. } => invites.iter().any(|(_, agent)| is_one(agent)),
        Event::ConversationEnded { by, participants, .. } => wrote(by) || participants.iter().any(is_one),
        Event::MessagePosted { author, .. } => wrote(author),
        Event::DirectoryChanged { .. }
        | Event::ConversationCreated { .. }
        | Event::ConversationMoved { .. }
        | Event::RoundStarted { .. }
        | Event::WavesEnded { .. } => false,
    }
}
