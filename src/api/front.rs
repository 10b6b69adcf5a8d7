//! The way that every call takes: check and convert, post, wait, convert back.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::sync::{mpsc, oneshot, watch};
use tonic::{Response, Status};

use crate::{
    engine::{
        command::{Command, Query},
        directory::names::Names,
        ids::RequestKey,
        query::Answer,
        rejection::Rejection,
        reply::Reply,
    },
    metrics,
    shard::{
        Mailboxes, Refused,
        letter::{Letter, ReplyTo},
        past::Past,
    },
    views::{
        feed::Feed,
        logbook::Logbook,
        orgs::{Addressee, Org, Orgs},
    },
    wire::{
        check::Check,
        mutation::{Inquiry, Mutation, request_key},
        status, v1,
    },
};

/// When to try again after a mailbox was full: about as long as a full mailbox takes to be worked off.
const RETRY_AFTER: Duration = Duration::from_millis(100);

/// A directory to begin with.
#[derive(Debug, Clone)]
pub struct Sample {
    /// Of which org.
    pub org_id: String,
    /// All of it.
    pub directory: v1::Directory,
}

/// What the services share.
#[derive(Debug)]
pub struct Front {
    /// The orgs as the edge sees them.
    pub orgs: Arc<Orgs>,
    /// Where letters go.
    pub mailboxes: Mailboxes,
    /// Where events are read.
    pub feed: Arc<Feed>,
    /// Where chat logs are read.
    pub logbook: Arc<Logbook>,
    /// Where decisions of the past are explained.
    pub past: Arc<Past>,
    closing: watch::Sender<bool>,
    draining: AtomicBool,
    sessions: watch::Sender<usize>,
}

impl Front {
    /// What the services share, while the service is open.
    pub fn new(
        orgs: Arc<Orgs>,
        mailboxes: Mailboxes,
        feed: Arc<Feed>,
        logbook: Arc<Logbook>,
        past: Arc<Past>,
    ) -> Self {
        Self {
            orgs,
            mailboxes,
            feed,
            logbook,
            past,
            closing: watch::Sender::new(false),
            draining: AtomicBool::new(false),
            sessions: watch::Sender::new(0),
        }
    }

    /// Takes no new conversations from now on. How many sessions' streams are open is watched with what comes back.
    pub fn drain(&self) -> watch::Receiver<usize> {
        self.draining.store(true, Ordering::Relaxed);
        self.sessions.subscribe()
    }

    /// A session's stream opens; it is open until what comes back is dropped.
    pub(super) fn session_opens(self: &Arc<Self>) -> OpenSession {
        self.sessions.send_modify(|it| *it += 1);
        OpenSession(self.clone())
    }

    /// Ends the streams that would never end by themselves.
    pub fn close(&self) {
        self.closing.send_replace(true);
    }

    /// Whether the service closes.
    pub(super) fn closing(&self) -> watch::Receiver<bool> {
        self.closing.subscribe()
    }

    /// Fills a stream until it ends, nobody reads it any more, or the service closes: then it says so.
    pub(super) async fn stream<T>(
        &self,
        to: &mpsc::Sender<Result<T, Status>>,
        fill: impl Future<Output = ()>,
    ) {
        let mut closing = self.closing.subscribe();
        tokio::select! {
            () = fill => {}
            () = to.closed() => {}
            // An error: the front itself is gone, and so is the service.
            _ = closing.wait_for(|it| *it) => to.try_send(Err(status::shutting_down())).unwrap_or(()),
        }
    }

    /// Carries out a call that changes something.
    pub(super) async fn mutate<M: Mutation>(&self, call: M) -> Result<Response<M::Response>, Status> {
        let (to, key) = (self.orgs.addressee(call.org_id()), request_key(call.request_id()));
        let mut check = Check::new();
        let command = to.with_names(|names| call.into_command(names, &mut check));
        let reply = self.decide(&to, key, command, check).await?;
        Ok(Response::new(M::respond(reply)))
    }

    /// Gives a new org its first directory.
    pub async fn load(&self, sample: Sample) -> Result<(), Status> {
        let Sample { org_id, directory } = sample;
        let request_id = "sample".to_owned();
        let call =
            v1::ApplyDirectoryRequest { org_id, request_id, directory: Some(directory), dry_run: false };
        self.mutate(call).await.map(|_| ())
    }

