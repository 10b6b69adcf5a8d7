//! The thread of a shard: drains the mailbox, takes a batch of it with the orgs in turn, stamps the time once, lets the engines decide,
//! and passes the events of the whole batch on as one.

use std::{
    collections::{BTreeMap, BTreeSet, hash_map::Entry},
    sync::Arc,
};

use crossbeam_channel::{RecvTimeoutError, Sender};
use rustc_hash::FxHashMap;
use tokio::sync::oneshot;

use super::{
    Hosted,
    lanes::Lanes,
    letter::{Letter, ReplyTo, SessionSink, StreamNumber},
    mailbox::{Envelope, Inbox, MAILBOX_MAX, WAIT_TARGET},
};
use crate::{
    clock::{Clock, Stopwatch},
    engine::{
        Engine, Recorded,
        command::{Acting, Command, Query},
        ids::{AgentIx, Epoch, Millis, RequestKey},
        query::{AgentView, Answer},
        rejection::Rejection,
        reply::Reply,
    },
    journal::Position,
    metrics,
    telemetry::trace::Stage,
};

/// Letters of one batch, at most: so that the first of them does not wait for thousands.
const BATCH_MAX: usize = 1_024;

/// Events of an org after which a snapshot is taken: so many are replayed at most, beside what comes until it is written.
pub(super) const SNAPSHOT_EVERY: u64 = if cfg!(test) { 64 } else { 2_000_000 };

/// Orgs that a shard hosts, at most.
const ORGS_MAX: usize = 10_000;

/// A session that was opened in a batch.
#[derive(Debug)]
pub(super) struct Opening {
    /// After so many events of the org's part.
    pub after: usize,
    /// Which session.
    pub session: Acting,
    /// Whether it was there before.
    pub resumed: bool,
    /// Its agent at that moment.
    pub view: AgentView,
    /// Where its notices go.
    pub sink: SessionSink,
}

/// What a batch decided for one org.
#[derive(Debug)]
pub(super) struct Part {
    /// Which.
    pub org: Arc<str>,
    /// Where its first event stands.
    pub first: Position,
    /// Its events.
    pub outbox: Vec<Recorded>,
    /// Its sessions that were opened, in order.
    pub openings: Vec<Opening>,
    /// The org after its events, if a snapshot is to be taken once they are durable.
    pub snapshot: Option<Box<Hosted>>,
}

/// An answer that waits for its batch to be durable.
#[derive(Debug)]
pub(super) enum Waiting {
    /// To a command.
    Reply(ReplyTo, Result<Reply, Rejection>),
    /// To a query.
    Answer(oneshot::Sender<Result<Answer, Rejection>>, Box<Result<Answer, Rejection>>),
    /// To a call to wake.
    Woken(oneshot::Sender<()>),
}

/// What is committed as one.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// By org.
    pub parts: Vec<Part>,
    /// In the order of the letters.
    pub waiting: Vec<Waiting>,
}

/// Why a worker that waited goes on.
enum Woken {
    /// There is a letter.
    Letter(Box<Envelope>),
    /// Something is due, or letters wait in the lanes.
    Due,
    /// Nobody can send a letter any more.
    Alone,
}

struct Seat {
    engine: Engine,
    last: Position,
    /// The position that the newest snapshot was taken at.
    snapshot: Position,
    wake: Option<Millis>,
    streams: FxHashMap<AgentIx, (StreamNumber, Epoch)>,
    openings: Vec<Opening>,
}

pub(super) struct Worker {
    clock: Clock,
    inbox: Inbox,
    lanes: Lanes,
    /// Since when there was always more to do than a batch takes, and how much of it was done.
    busy: Option<(Stopwatch, usize)>,
    commits: Sender<Batch>,
    /// Where snapshots are taken, to see whether there is room for one more.
    snapshots: Sender<Box<Hosted>>,
    seats: BTreeMap<Arc<str>, Seat>,
    wakes: BTreeSet<(Millis, Arc<str>)>,
    /// Orgs that this batch has touched.
    touched: BTreeSet<Arc<str>>,
    waiting: Vec<Waiting>,
}

impl Worker {
    pub(super) fn new(
        clock: Clock,
        inbox: Inbox,
        commits: Sender<Batch>,
        snapshots: Sender<Box<Hosted>>,
        hosted: Vec<Hosted>,
    ) -> Self {
        let mut worker = Self {
            clock,
            inbox,
            lanes: Lanes::default(),
            busy: None,
            commits,
            snapshots,
            seats: BTreeMap::new(),
            wakes: BTreeSet::new(),
            touched: BTreeSet::new(),
            waiting: Vec::new(),
        };
        for Hosted { org, state, last, snapshot } in hosted {
            worker.seats.insert(org, Seat::new(Engine::new(state), last, snapshot));
        }
        worker
    }

