//! What leaves the house once a batch is durable, in this order: names and the feed, the notices of sessions, then the answers. Then it is
//! counted: nobody waits for that. It is a task of the runtime that callers and sessions are served on: whom it wakes there is not woken from
//! another thread, and while it tells what is durable, the committer makes more so.
//!
//! A session's stream is attached between the events that were decided before it was opened and those after, so it misses nothing and
//! is told nothing twice.

use std::{collections::BTreeMap, sync::Arc};

use crossbeam_channel::Sender;
use tokio::{sync::mpsc::Receiver, task::yield_now};

use super::{
    Hosted,
    letter::{Notice, ReplyTo, SessionSink, Told},
    tails::Tails,
    worker::{Batch, Opening, Part, Waiting},
};
use crate::{
    engine::{
        command::Acting,
        event::Event,
        ids::{AgentIx, Epoch},
        measure::Measured,
        rejection::Rejection,
    },
    metrics::{
        self,
        events::{HouseCounts, OrgCounts},
    },
    views::orgs::{Durable, Org, Orgs},
    wire::status,
};

/// Answers on streams after which whoever is ready goes first: the thread that tells them serves callers too.
const TURN: usize = 256;
/// What the answer to a call counts as among them, a query too. A call is a task of its own, and so few are written while others are told
/// still: were all told first, their callers and the service would wait for each other by turns.
const CALL: usize = 16;

/// What one commit made durable.
pub(super) struct Committed {
    /// In the order of their decisions.
    pub batches: Vec<Batch>,
    /// The bytes of each part that has events, in order.
    pub bytes: Vec<usize>,
}

struct Attached {
    epoch: Epoch,
    sink: SessionSink,
}

struct Out {
    org: Arc<Org>,
    /// By the number of their agent.
    sessions: Vec<Option<Attached>>,
    counts: OrgCounts,
}

/// What is to be counted, once everybody who waits has the answer.
struct Published {
    org: Arc<str>,
    batch: Arc<Durable>,
    measured: Vec<Measured>,
}

pub(super) struct Publisher {
    orgs: Arc<Orgs>,
    outs: BTreeMap<Arc<str>, Out>,
    snapshots: Sender<Box<Hosted>>,
    views: Sender<()>,
    counts: HouseCounts,
    tails: Tails,
    /// Answers in this turn.
    told: usize,
}

impl Publisher {
    pub(super) fn new(orgs: Arc<Orgs>, snapshots: Sender<Box<Hosted>>, views: Sender<()>) -> Self {
        Self {
            orgs,
            outs: BTreeMap::new(),
            snapshots,
            views,
            counts: HouseCounts::default(),
            tails: Tails::default(),
            told: 0,
        }
    }

    /// Publishes what is durable, in order, until nothing more will be.
    pub(super) async fn run(mut self, mut committed: Receiver<Committed>) {
        while let Some(Committed { batches, bytes }) = committed.recv().await {
            let mut bytes = bytes.into_iter();
            for batch in batches {
                self.publish(batch, &mut bytes).await;
            }
        }
    }

    /// `bytes` gives those of each part that has events.
    async fn publish(&mut self, batch: Batch, bytes: &mut impl Iterator<Item = usize>) {
        let mut published = Vec::with_capacity(batch.parts.len());
        for part in batch.parts {
            published.extend(self.publish_part(part, bytes));
        }
        for waiting in batch.waiting {
            self.told += if matches!(waiting, Waiting::Reply(ReplyTo::Stream(_), _)) { 1 } else { CALL };
            match waiting {
                Waiting::Reply(to, reply) => {
                    match &reply {
                        Ok(_) => self.counts.done(),
                        Err(refusal) => self.counts.refused(status::name(status::reason(refusal))),
                    }
                    to.send(reply);
                }
                Waiting::Answer(to, answer) => drop(to.send(*answer)),
                Waiting::Woken(to) => drop(to.send(())),
            }
            if self.told >= TURN {
                self.told = 0;
                yield_now().await;
            }
        }
        published.iter().for_each(|it| self.count(it));
    }

