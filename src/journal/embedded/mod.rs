//! The embedded journal: one SQLite file in a data directory, nothing to install. It opens and closes; what is in a batch it
//! never looks at. Behind the seam of [`crate::journal`].
//!
//! ```text
//!   data directory
//!     journal.lock       held as long as this process has the directory
//!     journal.db         the batches                            store, chain
//!     journal.db-wal     the last commits, not yet in the database     wal, checkpoint
//!     journal.live       exists while the log may hold answered commits that the database does not
//!
//!   open:  lock ─► wal: torn end or damage? ─► SQLite takes the log in ─► verify: walk all batches ─► checkpointer starts
//!   then:  writer ── commit ──► log ──► checkpointer ──► database
//!          readers ◄── short transactions ── log and database
//!   close: writers and readers end ─► log taken in, `journal.live` and log removed ─► lock given back
//! ```
//!
//! The lock keeps a second Omniroute that would write out. One that looks (`look`) reads beside it, and so do other tools: SQLite's own locks let `sqlite3 -readonly` look in at any time. (Without
//! `-readonly`, on a journal that crashed and has not been started again, it takes the log in and removes it when it closes; the next start
//! then asks to be told that this was so.)

use std::convert::Infallible;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use crossbeam_channel::{Receiver, Sender, TrySendError};

use crate::journal::{Journal, JournalError, JournalReader, JournalWriter, Position, disk};

mod chain;
mod checkpoint;
mod look;
mod reader;
mod store;
mod verify;
mod wal;
mod writer;

use checkpoint::Gate;
pub use look::{Look, copy_file};
use reader::Reader;
use store::Access;
use wal::LogUse;
use writer::Writer;

/// The embedded journal. It is closed when this, its writers and its readers are all gone.
pub struct Embedded {
    house: Arc<House>,
}

/// What of the batches is checked at the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Check {
    /// All of them: half a second a GiB from memory, else as long as the disk takes to read the file once.
    #[default]
    Everything,
    /// None: the caller checks each org's end with [`Embedded::verify_from`] before it serves the org.
    Later,
}

/// What was found at the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Opened {
    /// The orgs that have events; 0 with [`Check::Later`].
    pub orgs: u64,
    /// The batches that were checked; 0 with [`Check::Later`].
    pub batches: u64,
    /// The bytes of an unfinished, never answered commit that a crash left at the end of the log, now dropped. For a metric.
    pub torn_bytes: u64,
    /// The frames in them.
    pub torn_frames: u64,
}

impl Embedded {
    /// Opens the journal in `directory`, which is made if it is missing, and checks all of it.
    pub fn open(directory: &Path) -> Result<(Self, Opened), JournalError> {
        Self::open_checking(directory, Check::Everything)
    }

    /// Opens the journal in `directory`, which is made if it is missing.
    pub fn open_checking(directory: &Path, check: Check) -> Result<(Self, Opened), JournalError> {
        disk::create_directory(directory)
            .map_err(|error| JournalError::storage("making the data directory", error))?;
        let lock = lock(&directory.join("journal.lock"))?;
        let path = directory.join("journal.db");
        let gate = Arc::new(Gate::new(directory.join("journal.live")));
        let mut opened = inspect(directory, &path)?;

        let mut connection = store::connect(&path)?;
        store::found(&mut connection, &path)?;
        checkpoint::settle(&connection, &path, &gate)?;
        disk::sync_directory(directory)
            .map_err(|error| JournalError::storage("syncing the data directory", error))?;

        let (wake, woken) = crossbeam_channel::bounded(1);
        let thread = {
            let (gate, path, connection) = (Arc::clone(&gate), path.clone(), store::connect(&path)?);
            thread::Builder::new()
                .name("journal-checkpoint".to_owned())
                .spawn(move || checkpoint::run(&connection, &path, &gate, &woken))
                .map_err(|error| JournalError::storage("starting the checkpointer", error))?
        };
        let (held, released) = crossbeam_channel::bounded(0);
        let house = House {
            directory: directory.to_path_buf(),
            gate,
            wake: Some(wake),
            thread: Some(thread),
            lock: Some(lock),
            _held: held,
            released,
        };
        let house = Arc::new(house);
        if check == Check::Everything {
            let mut reader = Reader::open(Arc::clone(&house))?;
            let walked = verify::everything(&connection, &path, &mut reader)?;
            (opened.orgs, opened.batches) = (walked.orgs, walked.batches);
        }
        Ok((Self { house }, opened))
    }