    pub(super) async fn decide(
        &self,
        to: &Addressee,
        key: RequestKey,
        command: Command,
        check: Check,
    ) -> Result<Reply, Status> {
        if !check.is_empty() {
            return Err(check.into_status());
        }
        let (reply, answer) = oneshot::channel();
        let reply = ReplyTo::Call(reply);
        self.post(to, Letter::Command { org: to.id.clone(), key: Some(key), command, reply })?;
        self.settled(answer).await
    }

    /// Answers a call that asks.
    pub(super) async fn inquire<I: Inquiry>(&self, call: I) -> Result<Response<I::Response>, Status> {
        let to = self.orgs.addressee(call.org_id());
        let mut check = Check::new();
        let query = to.with_names(|names| call.into_query(names, &mut check));
        let answer = self.ask(&to, query, check).await?;
        // Asked for again: it may have come into being meanwhile, and then the answer has names.
        Ok(Response::new(self.with_names(&to.id, |names| I::respond(answer, names))))
    }

    pub(super) async fn ask(&self, to: &Addressee, query: Query, check: Check) -> Result<Answer, Status> {
        if !check.is_empty() {
            return Err(check.into_status());
        }
        self.answer(to, query).await?.map_err(|rejection| status::refusal(&rejection))
    }

    /// What a shard answers to a checked query, or why it refuses.
    pub(super) async fn answer(
        &self,
        to: &Addressee,
        query: Query,
    ) -> Result<Result<Answer, Rejection>, Status> {
        let (reply, answer) = oneshot::channel();
        self.post(to, Letter::Query { org: to.id.clone(), query, reply })?;
        answer.await.map_err(|_| status::shutting_down())
    }

    /// Waits for what a shard answers.
    pub(super) async fn settled<T>(
        &self,
        answer: oneshot::Receiver<Result<T, Rejection>>,
    ) -> Result<T, Status> {
        match answer.await {
            Ok(answer) => answer.map_err(|rejection| status::refusal(&rejection)),
            // The answer was dropped with the shard: whether it was decided, a repeat with the same request_id will tell.
            Err(_) => Err(status::shutting_down()),
        }
    }

    pub(super) fn post(&self, to: &Addressee, letter: Letter) -> Result<(), Status> {
        if self.draining.load(Ordering::Relaxed) && is_new_work(&letter) {
            return Err(status::shutting_down());
        }
        self.mailboxes.post(to, letter).map_err(|refused| match refused {
            Refused::Full => {
                metrics::overloaded();
                status::overloaded(RETRY_AFTER)
            }
            Refused::Stopped => status::shutting_down(),
        })
    }

    /// The names of an org's directory, for the length of a conversion.
    pub(super) fn with_names<T>(&self, org: &str, convert: impl FnOnce(&Names) -> T) -> T {
        self.orgs.addressee(org).with_names(convert)
    }

    pub(super) fn org(&self, id: &str) -> Result<Arc<Org>, Status> {
        let mut check = Check::new();
        check.org(id);
        if !check.is_empty() {
            return Err(check.into_status());
        }
        self.orgs.get(id).ok_or_else(status::org_not_found)
    }
}

/// What is not taken while the service drains. All else is about what exists.
fn is_new_work(letter: &Letter) -> bool {
    matches!(letter, Letter::Command { command: Command::CreateConversation { .. }, .. })
}

/// A session's stream that is open.
#[derive(Debug)]
pub(super) struct OpenSession(Arc<Front>);

impl Drop for OpenSession {
    fn drop(&mut self) {
        self.0.sessions.send_modify(|it| *it -= 1);
    }
}

/// Runs a blocking read off the tasks' threads.
pub(super) async fn blocking<T, E>(read: impl FnOnce() -> Result<T, E> + Send + 'static) -> Result<T, Status>
where
    T: Send + 'static,
    E: std::error::Error + Send + 'static,
{
    match tokio::task::spawn_blocking(read).await {
        Ok(Ok(found)) => Ok(found),
        Ok(Err(error)) => {
            tracing::error!(%error, "a read failed");
            Err(Status::internal("the stored data could not be read; the service's log says why"))
        }
        Err(_) => Err(status::shutting_down()),
    }
}
