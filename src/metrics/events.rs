//! What is counted of events, once they are durable. The handles of all series are looked up once and kept, so that an event costs a few
//! additions and no allocation.

use std::{hash::Hash, sync::Arc};

use metrics::{Counter, Histogram, SharedString, counter, histogram};
use rustc_hash::FxHashMap;

use super::places::{self, Labelled};
use crate::engine::{
    directory::{names::Names, spec::ResourceKind},
    event::{Event, InviteEnd, RequestEnd, RequestKind},
    ids::{ChannelIx, Millis, QueueIx},
    measure::{Asked, Measured, TargetKind},
};

/// The handles of a metric by what its labels say.
struct Handles<K, T>(FxHashMap<K, T>);

impl<K, T> Default for Handles<K, T> {
    fn default() -> Self {
        Self(FxHashMap::default())
    }
}

impl<K: Eq + Hash + Copy, T> Handles<K, T> {
    fn at(&mut self, key: K, look_up: impl FnOnce() -> T) -> &mut T {
        self.0.entry(key).or_insert_with(look_up)
    }
}

/// What is counted of all orgs together.
pub struct HouseCounts {
    events: Handles<&'static str, Counter>,
    done: Counter,
    refused: Counter,
    reasons: Handles<&'static str, Counter>,
    waits: Handles<(RequestKind, TargetKind), Histogram>,
    races_won: Counter,
    races_lost: Counter,
    race_invites: Histogram,
}

impl Default for HouseCounts {
    fn default() -> Self {
        Self {
            events: Handles::default(),
            done: counter!("omniroute_commands_total", "outcome" => "done"),
            refused: counter!("omniroute_commands_total", "outcome" => "refused"),
            reasons: Handles::default(),
            waits: Handles::default(),
            races_won: counter!("omniroute_races_total", "outcome" => "won"),
            races_lost: counter!("omniroute_races_total", "outcome" => "nobody_came"),
            race_invites: histogram!("omniroute_race_invites"),
        }
    }
}

impl HouseCounts {
    /// A command was carried out.
    pub fn done(&self) {
        self.done.increment(1);
    }

    /// A command was refused, for this published reason.
    pub fn refused(&mut self, reason: &'static str) {
        self.refused.increment(1);
        let look_up = || counter!("omniroute_commands_refused_total", "reason" => reason);
        self.reasons.at(reason, look_up).increment(1);
    }

    fn event(&mut self, event: &'static str) {
        self.events.at(event, || counter!("omniroute_events_total", "event" => event)).increment(1);
    }

    fn wait(&mut self, asked: Asked, waited: Millis) {
        let (kind, target) = (kind_label(asked.kind), target_label(asked.target));
        let look_up = || histogram!("omniroute_request_wait_seconds", "kind" => kind, "target" => target);
        self.waits.at((asked.kind, asked.target), look_up).record(seconds(waited));
    }

    /// A race was won with so many invites pending; none: it ended and nobody came.
    fn race(&self, invites: Option<usize>) {
        match invites {
            Some(invites) => {
                self.races_won.increment(1);
                #[allow(clippy::cast_precision_loss, reason = "a broadcast is bounded far below 2^52")]
                self.race_invites.record(invites as f64);
            }
            None => self.races_lost.increment(1),
        }
    }
}

/// What is counted of one org.
pub struct OrgCounts {
    org: Arc<str>,
    label: SharedString,
    opened: Handles<(RequestKind, TargetKind), Counter>,
    settled: Handles<(RequestKind, TargetKind, &'static str), Counter>,
    invites_sent: Counter,
    invites_ended: Handles<&'static str, Counter>,
    accept: Histogram,
    handle: Handles<ChannelIx, Histogram>,
    queues: Handles<QueueIx, QueueCounts>,
}

struct QueueCounts {
    label: SharedString,
    requests: Counter,
    wait: Histogram,
    overflows: Counter,
    lost: Handles<&'static str, Counter>,
}

impl OrgCounts {
    /// Those of an org of which nothing was counted yet.
    pub fn new(org: Arc<str>) -> Self {
        let label = places::org_label(&org);
        Self {
            org,
            opened: Handles::default(),
            settled: Handles::default(),
            invites_sent: counter!("omniroute_invites_sent_total", "org" => label.clone()),
            invites_ended: Handles::default(),
            accept: histogram!("omniroute_invite_accept_seconds", "org" => label.clone()),
            handle: Handles::default(),
            queues: Handles::default(),
            label,
        }
    }

