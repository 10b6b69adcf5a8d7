//! The logbook: chat logs, and conversations that have ended. A read model in `views.db`, beside the journal's file so that the two
//! never wait for each other's lock. The engine keeps none of it in memory; the journal can rebuild all of it.
//!
//! ```text
//!   word that something is durable ──► writer thread ──► views.db ──► reads
//!                                          │ reads the feed from where it stopped
//!                                          └──► those who watch a log, and `Org::viewed`
//! ```
//!
//! Nobody needs it at once but who reads, so the writer lingers after a word: what comes meanwhile is written in one turn, and a conversation
//! that grew ten times is written once. A turn goes in small steps with rests between them, so that it keeps neither the processor nor the
//! disk from the commits that callers wait for. Who waits for the logbook says so.

mod ended;
mod growth;
mod known;
pub mod line;
mod sorted;
mod store;
#[cfg(test)]
mod tests;

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    thread::JoinHandle,
    time::Duration,
};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use tokio::sync::watch::error::RecvError;

use super::{
    feed::{Feed, FeedError},
    orgs::{Org, Orgs},
};
use crate::{background, clock::rest, engine::ids::ConversationId, journal::Position};
use line::{Line, Older, Record, Sight};
pub use store::LogbookError;
use store::{Stint, Store};

/// Bytes of events, as stored, that an org's turn takes in, about.
const READ_BYTES: usize = 16 << 20;
/// Connections that are kept for the next read.
const IDLE_STORES_MAX: usize = 8;
/// How long the writer lingers after a word, in so many steps: nobody waits, and what comes meanwhile is written with it.
const LINGER_STEP: Duration = Duration::from_millis(25);
const LINGER_STEPS: usize = 40;
/// How long it rests between two steps where little is behind, about: four times as long as a step takes.
const REST_MAX: Duration = Duration::from_millis(1);
/// When what failed is tried again, unless there is word before.
const TRY_AGAIN: Duration = Duration::from_secs(1);
/// Events of an org that wait to be written before the writer rests no longer: they are still in memory then. The more are behind, the
/// shorter it rests, so that its work is spread as evenly as there is time for.
const BEHIND_MAX: u64 = 524_288;
/// Those with which it lingers no longer.
const LINGER_BEHIND_MAX: u64 = BEHIND_MAX / 2;

/// Whose log is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// All of it.
    Agent,
    /// What concerns the customer, numbered apart.
    Customer,
}

/// Reads the logbook. Blocking.
#[derive(Debug)]
pub struct Logbook {
    path: Box<Path>,
    idle: Mutex<Vec<Store>>,
    hurry: Sender<()>,
    hurried: Receiver<()>,
}

/// The thread that writes it.
#[derive(Debug)]
pub struct Writer {
    thread: JoinHandle<()>,
}

impl Logbook {
    /// Opens the logbook in a file, which is made if it is not there, and made anew if it is of another format or no logbook at all. What it
    /// says is not looked through: that would take minutes where there is much.
    pub fn open(path: &Path) -> Result<Self, LogbookError> {
        let store = Store::open_or_new(path)?;
        let (hurry, hurried) = bounded(1);
        Ok(Self { path: path.into(), idle: Mutex::new(vec![store]), hurry, hurried })
    }

    /// Waits until it says all that is durable of an org now.
    pub async fn caught_up(&self, org: &Org) -> Result<(), RecvError> {
        let durable = org.durable_now();
        let mut viewed = org.viewed();
        if *viewed.borrow() < durable {
            // Where one waits already, the writer hurries for both.
            self.hurry.try_send(()).unwrap_or(());
        }
        viewed.wait_for(|it| *it >= durable).await.map(|_| ())
    }

    /// Entries of a chat log from a number on, at most so many.
    pub fn entries(
        &self,
        org: &str,
        conversation: ConversationId,
        reader: Reader,
        from: u32,
        at_most: usize,
    ) -> Result<Vec<Line>, LogbookError> {
        self.with(|store| store.entries(org, conversation, reader, from, at_most))
    }

    /// A conversation, also one that has ended.
    pub fn conversation(&self, org: &str, id: ConversationId) -> Result<Option<Record>, LogbookError> {
        self.with(|store| store.conversation(org, id))
    }

    /// What an agent has to do with a conversation, live or ended.
    pub fn sight(
        &self,
        org: &str,
        id: ConversationId,
        agent_id: &str,
    ) -> Result<Option<Sight>, LogbookError> {
        self.with(|store| store.sight(org, id, agent_id))
    }

    /// A customer's conversations that came before one and have ended, newest first, at most so many, as an agent may ask for them.
    pub fn older(
        &self,
        org: &str,
        customer: &str,
        before: ConversationId,
        agent_id: &str,
        at_most: usize,
    ) -> Result<Vec<Older>, LogbookError> {
        self.with(|store| store.older(org, customer, before, agent_id, at_most))
    }

