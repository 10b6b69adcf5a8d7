//! The journal: the ordered, durable log of events of each org. It knows bytes and positions, never agents.
//!
//! ```text
//!            commit(one Append an org)            read(org, from)
//!   shard ───────────────► JournalWriter   JournalReader ◄─────── watchers, read models, recovery
//!                               │                 ▲
//!                               └──── journal.db ─┘           Snapshots ◄──── recovery starts here
//! ```
//!
//! It is a seam: [`embedded`] (SQLite, nothing to install) stands behind it today; a distributed engine can.
//!
//! What every journal behind this seam promises:
//! 1. What `commit` answered with `Ok` is durable, whole, and at the positions that were asked for.
//! 2. The positions of an org are dense: 1, 2, 3, … A gap or a repetition is refused and nothing is written.
//! 3. One writer: opening a writer fences every older one, for good.
//! 4. A writer that failed stays dead. A sync that failed is never retried, for after it nobody knows what the
//!    disk holds; the process starts again from what is durable.
//! 5. Damage is an error that names its place. It is never skipped, and never taken for the end of the log.

use std::error::Error as StdError;
use std::fmt;
use std::path::PathBuf;

mod disk;
pub mod embedded;
pub mod snapshots;

pub use embedded::{Embedded, Look};
pub use snapshots::{STEP_BYTES, Snapshots};

/// Where an event stands in its org's journal: dense, ordered, never reused. The first event is at 1; 0 means "before any".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Position(pub u64);

impl fmt::Display for Position {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

/// The longest name of an org, in bytes: it is part of a file name, where 255 is the end once each byte may take three.
pub const ORG_BYTES_MAX: usize = 64;

/// The largest payload of one append. A commit is held in memory twice (by the caller and by the store) until it is durable,
/// so this is a bound on memory, far beyond the size at which larger batches still win.
pub const PAYLOAD_BYTES_MAX: usize = 64 << 20;

/// One org's events of one commit. The payload is opaque here.
#[derive(Debug, Clone, Copy)]
pub struct Append<'a> {
    /// Whose events: 1 to [`ORG_BYTES_MAX`] bytes.
    pub org: &'a str,
    /// The position of the first event: one after the org's last.
    pub first: Position,
    /// How many events the payload holds, at least one.
    pub count: u32,
    /// The events, at most [`PAYLOAD_BYTES_MAX`] bytes.
    pub payload: &'a [u8],
}

/// A batch as it was committed, checked on its way out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// The position of the first event.
    pub first: Position,
    /// How many events the payload holds.
    pub count: u32,
    /// Which writer wrote it. It never falls along an org's journal.
    pub writer_epoch: u64,
    /// The events.
    pub payload: Vec<u8>,
}

impl Stored {
    /// The position of the last event.
    pub fn last(&self) -> Position {
        Position(self.first.0 + u64::from(self.count) - 1)
    }
}

