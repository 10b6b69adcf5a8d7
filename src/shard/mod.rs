//! The shards: each a plain thread that hosts the engines of many orgs, and one committer behind them all.
//!
//! ```text
//!   api ──Letter──► mailbox ──► Worker ──Batch──► Committer ──► journal
//!        bounded     (crossbeam)  orgs in turn    one commit      │ durable
//!                                 decide a batch  many batches    ▼
//!   replies, notices, watchers, read models ◄─────────────── Publisher
//!                                                   a task of the api's runtime
//! ```
//!
//! While a batch is committed, the next is decided and the last is told. Nothing leaves before the journal has it. A full mailbox refuses at
//! once.

mod committer;
mod lanes;
pub mod letter;
mod mailbox;
pub mod past;
mod publisher;
pub mod recovery;
pub mod snapshotter;
pub mod survey;
mod tails;
mod worker;

use std::{convert::Infallible, sync::Arc, thread::JoinHandle};

use crossbeam_channel::{Sender, bounded};
use tokio::{runtime::Handle, sync::oneshot};

use crate::{
    clock::Clock,
    engine::state::State,
    journal::{JournalError, JournalWriter, Position},
    views::orgs::Orgs,
};
use committer::Committer;
use mailbox::shard_of;
pub use mailbox::{MAILBOX_MAX, MAILBOX_MIN, Mailboxes, Refused};
use publisher::Publisher;
use worker::Worker;

/// Batches of all shards that wait while one is committed; whoever has more waits for room. What few callers ask for while a sync lasts comes
/// in several small batches: with room for one, only the first of them would be in the next commit.
const COMMITS_WAITING: usize = 4;

/// An org as it was recovered.
#[derive(Debug)]
pub struct Hosted {
    /// Its id.
    pub org: Arc<str>,
    /// What is true of it.
    pub state: State,
    /// The position of its last event.
    pub last: Position,
    /// Where its newest snapshot stands; 0: it has none.
    pub snapshot: Position,
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
    /// Where what is durable is told.
    pub runtime: Handle,
    /// Where they are published.
    pub orgs: Arc<Orgs>,
    /// Given orgs of which a snapshot is to be taken.
    pub snapshots: Sender<Box<Hosted>>,
    /// Told that the read models have something to read.
    pub views: Sender<()>,
}

impl Shards {
    /// Starts the threads. `failed` is dropped when nothing more is answered: at the stop, or before it, when the journal failed or one of
    /// them ended by a bug.
    pub fn start(parts: Parts, failed: oneshot::Sender<Infallible>) -> std::io::Result<Self> {
        let (commits, batches) = bounded(COMMITS_WAITING);
        let publisher = Publisher::new(parts.orgs, parts.snapshots.clone(), parts.views);
        let committer = Committer::new(parts.journal, publisher, batches, parts.runtime, failed);
        let committer = std::thread::Builder::new().name("committer".into()).spawn(|| committer.run())?;
        let mut of_shard: Vec<Vec<Hosted>> = (0..parts.shards).map(|_| Vec::new()).collect();
        for hosted in parts.hosted {
            of_shard[shard_of(&hosted.org, parts.shards)].push(hosted);
        }
        let (mailboxes, inboxes) = Mailboxes::new(parts.shards);
        let mut workers = Vec::new();
        for (number, (hosted, inbox)) in of_shard.into_iter().zip(inboxes).enumerate() {
            let (commits, snapshots) = (commits.clone(), parts.snapshots.clone());
            let worker = Worker::new(parts.clock.clone(), inbox, commits, snapshots, hosted);
            workers.push(
                std::thread::Builder::new().name(format!("shard-{number}")).spawn(move || worker.run())?,
            );
        }
        Ok(Self { mailboxes, workers, committer })
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
