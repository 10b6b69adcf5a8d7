//! Writes snapshots beside the running engines. A shard gives an org as it is at the end of a batch, in rows that the two share
//! (`engine::state::rows`), and it comes here when that batch is durable. The shards never wait for it.

use std::{thread::JoinHandle, time::Duration};

use crossbeam_channel::{Receiver, Sender, bounded};

use super::{Hosted, recovery::save};
use crate::{
    clock::{Stopwatch, rest},
    journal::Snapshots,
};

/// Orgs that wait to be written, at most. Each keeps the rows that were changed since.
const WAITING_MAX: usize = 4;

/// How long it rests between two steps: twice as long as a step takes, about.
const REST: Duration = Duration::from_micros(500);

/// The running thread. It ends when nobody can give it anything any more.
#[derive(Debug)]
pub struct Snapshotter {
    thread: JoinHandle<()>,
}

impl Snapshotter {
    /// Starts the thread, and says where it takes what is durable.
    pub fn start(snapshots: Snapshots) -> std::io::Result<(Sender<Box<Hosted>>, Self)> {
        let (give, given): (_, Receiver<Box<Hosted>>) = bounded(WAITING_MAX);
        let thread = std::thread::Builder::new().name("snapshotter".into()).spawn(move || {
            for hosted in given {
                let (org, watch) = (hosted.org.clone(), Stopwatch::start());
                match save(&hosted, &snapshots, &mut || rest(REST)) {
                    Ok(bytes) => tracing::info!(%org, bytes, seconds = watch.seconds(), "took a snapshot"),
                    // The journal has everything; a start takes longer, that is all.
                    Err(error) => tracing::warn!(%org, error = &error as &dyn std::error::Error, "could not take a snapshot"),
                }
            }
        })?;
        Ok((give, Self { thread }))
    }

    /// Waits for the thread's end, which comes when all who can give are gone.
    pub fn join(self) {
        if let Err(bug) = self.thread.join() {
            std::panic::resume_unwind(bug);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::sync::oneshot;

    use super::*;
    use crate::{
        clock::Clock,
        engine::{
            command::Command,
            ids::{ChannelIx, SkillIx},
            routing::{RoutingAsk, Target},
        },
        journal::{Embedded, Journal},
        shard::{
            Parts, Shards,
            letter::{Letter, ReplyTo},
            recovery::{Likeness, compare, encode, recover, recover_showing},
        },
        views::orgs::Orgs,
        wire::samples,
    };

    const COMMANDS: usize = 600;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_snapshot_that_was_taken_beside_a_running_engine_is_what_the_events_before_it_make() {
        let directory = tempfile::tempdir().expect("a directory");
        let snapshots = Snapshots::new(directory.path().join("snapshots"));
        let (journal, _) = Embedded::open(directory.path()).expect("a new journal");
        let (take, snapshotter) = Snapshotter::start(snapshots.clone()).expect("a thread");
        let orgs = Arc::new(Orgs::default());
        let parts = Parts {
            shards: 1,
            clock: Clock::System,
            hosted: Vec::new(),
            journal: journal.writer().expect("a writer"),
            runtime: tokio::runtime::Handle::current(),
            orgs: orgs.clone(),
            snapshots: take,
            views: bounded(1).0,
        };
        let shards = Shards::start(parts, oneshot::channel().0).expect("threads");
        let (mailboxes, to) = (shards.mailboxes(), orgs.addressee("acme"));
        let create = |number| Command::CreateConversation {
            channel: ChannelIx(0),
            customer: format!("customer {number}").into(),
            routing: RoutingAsk::to(Target::Skill(SkillIx(0))),
            access_scope: "".into(),
        };
        let directory_of_org = Command::ApplyDirectory { wanted: samples::resources() };
        for command in std::iter::once(directory_of_org).chain((0..COMMANDS).map(create)) {
            let (reply, answer) = oneshot::channel();
            let letter =
                Letter::Command { org: to.id.clone(), key: None, command, reply: ReplyTo::call(reply) };
            mailboxes.post(&to, letter).expect("there is room");
            answer.await.expect("it runs").expect("the rules allow it");
        }
        let hosted = tokio::task::spawn_blocking(|| shards.stop().expect("it stops")).await;
        let hosted = hosted.expect("it does not panic").pop().expect("there is one org");
        snapshotter.join();

        let mut reader = journal.reader().expect("a reader");
        let taken = snapshots.positions("acme").expect("they are listed");
        assert!(taken.len() == 2 && taken[0] < hosted.last, "{taken:?} of {:?}", hosted.last);
        let mut alike = Vec::new();
        recover_showing("acme", &taken.iter().copied().collect(), &mut *reader, &mut |position, state| {
            let payload = snapshots.read("acme", position).expect("it is read").expect("it is there");
            alike.push(compare("acme", &payload.expect("it is whole"), state).expect("it is compared"));
        })
        .expect("it is replayed");
        assert_eq!(alike, [Likeness::Same, Likeness::Same]);

        let recovered = recover("acme", hosted.last, &mut *reader, &snapshots).expect("it is recovered");
        assert_eq!(recovered.since_snapshot, hosted.last.0 - taken[0].0, "so many were replayed");
        let live = encode("acme", &hosted.state).expect("it encodes");
        assert_eq!(compare("acme", &live, &recovered.state).expect("it is compared"), Likeness::Same);
    }
}
