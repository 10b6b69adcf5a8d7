//! The service put together: recovery, threads, gRPC; and taken apart again.
//!
//! ```text
//!   start:  journal ─► recover each org ─► read models ─► shards ─► gRPC (health says SERVING)
//!   stop:   health says NOT_SERVING ─► shards drain ─► snapshots ─► connections close
//! ```

use std::{convert::Infallible, io, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use crossbeam_channel::{Receiver, RecvTimeoutError};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};
use tonic::transport::{Server as Tonic, server::TcpIncoming};
use tonic_health::{ServingStatus, server::HealthReporter};
use tonic_web::GrpcWebLayer;
use tower::util::MapResponseLayer;

use crate::{
    api::{self, Front, Sample},
    clock::Clock,
    journal::{Embedded, Journal, JournalError, Snapshots},
    metrics,
    shard::{
        Hosted, Mailboxes, Parts, Shards,
        past::Past,
        recovery::{self, RecoveryError},
        snapshotter::Snapshotter,
    },
    views::{
        feed::Feed,
        logbook::{self, Logbook, LogbookError},
        orgs::{Org, Orgs},
    },
    wire,
};

/// Calls at once on one connection.
const STREAMS_MAX: u32 = 1_024;
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
    mailboxes: Mailboxes,
    shards: Shards,
    snapshots: Snapshots,
    snapshotter: Snapshotter,
    logbook: logbook::Writer,
    health: HealthReporter,
    front: Arc<Front>,
    released: Receiver<Infallible>,
    grpc: JoinHandle<Result<(), tonic::transport::Error>>,
    closing: oneshot::Sender<()>,
    failed: oneshot::Receiver<()>,
}

/// Starts the service. When this returns it is ready for calls.
pub async fn start(options: Options) -> Result<Running, ServerError> {
    let dir = &options.data_dir;
    std::fs::create_dir_all(dir).map_err(|source| ServerError::DataDir { path: dir.clone(), source })?;
    let (journal, opened) = Embedded::open(dir)?;
    metrics::torn(opened.torn_bytes);
    let released = journal.released();
    let journal: Arc<dyn Journal> = Arc::new(journal);
    let snapshots = Snapshots::new(dir.join("snapshots"));
    let hosted = recover_all(&*journal, &snapshots)?;
    let events = hosted.iter().map(|it| it.last.0).sum();
    let found = Found { orgs: hosted.len(), events, torn_bytes: opened.torn_bytes };

    let orgs = Arc::new(Orgs::default());
    for it in &hosted {
        orgs.insert(Org::new(it.org.clone(), it.state.registry.names().clone(), it.last));
    }
    let feed = Arc::new(Feed::new(journal.clone()));
    let logbook = Arc::new(Logbook::open(&dir.join("views.db"))?);
    let (views, logbook_writer) = logbook.start(orgs.clone(), feed.clone())?;
    let (ask, snapshotter) =
        Snapshotter::start(journal.clone(), snapshots.clone()).map_err(ServerError::Thread)?;
    let (failing, failed) = oneshot::channel();
    let parts = Parts {
        shards: options.shards.max(1),
        clock: options.clock,
        hosted,
        journal: journal.writer()?,
        orgs: orgs.clone(),
        snapshots: ask,
        views,
    };
    let shards = Shards::start(parts, failing).map_err(ServerError::Thread)?;
    let mailboxes = shards.mailboxes();
    let past = Arc::new(Past::new(journal, snapshots.clone()));
    let front = Arc::new(Front::new(orgs, mailboxes.clone(), feed, logbook, past));
    if let Some(sample) = options.sample.filter(|_| found.orgs == 0) {
        front.load(sample).await.map_err(|status| ServerError::Sample(Box::new(status)))?;
    }

    let (health, health_service) = tonic_health::server::health_reporter();
    health.set_service_status("", ServingStatus::Serving).await;
    let listener = TcpListener::bind(options.grpc_addr)
        .await
        .map_err(|source| ServerError::Listen { addr: options.grpc_addr, source })?;
    let grpc_addr =
        listener.local_addr().map_err(|source| ServerError::Listen { addr: options.grpc_addr, source })?;
    let reflection = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(wire::DESCRIPTORS)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        .build_v1()?;
    // The server's own setting is not for listeners that it is given. Without it an answer that follows another closely waits for the
    // client's acknowledgement of that one, which TCP puts off by 40 ms.
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    let (closing, closed) = oneshot::channel();
    let grpc = Tonic::builder()
        .accept_http1(true)
        .max_concurrent_streams(STREAMS_MAX)
        .layer(GrpcWebLayer::new())
        .layer(MapResponseLayer::new(api::typed))
        .add_routes(api::routes(&front))
        .add_service(health_service)
        .add_service(reflection)
        .serve_with_incoming_shutdown(incoming, async {
            closed.await.unwrap_or(());
        });
    let grpc = tokio::spawn(grpc);
    Ok(Running {
        grpc_addr,
        found,
        mailboxes,
        shards,
        snapshots,
        snapshotter,
        logbook: logbook_writer,
        health,
        front,
        released,
        grpc,
        closing,
        failed,
    })
}

impl Running {
    /// Looks at the clock now, and waits until what was due is durable: for tests that set a manual clock.
    pub async fn wake(&self) {
        self.mailboxes.wake().await;
    }

    /// Waits until the journal fails. Then the service must stop: nothing it says could be relied on.
    pub async fn failed(&mut self) {
        if (&mut self.failed).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Stops: no new connections, what was taken is decided, durable and answered, and a snapshot makes the next start quick.
    pub async fn stop(self) -> Result<(), ServerError> {
        self.health.set_service_status("", ServingStatus::NotServing).await;
        self.front.close();
        // It is gone only if the server ended by itself.
        self.closing.send(()).unwrap_or(());
        let (shards, snapshots) = (self.shards, self.snapshots);
        let stopping = tokio::task::spawn_blocking(move || -> Result<(), ServerError> {
            for Hosted { org, state, last } in shards.stop()? {
                snapshots.save(&org, last, &recovery::encode(&org, &state)?)?;
            }
            self.snapshotter.join();
            self.logbook.join();
            Ok(())
        });
        let stopped = match stopping.await {
            Ok(stopped) => stopped,
            Err(bug) => std::panic::resume_unwind(bug.into_panic()),
        };
        let abort = self.grpc.abort_handle();
        if tokio::time::timeout(LINGER, self.grpc).await.is_err() {
            abort.abort();
        }
        drop(self.front);
        // A stream that is just ending, or a read, may hold the journal a moment longer, and with it the data directory.
        let let_go = tokio::task::spawn_blocking(move || self.released.recv_timeout(LINGER));
        if matches!(let_go.await, Ok(Err(RecvTimeoutError::Timeout))) {
            tracing::warn!("something still reads the journal; the data directory is free when it ends");
        }
        stopped
    }
}

fn recover_all(journal: &dyn Journal, snapshots: &Snapshots) -> Result<Vec<Hosted>, ServerError> {
    let mut reader = journal.reader()?;
    let orgs = reader.orgs()?;
    let recovered =
        orgs.into_iter().map(|(org, last)| recovery::recover(&org, last, &mut *reader, snapshots));
    Ok(recovered.collect::<Result<_, _>>()?)
}