    /// An event became durable.
    pub fn event(&mut self, house: &mut HouseCounts, event: &Event) {
        house.event(name(event));
        if let Event::InvitesSent { agents, .. } = event {
            self.invites_sent.increment(agents.len() as u64);
        } else if let Event::InviteAccepted { .. } = event {
            self.invites_ended("accepted", 1);
        } else if let Event::InvitesEnded { end, invites, .. } = event {
            self.invites_ended(end_label(*end), invites.len());
        }
    }

    /// Something was settled by events that became durable. `names` are those of the org's directory.
    pub fn measured(&mut self, house: &mut HouseCounts, names: &Names, it: &Measured) {
        match *it {
            Measured::Opened { asked, overflowed_from } => {
                let (kind, target) = (kind_label(asked.kind), target_label(asked.target));
                let org = &self.label;
                let look_up = || counter!("omniroute_requests_opened_total", "org" => org.clone(), "kind" => kind, "target" => target);
                self.opened.at((asked.kind, asked.target), look_up).increment(1);
                if let Some(queue) = asked.queue {
                    self.queue(names, queue).requests.increment(1);
                }
                if let Some(queue) = overflowed_from {
                    self.queue(names, queue).overflows.increment(1);
                }
            }
            Measured::Accepted { asked, waited, answered_in, raced } => {
                self.settled(asked, "accepted");
                self.accept.record(seconds(answered_in));
                house.wait(asked, waited);
                if let Some(queue) = asked.queue {
                    self.queue(names, queue).wait.record(seconds(waited));
                }
                if raced.is_some() {
                    house.race(raced);
                }
            }
            Measured::Failed { asked, why, race } => {
                let outcome = why_label(why);
                self.settled(asked, outcome);
                if let Some(queue) = asked.queue {
                    self.lost(names, queue, outcome);
                }
                if race {
                    house.race(None);
                }
            }
            Measured::Handled { channel, took } => {
                let org = (&self.org, &self.label);
                let look_up = || {
                    let id = names.of(ResourceKind::Channel).name(channel.0);
                    let channel = places::label(Labelled::Channel, org.0, channel.0, id);
                    histogram!("omniroute_handle_seconds", "org" => org.1.clone(), "channel" => channel)
                };
                self.handle.at(channel, look_up).record(seconds(took));
            }
        }
    }

    fn invites_ended(&mut self, end: &'static str, invites: usize) {
        let org = &self.label;
        let look_up = || counter!("omniroute_invites_ended_total", "org" => org.clone(), "end" => end);
        self.invites_ended.at(end, look_up).increment(invites as u64);
    }

    fn settled(&mut self, asked: Asked, outcome: &'static str) {
        let (kind, target, org) = (kind_label(asked.kind), target_label(asked.target), &self.label);
        let look_up = || {
            counter!("omniroute_requests_settled_total",
                     "org" => org.clone(), "kind" => kind, "target" => target, "outcome" => outcome)
        };
        self.settled.at((asked.kind, asked.target, outcome), look_up).increment(1);
    }

    fn queue(&mut self, names: &Names, queue: QueueIx) -> &mut QueueCounts {
        let org = (&self.org, &self.label);
        self.queues.at(queue, || {
            let id = names.of(ResourceKind::Queue).name(queue.0);
            QueueCounts::new(org.1.clone(), places::label(Labelled::Queue, org.0, queue.0, id))
        })
    }