    fn count(&mut self, it: &Published) {
        let Some(Out { org, counts, .. }) = self.outs.get_mut(&it.org) else { return };
        it.batch.events.iter().for_each(|event| counts.event(&mut self.counts, event));
        let names = org.names();
        it.measured.iter().for_each(|it| counts.measured(&mut self.counts, &names, it));
    }

    /// Publishes what was decided for one org; what of it is to be counted comes back.
    fn publish_part(&mut self, part: Part, bytes: &mut impl Iterator<Item = usize>) -> Option<Published> {
        let Part { org, first, outbox, openings, snapshot } = part;
        if let Some(hosted) = snapshot {
            // Where too many wait already, another is taken later.
            drop(self.snapshots.try_send(hosted));
        }
        let out = self.outs.entry(org).or_insert_with_key(|id| Out {
            org: self.orgs.get_or_new(id),
            sessions: Vec::new(),
            counts: OrgCounts::new(id.clone()),
        });
        let (mut openings, mut published) = (openings.into_iter().peekable(), None);
        if let Some(at) = outbox.first().map(|it| it.at) {
            let parts =
                outbox.into_iter().map(|it| (it.event, (it.told, it.log_number, it.invites_to, it.measured)));
            let (events, rest): (Vec<Event>, Vec<_>) = parts.unzip();
            let mut measured = Vec::new();
            let batch = Arc::new(Durable { first, at, events, bytes: bytes.next().unwrap_or(0) });
            self.tails.publish(&out.org, batch.clone());
            // Where nobody takes the word now, somebody is at it already and will see this too.
            self.views.try_send(()).unwrap_or(());
            for (place, (told, log_number, invites_to, settled)) in rest.into_iter().enumerate() {
                while let Some(opening) = openings.next_if(|it| it.after <= place) {
                    out.attach(opening);
                }
                let it = Told { batch: Arc::downgrade(&batch), place, log_number, invites_to };
                out.tell(&batch.events[place], &it, &told);
                measured.extend(settled);
            }
            published = Some(Published { org: out.org.id.clone(), batch, measured });
        }
        openings.for_each(|opening| out.attach(opening));
        published
    }
}

impl Out {
    fn attach(&mut self, opening: Opening) {
        let Opening { session: Acting { agent, epoch }, resumed, view, sink, .. } = opening;
        if sink.tell(Notice::Opened { epoch, resumed, view: Box::new(view) }) {
            if agent.index() >= self.sessions.len() {
                self.sessions.resize_with(agent.index() + 1, || None);
            }
            if let Some(former) = self.sessions[agent.index()].replace(Attached { epoch, sink }) {
                former.sink.end(Rejection::SessionFenced);
            }
        } else {
            sink.end(Rejection::SessionNotOpen);
        }
    }

    fn tell(&mut self, event: &Event, it: &Told, told: &[AgentIx]) {
        if let Event::SessionStarted { agent, epoch, .. } = event {
            self.detach(*agent, |it| it < *epoch, Rejection::SessionFenced);
        } else if let Event::SessionDropped { agent, .. } | Event::SessionEnded { agent, .. } = event {
            self.detach(*agent, |_| true, Rejection::SessionNotOpen);
        }
        for agent in told {
            let Some(Some(attached)) = self.sessions.get(agent.index()) else { continue };
            if !attached.sink.tell(Notice::Event(it.clone())) {
                // Too slow, or gone. It comes back within its lease and sees the state as it stands.
                self.detach(*agent, |_| true, Rejection::SessionNotOpen);
                metrics::session_cut();
            }
        }
    }

    fn detach(&mut self, agent: AgentIx, which: impl Fn(Epoch) -> bool, why: Rejection) {
        let place = self.sessions.get_mut(agent.index());
        if let Some(ended) = place.and_then(|it| it.take_if(|it| which(it.epoch))) {
            ended.sink.end(why);
        }
    }
}
