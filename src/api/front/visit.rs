//! What a caller that was let in reaches: the shard of its org and what is read beside it. An agent is told of conversations that are
//! not its own what it is told of those that there never were.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use tokio::sync::{mpsc, oneshot, watch};
use tonic::Status;

use super::{Guest, OpenSession};
use crate::{
    access::caller::Role,
    engine::{
        command::{Command, Query},
        directory::{names::Names, spec::ResourceKind},
        ids::{AgentIx, ConversationId, RequestKey},
        query::Answer,
        rejection::Rejection,
        reply::Reply,
        ties::Tie,
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
        orgs::{Addressee, Org},
    },
    wire::{
        UNKNOWN,
        check::Check,
        mutation::{Mutation, request_key, request_key_of},
        status,
    },
};

/// When to try again after a mailbox was full: about as long as a full mailbox takes to be worked off.
const RETRY_AFTER: Duration = Duration::from_millis(100);
/// How long a read waits for the logbook to come up to what was durable when the call came.
const LOGBOOK_PATIENCE: Duration = Duration::from_secs(10);

/// A caller that was let in, on a visit to one org.
#[derive(Debug, Clone)]
pub(in crate::api) struct Visit {
    guest: Guest,
    /// The org. It may not be there.
    pub(in crate::api) to: Addressee,
    /// Whether it knows of the conversation that it asked for only while that is offered to it.
    on_offer: bool,
}

impl Visit {
    pub(super) fn new(guest: Guest, org_id: &str) -> Self {
        let to = guest.front.behind.orgs.addressee(org_id);
        Self { guest, to, on_offer: false }
    }

    /// Carries out a call that changes something.
    pub(in crate::api) async fn mutate<M: Mutation>(&self, call: M) -> Result<M::Response, Status> {
        let key = self.key(call.request_id());
        let mut check = Check::new();
        let command = self.to.with_names(|names| call.into_command(names, &mut check));
        self.decide(key, command, check).await.map(M::respond)
    }

    pub(in crate::api) async fn decide(
        &self,
        key: RequestKey,
        command: Command,
        check: Check,
    ) -> Result<Reply, Status> {
        if !check.is_empty() {
            return Err(check.into_status());
        }
        let about = command.conversation();
        let (reply, answer) = oneshot::channel();
        let reply = ReplyTo::call(reply);
        self.post(|org| Letter::Command { org, key: Some(key), command, reply })?;
        self.settled(answer, about).await
    }

    /// Waits for what a shard answers to a command about a conversation.
    pub(in crate::api) async fn settled<T>(
        &self,
        answer: oneshot::Receiver<Result<T, Rejection>>,
        about: Option<ConversationId>,
    ) -> Result<T, Status> {
        match answer.await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(rejection)) => Err(status::refusal(&self.told(rejection, about).await?)),
            // The answer was dropped with the shard: whether it was decided, a repeat with the same request_id will tell.
            Err(_) => Err(status::shutting_down()),
        }
    }

    pub(in crate::api) async fn ask(&self, query: Query, check: Check) -> Result<Answer, Status> {
        if !check.is_empty() {
            return Err(check.into_status());
        }
        self.answer(query).await?.map_err(|rejection| status::refusal(&rejection))
    }

    /// What a shard answers to a checked query, or why it refuses.
    pub(in crate::api) async fn answer(&self, query: Query) -> Result<Result<Answer, Rejection>, Status> {
        let query = match (query, self.agent()) {
            (Query::Waiting { place, size, .. }, Some(agent)) => {
                Query::Waiting { place, size, seen_by: Some(self.number(agent)) }
            }
            (query, _) => query,
        };
        let (reply, answer) = oneshot::channel();
        self.post(|org| Letter::Query { org, query, reply })?;
        answer.await.map_err(|_| status::shutting_down())
    }

    /// Puts a letter in the mailbox of the org's shard.
    pub(in crate::api) fn post(&self, letter: impl FnOnce(Arc<str>) -> Letter) -> Result<(), Status> {
        let (letter, front) = (letter(self.to.id.clone()), &self.guest.front);
        if front.draining.load(Ordering::Relaxed) && is_new_work(&letter) {
            return Err(status::shutting_down());
        }
        front.behind.mailboxes.post(&self.to, letter).map_err(|refused| match refused {
            Refused::Full => {
                metrics::overloaded();
                status::overloaded(RETRY_AFTER)
            }
            Refused::Stopped => status::shutting_down(),
        })
    }

    /// What makes a command of this caller the same command when it comes again.
    pub(in crate::api) fn key(&self, request_id: &str) -> RequestKey {
        match &self.guest.caller {
            Some(it) if it.role == Role::Agent || it.role == Role::Supervisor => {
                request_key_of(&format!("{}/{}", it.role.name(), it.name), request_id)
            }
            Some(_) | None => request_key(request_id),
        }
    }

    /// The names of the org's directory as they are by now: the org may have come into being since the call did.
    pub(in crate::api) fn with_latest_names<T>(&self, convert: impl FnOnce(&Names) -> T) -> T {
        self.guest.front.behind.orgs.addressee(&self.to.id).with_names(convert)
    }

    /// The org, if there is one of that id.
    pub(in crate::api) fn org(&self) -> Result<Arc<Org>, Status> {
        let mut check = Check::new();
        check.org(&self.to.id);
        if !check.is_empty() {
            return Err(check.into_status());
        }
        self.guest.front.behind.orgs.get(&self.to.id).ok_or_else(status::org_not_found)
    }

    /// Waits until the logbook has all that is durable now, so that whoever was answered reads what it wrote.
    pub(in crate::api) async fn caught_up(&self, org: &Org) -> Result<(), Status> {
        match tokio::time::timeout(LOGBOOK_PATIENCE, self.logbook().caught_up(org)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(status::shutting_down()),
            Err(_) => Err(status::overloaded(LOGBOOK_PATIENCE)),
        }
    }

    /// A session's stream opens; it is open until what comes back is dropped.
    pub(in crate::api) fn session_opens(&self) -> OpenSession {
        self.guest.front.sessions.send_modify(|it| *it += 1);
        OpenSession(self.guest.front.clone())
    }

    /// Where letters go, for the word that a stream broke.
    pub(in crate::api) fn mailboxes(&self) -> &Mailboxes {
        &self.guest.front.behind.mailboxes
    }

    /// Where events are read.
    pub(in crate::api) fn feed(&self) -> &Arc<Feed> {
        &self.guest.front.behind.feed
    }

    /// Where chat logs are read.
    pub(in crate::api) fn logbook(&self) -> &Arc<Logbook> {
        &self.guest.front.behind.logbook
    }

    /// Where decisions of the past are explained.
    pub(in crate::api) fn past(&self) -> &Arc<Past> {
        &self.guest.front.behind.past
    }

    /// Fills a stream until it ends, nobody reads it any more, or the service closes: then it says so.
    pub(in crate::api) async fn stream<T>(
        &self,
        to: &mpsc::Sender<Result<T, Status>>,
        fill: impl Future<Output = ()>,
    ) {
        let mut closing: watch::Receiver<bool> = self.guest.front.closing();
        tokio::select! {
            () = fill => {}
            () = to.closed() => {}
            // An error: the front itself is gone, and so is the service.
            _ = closing.wait_for(|it| *it) => to.try_send(Err(status::shutting_down())).unwrap_or(()),
        }
    }
}

