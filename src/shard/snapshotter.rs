//! Takes snapshots beside the running engines: it recovers an org from the newest snapshot and the journal, as a start would, and
//! writes what comes out. The shards never wait for it.

use std::{sync::Arc, thread::JoinHandle};

use crossbeam_channel::{Receiver, Sender, bounded};

use super::recovery::{Pace, RecoveryError, recover, save};
use crate::{
    clock::Stopwatch,
    journal::{Journal, Position, Snapshots},
};

/// Orgs that wait for a snapshot, at most. Beyond it the next word of the org is heard.
const WAITING_MAX: usize = 64;

/// The running thread. It ends when nobody can ask it any more.
#[derive(Debug)]
pub struct Snapshotter {
    thread: JoinHandle<()>,
}

impl Snapshotter {
    /// Starts the thread, and says where it is asked.
    pub fn start(
        journal: Arc<dyn Journal>,
        snapshots: Snapshots,
    ) -> std::io::Result<(Sender<Arc<str>>, Self)> {
        let (ask, asked): (_, Receiver<Arc<str>>) = bounded(WAITING_MAX);
        let thread = std::thread::Builder::new().name("snapshotter".into()).spawn(move || {
            for org in asked {
                let watch = Stopwatch::start();
                match take(&org, &*journal, &snapshots) {
                    Ok(bytes) => tracing::info!(%org, bytes, seconds = watch.seconds(), "took a snapshot"),
                    // The journal has everything; a start takes longer, that is all.
                    Err(error) => tracing::warn!(%org, error = &error as &dyn std::error::Error, "could not take a snapshot"),
                }
            }
        })?;
        Ok((ask, Self { thread }))
    }

    /// Waits for the thread's end, which comes when all who can ask are gone.
    pub fn join(self) {
        if let Err(bug) = self.thread.join() {
            std::panic::resume_unwind(bug);
        }
    }
}

fn take(org: &str, journal: &dyn Journal, snapshots: &Snapshots) -> Result<usize, RecoveryError> {
    let mut reader = journal.reader()?;
    let durable = reader.orgs()?.into_iter().find(|(id, _)| id == org).map_or(Position(0), |(_, last)| last);
    let hosted = recover(org, durable, &mut *reader, snapshots, Pace::Aside)?;
    save(&hosted, snapshots)
}