    /// A channel that ends when the journal, its writers and its readers are gone and the directory is free.
    pub fn released(&self) -> Receiver<Infallible> {
        self.house.released.clone()
    }

    /// Checks the batches of `org` from the one that holds `begin` to the last, and that the event before `begin` is there: what a
    /// recovery replays on a snapshot of that event. Says the last position.
    ///
    /// [`JournalError::Damaged`] if the journal ends before the snapshot: then a log that was cut or removed has taken commits with it.
    pub fn verify_from(&self, org: &str, begin: Position) -> Result<Position, JournalError> {
        verify::from(&mut Reader::open(Arc::clone(&self.house))?, org, begin)
    }
}

impl Journal for Embedded {
    fn writer(&self) -> Result<Box<dyn JournalWriter>, JournalError> {
        Ok(Box::new(Writer::open(Arc::clone(&self.house))?))
    }

    fn reader(&self) -> Result<Box<dyn JournalReader>, JournalError> {
        Ok(Box::new(Reader::open(Arc::clone(&self.house))?))
    }
}

/// What writers, readers and the journal itself share. The last of them to go ends the checkpointer and gives the lock back.
struct House {
    directory: PathBuf,
    gate: Arc<Gate>,
    wake: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
    /// None: another process has the directory, and here it is only read.
    lock: Option<File>,
    /// Goes after the lock, so that whoever waits for its end may open the directory anew.
    _held: Sender<Infallible>,
    released: Receiver<Infallible>,
}

impl House {
    fn database(&self) -> PathBuf {
        self.directory.join("journal.db")
    }

    fn access(&self) -> Access {
        if self.lock.is_some() { Access::Write } else { Access::Read }
    }

    /// Never waits: a token in the channel means that it is already about to run, and one that ended has closed the gate.
    fn wake_checkpointer(&self) {
        if let Some(wake) = &self.wake {
            match wake.try_send(()) {
                Ok(()) | Err(TrySendError::Full(()) | TrySendError::Disconnected(())) => {}
            }
        }
    }
}

impl Drop for House {
    fn drop(&mut self) {
        drop(self.wake.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the checkpointer of the journal panicked");
        }
    }
}

/// Takes the directory for this process, or says who has it. The lock goes with the process, however it ends.
fn lock(path: &Path) -> Result<File, JournalError> {
    let failed = |error| JournalError::storage("locking the data directory", error);
    let file = File::options().write(true).create(true).truncate(false).open(path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(JournalError::Locked { path: path.to_path_buf() }),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

/// Looks at the log before SQLite does.
fn inspect(directory: &Path, path: &Path) -> Result<Opened, JournalError> {
    let exists = |path: &Path| {
        path.try_exists().map_err(|error| JournalError::storage("looking into the data directory", error))
    };
    let log_use = if exists(&directory.join("journal.live"))? { LogUse::Holds } else { LogUse::Idle };
    let inspected = wal::inspect(&directory.join("journal.db-wal"), log_use)?;
    let database_bytes = if exists(path)? {
        path.metadata().map_err(|error| JournalError::storage("looking at the database", error))?.len()
    } else {
        0
    };
    // SQLite would start anew and remove the log.
    if database_bytes == 0 && (log_use == LogUse::Holds || inspected.commits > 0) {
        let what = "it is gone or empty beside a log that holds commits".to_owned();
        return Err(JournalError::DamagedDatabase { path: path.to_path_buf(), what });
    }
    if inspected.torn_bytes > 0 {
        tracing::warn!(
            bytes = inspected.torn_bytes,
            frames = inspected.torn_frames,
            "a crash left an unfinished commit at the end of the log; it was never answered and is dropped"
        );
    }
    Ok(Opened { torn_bytes: inspected.torn_bytes, torn_frames: inspected.torn_frames, ..Opened::default() })
}
