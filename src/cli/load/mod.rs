//! `omniroute load`: drives a running service like a platform does, measures it from outside, and checks that the rules hold meanwhile.
//!
//! ```text
//!   plan       the options                                 floor     the contact centre that they make
//!   setup      directory, sessions, what stays            door      how commands go: a call each, or on streams
//!   driver     begins conversations when pace says so, ◄─── heard    answers, invites, agents looked at
//!              does what each life says next                life     what comes next in a conversation
//!   latency, tally, checks, counters ──► report, picture
//! ```
//!
//! The generator shares the machine with the service when both are measured, so it is cheap: one task drives all, what is due at once is
//! sent at once, and nothing is locked or looked up by a map on the way of a conversation.

mod checks;
mod counters;
mod cpu;
mod door;
mod driver;
mod floor;
mod heard;
mod latency;
mod life;
mod messages;
mod pace;
mod picture;
mod plan;
mod progress;
mod report;
mod run;
mod sessions;
mod setup;
mod tally;

use std::{io, path::PathBuf};

use thiserror::Error;

use super::client::{CallError, ConnectError};
pub use plan::LoadArgs;
pub(super) use run::run;

/// Why a load did not come to its end, or what it found on its way.
#[derive(Debug, Error)]
pub enum LoadError {
    /// The options contradict each other.
    #[error("these options do not go together: {why}")]
    Options {
        /// How.
        why: String,
    },
    /// There is no service.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The service refused what it must not.
    #[error(transparent)]
    Refused(#[from] Box<CallError>),
    /// The org is somebody's.
    #[error(
        "org {org} has a directory of its own, which the load would replace: name another with --org, one that is not there yet"
    )]
    NotOurs {
        /// Which.
        org: String,
    },
    /// A stream ended that the load goes over.
    #[error("{what} was lost: {why}")]
    Lost {
        /// Which.
        what: String,
        /// What the service said last.
        why: String,
    },
    /// A thread could not be started.
    #[error("a thread of the generator cannot be started")]
    Thread(#[source] io::Error),
    /// The histograms cannot be made: a bug.
    #[error("the histograms cannot be made")]
    Histogram,
    /// The report cannot be written as JSON: a bug.
    #[error("the report cannot be written as JSON")]
    Json(#[from] serde_json::Error),
    /// The picture cannot be drawn.
    #[error("the picture {} cannot be drawn: {why}", path.display())]
    Picture {
        /// Where to.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// The report cannot be printed.
    #[error("the report cannot be printed")]
    Print(#[source] io::Error),
    /// What must hold did not. The report says what.
    #[error("{count} times something was not as the rules say; the first: {first}")]
    Broken {
        /// How often.
        count: u64,
        /// The first of them.
        first: String,
    },
}
