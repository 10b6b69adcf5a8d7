//! What lies in a mailbox: a command or a query with where its answer goes, or a word from the service itself.

use std::sync::{Arc, Weak};

use crate::{
    engine::{
        InvitesTo,
        command::{Command, Query},
        ids::{AgentIx, Epoch, RequestKey},
        query::{AgentView, Answer},
        rejection::Rejection,
        reply::Reply,
    },
    telemetry::trace::{Stage, Way},
    views::orgs::Durable,
};
use tokio::sync::{mpsc, oneshot};

/// What became of a command.
pub type Settled = Result<Reply, Rejection>;

/// Where the answer to a command goes, once it is durable. Dropped without one, the service has stopped.
#[derive(Debug)]
pub enum ReplyTo {
    /// To a call that waits for this one.
    Call(oneshot::Sender<Settled>, Way),
    /// To a stream that has many in flight.
    Stream(StreamReply),
}

impl ReplyTo {
    /// To a call that waits for this one, and is traced as the task is that it comes from.
    pub fn call(to: oneshot::Sender<Settled>) -> Self {
        Self::Call(to, Way::begin())
    }

    /// The next stage begins on the way to the answer.
    pub fn enter(&mut self, stage: Stage) {
        match self {
            Self::Call(_, way) => way.enter(stage),
            // Its commands are many, and none is a call of its own.
            Self::Stream(_) => {}
        }
    }

    /// Sends the answer. Whoever no longer waits for it has gone; what was decided stands.
    pub fn send(self, settled: Settled) {
        match self {
            Self::Call(to, _) => drop(to.send(settled)),
            Self::Stream(mut to) => to.send(Some(settled)),
        }
    }
}

/// The place of one command among those that a stream has in flight.
#[derive(Debug)]
pub struct StreamReply {
    number: u64,
    to: Option<mpsc::Sender<(u64, Option<Settled>)>>,
}

impl StreamReply {
    /// The answer goes there with this number; none: the service has stopped. The channel must have room for all that is in flight.
    pub fn new(number: u64, to: mpsc::Sender<(u64, Option<Settled>)>) -> Self {
        Self { number, to: Some(to) }
    }

    fn send(&mut self, settled: Option<Settled>) {
        if let Some(to) = self.to.take() {
            // A stream that is gone needs no answer.
            to.try_send((self.number, settled)).unwrap_or(());
        }
    }
}

impl Drop for StreamReply {
    fn drop(&mut self) {
        self.send(None);
    }
}

/// What a session is told.
#[derive(Debug)]
pub enum Notice {
    /// First: it is open, and this is its agent.
    Opened {
        /// What names the session in every command.
        epoch: Epoch,
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
    /// What became durable with it. It is kept for a while, not for whoever reads slowly: their notices would keep everything.
    pub batch: Weak<Durable>,
    /// Which of those events it is.
    pub place: usize,
    /// The number of the entry that it is in the chat log; 0: it is none.
    pub log_number: u32,
    /// Of invites: what they are about.
    pub invites_to: Option<InvitesTo>,
}

/// Tells the stream of a session from every other, also of the same session.
pub type StreamNumber = u64;

/// Where the notices of a session go. Several sessions can have one reader, who tells them apart by their streams.
#[derive(Debug)]
pub struct SessionSink {
    /// Of this session.
    pub stream: StreamNumber,
    /// The notices.
    pub notices: mpsc::Sender<(StreamNumber, Notice)>,
    /// Why the stream ends, where there is something to say. There must be room for one word of each session.
    pub endings: mpsc::Sender<(StreamNumber, Rejection)>,
}

impl SessionSink {
    /// Tells the session something. Whether there is somebody who reads, and fast enough.
    pub fn tell(&self, notice: Notice) -> bool {
        self.notices.try_send((self.stream, notice)).is_ok()
    }

    /// Ends the stream. A client that is gone needs no farewell.
    pub fn end(self, why: Rejection) {
        self.endings.try_send((self.stream, why)).unwrap_or(());
    }
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
        /// Of which agent.
        agent: AgentIx,
        /// Which stream.
        stream: StreamNumber,
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

/// Bytes that count as one letter more.
const BYTES_A_WEIGHT: usize = 1_024;
/// Resources that do: they are a few hundred bytes each.
const RESOURCES_A_WEIGHT: usize = 2;
/// What one letter counts as at most: a batch, or nobody else's would be taken while it waits.
const WEIGHT_MAX: usize = 1_024;

impl Letter {
    /// What it counts as in its mailbox: 1, and more for what takes much memory while it waits.
    pub fn weight(&self) -> usize {
        let more = match self {
            Self::Command { command: Command::PostMessage { text, .. }, .. } => text.len() / BYTES_A_WEIGHT,
            Self::Command { command: Command::ApplyDirectory { wanted }, .. }
            | Self::Query { query: Query::PlanDirectory { wanted }, .. } => wanted.len() / RESOURCES_A_WEIGHT,
            Self::Command { .. }
            | Self::Open { .. }
            | Self::Dropped { .. }
            | Self::Query { .. }
            | Self::Wake { .. }
            | Self::Stop => 0,
        };
        (1 + more).min(WEIGHT_MAX)
    }
}
