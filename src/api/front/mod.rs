//! The way that every call takes: who calls, whether it may, then check and convert, post, wait, convert back.
//!
//! ```text
//!   request ─► guest: whose token ─► admit: this call, org, name, agent, conversation? ─► Visit ─► shard, logbook, feed
//! ```
//!
//! What lies behind can be reached through a `Visit` alone, and a `Visit` comes from `admit` alone.

mod rights;
mod visit;

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use tokio::sync::watch;
use tonic::{Request, Response, Status};

pub(super) use rights::find;
pub use rights::{Answers, OPEN, ROWS, Right, Row};
pub(super) use visit::{Visit, blocking};

use crate::{
    access::{
        caller::{Caller, Role},
        tokens::{TokenError, Tokens},
    },
    metrics,
    shard::{Mailboxes, past::Past},
    views::{feed::Feed, logbook::Logbook, orgs::Orgs},
    wire::{
        check::Check,
        mutation::{Addressed, Inquiry, Mutation, Speaker},
        status, v1,
    },
};

/// A directory to begin with.
#[derive(Debug, Clone)]
pub struct Sample {
    /// Of which org.
    pub org_id: String,
    /// All of it.
    pub directory: v1::Directory,
}

/// Who is let in.
#[derive(Debug, Clone)]
pub enum Access {
    /// Whoever can connect, to do anything.
    Anybody,
    /// Who has a token, to do what the table of rights says.
    Tokens(Arc<Tokens>),
}

/// What lies behind the services.
#[derive(Debug)]
pub struct Behind {
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
}

/// What the services share: the way to what lies behind, and who may take it.
#[derive(Debug)]
pub struct Front {
    behind: Behind,
    access: Access,
    closing: watch::Sender<bool>,
    draining: AtomicBool,
    sessions: watch::Sender<usize>,
}

/// A session's stream that is open.
#[derive(Debug)]
pub(super) struct OpenSession(Arc<Front>);

impl Drop for OpenSession {
    fn drop(&mut self) {
        self.0.sessions.send_modify(|it| *it -= 1);
    }
}

/// Whose call it is. With tokens, a verified caller; without, anybody.
#[derive(Debug, Clone)]
pub(super) struct Guest {
    front: Arc<Front>,
    caller: Option<Arc<Caller>>,
}

impl Front {
    /// What the services share, while the service is open.
    pub fn new(behind: Behind, access: Access) -> Self {
        Self {
            behind,
            access,
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

    /// Ends the streams that would never end by themselves.
    pub fn close(&self) {
        self.closing.send_replace(true);
    }

    /// Whether the service closes.
    pub(super) fn closing(&self) -> watch::Receiver<bool> {
        self.closing.subscribe()
    }

    /// Whose call it is. The gate has put the caller there; a call that came past it has none, and is refused.
    pub(super) fn guest<T>(self: &Arc<Self>, request: &Request<T>) -> Result<Guest, Status> {
        let caller = match &self.access {
            Access::Anybody => None,
            Access::Tokens(_) => match request.extensions().get::<Arc<Caller>>() {
                Some(caller) => Some(caller.clone()),
                None => return Err(not_let_in(TokenError::Missing)),
            },
        };
        Ok(Guest { front: self.clone(), caller })
    }

    /// Lets a call in, if its caller may make it.
    pub(super) async fn admit<M: Addressed>(
        self: &Arc<Self>,
        request: Request<M>,
    ) -> Result<(Visit, M), Status> {
        let guest = self.guest(&request)?;
        let call = request.into_inner();
        let mut visit = guest.admit(&call)?;
        if let Some(conversation) = call.shown_conversation() {
            visit.must_know_of(conversation).await?;
        }
        Ok((visit, call))
    }

    /// Carries out a call that changes something.
    pub(super) async fn mutate<M: Mutation>(
        self: &Arc<Self>,
        request: Request<M>,
    ) -> Result<Response<M::Response>, Status> {
        let (visit, call) = self.admit(request).await?;
        Ok(Response::new(visit.mutate(call).await?))
    }

    /// Answers a call that asks.
    pub(super) async fn inquire<I: Inquiry>(
        self: &Arc<Self>,
        request: Request<I>,
    ) -> Result<Response<I::Response>, Status> {
        let (visit, call) = self.admit(request).await?;
        let mut check = Check::new();
        let query = visit.to.with_names(|names| call.into_query(names, &mut check));
        let answer = visit.ask(query, check).await?;
        Ok(Response::new(visit.with_latest_names(|names| I::respond(answer, names))))
    }

    /// Gives a new org its first directory. From the service itself, not from a caller.
    pub async fn load(self: &Arc<Self>, sample: Sample) -> Result<(), Status> {
        let Sample { org_id, directory } = sample;
        let request_id = "sample".to_owned();
        let call =
            v1::ApplyDirectoryRequest { org_id, request_id, directory: Some(directory), dry_run: false };
        let itself = Guest { front: self.clone(), caller: None };
        itself.admit(&call)?.mutate(call).await.map(|_| ())
    }
}

impl Guest {
    /// Lets a call in that changes something, or that shows no conversation, if its caller may make it. It looks at the token and the
    /// call alone, so a refusal says nothing about what there is.
    pub(super) fn admit<M: Addressed>(&self, call: &M) -> Result<Visit, Status> {
        if let Some(caller) = &self.caller
            && !may(caller, call)
        {
            return Err(not_permitted());
        }
        Ok(Visit::new(self.clone(), call.org_id()))
    }
}

/// The refusal of a call whose token does not allow it, counted.
pub(super) fn not_permitted() -> Status {
    metrics::denied(status::name(v1::Reason::PermissionDenied));
    status::permission_denied()
}

/// The refusal of a call whose token does not count, counted.
pub(super) fn not_let_in(why: TokenError) -> Status {
    let (reason, status) = if why == TokenError::Expired {
        (v1::Reason::TokenExpired, status::token_expired())
    } else {
        (v1::Reason::TokenInvalid, status::token_invalid(&why.to_string()))
    };
    metrics::denied(status::name(reason));
    status
}

/// Whether a caller may make a call, as far as the call itself tells.
fn may<M: Addressed>(caller: &Caller, call: &M) -> bool {
    let right = find(M::CALL).map_or(Right::No, |row| row.right(caller.role));
    let is_itself = |name: &str| *name == *caller.name;
    let in_its_name = match (caller.role, call.speaker()) {
        // It vouches for all of its org.
        (Role::Platform, _) | (_, Speaker::Caller) => true,
        (Role::Supervisor, Speaker::Supervisor(name)) | (Role::Agent, Speaker::Agent(name)) => {
            is_itself(name)
        }
        (Role::Supervisor | Role::Agent | Role::ReadOnly, _) => false,
    };
    let about_itself = match right {
        Right::No => false,
        Right::Own if caller.role == Role::Agent => call.shown_agent().is_none_or(is_itself),
        Right::Own | Right::Yes => true,
    };
    call.org_id() == &*caller.org && in_its_name && about_itself
}
