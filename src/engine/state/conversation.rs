//! A conversation and its requests, as the engine keeps them while they are live.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;
use smol_str::SmolStr;

use super::table::Table;
use crate::engine::{
    event::RequestKind,
    ids::{AgentIx, ChannelIx, ConversationId, InviteId, Millis, RequestId},
    records::Record,
    relaxation::{NextStep, Relaxed},
    routing::{Routing, RoutingType},
    state::records::Records,
};

/// That an agent asks for help.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flag {
    /// Since when.
    pub raised_at: Millis,
    /// What help is wanted.
    pub reason: Box<str>,
}

/// An agent in a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Participant {
    /// Who.
    pub agent: AgentIx,
    /// Since when.
    pub joined_at: Millis,
    /// Since when it has the conversation in hand: since it joined, or the conversation went on.
    pub in_hand_since: Millis,
    /// Its flag, where it is up.
    pub flag: Option<Box<Flag>>,
}

/// What is true of a conversation while it is inactive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inactive {
    /// Since when.
    pub since: Millis,
    /// When it ends by itself; 0: never.
    pub ends_at: Millis,
    /// What its agent held before, and holds again when it goes on.
    pub units: u32,
}

/// A live conversation.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Conversation {
    /// Its channel.
    pub channel: ChannelIx,
    /// Its customer.
    pub customer: SmolStr,
    /// How it came in.
    pub routing_type: RoutingType,
    /// When it was created, which is since when its customer waits (QUE-2).
    pub created_at: Millis,
    /// How it is routed when its only agent is lost.
    pub origin: Arc<Routing>,
    /// Who is in it, the keeper first.
    pub participants: SmallVec<[Participant; 1]>,
    /// Its open requests, oldest first.
    pub requests: SmallVec<[RequestId; 2]>,
    /// Entries of its chat log.
    pub log_entries: u32,
    /// Entries of it that the customer sees.
    pub customer_log_entries: u32,
    /// Who of the participants has which records. While nobody is in, those of the last who was.
    pub records: Records,
    /// Whether it is inactive, and what that means for it. Then at most one agent is in it, and nothing is asked.
    pub inactive: Option<Inactive>,
    /// Since when nobody wrote, came, left or was asked for.
    pub quiet_since: Millis,
    /// When it goes inactive by silence; 0: it does not.
    pub silent_at: Millis,
}

impl Conversation {
    /// Whether an agent is in it.
    pub fn has(&self, agent: AgentIx) -> bool {
        self.participants.iter().any(|it| it.agent == agent)
    }

    /// Whether an agent that is in asks for help.
    pub fn is_flagged(&self) -> bool {
        self.participants.iter().any(|it| it.flag.is_some())
    }

    /// Raises or lowers the flag of an agent that is in.
    pub fn set_flag(&mut self, agent: AgentIx, flag: Option<Flag>) {
        if let Some(it) = self.participants.iter_mut().find(|it| it.agent == agent) {
            it.flag = flag.map(Box::new);
        }
    }

    /// Whoever joined has these records; whoever is out has none any more.
    pub fn give_records(&mut self, agent: AgentIx, records: &[Record]) {
        self.records.give(agent, records);
        self.records.keep_for(&self.participants);
    }
}

/// An agent that said no, or nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Declined {
    /// Who.
    pub agent: AgentIx,
    /// When.
    pub at: Millis,
    /// Whether by letting it expire.
    pub expired: bool,
    /// When it may be invited again; 0: not by the passing of time.
    pub again_at: Millis,
}

/// The invites that a request has out now, all sent at once unless it goes by waves.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Sent {
    /// Which, whose, best first within a wave. Those that ended are no longer here.
    pub pending: SmallVec<[(InviteId, AgentIx); 1]>,
    /// When those of the latest wave expire; 0: never.
    pub expires_at: Millis,
    /// When those of earlier waves do, as far as any is pending.
    pub earlier_expiries: Vec<Millis>,
    /// How many waves it is.
    pub wave: u32,
    /// When the next is due; 0: there is none.
    pub next_wave_at: Millis,
    /// What an acceptance takes.
    pub units: u32,
    /// Whether of the interruptible pool.
    pub interruptible: bool,
    /// Whether the invites hold it.
    pub held: bool,
}

