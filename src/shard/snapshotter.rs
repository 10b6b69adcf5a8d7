//! Writes snapshots beside the running engines. A shard gives an org as it is at the end of a batch, in rows that the two share
//! (`engine::state::rows`), and it comes here when that batch is durable. The shards never wait for it.

use std::{thread::JoinHandle, time::Duration};

use crossbeam_channel::{Receiver, Sender, bounded};

use super::{Hosted, recovery::save};
use crate::{
    background,
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
        let thread = background::spawn("snapshotter", move || {
            for hosted in given {
                let (org, watch) = (hosted.org.clone(), Stopwatch::start());
                match save(&hosted, &snapshots, &mut || rest(REST)) {
                    Ok(bytes) => tracing::info!(%org, bytes, seconds = watch.seconds(), "took a snapshot"),
                    // The journal has everything; a start takes longer, that is all.
                    Err(error) => {
                        let error = &error as &dyn std::error::Error;
                        tracing::warn!(%org, error, "could not take a snapshot");
                    }
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
            worker::SNAPSHOT_EVERY,
        },
        views::orgs::Orgs,
        wire::samples,
    };

    const ORG: &str = "acme";

    /// Lets an org do so much, each command when the last is durable. What is true in the end.
    async fn worked(
        journal: &Embedded,
        snapshots: &Snapshots,
        hosted: Vec<Hosted>,
        commands: impl Iterator<Item = Command>,
    ) -> Hosted {
        let (take, snapshotter) = Snapshotter::start(snapshots.clone()).expect("a thread");
        let orgs = Arc::new(Orgs::default());
        let parts = Parts {
            shards: 1,
            clock: Clock::System,
            hosted,
            journal: journal.writer().expect("a writer"),
            runtime: tokio::runtime::Handle::current(),
            orgs: orgs.clone(),
            snapshots: take,
            views: bounded(1).0,
        };
        let shards = Shards::start(parts, oneshot::channel().0).expect("threads");
        let (mailboxes, to) = (shards.mailboxes(), orgs.addressee(ORG));
        for command in commands {
            let (reply, answer) = oneshot::channel();
            let (org, reply) = (to.id.clone(), ReplyTo::call(reply));
            mailboxes.post(&to, Letter::Command { org, key: None, command, reply }).expect("there is room");
            answer.await.expect("it runs").expect("the rules allow it");
        }
        let stopped = tokio::task::spawn_blocking(|| shards.stop().expect("it stops")).await;
        snapshotter.join();
        stopped.expect("it does not panic").pop().expect("there is one org")
    }

    /// A conversation that waits: one event.
    fn create(number: u64) -> Command {
        Command::CreateConversation {
            channel: ChannelIx(0),
            customer: format!("customer {number}").into(),
            routing: RoutingAsk::to(Target::Skill(SkillIx(0))),
            access_scope: "".into(),
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_snapshot_that_was_taken_beside_a_running_engine_is_what_the_events_before_it_make() {
        let directory = tempfile::tempdir().expect("a directory");
        let snapshots = Snapshots::new(directory.path().join("snapshots"));
        let (journal, _) = Embedded::open(directory.path()).expect("a new journal");
        let first = Command::ApplyDirectory { wanted: samples::resources() };
        let commands = std::iter::once(first).chain((0..600).map(create));
        let hosted = worked(&journal, &snapshots, Vec::new(), commands).await;

        let mut reader = journal.reader().expect("a reader");
        let taken = snapshots.positions(ORG).expect("they are listed");
        assert!(taken.len() == 2 && taken[0] < hosted.last, "{taken:?} of {:?}", hosted.last);
        let mut alike = Vec::new();
        recover_showing(ORG, &taken.iter().copied().collect(), &mut *reader, &mut |position, state| {
            let payload = snapshots.read(ORG, position).expect("it is read").expect("it is there");
            alike.push(compare(ORG, &payload.expect("it is whole"), state).expect("it is compared"));
        })
        .expect("it is replayed");
        assert_eq!(alike, [Likeness::Same, Likeness::Same]);
        let recovered = recover(ORG, hosted.last, &mut *reader, &snapshots).expect("it is recovered");
        let live = encode(ORG, &hosted.state).expect("it encodes");
        assert_eq!(compare(ORG, &live, &recovered.state).expect("it is compared"), Likeness::Same);

        // What a start replays counts towards the next, so that kills in a row make no tail that grows and grows.
        let replayed = recovered.last.0 - recovered.snapshot.0;
        assert_eq!(replayed, hosted.last.0 - taken[0].0);
        let left = SNAPSHOT_EVERY.checked_sub(replayed).expect("the last was not passed over");
        worked(&journal, &snapshots, vec![recovered], (600..600 + left).map(create)).await;
        assert_eq!(snapshots.positions(ORG).expect("they are listed")[0].0, hosted.last.0 + left);
    }
}
