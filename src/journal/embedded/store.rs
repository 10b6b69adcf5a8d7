//! The file `journal.db`: how it is opened, its tables, and what SQLite's errors mean. Never decides what is written.
//! Writer, reader, checkpointer and walk each open a connection of their own here.
//!
//! ```text
//!   orgs     org ──► name                                    a number an org, so that rows stay small
//!   batches  id  ──► org, first, count, writer_epoch, checksum, payload       in the order of commits
//!   writers  epoch                                           one row: the newest writer's
//! ```
//!
//! Batches stand in the order of their commits, whatever their org, so a commit writes to the end of the table, and the walk at the start
//! reads the file from front to back. `batches_by_org` finds an org's batch by position.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::journal::{JournalError, Position};

/// "Omnr": what `file` and every SQLite tool show of whose database this is.
const APPLICATION_ID: i32 = 0x4f6d_6e72;
/// The format of the tables and of the chain. It changes with either.
const FORMAT: i32 = 1;

/// Bytes of a page. Every page that a commit touches is one frame in the log, with its own header, sum and write, and payloads of many KiB
/// spread over overflow pages, one frame each; so larger pages mean fewer frames. But the smallest commit writes the table's and the
/// index's last page whole. Of 4, 8 and 16 KiB, 8 was the fastest here with payloads of 1 KiB and of 256 KiB alike.
pub(super) const PAGE_BYTES: u32 = 8192;

/// How long a statement waits for a lock that a foreign tool holds, before the commit fails and with it the writer.
const FOREIGN_LOCK_WAIT: Duration = Duration::from_secs(5);

/// What a connection may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// Everything, for the directory is ours.
    Write,
    /// Read beside the process that has the directory. It never takes a log in: where that process is gone, it cannot be opened.
    Read,
}

/// Opens the database as it is, to write.
pub(super) fn connect(path: &Path) -> Result<Connection, JournalError> {
    connect_to(path, Access::Write)
}

/// Opens the database as it is.
pub(super) fn connect_to(path: &Path, access: Access) -> Result<Connection, JournalError> {
    let flags = OpenFlags::SQLITE_OPEN_NO_MUTEX
        | match access {
            Access::Write => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
            Access::Read => OpenFlags::SQLITE_OPEN_READ_ONLY,
        };
    let open = || -> rusqlite::Result<Connection> {
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(FOREIGN_LOCK_WAIT)?;
        // The log is taken in and emptied when `checkpoint` says so, not by whoever happens to close last.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        connection.pragma_update(None, "page_size", PAGE_BYTES)?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "wal_autocheckpoint", 0)?;
        // `wal` relies on it: a page is in a commit once, and nothing of a commit is in the log before it is committed.
        connection.pragma_update(None, "cache_spill", false)?;
        connection.pragma_update(None, "cell_size_check", true)?;
        connection.set_prepared_statement_cache_capacity(32);
        Ok(connection)
    };
    open().map_err(|error| failed("opening the journal", path, error))
}

/// Makes the tables if the file is new, and makes sure that it is ours.
pub(super) fn found(connection: &mut Connection, path: &Path) -> Result<(), JournalError> {
    let failed = |error| failed("opening the journal", path, error);
    let number =
        |connection: &Connection, name| connection.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
    let application = number(connection, "application_id").map_err(failed)?;
    let format = number(connection, "user_version").map_err(failed)?;
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).map_err(failed)?;
    let fresh = (application, format, tables) == (0, 0, 0);
    if !fresh && (application, format) != (APPLICATION_ID, FORMAT) {
        return Err(JournalError::Format {
            path: path.to_path_buf(),
            found: format!("{application:#x}/{format}"),
            known: format!("{APPLICATION_ID:#x}/{FORMAT}"),
        });
    }
    let mode: String =
        connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0)).map_err(failed)?;
    if mode != "wal" {
        return Err(JournalError::storage(
            "putting the journal in WAL mode",
            format!("it stays in mode {mode}"),
        ));
    }
    if fresh {
        let transaction = connection.transaction().map_err(failed)?;
        transaction.execute_batch(SCHEMA).map_err(failed)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID).map_err(failed)?;
        transaction.pragma_update(None, "user_version", FORMAT).map_err(failed)?;
        transaction.commit().map_err(failed)?;
    }
    Ok(())
}

const SCHEMA: &str = "
    CREATE TABLE orgs (org INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
    CREATE TABLE batches (
        id INTEGER PRIMARY KEY,
        org INTEGER NOT NULL,
        first INTEGER NOT NULL,
        count INTEGER NOT NULL,
        writer_epoch INTEGER NOT NULL,
        checksum INTEGER NOT NULL,
        payload BLOB NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX batches_by_org ON batches (org, first);
    CREATE TABLE writers (epoch INTEGER NOT NULL) STRICT;
    INSERT INTO writers VALUES (0);
";

/// Whether SQLite says that the file, not the disk or the caller, is at fault. Our statements are fixed, so one that does not
/// fit the tables, or a value that does not fit its column, is damage too.
pub(super) fn is_damage(error: &rusqlite::Error) -> bool {
    let code = error.sqlite_error_code();
    matches!(code, Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::Unknown))
        || matches!(
            error,
            rusqlite::Error::FromSqlConversionFailure(..)
                | rusqlite::Error::IntegralValueOutOfRange(..)
                | rusqlite::Error::InvalidColumnType(..)
                | rusqlite::Error::QueryReturnedNoRows
                | rusqlite::Error::SqlInputError { .. }
                | rusqlite::Error::Utf8Error(..)
        )
}

/// What an error means that belongs to no org.
pub(super) fn failed(doing: &'static str, path: &Path, error: rusqlite::Error) -> JournalError {
    if is_damage(&error) {
        return JournalError::DamagedDatabase { path: path.to_path_buf(), what: error.to_string() };
    }
    JournalError::storage(doing, error)
}

/// What an error means that came up at `position` of `org`.
pub(super) fn failed_at(
    doing: &'static str,
    org: &str,
    position: Position,
    error: rusqlite::Error,
) -> JournalError {
    if is_damage(&error) {
        return JournalError::Damaged { org: org.to_owned(), position, what: error.to_string() };
    }
    JournalError::storage(doing, error)
}