    /// Works until it is told to stop, or the committer is gone: then nothing can be made durable, and nothing more is answered.
    pub(super) fn run(mut self) -> Vec<Hosted> {
        self.drop_all_sessions();
        let mut stopped = !self.close_batch();
        let mut last_words = false;
        while !stopped {
            let woken = self.wait();
            let (now, watch) = (self.clock.now(), Stopwatch::start());
            self.advance(now);
            last_words |= match woken {
                Woken::Letter(envelope) => self.sort(*envelope),
                Woken::Due => false,
                Woken::Alone => true,
            };
            for envelope in self.inbox.letters.clone().try_iter().take(MAILBOX_MAX) {
                last_words |= self.sort(envelope);
            }
            let mut letters = 0;
            for _ in 0..BATCH_MAX {
                let Some(letter) = self.lanes.next() else { break };
                self.take(now, letter);
                letters += 1;
            }
            metrics::batch(watch.seconds(), letters);
            stopped = !self.close_batch() || last_words && self.lanes.is_empty();
            self.make_room();
        }
        let seats = std::mem::take(&mut self.seats);
        seats
            .into_iter()
            .map(|(org, Seat { engine, last, snapshot, .. })| Hosted {
                org,
                state: engine.into_state(),
                last,
                snapshot,
            })
            .collect()
    }

    /// At the start no stream is open: the leases of all sessions run from now.
    fn drop_all_sessions(&mut self) {
        let now = self.clock.now();
        for org in self.seats.keys().cloned().collect::<Vec<_>>() {
            // The answer is for nobody; there is none but "done".
            drop(self.decide(now, &org, None, Command::DropAllSessions));
        }
    }

    fn wait(&self) -> Woken {
        if !self.lanes.is_empty() {
            return Woken::Due;
        }
        let due = self.wakes.first().and_then(|(at, _)| self.clock.until(*at));
        let letter = match due {
            None => self.inbox.letters.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(due) => self.inbox.letters.recv_timeout(due),
        };
        match letter {
            Ok(letter) => Woken::Letter(Box::new(letter)),
            Err(RecvTimeoutError::Timeout) => Woken::Due,
            Err(RecvTimeoutError::Disconnected) => Woken::Alone,
        }
    }

    fn advance(&mut self, now: Millis) {
        let due: Vec<Arc<str>> =
            self.wakes.iter().take_while(|(at, _)| *at <= now).map(|(_, org)| org.clone()).collect();
        for org in due {
            if let Some(seat) = self.seats.get_mut(&org) {
                seat.engine.advance(now);
            }
            self.touched.insert(org);
        }
    }

    /// Puts a letter in its lane; a word of the service itself takes no turn. Whether it says to stop.
    fn sort(&mut self, envelope: Envelope) -> bool {
        match envelope.letter {
            Letter::Wake { done } => self.waiting.push(Waiting::Woken(done)),
            Letter::Stop => return true,
            letter @ (Letter::Command { .. }
            | Letter::Open { .. }
            | Letter::Dropped { .. }
            | Letter::Query { .. }) => self.lanes.add(Envelope { letter, ..envelope }),
        }
        false
    }

    /// Gives back the room of what was taken, and as long as there is more to do than a batch takes, makes the mailbox as large as what
    /// is worked off in time.
    fn make_room(&mut self) {
        let mut sum = 0;
        for (lane, weight) in self.lanes.taken() {
            self.inbox.room.give_back(lane, weight);
            sum += weight;
        }
        self.busy = match self.busy.take() {
            _ if self.lanes.is_empty() => None,
            None => Some((Stopwatch::start(), 0)),
            Some((watch, done)) if watch.elapsed() >= WAIT_TARGET => {
                self.inbox.room.fit(done + sum, watch.elapsed());
                Some((Stopwatch::start(), 0))
            }
            Some((watch, done)) => Some((watch, done + sum)),
        };
    }

    /// Does what a letter says.
    fn take(&mut self, now: Millis, letter: Letter) {
        match letter {
            Letter::Command { org, key, command, mut reply } => {
                reply.enter(Stage::Decide);
                let decided = self.decide(now, &org, key, command);
                reply.enter(Stage::Commit);
                self.waiting.push(Waiting::Reply(reply, decided));
            }
            Letter::Open { org, key, command, sink, mut reply } => {
                reply.enter(Stage::Decide);
                let decided = self.open(now, &org, key, command, sink);
                reply.enter(Stage::Commit);
                self.waiting.push(Waiting::Reply(reply, decided));
            }
            Letter::Dropped { org, agent, stream } => self.dropped(now, &org, agent, stream),
            Letter::Query { org, query, reply } => {
                let answer = match self.seats.get(&org) {
                    Some(seat) => seat.engine.query(now, query),
                    // The first directory makes the org: what it would change, it changes from nothing.
                    None if matches!(query, Query::PlanDirectory { .. }) => {
                        Engine::default().query(now, query)
                    }
                    None => Err(Rejection::OrgNotFound),
                };
                self.waiting.push(Waiting::Answer(reply, Box::new(answer)));
            }
            // They take no turn, so they are in no lane.
            Letter::Wake { .. } | Letter::Stop => {}
        }
    }

