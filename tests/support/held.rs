//! The service put together as `server` does it, but for a journal whose commits can be held back.
#![allow(dead_code, unreachable_pub, reason = "each test target uses its part")]
#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use std::{convert::Infallible, net::SocketAddr, sync::Arc};

use crossbeam_channel::{Receiver, Sender, bounded};
use omniroute::{
    api::{self, Access, Behind, Front},
    clock::Clock,
    journal::{Append, Embedded, Journal, JournalError, JournalWriter, Snapshots},
    shard::{Mailboxes, Parts, Shards, past::Past},
    views::{feed::Feed, logbook::Logbook, orgs::Orgs},
};
use tokio::{net::TcpListener, runtime::Handle, sync::oneshot};
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::Server;

/// More commands at once than the mailbox and the batches on their way hold together of one org.
pub const FLOOD: usize = 32_000;

/// A writer whose commits each take a token, once tokens are wanted.
struct Held {
    writer: Box<dyn JournalWriter>,
    tokens: Receiver<()>,
    /// Events that it still writes before tokens are wanted.
    free: u32,
}

impl JournalWriter for Held {
    fn commit(&mut self, appends: &[Append<'_>]) -> Result<(), JournalError> {
        if self.free == 0 {
            // When nobody holds it back any more, there is nothing to wait for.
            self.tokens.recv().unwrap_or(());
        }
        self.free = self.free.saturating_sub(appends.iter().map(|it| it.count).sum());
        self.writer.commit(appends)
    }

    fn writer_epoch(&self) -> u64 {
        self.writer.writer_epoch()
    }
}

/// The running service, and what holds its journal back until it is dropped.
pub struct HeldHouse {
    pub addr: SocketAddr,
    pub mailboxes: Mailboxes,
    pub tokens: Sender<()>,
    pub failed: oneshot::Receiver<Infallible>,
    _dir: tempfile::TempDir,
}

impl HeldHouse {
    /// One whose commits each take a token, after so many events.
    pub async fn after(free: u32) -> Self {
        let (tokens, taken) = bounded(1);
        Self::behind(tokens, |writer| Box::new(Held { writer, tokens: taken, free })).await
    }

    /// One with this writer around its own.
    pub async fn behind(
        tokens: Sender<()>,
        around: impl FnOnce(Box<dyn JournalWriter>) -> Box<dyn JournalWriter>,
    ) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let (journal, _) = Embedded::open(dir.path()).expect("a new journal");
        let journal: Arc<dyn Journal> = Arc::new(journal);
        let (snapshots, _) = bounded(1);
        let (views, _) = bounded(1);
        let orgs = Arc::new(Orgs::default());
        let parts = Parts {
            shards: 1,
            clock: Clock::System,
            hosted: Vec::new(),
            journal: around(journal.writer().expect("a writer")),
            runtime: Handle::current(),
            orgs: orgs.clone(),
            snapshots,
            views,
        };
        let (failing, failed) = oneshot::channel();
        let shards = Shards::start(parts, failing).expect("threads");
        let logbook = Arc::new(Logbook::open(&dir.path().join("views.db")).expect("a new logbook"));
        let past = Arc::new(Past::new(journal.clone(), Snapshots::new(dir.path().join("snapshots"))));
        let feed = Arc::new(Feed::new(journal));
        let mailboxes = shards.mailboxes();
        let front = Arc::new(Front::new(
            Behind { orgs, mailboxes: mailboxes.clone(), feed, logbook, past },
            Access::Anybody,
        ));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let addr = listener.local_addr().expect("an address");
        tokio::spawn(
            Server::builder()
                .serve_with_incoming(api::Services::new(&front), TcpListenerStream::new(listener)),
        );
        Self { addr, mailboxes, tokens, failed, _dir: dir }
    }
}