    fn with<T>(&self, read: impl FnOnce(&mut Store) -> Result<T, LogbookError>) -> Result<T, LogbookError> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut store = idle.map_or_else(|| Store::open(&self.path), Ok)?;
        let found = read(&mut store)?;
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < IDLE_STORES_MAX {
            idle.push(store);
        }
        Ok(found)
    }

    /// Starts the thread that writes it. It ends when nobody can send it word any more.
    pub fn start(&self, orgs: Arc<Orgs>, feed: Arc<Feed>) -> Result<(Sender<()>, Writer), LogbookError> {
        let store = Store::open_to_write(&self.path)?;
        let (word, words) = bounded(1);
        let hurried = self.hurried.clone();
        let thread = background::spawn("logbook", move || write(store, (&words, &hurried), &orgs, &feed))
            .map_err(LogbookError::Thread)?;
        // What became durable before there was anybody to send word.
        word.try_send(()).unwrap_or(());
        Ok((word, Writer { thread }))
    }
}

impl Writer {
    /// Waits for the thread's end, which comes when all who can send word are gone.
    pub fn join(self) {
        if let Err(bug) = self.thread.join() {
            std::panic::resume_unwind(bug);
        }
    }
}

fn write(mut store: Store, (words, hurried): (&Receiver<()>, &Receiver<()>), orgs: &Orgs, feed: &Feed) {
    let mut has_failed = false;
    let mut pace = Pace { hurried, in_a_hurry: false, again: false };
    loop {
        let word = if has_failed { words.recv_timeout(TRY_AGAIN) } else { words.recv().map_err(Into::into) };
        if word == Err(RecvTimeoutError::Disconnected) {
            return;
        }
        pace.linger(orgs);
        has_failed = false;
        // What there is by now, by turns, so that who writes much does not keep the logs of others back. What comes meanwhile has its word.
        let mut behind: Vec<(Arc<Org>, Position)> =
            orgs.all().into_iter().map(|org| (org.clone(), org.durable_now())).collect();
        while !behind.is_empty() {
            behind.retain(|(org, goal)| match catch_up(&mut store, org, feed, &mut pace) {
                Ok(viewed) => viewed.is_some_and(|it| it < *goal),
                Err(error) => {
                    // Reads wait for the logbook and time out; the journal has everything.
                    has_failed = true;
                    let error = &error as &dyn std::error::Error;
                    tracing::error!(org = %org.id, error, "the logbook could not be brought up");
                    false
                }
            });
        }
    }
}

/// When the writer waits though there is something to write.
struct Pace<'a> {
    hurried: &'a Receiver<()>,
    in_a_hurry: bool,
    /// Whoever hurried within this turn may wait for the next.
    again: bool,
}

impl Pace<'_> {
    /// Before a turn.
    fn linger(&mut self, orgs: &Orgs) {
        let mut hurried = std::mem::take(&mut self.again);
        for _ in 0..LINGER_STEPS {
            hurried = hurried || orgs.any(Org::has_watched_logs);
            if hurried || orgs.any(|it| it.behind() > LINGER_BEHIND_MAX) {
                break;
            }
            hurried = self.hurried.recv_timeout(LINGER_STEP).is_ok();
        }
        self.in_a_hurry = hurried;
    }

    /// Within a turn, which is an org's.
    #[expect(clippy::cast_precision_loss, reason = "a share of a few hundred thousand")]
    fn rest(&mut self, org: &Org) {
        let left = BEHIND_MAX.saturating_sub(org.behind());
        if self.in_a_hurry || left == 0 {
            return;
        }
        rest(REST_MAX.mul_f64(left as f64 / BEHIND_MAX as f64));
        if self.hurried.try_recv().is_ok() {
            (self.in_a_hurry, self.again) = (true, true);
        }
    }
}

/// Why the logbook could not be brought up.
#[derive(Debug, thiserror::Error)]
enum CatchUpError {
    #[error(transparent)]
    Feed(#[from] FeedError),
    #[error(transparent)]
    Logbook(#[from] LogbookError),
}

/// Takes in some of what an org has, and says how far it has come; nothing: there is no more.
fn catch_up(
    store: &mut Store,
    org: &Org,
    feed: &Feed,
    pace: &mut Pace<'_>,
) -> Result<Option<Position>, CatchUpError> {
    if org.behind() == 0 && org.viewed().borrow().0 > 0 {
        return Ok(None);
    }
    let mut last = store.position(&org.id)?;
    if last > org.durable_now() {
        // The journal is not the one that this was written from.
        store.forget(&org.id)?;
        last = Position(0);
    }
    org.set_viewed(last);
    let batches = feed.read(org, Position(last.0 + 1), READ_BYTES)?;
    let Some(newest) = batches.last() else { return Ok(None) };
    let next = Position(newest.next().0 - 1);
    let grown = store.write(org, last, &batches, next, || pace.rest(org))?;
    org.set_viewed(next);
    if org.has_watched_logs() {
        grown.into_iter().for_each(|conversation| org.log_grew(conversation));
    }
    // Where nobody else has them any more, to let go of all at once takes long.
    let mut stint = Stint::default();
    for batch in batches {
        let events = batch.events.len();
        drop(batch);
        stint.went_through(events, &mut || pace.rest(org));
    }
    Ok(Some(next))
}
