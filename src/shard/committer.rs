//! The thread behind all shards: makes batches durable, as many as wait in one commit, and has the publisher tell what is durable while it
//! makes the next so.

use std::convert::Infallible;

use crossbeam_channel::Receiver;
use tokio::{
    runtime::Handle,
    sync::{
        mpsc::{self, Sender},
        oneshot,
    },
    task::JoinHandle,
};

use super::{
    publisher::{Committed, Publisher},
    worker::Batch,
};
use crate::{
    clock::Stopwatch,
    engine::Recorded,
    journal::{Append, JournalError, JournalWriter},
    metrics,
    wire::stored,
};

/// Batches of one commit, at most.
const BATCHES_MAX: usize = 64;
/// Commits that wait to be published; beyond it nothing more is committed until some are.
const COMMITTED_MAX: usize = 4;

pub(super) struct Committer {
    journal: Box<dyn JournalWriter>,
    batches: Receiver<Batch>,
    committed: Sender<Committed>,
    runtime: Handle,
    publisher: JoinHandle<()>,
}

impl Committer {
    /// The publisher works on that runtime. `failed` is dropped when it ends.
    pub(super) fn new(
        journal: Box<dyn JournalWriter>,
        publisher: Publisher,
        batches: Receiver<Batch>,
        runtime: Handle,
        failed: oneshot::Sender<Infallible>,
    ) -> Self {
        let (committed, durable) = mpsc::channel(COMMITTED_MAX);
        let publisher = runtime.spawn(async move {
            publisher.run(durable).await;
            drop(failed);
        });
        Self { journal, batches, committed, runtime, publisher }
    }

    /// Works until there are no more shards and all is published, or the journal fails. Then the answers that wait are dropped, unanswered:
    /// nobody knows what of them is durable.
    pub(super) fn run(mut self) -> Result<(), JournalError> {
        while let Ok(first) = self.batches.recv() {
            let mut batches = vec![first];
            batches.extend(self.batches.try_iter().take(BATCHES_MAX - 1));
            let bytes = self.commit(&batches).inspect_err(|error| {
                tracing::error!(
                    error = error as &dyn std::error::Error,
                    "the journal failed; nothing more is answered"
                );
            })?;
            if self.committed.blocking_send(Committed { batches, bytes }).is_err() {
                break;
            }
        }
        drop(self.committed);
        // It ends early by a bug alone, which is then this thread's.
        self.runtime.block_on(self.publisher).unwrap_or_else(|ended| {
            if let Ok(bug) = ended.try_into_panic() {
                std::panic::resume_unwind(bug);
            }
        });
        Ok(())
    }

    /// Makes all events of these batches durable in one commit. The bytes of each part that has events, in order.
    fn commit(&mut self, batches: &[Batch]) -> Result<Vec<usize>, JournalError> {
        let parts = || batches.iter().flat_map(|it| &it.parts).filter(|it| !it.outbox.is_empty());
        let encode =
            |outbox: &[Recorded]| stored::encode(outbox[0].at, outbox.iter().map(|it| (it.key, &it.event)));
        let payloads: Vec<Vec<u8>> = parts().map(|it| encode(&it.outbox)).collect();
        if payloads.is_empty() {
            return Ok(Vec::new());
        }
        let appends: Vec<Append<'_>> = parts()
            .zip(&payloads)
            .map(|(part, payload)| Append {
                org: &part.org,
                first: part.first,
                count: u32::try_from(part.outbox.len()).unwrap_or(u32::MAX),
                payload,
            })
            .collect();
        let watch = Stopwatch::start();
        self.journal.commit(&appends)?;
        let bytes: Vec<usize> = payloads.iter().map(Vec::len).collect();
        let events = parts().map(|it| it.outbox.len()).sum();
        metrics::committed(watch.seconds(), events, bytes.iter().sum());
        Ok(bytes)
    }
}
