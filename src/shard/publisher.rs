//! What leaves the house once a batch is durable, in this order: names and the feed, the notices of sessions, then the answers.
//!
//! A session's stream is attached between the events that were decided before it was opened and those after, so it misses nothing and
//! is told nothing twice.

use std::{collections::BTreeMap, sync::Arc};

use crossbeam_channel::Sender;
use rustc_hash::FxHashMap;
use tonic::Status;

use super::{
    letter::SessionSink,
    worker::{Batch, Opening, Part, Waiting},
};
use crate::{
    engine::{
        Recorded,
        command::Acting,
        directory::{names::Names, spec::ResourceKind},
        event::Event,
        ids::{AgentIx, Epoch},
        limits,
        query::AgentView,
        rejection::Rejection,
    },
    journal::Position,
    metrics,
    views::orgs::{Durable, Org, Orgs},
    wire::{
        notice::{self, InviteContext},
        status,
        v1::{self, open_session_response::Notice},
        view,
    },
};

/// Events of an org after which a snapshot is taken: so many are replayed at most, beside what comes while one is being taken.
const SNAPSHOT_EVERY: u64 = 500_000;

struct Attached {
    epoch: Epoch,
    sink: SessionSink,
}

struct Out {
    org: Arc<Org>,
    sessions: FxHashMap<AgentIx, Attached>,
    since_snapshot: u64,
}

pub(super) struct Publisher {
    orgs: Arc<Orgs>,
    outs: BTreeMap<Arc<str>, Out>,
    snapshots: Sender<Arc<str>>,
    views: Sender<()>,
}

impl Publisher {
    pub(super) fn new(orgs: Arc<Orgs>, snapshots: Sender<Arc<str>>, views: Sender<()>) -> Self {
        Self { orgs, outs: BTreeMap::new(), snapshots, views }
    }

    /// Publishes what is durable. `bytes` gives those of each part that has events.
    pub(super) fn publish(&mut self, batch: Batch, bytes: &mut impl Iterator<Item = usize>) {
        for part in batch.parts {
            self.publish_part(part, bytes);
        }
        for waiting in batch.waiting {
            // Whoever no longer waits for an answer has gone; what was decided stands.
            match waiting {
                Waiting::Reply(to, reply) => {
                    metrics::answered(reply.is_ok());
                    drop(to.send(reply));
                }
                Waiting::Answer(to, answer) => drop(to.send(*answer)),
                Waiting::Woken(to) => drop(to.send(())),
            }
        }
    }

    fn publish_part(&mut self, part: Part, bytes: &mut impl Iterator<Item = usize>) {
        let Part { org, first, outbox, openings } = part;
        let out = self.outs.entry(org).or_insert_with_key(|id| Out {
            org: self.orgs.get_or_new(id),
            sessions: FxHashMap::default(),
            since_snapshot: 0,
        });
        if let Some(at) = outbox.events.first().map(|it| it.at) {
            let events: Vec<Event> = outbox.events.iter().map(|it| it.event.clone()).collect();
            let durable = Durable { first, at, events, bytes: bytes.next().unwrap_or(0) };
            out.org.publish(Arc::new(durable));
            out.since_snapshot += outbox.events.len() as u64;
            // Where nobody takes the word now, somebody is at it already and will see this too.
            self.views.try_send(()).unwrap_or(());
            if out.since_snapshot >= SNAPSHOT_EVERY && self.snapshots.try_send(out.org.id.clone()).is_ok() {
                out.since_snapshot = 0;
            }
        }
        let mut openings = openings.into_iter().peekable();
        for (place, recorded) in outbox.events.iter().enumerate() {
            while let Some(opening) = openings.next_if(|it| it.after <= place) {
                out.attach(opening);
            }
            metrics::event(&recorded.event);
            let told = &outbox.told[recorded.told.clone()];
            out.tell(Position(first.0 + place as u64), recorded, told);
        }
        openings.for_each(|opening| out.attach(opening));
    }
}

impl Out {
    fn attach(&mut self, opening: Opening) {
        let Opening { session: Acting { agent, epoch }, resumed, view, sink, .. } = opening;
        let opened = opened(epoch, resumed, &view, &self.org.names());
        if sink.notices.try_send(opened).is_ok() {
            let former = self.sessions.insert(agent, Attached { epoch, sink });
            if let Some(former) = former {
                end(former, status::refusal(&Rejection::SessionFenced));
            }
        }
        metrics::sessions(&self.org.id, self.sessions.len());
    }

    fn tell(&mut self, position: Position, recorded: &Recorded, told: &[AgentIx]) {
        match &recorded.event {
            Event::SessionStarted { agent, epoch, .. } => {
                self.detach(*agent, |it| it < *epoch, &Rejection::SessionFenced);
            }
            Event::SessionDropped { agent, epoch, .. } => {
                self.detach(*agent, |it| it == *epoch, &Rejection::SessionNotOpen);
            }
            Event::SessionEnded { agent, .. } => self.detach(*agent, |_| true, &Rejection::SessionNotOpen),
            _ => {}
        }
        for agent in told {
            let Some(attached) = self.sessions.get(agent) else { continue };
            let notices = notices(position, recorded, *agent, &self.org.names());
            let unread = notices.into_iter().any(|it| attached.sink.notices.try_send(it).is_err());
            if unread {
                // Too slow, or gone. It comes back within its lease and sees the state as it stands.
                self.detach(*agent, |_| true, &Rejection::SessionNotOpen);
                metrics::session_cut();
            }
        }
    }

    fn detach(&mut self, agent: AgentIx, which: impl Fn(Epoch) -> bool, why: &Rejection) {
        if self.sessions.get(&agent).is_some_and(|it| which(it.epoch))
            && let Some(attached) = self.sessions.remove(&agent)
        {
            end(attached, status::refusal(why));
            metrics::sessions(&self.org.id, self.sessions.len());
        }
    }
}

/// The first notice of a stream: the state as it stands.
fn opened(epoch: Epoch, resumed: bool, view: &AgentView, names: &Names) -> v1::OpenSessionResponse {
    let agent = Some(view::agent(view, names));
    let lease_ms = i64::try_from(limits::LEASE_MS).unwrap_or(i64::MAX);
    let opened = v1::SessionOpened { epoch: epoch.0, resumed, lease_ms, agent };
    v1::OpenSessionResponse { position: 0, at_ms: 0, notice: Some(Notice::Opened(opened)) }
}

fn notices(
    position: Position,
    recorded: &Recorded,
    to: AgentIx,
    names: &Names,
) -> Vec<v1::OpenSessionResponse> {
    let invite = recorded.invites_to.as_ref().map_or_else(InviteContext::default, |it| InviteContext {
        customer: &it.customer,
        channel: names.of(ResourceKind::Channel).name(it.channel.0),
        requester: it.requester,
        auto_accept: it.auto_accept,
    });
    notice::notices(position.0, recorded.at, &recorded.event, to, names, &invite, recorded.log_number)
}

fn end(attached: Attached, why: Status) {
    // A client that is gone needs no farewell.
    drop(attached.sink.ending.send(why));
}