impl Sent {
    /// One more wave; earlier invites stay as they are, and all weigh the same.
    pub fn next_wave(&mut self, more: Self) {
        if !self.earlier_expiries.contains(&self.expires_at) && self.expires_at != more.expires_at {
            self.earlier_expiries.push(self.expires_at);
        }
        self.earlier_expiries.retain(|it| *it != 0);
        self.expires_at = more.expires_at;
        self.pending.extend(more.pending);
        self.wave += 1;
        self.next_wave_at = more.next_wave_at;
    }

    /// Takes out the times at which nothing that is pending expires any more.
    pub fn take_spent(&mut self, invites: &Table<InviteId, Invite>) -> Vec<Millis> {
        let is_spent = |at: Millis| self.pending.iter().all(|it| invites.at(it.0).expires_at != at);
        let latest = Some(self.expires_at).filter(|it| is_spent(*it));
        let mut spent: Vec<Millis> =
            self.earlier_expiries.iter().copied().filter(|it| is_spent(*it)).collect();
        self.earlier_expiries.retain(|it| !spent.contains(it));
        if let Some(latest) = latest {
            self.expires_at = 0;
            spent.push(latest);
        }
        spent
    }
}

/// One ask to find an agent.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Request {
    /// Its conversation.
    pub conversation: ConversationId,
    /// What it asks.
    pub kind: RequestKind,
    /// Who asked; none for NEW.
    pub requester: Option<AgentIx>,
    /// How it is routed.
    pub routing: Arc<Routing>,
    /// Since when it counts as waiting.
    pub requested_at: Millis,
    /// What it has out.
    pub sent: Sent,
    /// Who said no in this round (INV-6).
    pub declined: Vec<Declined>,
    /// How often everyone had declined.
    pub round: u32,
    /// How far its requirements have given way (SKL-2).
    pub relaxed: Relaxed,
    /// From when its steps count.
    pub steps_from: Millis,
    /// The agent that is earmarked for it (QUE-5).
    pub earmarked: Option<AgentIx>,
    /// Whether an acceptance has won; it is here only until the losers' invites are rescinded.
    pub accepted: bool,
}

impl Request {
    /// Whether nobody is invited now.
    pub fn is_waiting(&self) -> bool {
        self.sent.pending.is_empty() && !self.accepted
    }

    /// What of its requirements gives way next.
    pub fn next_step(&self) -> Option<NextStep> {
        self.routing.relaxation.next(self.steps_from, self.relaxed)
    }

    /// When that is; 0: never.
    pub fn relaxes_at(&self) -> Millis {
        self.next_step().map_or(0, |it| it.at)
    }

    /// Whether the time of its next wave has come.
    pub fn wave_is_due(&self, now: Millis) -> bool {
        let at = self.sent.next_wave_at;
        at != 0 && at <= now && !self.sent.pending.is_empty() && !self.accepted
    }

    /// When it begins to earmark an agent, if it still waits then; 0: never.
    pub fn earmark_at(&self) -> Millis {
        let Routing { earmark_after, not_before, .. } = *self.routing;
        if earmark_after == 0 { 0 } else { self.requested_at.max(not_before) + earmark_after }
    }

    /// Whether it has waited so long that it earmarks an agent.
    pub fn starves(&self, now: Millis) -> bool {
        (1..=now).contains(&self.earmark_at())
    }

    /// Whether it waits in line: nobody is invited, and it need not wait for its time (QUE-4).
    pub fn is_in_line(&self, now: Millis) -> bool {
        self.is_waiting() && self.routing.not_before <= now
    }
}

/// A pending invite.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Invite {
    /// Its request.
    pub request: RequestId,
    /// Whose.
    pub agent: AgentIx,
    /// When it was sent.
    pub sent_at: Millis,
    /// When it expires; 0: never.
    pub expires_at: Millis,
}
