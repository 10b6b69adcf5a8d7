//! The service put together: recovery, threads, gRPC; and taken apart again.
//!
//! ```text
//!   start:  port (health says starting) ─► journal ─► recover each org ─► read models ─► shards ─► API (health says serving)
//!   drain:  health says draining, no new conversations; what exists goes on until nobody is logged in, or the time is over
//!   stop:   streams are told ─► shards drain ─► snapshots ─► connections close
//! ```

mod arrival;
mod connections;
mod entrance;
mod handshake;
pub mod health;

use std::{
    convert::Infallible,
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use crossbeam_channel::{Receiver, RecvTimeoutError};
use tokio::{
    runtime::Handle,
    sync::oneshot,
    task::{JoinError, JoinHandle},
};

use crate::{
    access::{
        self, Security,
        tls::{Tls, TlsError, TlsFiles},
        tokens::{KeysError, TokenRules, Tokens},
    },
    api::{self, Access, Behind, Front, Sample},
    clock::{Clock, Stopwatch},
    journal::{Embedded, Journal, JournalError, Snapshots},
    metrics::{self, figures::Figures},
    shard::{
        Hosted, Mailboxes, Parts, Shards,
        past::Past,
        recovery::{self, RecoveryError},
        snapshotter::Snapshotter,
        survey::Surveyor,
    },
    views::{
        feed::Feed,
        logbook::{self, Logbook, LogbookError},
        orgs::{Org, Orgs},
    },
};
use entrance::Entrance;

/// How long open connections may linger at the stop, once everything is durable and answered.
const LINGER: Duration = Duration::from_secs(1);

/// What the service needs to know.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where the journal, the snapshots and the read models are.
    pub data_dir: PathBuf,
    /// Where to listen. Port 0: any that is free.
    pub grpc_addr: SocketAddr,
    /// How many shards.
    pub shards: usize,
    /// Where the time comes from.
    pub clock: Clock,
    /// The directory of an org to begin with, where there is no org yet.
    pub sample: Option<Sample>,
    /// What callers must bring.
    pub security: Security,
    /// What a client may take of the port.
    pub bounds: Bounds,
}

/// What a client may take of the port: room, and time to make use of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Connections at once.
    pub connections_max: usize,
    /// How long a connection may be open before its first call, the handshake of TLS included.
    pub first_call_within: Duration,
    /// How long a call's message may take to arrive.
    pub message_within: Duration,
    /// How often a peer by HTTP/2 is asked whether it is there. It has as long to say so.
    pub ping_every: Duration,
    /// How long what was sent may stay unread, by any peer.
    pub unread_max: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            connections_max: 10_000,
            first_call_within: Duration::from_secs(60),
            message_within: Duration::from_secs(60),
            ping_every: Duration::from_secs(20),
            unread_max: Duration::from_secs(60),
        }
    }
}

