//! What an event settles and does not say itself: how long somebody waited, answered, worked. Worked out from what the state holds anyway,
//! just before the event changes it; who counts it, and when, is not the engine's matter.

use smallvec::SmallVec;

use crate::engine::{
    event::{Event, RequestEnd, RequestKind},
    ids::{AgentIx, ChannelIx, ConversationId, Millis, QueueIx, RequestId},
    routing::{Mode, Routing, Target},
    state::State,
};

/// What kind of target a request has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TargetKind {
    /// One agent.
    Agent,
    /// One skill.
    Skill,
    /// Skill requirements.
    Requirements,
    /// A queue.
    Queue,
    /// A button.
    Button,
}

impl TargetKind {
    fn of(target: &Target) -> Self {
        match target {
            Target::Agent(_) => Self::Agent,
            Target::Skill(_) => Self::Skill,
            Target::Requirements(_) => Self::Requirements,
            Target::Queue { .. } => Self::Queue,
            Target::Button(_) => Self::Button,
        }
    }
}

/// What a request was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// What it asked.
    pub kind: RequestKind,
    /// Whom it addressed.
    pub target: TargetKind,
    /// The queue, where that was one.
    pub queue: Option<QueueIx>,
}

/// Something that was settled, with its figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measured {
    /// A request was opened.
    Opened {
        /// What it asks.
        asked: Asked,
        /// The full queue that it was meant for.
        overflowed_from: Option<QueueIx>,
    },
    /// A request was accepted.
    Accepted {
        /// What it asked.
        asked: Asked,
        /// How long it had waited, since it might be routed.
        waited: Millis,
        /// How long the winner looked at its invite; 0 where nobody had to.
        answered_in: Millis,
        /// Of a broadcast or a wave: the invites that were pending, the winner's included.
        raced: Option<usize>,
    },
    /// A request ended without an agent.
    Failed {
        /// What it asked.
        asked: Asked,
        /// Why.
        why: RequestEnd,
        /// Whether it went to many at once.
        race: bool,
    },
    /// An agent's part in a conversation ended, or rests: wrap-up and what was inactive are not in it.
    Handled {
        /// The conversation's channel.
        channel: ChannelIx,
        /// How long it was in hand.
        took: Millis,
    },
}

/// What an event settles: one thing as a rule.
pub type Settled = SmallVec<[Measured; 1]>;

/// Measures what an event settles that is about to change the state.
pub(super) fn measure(state: &State, now: Millis, event: &Event, out: &mut Settled) {
    match event {
        Event::ConversationCreated { routing, overflowed_from, .. }
        | Event::ConversationMoved { routing, overflowed_from, .. } => {
            out.push(opened(RequestKind::New, routing, *overflowed_from));
        }
        Event::RequestOpened { kind, routing, overflowed_from, .. } => {
            out.push(opened(*kind, routing, *overflowed_from));
        }
        Event::InviteAccepted { invite, request, conversation, giver, .. } => {
            let row = state.requests.at(*request);
            let Routing { mode, not_before, .. } = *row.routing;
            out.push(Measured::Accepted {
                asked: asked(row.kind, &row.routing),
                waited: now.saturating_sub(row.requested_at.max(not_before)),
                answered_in: now.saturating_sub(state.invites.at(*invite).sent_at),
                raced: (mode != Mode::Single).then_some(row.sent.pending.len()),
            });
            giver.iter().for_each(|giver| handled(state, now, *conversation, *giver, out));
        }
        Event::RequestEnded { request, why, .. } => out.push(failed(state, *request, *why)),
        Event::ParticipantLeft { conversation, agent, .. }
        | Event::ConversationInactivated { conversation, agent, .. } => {
            handled(state, now, *conversation, *agent, out);
        }
        Event::ConversationEnded { conversation, participants, .. } => {
            participants.iter().for_each(|agent| handled(state, now, *conversation, *agent, out));
        }
        Event::DirectoryChanged { .. }
        | Event::SessionStarted { .. }
        | Event::SessionResumed { .. }
        | Event::SessionDropped { .. }
        | Event::SessionEnded { .. }
        | Event::PresenceSet { .. }
        | Event::InvitesSent { .. }
        | Event::InvitesEnded { .. }
        | Event::RoundStarted { .. }
        | Event::WavesEnded { .. }
        | Event::RequestRelaxed { .. }
        | Event::AgentEarmarked { .. }
        | Event::EarmarkLifted { .. }
        | Event::ConversationResumed { .. }
        | Event::FlagRaised { .. }
        | Event::FlagLowered { .. }
        | Event::WrapUpExtended { .. }
        | Event::WrapUpEnded { .. }
        | Event::MessagePosted { .. }
        | Event::RecordAttached { .. }
        | Event::RecordRemoved { .. }
        | Event::RecordsGiven { .. } => {}
    }
}

fn asked(kind: RequestKind, routing: &Routing) -> Asked {
    Asked { kind, target: TargetKind::of(&routing.target), queue: routing.target.queue() }
}

fn opened(kind: RequestKind, routing: &Routing, overflowed_from: Option<QueueIx>) -> Measured {
    Measured::Opened { asked: asked(kind, routing), overflowed_from }
}

fn failed(state: &State, request: RequestId, why: RequestEnd) -> Measured {
    let row = state.requests.at(request);
    let race = row.routing.mode != Mode::Single;
    Measured::Failed { asked: asked(row.kind, &row.routing), why, race }
}

/// What was inactive when it ended was measured when it went inactive.
fn handled(state: &State, now: Millis, conversation: ConversationId, agent: AgentIx, out: &mut Settled) {
    let row = state.conversations.at(conversation);
    let part = row.participants.iter().find(|it| it.agent == agent && row.inactive.is_none());
    let measured =
        |since: Millis| Measured::Handled { channel: row.channel, took: now.saturating_sub(since) };
    part.into_iter().for_each(|it| out.push(measured(it.in_hand_since)));
}
