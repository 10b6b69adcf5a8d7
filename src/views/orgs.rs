//! The orgs as the edge sees them: the names of their directory, how far they are durable, and their latest events.

use std::{
    collections::VecDeque,
    sync::{
        Arc, LazyLock, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard,
        atomic::{AtomicU32, Ordering},
    },
};

use dashmap::DashMap;
use tokio::sync::watch;

use crate::{
    engine::{
        directory::names::Names,
        event::Event,
        ids::{ConversationId, Millis},
    },
    journal::Position,
};

/// Events that became durable together.
#[derive(Debug)]
pub struct Durable {
    /// Where the first stands.
    pub first: Position,
    /// When they were decided.
    pub at: Millis,
    /// In order.
    pub events: Vec<Event>,
    /// How many bytes they are, as stored.
    pub bytes: usize,
}

impl Durable {
    /// Where the next event will stand.
    pub fn next(&self) -> Position {
        Position(self.first.0 + self.events.len() as u64)
    }
}

/// An org at the edge.
#[derive(Debug)]
pub struct Org {
    /// Its id.
    pub id: Arc<str>,
    /// Its lane, by which its letters are counted and take turns.
    lane: u32,
    names: RwLock<Names>,
    /// Its latest events, for those who follow closely.
    tail: Mutex<VecDeque<Arc<Durable>>>,
    durable: watch::Sender<Position>,
    viewed: watch::Sender<Position>,
    watched_logs: DashMap<ConversationId, watch::Sender<()>>,
}

impl Org {
    /// An org whose events are durable up to a position.
    pub fn new(id: Arc<str>, names: Names, durable: Position) -> Self {
        Self {
            id,
            lane: 0,
            names: RwLock::new(names),
            tail: Mutex::default(),
            durable: watch::Sender::new(durable),
            viewed: watch::Sender::new(Position(0)),
            watched_logs: DashMap::new(),
        }
    }

    /// The names of its directory. Not to be held across an await.
    pub fn names(&self) -> RwLockReadGuard<'_, Names> {
        self.names.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in events that are durable now: first the names, then the tail, then whoever waits.
    pub fn publish(&self, batch: Arc<Durable>) {
        for event in &batch.events {
            if let Event::DirectoryChanged { changes } = event {
                self.names.write().unwrap_or_else(PoisonError::into_inner).intern(changes);
            }
        }
        let last = Position(batch.next().0 - 1);
        self.tail().push_back(batch);
        self.durable.send_replace(last);
    }

    fn tail(&self) -> MutexGuard<'_, VecDeque<Arc<Durable>>> {
        self.tail.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets go of the oldest batch of the tail, unless it is the only one. Its bytes; 0: there was none to let go of.
    pub fn shorten_tail(&self) -> usize {
        let mut tail = self.tail();
        let oldest = if tail.len() > 1 { tail.pop_front() } else { None };
        oldest.map_or(0, |it| it.bytes)
    }

    /// The batches of the tail that hold events from a position on, about so many bytes; none where the tail no longer reaches back so far.
    pub fn recent(&self, from: Position, bytes_max: usize) -> Option<Vec<Arc<Durable>>> {
        let tail = self.tail();
        let reaches = tail.front().is_some_and(|it| it.first <= from);
        let begin = tail.partition_point(|it| it.next() <= from);
        let mut left = bytes_max;
        let some = tail.iter().skip(begin).take_while(|it| {
            let has_room = left > 0;
            left = left.saturating_sub(it.bytes);
            has_room
        });
        reaches.then(|| some.cloned().collect())
    }

    /// How far its events are durable.
    pub fn durable(&self) -> watch::Receiver<Position> {
        self.durable.subscribe()
    }

    /// How far its events are durable now.
    pub fn durable_now(&self) -> Position {
        *self.durable.borrow()
    }

    /// How far the read models have come.
    pub fn viewed(&self) -> watch::Receiver<Position> {
        self.viewed.subscribe()
    }