/// Why the service could not start, or ended.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The data directory could not be made.
    #[error("the data directory {path} cannot be made")]
    DataDir {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The journal failed.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// An org could not be recovered.
    #[error(transparent)]
    Recovery(#[from] RecoveryError),
    /// The logbook could not be opened.
    #[error(transparent)]
    Logbook(#[from] LogbookError),
    /// A thread could not be started.
    #[error("a thread cannot be started")]
    Thread(#[source] io::Error),
    /// The address could not be listened on.
    #[error("cannot listen on {addr}")]
    Listen {
        /// Which.
        addr: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The descriptors of the API are not what reflection takes: a bug of the build.
    #[error("reflection does not take the API's descriptors")]
    Reflection(#[from] tonic_reflection::server::Error),
    /// The keys of tokens could not be read.
    #[error("the keys that tokens are verified with (jwks) cannot be used")]
    Keys(#[from] KeysError),
    /// The files of TLS could not be used.
    #[error("the files of TLS (tls_cert, tls_key, tls_client_ca) cannot be used")]
    Tls(#[from] TlsError),
    /// The sample directory was refused.
    #[error("the sample directory was refused: {0}")]
    Sample(Box<tonic::Status>),
}

/// What a start found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Found {
    /// Orgs.
    pub orgs: usize,
    /// Events of all of them.
    pub events: u64,
    /// Bytes of an unfinished last commit that were cut.
    pub torn_bytes: u64,
}

/// The running service.
#[derive(Debug)]
pub struct Running {
    /// Where it listens.
    pub grpc_addr: SocketAddr,
    /// What it found.
    pub found: Found,
    figures: Figures,
    surveyor: JoinHandle<()>,
    mailboxes: Mailboxes,
    shards: Shards,
    snapshots: Snapshots,
    snapshotter: Snapshotter,
    logbook: logbook::Writer,
    entrance: Entrance,
    front: Arc<Front>,
    released: Receiver<Infallible>,
    failed: oneshot::Receiver<Infallible>,
}

/// Starts the service. When this returns it is ready for calls.
pub async fn start(options: Options) -> Result<Running, ServerError> {
    let access = access(options.security.tokens, &options.clock)?;
    let tls = tls(options.security.tls)?;
    let entrance = Entrance::open(options.grpc_addr, options.bounds, access.clone(), tls).await?;
    let dir = options.data_dir;
    let snapshots = Snapshots::new(dir.join("snapshots"));
    // It may take long, and whoever probes meanwhile is to be answered.
    let recovering = {
        let (dir, snapshots) = (dir.clone(), snapshots.clone());
        tokio::task::spawn_blocking(move || recover_all(&dir, &snapshots))
    };
    let Recovered { journal, released, torn_bytes, hosted } = joined(recovering.await)?;
    metrics::torn(torn_bytes);
    let events = hosted.iter().map(|it| it.last.0).sum();
    let found = Found { orgs: hosted.len(), events, torn_bytes };
    // Tokens are held to the clock as it is; what engines decide by is never earlier than what they decided before.
    let clock = options.clock.steady(hosted.iter().map(|it| it.state.now).max().unwrap_or_default());

    let orgs = Arc::new(Orgs::default());
    for it in &hosted {
        orgs.insert(Org::new(it.org.clone(), it.state.registry.names().clone(), it.last));
    }
    let feed = Arc::new(Feed::new(journal.clone()));
    let logbook = Arc::new(Logbook::open(&dir.join("views.db"))?);
    let (views, logbook_writer) = logbook.start(orgs.clone(), feed.clone())?;
    let (take, snapshotter) = Snapshotter::start(snapshots.clone()).map_err(ServerError::Thread)?;
    let (failing, failed) = oneshot::channel();
    let parts = Parts {
        shards: options.shards.max(1),
        clock: clock.clone(),
        hosted,
        journal: journal.writer()?,
        runtime: Handle::current(),
        orgs: orgs.clone(),
        snapshots: take,
        views,
    };
    let shards = Shards::start(parts, failing).map_err(ServerError::Thread)?;
    let mailboxes = shards.mailboxes();
    let (figures, draughtsman) = Figures::new();
    let surveyor = Surveyor::start(draughtsman, orgs.clone(), mailboxes.clone(), clock);
    let past = Arc::new(Past::new(journal, snapshots.clone()));
    let behind = Behind { orgs, mailboxes: mailboxes.clone(), feed, logbook, past };
    let front = Arc::new(Front::new(behind, access));
    if let Some(sample) = options.sample.filter(|_| found.orgs == 0) {
        front.load(sample).await.map_err(|status| ServerError::Sample(Box::new(status)))?;
    }

    entrance.let_in(api::Services::new(&front)).await;
    Ok(Running {
        grpc_addr: entrance.addr,
        found,
        figures,
        surveyor,
        mailboxes,
        shards,
        snapshots,
        snapshotter,
        logbook: logbook_writer,
        entrance,
        front,
        released,
        failed,
    })
}

impl Running {
    /// Looks at the clock now, and waits until what was due is durable: for tests that set a manual clock.
    pub async fn wake(&self) {
        self.mailboxes.wake().await;
    }

    /// Where the figures of capacity are asked for.
    pub fn figures(&self) -> Figures {
        self.figures.clone()
    }

    /// Waits until the journal fails, or one of the threads behind the mailboxes ends by a bug. Then the service must stop: nothing it
    /// says could be relied on.
    pub async fn failed(&mut self) {
        // It is never told anything: whoever could answer has ended without being asked to.
        drop((&mut self.failed).await);
    }

    /// Drains: no new conversations, while acceptances, ends and messages of what exists are taken. Until no session's stream is open,
    /// or the time is over.
    pub async fn drain(&self, at_most: Duration) {
        self.entrance.drain().await;
        let mut sessions = self.front.drain();
        let nobody_left = sessions.wait_for(|open| *open == 0);
        // Whoever is left then is told by the end of its stream.
        drop(tokio::time::timeout(at_most, nobody_left).await);
    }

    /// Stops: no new connections, what was taken is decided, durable and answered, and a snapshot makes the next start quick.
    pub async fn stop(self) -> Result<(), ServerError> {
        self.entrance.drain().await;
        self.front.close();
        self.surveyor.abort();
        let closing = self.entrance.close();
        let (shards, snapshots) = (self.shards, self.snapshots);
        let stopping = tokio::task::spawn_blocking(move || -> Result<(), ServerError> {
            let hosted = shards.stop()?;
            // One thread an org at a time.
            self.snapshotter.join();
            for it in hosted {
                // The journal has everything; the next start takes longer, that is all.
                if let Err(error) = recovery::save(&it, &snapshots, &mut || ()) {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(org = %it.org, error, "could not take a snapshot");
                }
            }
            self.logbook.join();
            Ok(())
        });
        let stopped = joined(stopping.await);
        closing.linger(LINGER).await;
        drop(self.front);
        // A stream that is just ending, or a read, may hold the journal a moment longer, and with it the data directory.
        let let_go = tokio::task::spawn_blocking(move || self.released.recv_timeout(LINGER));
        if matches!(let_go.await, Ok(Err(RecvTimeoutError::Timeout))) {
            tracing::warn!("something still reads the journal; the data directory is free when it ends");
        }
        stopped
    }
}

/// Who is let in. Keys are read again when their file changes.
fn access(rules: Option<TokenRules>, clock: &Clock) -> Result<Access, ServerError> {
    let Some(rules) = rules else { return Ok(Access::Anybody) };
    let tokens = Arc::new(Tokens::new(rules, clock.clone())?);
    access::follow("jwks", &tokens, Tokens::reload);
    Ok(Access::Tokens(tokens))
}

/// TLS, where it is set. Certificates are read again when their files change.
fn tls(files: Option<TlsFiles>) -> Result<Option<Arc<Tls>>, ServerError> {
    let Some(files) = files else { return Ok(None) };
    let tls = Arc::new(Tls::new(files)?);
    access::follow("tls", &tls, Tls::reload);
    Ok(Some(tls))
}

/// What blocking work came to; its panic is ours.
fn joined<T>(ended: Result<Result<T, ServerError>, JoinError>) -> Result<T, ServerError> {
    ended.unwrap_or_else(|bug| std::panic::resume_unwind(bug.into_panic()))
}

/// What was durable.
struct Recovered {
    journal: Arc<dyn Journal>,
    released: Receiver<Infallible>,
    torn_bytes: u64,
    hosted: Vec<Hosted>,
}

fn recover_all(dir: &Path, snapshots: &Snapshots) -> Result<Recovered, ServerError> {
    std::fs::create_dir_all(dir).map_err(|source| ServerError::DataDir { path: dir.into(), source })?;
    let watch = Stopwatch::start();
    let (journal, opened) = Embedded::open(dir)?;
    tracing::info!(batches = opened.batches, seconds = watch.seconds(), "checked the journal");
    let released = journal.released();
    let mut reader = journal.reader()?;
    let orgs = reader.orgs()?;
    let watch = Stopwatch::start();
    let recovered =
        orgs.into_iter().map(|(org, last)| recovery::recover(&org, last, &mut *reader, snapshots));
    let hosted: Vec<Hosted> = recovered.collect::<Result<_, _>>()?;
    tracing::info!(orgs = hosted.len(), seconds = watch.seconds(), "recovered the orgs");
    Ok(Recovered { journal: Arc::new(journal), released, torn_bytes: opened.torn_bytes, hosted })
}
