//! The shards: each a plain thread that hosts the engines of many orgs, and one committer behind them all.
//!
//! ```text
//!   api ──Letter──► mailbox ──► Worker ──Batch──► Committer ──► journal
//!        bounded     (crossbeam)  decides         one commit      │ durable
//!                                 a batch         many batches    ▼
//!   replies, notices, watchers, read models ◄─────────────── Publisher
//! ```
//!
//! While a batch is committed the next is decided. Nothing leaves before the journal has it. A full mailbox refuses at once.

mod committer;
pub mod letter;
pub mod past;
mod publisher;
pub mod recovery;
pub mod snapshotter;
mod worker;

use std::{hash::Hasher, sync::Arc, thread::JoinHandle};

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use rustc_hash::FxHasher;
use tokio::sync::oneshot;

use crate::{
    clock::Clock,
    engine::state::State,
    journal::{JournalError, JournalWriter, Position},
    views::orgs::Orgs,
};
use committer::Committer;
use letter::Letter;
use publisher::Publisher;
use worker::Worker;

/// Letters that wait in a shard's mailbox, at most: about a tenth of a second of work. What comes beyond is refused.
pub const MAILBOX_MAX: usize = 16_384;
/// Batches that wait to be committed: one is committed, one waits, one is being decided.
const COMMITS_WAITING: usize = 1;

/// An org as it was recovered.
#[derive(Debug)]
pub struct Hosted {
    /// Its id.
    pub org: Arc<str>,
    /// What is true of it.
    pub state: State,
    /// The position of its last event.
    pub last: Position,
}

/// The mailboxes of all shards.
#[derive(Debug, Clone)]
pub struct Mailboxes(Arc<[Sender<Letter>]>);

/// Why a letter was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// The mailbox is full now.
    Full,
    /// The service takes no more.
    Stopped,
}

impl Mailboxes {
    /// Puts a letter in the mailbox of an org's shard, or refuses it at once.
    pub fn post(&self, org: &str, letter: Letter) -> Result<(), Refused> {
        self.0[shard_of(org, self.0.len())].try_send(letter).map_err(|refused| match refused {
            TrySendError::Full(_) => Refused::Full,
            TrySendError::Disconnected(_) => Refused::Stopped,
        })
    }

    /// Wakes every shard, so that a manual clock that was set is looked at, and waits until what was due is durable.
    pub async fn wake(&self) {
        for mailbox in self.0.iter() {
            let (done, woken) = oneshot::channel();
            let mailbox = mailbox.clone();
            let sent = tokio::task::spawn_blocking(move || mailbox.send(Letter::Wake { done }).is_ok()).await;
            if sent.unwrap_or(false) {
                // A shard that stops meanwhile needs no waking.
                woken.await.unwrap_or(());
            }
        }
    }

    /// Letters that wait now, in all mailboxes.
    pub fn waiting(&self) -> usize {
        self.0.iter().map(Sender::len).sum()
    }

    fn stop(&self) {
        for mailbox in self.0.iter() {
            // A shard that is gone already has stopped.
            mailbox.send(Letter::Stop).unwrap_or(());
        }
    }
}

/// The shard of an org. Only which thread it is: the journal is by org, so their number may change from start to start.
fn shard_of(org: &str, shards: usize) -> usize {
    let mut hasher = FxHasher::default();
    hasher.write(org.as_bytes());
    usize::try_from(hasher.finish() >> 8).unwrap_or(0) % shards
}

/// The running threads.
#[derive(Debug)]
pub struct Shards {
    mailboxes: Mailboxes,
    workers: Vec<JoinHandle<Vec<Hosted>>>,
    committer: JoinHandle<Result<(), JournalError>>,
}

/// What the threads work with.
pub struct Parts {
    /// How many shards.
    pub shards: usize,
    /// Where the time comes from.
    pub clock: Clock,
    /// The orgs that were there before.
    pub hosted: Vec<Hosted>,
    /// Where events go.
    pub journal: Box<dyn JournalWriter>,
    /// Where they are published.
    pub orgs: Arc<Orgs>,
    /// Told which org has many events since its last snapshot.
    pub snapshots: Sender<Arc<str>>,
    /// Told that the read models have something to read.
    pub views: Sender<()>,
}

impl Shards {
    /// Starts the threads. `failed` is told when the journal fails: then nothing more is answered.
    pub fn start(parts: Parts, failed: oneshot::Sender<()>) -> std::io::Result<Self> {
        let (commits, batches) = bounded(COMMITS_WAITING);
        let publisher = Publisher::new(parts.orgs, parts.snapshots, parts.views);
        let committer = Committer::new(parts.journal, publisher, batches);
        let committer = std::thread::Builder::new().name("committer".into()).spawn(move || {
            let ended = committer.run();
            if ended.is_err() {
                failed.send(()).unwrap_or(());
            }
            ended
        })?;
        let mut of_shard: Vec<Vec<Hosted>> = (0..parts.shards).map(|_| Vec::new()).collect();
        for hosted in parts.hosted {
            of_shard[shard_of(&hosted.org, parts.shards)].push(hosted);
        }
        let (mut mailboxes, mut workers) = (Vec::new(), Vec::new());
        for (number, hosted) in of_shard.into_iter().enumerate() {
            let (mailbox, letters): (_, Receiver<Letter>) = bounded(MAILBOX_MAX);
            let worker = Worker::new(parts.clock.clone(), letters, commits.clone(), hosted);
            mailboxes.push(mailbox);
            workers.push(
                std::thread::Builder::new().name(format!("shard-{number}")).spawn(move || worker.run())?,
            );
        }
        Ok(Self { mailboxes: Mailboxes(mailboxes.into()), workers, committer })
    }

    /// Where letters go.
    pub fn mailboxes(&self) -> Mailboxes {
        self.mailboxes.clone()
    }

    /// Stops: what is in the mailboxes is decided, made durable and answered, and what is true in the end comes back. Blocking.
    pub fn stop(self) -> Result<Vec<Hosted>, JournalError> {
        self.mailboxes.stop();
        let mut hosted = Vec::new();
        for worker in self.workers {
            match worker.join() {
                Ok(of_shard) => hosted.extend(of_shard),
                Err(bug) => std::panic::resume_unwind(bug),
            }
        }
        match self.committer.join() {
            Ok(ended) => ended.map(|()| hosted),
            Err(bug) => std::panic::resume_unwind(bug),
        }
    }
}