    /// Says how far the read models have come.
    pub fn set_viewed(&self, position: Position) {
        self.viewed.send_replace(position);
    }

    /// Events that are durable and not yet in the read models.
    pub fn behind(&self) -> u64 {
        self.durable_now().0.saturating_sub(self.viewed.borrow().0)
    }

    /// Whether anybody watches a chat log.
    pub fn has_watched_logs(&self) -> bool {
        !self.watched_logs.is_empty()
    }

    /// Watches a chat log: told when it has a new entry.
    pub fn watch_log(&self, conversation: ConversationId) -> watch::Receiver<()> {
        self.watched_logs.entry(conversation).or_insert_with(|| watch::Sender::new(())).subscribe()
    }

    /// Tells those who watch a chat log that it has a new entry; forgets it when nobody does.
    pub fn log_grew(&self, conversation: ConversationId) {
        self.watched_logs.remove_if(&conversation, |_, it| it.send(()).is_err());
    }

    /// Forgets a chat log that nobody watches.
    pub fn unwatch_log(&self, conversation: ConversationId) {
        self.watched_logs.remove_if(&conversation, |_, it| it.receiver_count() == 0);
    }
}

/// The names of an org that is not there: none. The engine refuses what it does not know, in its order of precedence.
static NO_NAMES: LazyLock<Names> = LazyLock::new(Names::default);

/// The org that a letter is for; it may not be there.
#[derive(Debug, Clone)]
pub struct Addressee {
    /// Its id.
    pub id: Arc<str>,
    org: Option<Arc<Org>>,
}

impl Addressee {
    /// Which lane its letters are in. All orgs that are not there share lane 0: whoever makes up names gets no more room than one org.
    pub fn lane(&self) -> u32 {
        self.org.as_ref().map_or(0, |it| it.lane)
    }

    /// The names of its directory, for the length of a conversion.
    pub fn with_names<T>(&self, convert: impl FnOnce(&Names) -> T) -> T {
        match &self.org {
            Some(org) => convert(&org.names()),
            None => convert(&NO_NAMES),
        }
    }
}

impl From<&Arc<Org>> for Addressee {
    fn from(org: &Arc<Org>) -> Self {
        Self { id: org.id.clone(), org: Some(org.clone()) }
    }
}

/// All orgs.
#[derive(Debug, Default)]
pub struct Orgs {
    by_id: DashMap<Arc<str>, Arc<Org>>,
    lanes: AtomicU32,
}

impl Orgs {
    /// An org, if it has any event.
    pub fn get(&self, id: &str) -> Option<Arc<Org>> {
        self.by_id.get(id).map(|it| it.clone())
    }

    /// An org, as a letter is addressed to it.
    pub fn addressee(&self, id: &str) -> Addressee {
        match self.get(id) {
            Some(org) => Addressee { id: org.id.clone(), org: Some(org) },
            None => Addressee { id: id.into(), org: None },
        }
    }

    /// An org; a new one where there was none.
    pub fn get_or_new(&self, id: &Arc<str>) -> Arc<Org> {
        let new = || Arc::new(self.in_a_lane(Org::new(id.clone(), Names::default(), Position(0))));
        self.by_id.entry(id.clone()).or_insert_with(new).clone()
    }

    /// Puts an org in.
    pub fn insert(&self, org: Org) {
        self.by_id.insert(org.id.clone(), Arc::new(self.in_a_lane(org)));
    }

    fn in_a_lane(&self, org: Org) -> Org {
        Org { lane: self.lanes.fetch_add(1, Ordering::Relaxed) + 1, ..org }
    }

    /// All of them, by id.
    pub fn all(&self) -> Vec<Arc<Org>> {
        let mut all: Vec<Arc<Org>> = self.by_id.iter().map(|it| it.clone()).collect();
        all.sort_by(|a, b| a.id.cmp(&b.id));
        all
    }

    /// Whether this holds for one of them.
    pub fn any(&self, holds: impl Fn(&Org) -> bool) -> bool {
        self.by_id.iter().any(|it| holds(&it))
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.by_id.len()
    }
}