/// What an agent may know of.
impl Visit {
    /// The agent that calls, if it is one with a token of its own.
    fn agent(&self) -> Option<&str> {
        self.guest.caller.as_deref().filter(|it| it.role == Role::Agent).map(|it| &*it.name)
    }

    fn number(&self, agent: &str) -> AgentIx {
        self.to.with_names(|names| AgentIx(names.of(ResourceKind::Agent).number(agent).unwrap_or(UNKNOWN)))
    }

    /// Refuses an agent a conversation that is none of its own as if there never was one. Others know of all.
    pub(super) async fn must_know_of(&mut self, conversation: u64) -> Result<(), Status> {
        self.on_offer = self.tie(ConversationId(conversation)).await? == Tie::Offer;
        Ok(())
    }

    /// Whether a stream that shows a conversation may go on: what was only offered may be another's by now.
    pub(in crate::api) async fn still_knows_of(
        &mut self,
        conversation: ConversationId,
    ) -> Result<(), Status> {
        if self.on_offer { self.must_know_of(conversation.0).await } else { Ok(()) }
    }

    /// What a conversation is to the caller; refused, where it is nothing to it.
    async fn tie(&self, conversation: ConversationId) -> Result<Tie, Status> {
        let Some(agent) = self.agent() else { return Ok(Tie::Part) };
        let query = Query::Tie { agent: self.number(agent), conversation };
        let answer = self.answer(query).await?.map_err(|rejection| status::refusal(&rejection))?;
        let Answer::Tie(tie, access_scopes) = answer else {
            return Err(Status::internal("a Tie has no other answer"));
        };
        if tie != Tie::None {
            return Ok(tie);
        }
        let org = self.org()?;
        self.caught_up(&org).await?;
        let (logbook, id, agent) = (self.logbook().clone(), org.id.clone(), agent.to_owned());
        let seen = blocking(move || logbook.sight(&id, conversation, &agent)).await?;
        if seen.is_some_and(|it| it.is_viewable(&access_scopes)) {
            Ok(Tie::Part)
        } else {
            Err(status::refusal(&Rejection::ConversationNotFound))
        }
    }

    /// A refusal as the caller is told it: what shows an agent that there is somebody else's conversation or request becomes what it
    /// would be told if there were none.
    async fn told(&self, rejection: Rejection, about: Option<ConversationId>) -> Result<Rejection, Status> {
        if self.agent().is_none() {
            return Ok(rejection);
        }
        match (&rejection, about) {
            (Rejection::NotTheRequester | Rejection::RequestClosed, None) => Ok(Rejection::RequestNotFound),
            (
                Rejection::ConversationEnded
                | Rejection::ConversationNotFound
                | Rejection::NotAParticipant
                | Rejection::RequestClosed
                | Rejection::AgentNotEligible,
                Some(conversation),
            ) => self.tie(conversation).await.map(|_| rejection),
            _ => Ok(rejection),
        }
    }
}

/// What is not taken while the service drains. All else is about what exists.
fn is_new_work(letter: &Letter) -> bool {
    matches!(letter, Letter::Command { command: Command::CreateConversation { .. }, .. })
}

/// Runs a blocking read off the tasks' threads.
pub(in crate::api) async fn blocking<T, E>(
    read: impl FnOnce() -> Result<T, E> + Send + 'static,
) -> Result<T, Status>
where
    T: Send + 'static,
    E: std::error::Error + Send + 'static,
{
    match tokio::task::spawn_blocking(read).await {
        Ok(Ok(found)) => Ok(found),
        Ok(Err(error)) => {
            tracing::error!(error = &error as &dyn std::error::Error, "a read failed");
            Err(Status::internal("the stored data could not be read; the service's log says why"))
        }
        Err(_) => Err(status::shutting_down()),
    }
}