/// The one hand that appends.
pub trait JournalWriter: Send {
    /// Durable when it returns; all or nothing. After an `Err` the writer is dead, and every later call returns an error too.
    /// Several appends of one org in one commit are allowed, in order.
    fn commit(&mut self, appends: &[Append<'_>]) -> Result<(), JournalError>;

    /// The epoch of this writer: higher than that of every writer opened before it.
    fn writer_epoch(&self) -> u64;
}

/// Reads what is durable, from anywhere, any number of times.
pub trait JournalReader: Send {
    /// The batches of `org` that hold events at or after `from`, oldest first. Whole batches, `bytes_max` bytes of payload at most,
    /// but at least one batch if there is one. Empty: nothing there (yet), or no such org.
    fn read(&mut self, org: &str, from: Position, bytes_max: usize) -> Result<Vec<Stored>, JournalError>;

    /// Every org that has events with the position of its last one, by name.
    fn orgs(&mut self) -> Result<Vec<(String, Position)>, JournalError>;
}

/// A journal: gives out its writer and as many readers as wanted. They may outlive it.
pub trait Journal: Send + Sync {
    /// A new writer with a new epoch, made durable first. Every older writer is fenced from here on.
    fn writer(&self) -> Result<Box<dyn JournalWriter>, JournalError>;

    /// A reader of its own, for one thread.
    fn reader(&self) -> Result<Box<dyn JournalReader>, JournalError>;
}

/// What stands behind a failure, whichever store it came from.
pub type Source = Box<dyn StdError + Send + Sync>;

/// Why the journal could not do what it was asked. Each of these is for an operator or for a bug report; none is a refusal
/// that a client sees.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// Another process, or another handle of this one, has the data directory.
    #[error("the journal in {path} is in use by another process")]
    Locked {
        /// The file that carries the lock.
        path: PathBuf,
    },
    /// There is nothing to look at.
    #[error("there is no journal in {path}")]
    NoJournal {
        /// The directory.
        path: PathBuf,
    },
    /// It is no backup but the data directory of a service that runs or was killed: its last commits are beside the database.
    #[error("{path} is no backup: a service has it, or was killed in it")]
    NotSettled {
        /// The directory.
        path: PathBuf,
    },
    /// A bug of the caller: the append does not begin one after the org's last event.
    #[error("org {org}: the next event belongs at {expected}, not at {found}")]
    NotDense {
        /// Whose events.
        org: String,
        /// Where the append had to begin.
        expected: Position,
        /// Where it began.
        found: Position,
    },
    /// A bug of the caller: an append that no journal can take.
    #[error("org {org:?}: an append {what}")]
    BadAppend {
        /// Whose events.
        org: String,
        /// What is wrong with it.
        what: &'static str,
    },
    /// A stored batch is not what was written. Nothing at or after this position of the org can be trusted.
    #[error("org {org}: the journal is damaged at position {position}: {what}")]
    Damaged {
        /// Whose events.
        org: String,
        /// The first position that is lost or altered.
        position: Position,
        /// What was found.
        what: String,
    },
    /// The database file is damaged in a place that belongs to no org, or to no one that can be told.
    #[error("the journal in {path} is damaged: {what}")]
    DamagedDatabase {
        /// The database file.
        path: PathBuf,
        /// What was found.
        what: String,
    },
    /// The log of the last commits is damaged before its end: to open it would silently lose answered commits.
    #[error(
        "the log {path} is damaged at frame {frame} (byte {offset}), {commits} whole commits before it: {what}"
    )]
    DamagedLog {
        /// The log file.
        path: PathBuf,
        /// The first frame that is not intact; the first in the file is 1, its header 0.
        frame: u64,
        /// Where that frame begins in the file.
        offset: u64,
        /// How many commits before it in this file are intact.
        commits: u64,
        /// Why this is no torn end.
        what: &'static str,
    },
    /// The data directory was written by another release, or is no journal.
    #[error("{path} has the format {found}, this release reads {known}")]
    Format {
        /// The database file.
        path: PathBuf,
        /// The application and format in the file.
        found: String,
        /// The application and format that this release reads.
        known: String,
    },
    /// The store or the disk failed.
    #[error("{doing} failed")]
    Storage {
        /// What was being done.
        doing: &'static str,
        /// What came back.
        source: Source,
    },
    /// A newer writer was opened.
    #[error("writer {mine} is fenced: writer {newest} has taken over")]
    Fenced {
        /// The epoch of this writer.
        mine: u64,
        /// The newest epoch.
        newest: u64,
    },
    /// It failed before and is not used again.
    #[error("the journal failed earlier; it starts again from what is durable")]
    Dead,
}

impl JournalError {
    /// A failure of the store, with what was being done.
    pub(crate) fn storage(doing: &'static str, source: impl Into<Source>) -> Self {
        Self::Storage { doing, source: source.into() }
    }
}