    fn lost(&mut self, names: &Names, queue: QueueIx, outcome: &'static str) {
        let org = self.label.clone();
        let counts = self.queue(names, queue);
        let queue = &counts.label;
        let look_up = || counter!("omniroute_queue_lost_total", "org" => org, "queue" => queue.clone(), "outcome" => outcome);
        counts.lost.at(outcome, look_up).increment(1);
    }
}

impl QueueCounts {
    fn new(org: SharedString, queue: SharedString) -> Self {
        let labels = [("org", org), ("queue", queue.clone())];
        Self {
            label: queue,
            requests: counter!("omniroute_queue_requests_total", &labels),
            wait: histogram!("omniroute_queue_wait_seconds", &labels),
            overflows: counter!("omniroute_queue_overflows_total", &labels),
            lost: Handles::default(),
        }
    }
}

#[allow(clippy::cast_precision_loss, reason = "spans of time are far below 2^52 milliseconds")]
fn seconds(ms: Millis) -> f64 {
    ms as f64 / 1_000.0
}

fn kind_label(kind: RequestKind) -> &'static str {
    match kind {
        RequestKind::New => "new",
        RequestKind::Conference => "conference",
        RequestKind::Transfer => "transfer",
    }
}

fn target_label(target: TargetKind) -> &'static str {
    match target {
        TargetKind::Agent => "agent",
        TargetKind::Skill => "skill",
        TargetKind::Requirements => "requirements",
        TargetKind::Queue => "queue",
        TargetKind::Button => "button",
    }
}

fn end_label(end: InviteEnd) -> &'static str {
    match end {
        InviteEnd::Declined => "declined",
        InviteEnd::Expired => "expired",
        InviteEnd::Rescinded => "rescinded",
        InviteEnd::Revoked => "revoked",
    }
}

fn why_label(why: RequestEnd) -> &'static str {
    match why {
        RequestEnd::NoAgentEligible => "no_agent_eligible",
        RequestEnd::AllDeclined => "all_declined",
        RequestEnd::AllExpired => "all_expired",
        RequestEnd::Cancelled => "cancelled",
        RequestEnd::RequesterLeft => "requester_left",
        RequestEnd::ConversationEnded => "conversation_ended",
        RequestEnd::NoAgentAvailable => "no_agent_available",
        RequestEnd::Moved => "moved",
    }
}

fn name(event: &Event) -> &'static str {
    match event {
        Event::DirectoryChanged { .. } => "directory_changed",
        Event::SessionStarted { .. } => "session_started",
        Event::SessionResumed { .. } => "session_resumed",
        Event::SessionDropped { .. } => "session_dropped",
        Event::SessionEnded { .. } => "session_ended",
        Event::PresenceSet { .. } => "presence_set",
        Event::ConversationCreated { .. } => "conversation_created",
        Event::RequestOpened { .. } => "request_opened",
        Event::InvitesSent { .. } => "invites_sent",
        Event::InviteAccepted { .. } => "invite_accepted",
        Event::InvitesEnded { .. } => "invites_ended",
        Event::RequestEnded { .. } => "request_ended",
        Event::RoundStarted { .. } => "round_started",
        Event::WavesEnded { .. } => "waves_ended",
        Event::RequestRelaxed { .. } => "request_relaxed",
        Event::AgentEarmarked { .. } => "agent_earmarked",
        Event::EarmarkLifted { .. } => "earmark_lifted",
        Event::ParticipantLeft { .. } => "participant_left",
        Event::ConversationInactivated { .. } => "conversation_inactivated",
        Event::ConversationResumed { .. } => "conversation_resumed",
        Event::ConversationEnded { .. } => "conversation_ended",
        Event::ConversationMoved { .. } => "conversation_moved",
        Event::FlagRaised { .. } => "flag_raised",
        Event::FlagLowered { .. } => "flag_lowered",
        Event::WrapUpExtended { .. } => "wrap_up_extended",
        Event::WrapUpEnded { .. } => "wrap_up_ended",
        Event::MessagePosted { .. } => "message_posted",
        Event::RecordAttached { .. } => "record_attached",
        Event::RecordRemoved { .. } => "record_removed",
        Event::RecordsGiven { .. } => "records_given",
    }
}
