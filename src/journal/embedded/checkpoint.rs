//! Takes the log into the database, off the commit path, and keeps the log bounded. A thread of its own; never writes a batch.
//! The writer wakes it, `embedded` ends it.
//!
//! ```text
//!   writer ──(about CHECKPOINT_BYTES committed)──► wake, a channel of one ──► pass: PASSIVE, beside commits and reads
//!                                                                  the log still longer than LOG_BYTES_MAX?
//!                                                                              └──► pause: RESTART, with the gate shut
//! ```
//!
//! A passive pass waits for nobody and nobody waits for it, but under constant load the writer is always ahead of it, and a log starts over
//! from its beginning only when all of it has been taken in. So when it has grown beyond [`LOG_BYTES_MAX`], the gate is shut: the
//! commit in flight ends, reads end (they are short), what the passes have left is taken in, and the next commit begins the log anew.
//! That stands between two commits for the time of a few syncs, about once in [`LOG_BYTES_MAX`] of log.
//!
//! The bound: [`LOG_BYTES_MAX`] plus what is written during one pass. A foreign tool that keeps a read transaction open can hold the log
//! against this; that is logged, and the log grows until the tool lets go.
//!
//! A pass that fails is a failed sync: the gate is closed for good, and the next commit says so.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

use crossbeam_channel::Receiver;
use rusqlite::Connection;

use super::store;
use crate::journal::{JournalError, disk};

/// Log between two passes. Small enough that a pass is short, large enough that pages written again and again are taken in once.
pub(super) const CHECKPOINT_BYTES: u64 = 4 << 20;
/// The length of log from which on it is made to start over. It is also about what a start after a crash has to read first. Short, because
/// a log that is written over syncs in about half the time of one whose file grows, and because what the passes leave grows with it. With
/// payloads of 1 KiB the log stays at 17 MiB and the worst commit at a few ms. With 256 KiB at full speed (290 MB/s) the writer outruns the
/// passes: the log reaches 50 to 80 MiB, and the gate is shut for 60 to 100 ms.
pub(super) const LOG_BYTES_MAX: u64 = 16 << 20;
/// A frame: a page and its header.
const FRAME_BYTES: u64 = store::PAGE_BYTES as u64 + 24;

/// Who may touch the log: one commit at a time, any number of reads, and the restart of the log alone.
#[derive(Debug)]
pub(super) struct Gate {
    turn: Mutex<Turn>,
    reading: RwLock<()>,
    /// Exists while the log may hold answered commits that the database does not.
    live: PathBuf,
}

/// The right to write. Whoever holds it is the only one to commit.
#[derive(Debug)]
pub(super) struct Turn {
    /// The epoch of the newest writer; a commit of any other is fenced.
    pub(super) newest_epoch: u64,
    /// Set once, by the first failure.
    pub(super) dead: bool,
    /// Whether `live` exists.
    marked: bool,
}

impl Gate {
    pub(super) fn new(live: PathBuf) -> Self {
        Self {
            turn: Mutex::new(Turn { newest_epoch: 0, dead: false, marked: false }),
            reading: RwLock::new(()),
            live,
        }
    }

    /// The turn to write, or `Dead` after a failure (a panic in the middle of a commit is one).
    pub(super) fn write(&self) -> Result<MutexGuard<'_, Turn>, JournalError> {
        let turn = self.turn.lock().map_err(|_| JournalError::Dead)?;
        if turn.dead { Err(JournalError::Dead) } else { Ok(turn) }
    }

    /// Leave to read, for one short transaction.
    pub(super) fn read(&self) -> RwLockReadGuard<'_, ()> {
        self.reading.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes on disk that from here on the log must be there at the next start. Called with the turn, when the log's header is synced.
    pub(super) fn mark_live(&self, turn: &mut Turn) -> Result<(), JournalError> {
        if !turn.marked {
            disk::create_file(&self.live).map_err(|error| {
                turn.dead = true;
                JournalError::storage("marking the journal as live", error)
            })?;
            turn.marked = true;
        }
        Ok(())
    }
}

/// Runs until the last sender of `wake` is gone, then leaves the log empty.
pub(super) fn run(connection: &Connection, path: &Path, gate: &Arc<Gate>, wake: &Receiver<()>) {
    let mut held = false;
    while wake.recv().is_ok() {
        match pass(connection, path, gate) {
            Ok(Passed::Held { log_bytes }) if !held => {
                held = true;
                tracing::warn!(
                    log_bytes,
                    "a foreign reader holds the journal's log; it grows until that ends"
                );
            }
            Ok(Passed::Held { .. }) => {}
            Ok(Passed::Done) => held = false,
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "a checkpoint failed");
                gate.turn.lock().unwrap_or_else(PoisonError::into_inner).dead = true;
                return;
            }
        }
    }
    // A journal that failed is left as it is: the next start reads it from the disk.
    if gate.write().is_ok()
        && let Err(error) = settle(connection, path, gate)
    {
        tracing::warn!(error = &error as &dyn std::error::Error, "the log could not be taken in at the end");
    }
}

enum Passed {
    Done,
    Held { log_bytes: u64 },
}

fn pass(connection: &Connection, path: &Path, gate: &Gate) -> Result<Passed, JournalError> {
    let log = checkpoint(connection, path, "PASSIVE")?;
    if log.frames * FRAME_BYTES < LOG_BYTES_MAX {
        return Ok(Passed::Done);
    }
    // What came in the meantime; the less is left for the time with the gate shut.
    checkpoint(connection, path, "PASSIVE")?;
    let Ok(turn) = gate.write() else { return Ok(Passed::Done) };
    let alone = gate.reading.write().unwrap_or_else(PoisonError::into_inner);
    let log = checkpoint(connection, path, "RESTART")?;
    drop((turn, alone));
    if log.busy { Ok(Passed::Held { log_bytes: log.frames * FRAME_BYTES }) } else { Ok(Passed::Done) }
}

/// Takes all of the log into the database and empties it, with nobody else at work. In this order: database, mark, log, so that the
/// mark never stands beside a log that was emptied on purpose.
pub(super) fn settle(connection: &Connection, path: &Path, gate: &Gate) -> Result<(), JournalError> {
    let log = checkpoint(connection, path, "FULL")?;
    if log.busy || log.frames != log.taken {
        // A foreign reader is in the way. The mark stays, and so does the log.
        return Err(JournalError::storage("taking in the log", "another tool is using the journal"));
    }
    disk::remove_file(&gate.live)
        .map_err(|error| JournalError::storage("marking the journal as settled", error))?;
    if checkpoint(connection, path, "TRUNCATE")?.busy {
        return Err(JournalError::storage("emptying the log", "another tool is using the journal"));
    }
    Ok(())
}

/// What a checkpoint says of the log: its frames, how many of them the database has, and whether somebody was in the way.
struct Log {
    busy: bool,
    frames: u64,
    taken: u64,
}

fn checkpoint(connection: &Connection, path: &Path, mode: &str) -> Result<Log, JournalError> {
    let failed = |error| store::failed("taking in the log", path, error);
    // Whoever is in the way is foreign (our own are behind the gate): better a longer log than a commit that waits.
    connection.busy_timeout(Duration::ZERO).map_err(failed)?;
    connection
        .query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |row| {
            let frames = |at| row.get::<_, i64>(at).map(|frames| u64::try_from(frames).unwrap_or(0));
            Ok(Log { busy: row.get::<_, i64>(0)? != 0, frames: frames(1)?, taken: frames(2)? })
        })
        .map_err(failed)
}