    fn decide(
        &mut self,
        now: Millis,
        org: &Arc<str>,
        key: Option<RequestKey>,
        command: Command,
    ) -> Result<Reply, Rejection> {
        let Some(seat) = self.seats.get_mut(org) else {
            return self.decide_first(now, org, key, command);
        };
        // Callers on other cores count who holds the id as well, so it is cloned once a batch and not for each letter.
        if !self.touched.contains(org) {
            self.touched.insert(org.clone());
        }
        seat.engine.decide(now, key, command)
    }

    /// The first directory of an org makes it; a wrong one leaves nothing behind.
    fn decide_first(
        &mut self,
        now: Millis,
        org: &Arc<str>,
        key: Option<RequestKey>,
        command: Command,
    ) -> Result<Reply, Rejection> {
        if !matches!(command, Command::ApplyDirectory { .. }) {
            return Err(Rejection::OrgNotFound);
        }
        if self.seats.len() >= ORGS_MAX {
            return Err(Rejection::OrgsFull);
        }
        let mut engine = Engine::default();
        let reply = engine.decide(now, key, command)?;
        self.seats.insert(org.clone(), Seat::new(engine, Position(0), Position(0)));
        self.touched.insert(org.clone());
        Ok(reply)
    }

    fn open(
        &mut self,
        now: Millis,
        org: &Arc<str>,
        key: Option<RequestKey>,
        command: Command,
        sink: SessionSink,
    ) -> Result<Reply, Rejection> {
        let reply = self.decide(now, org, key, command)?;
        if let (Reply::SessionOpened { agent, epoch, resumed }, Some(seat)) = (reply, self.seats.get_mut(org))
        {
            seat.streams.insert(agent, (sink.stream, epoch));
            let session = Acting { agent, epoch };
            let (after, view) = (seat.engine.decided(), seat.engine.agent_view(agent));
            seat.openings.push(Opening { after, session, resumed, view, sink });
        }
        Ok(reply)
    }

    /// A stream that broke after another of the same session was opened is nobody's.
    fn dropped(&mut self, now: Millis, org: &Arc<str>, agent: AgentIx, stream: StreamNumber) {
        let Some(seat) = self.seats.get_mut(org) else { return };
        if let Entry::Occupied(open) = seat.streams.entry(agent)
            && open.get().0 == stream
        {
            let (_, epoch) = open.remove();
            drop(self.decide(now, org, None, Command::DropSession { session: Acting { agent, epoch } }));
        }
    }

    /// Passes the batch on. Whether there is somebody to take it.
    fn close_batch(&mut self) -> bool {
        let mut batch = Batch { parts: Vec::new(), waiting: std::mem::take(&mut self.waiting) };
        for org in std::mem::take(&mut self.touched) {
            let Some(seat) = self.seats.get_mut(&org) else { continue };
            let outbox = seat.engine.take_outbox();
            let first = Position(seat.last.0 + 1);
            seat.last.0 += outbox.len() as u64;
            let wake = seat.engine.next_wake();
            if wake != seat.wake {
                if let Some(at) = seat.wake {
                    self.wakes.remove(&(at, org.clone()));
                }
                if let Some(at) = wake {
                    self.wakes.insert((at, org.clone()));
                }
                seat.wake = wake;
            }
            let openings = std::mem::take(&mut seat.openings);
            if !outbox.is_empty() || !openings.is_empty() {
                let is_due = seat.last.0 - seat.snapshot.0 >= SNAPSHOT_EVERY && !self.snapshots.is_full();
                let snapshot = is_due.then(|| seat.as_it_is(&org));
                batch.parts.push(Part { org, first, outbox, openings, snapshot });
            }
        }
        (batch.parts.is_empty() && batch.waiting.is_empty()) || self.commits.send(batch).is_ok()
    }
}

impl Seat {
    fn new(engine: Engine, last: Position, snapshot: Position) -> Self {
        Self { engine, last, snapshot, wake: None, streams: FxHashMap::default(), openings: Vec::new() }
    }

    /// What a snapshot is taken of.
    fn as_it_is(&mut self, org: &Arc<str>) -> Box<Hosted> {
        self.snapshot = self.last;
        let state = self.engine.state_as_it_is();
        Box::new(Hosted { org: org.clone(), state, last: self.last, snapshot: self.snapshot })
    }
}
