//! What lies in a mailbox: a command or a query with where its answer goes, or a word from the service itself.

use std::sync::Arc;

use crate::{
    engine::{
        InvitesTo,
        command::{Acting, Command, Query},
        ids::RequestKey,
        query::{AgentView, Answer},
        rejection::Rejection,
        reply::Reply,
    },
    views::orgs::Durable,
};
use tokio::sync::{mpsc, oneshot};

/// Where the answer to a command goes, once it is durable. Dropped without one, the service has stopped.
pub type ReplyTo = oneshot::Sender<Result<Reply, Rejection>>;

/// Notices that wait for a session's client to read them, at most. Beyond it the stream is cut; the session comes back and sees the
/// state as it stands.
pub const NOTICES_WAITING_MAX: usize = 1_024;

/// What a session is told.
#[derive(Debug)]
pub enum Notice {
    /// First: it is open, and this is its agent.
    Opened {
        /// Whether it was there before.
        resumed: bool,
        /// Its agent at that moment.
        view: Box<AgentView>,
    },
    /// Then: this happened.
    Event(Told),
}

/// An event as it is told to sessions.
#[derive(Debug, Clone)]
pub struct Told {
    /// What became durable with it.
    pub batch: Arc<Durable>,
    /// Which of those events it is.
    pub place: usize,
    /// The number of the entry that it is in the chat log; 0: it is none.
    pub log_number: u32,
    /// Of invites: what they are about.
    pub invites_to: Option<InvitesTo>,
}

/// Where the notices of a session go.
#[derive(Debug)]
pub struct SessionSink {
    /// Tells this stream from another of the same session.
    pub stream: u64,
    /// The notices.
    pub notices: mpsc::Sender<Notice>,
    /// Why the stream ends, where there is something to say.
    pub ending: oneshot::Sender<Rejection>,
}

/// A letter to a shard.
#[derive(Debug)]
pub enum Letter {
    /// Decide this.
    Command {
        /// For which org.
        org: Arc<str>,
        /// What makes a repeat a repeat.
        key: Option<RequestKey>,
        /// What.
        command: Command,
        /// Where the answer goes.
        reply: ReplyTo,
    },
    /// Open a session; its notices go there.
    Open {
        /// For which org.
        org: Arc<str>,
        /// What makes a repeat a repeat.
        key: Option<RequestKey>,
        /// An `OpenSession`.
        command: Command,
        /// Where the notices go.
        sink: SessionSink,
        /// Where the answer goes.
        reply: ReplyTo,
    },
    /// The stream of a session broke.
    Dropped {
        /// For which org.
        org: Arc<str>,
        /// Which session.
        session: Acting,
        /// Which stream of it.
        stream: u64,
    },
    /// Say this.
    Query {
        /// For which org.
        org: Arc<str>,
        /// What.
        query: Query,
        /// Where the answer goes.
        reply: oneshot::Sender<Result<Answer, Rejection>>,
    },
    /// Look at the clock.
    Wake {
        /// Told when what was due is durable.
        done: oneshot::Sender<()>,
    },
    /// Finish what is in the mailbox and stop.
    Stop,
}
