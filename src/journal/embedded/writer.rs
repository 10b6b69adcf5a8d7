//! The writer: one transaction a commit, synced when it returns. Never checkpoints, never repairs, never tries again.
//! Behind [`JournalWriter`]; `embedded` makes it.
//!
//! What it knows of each org (number, end of the chain) it holds in memory: only one writer can commit, so nobody else moves it.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::path::PathBuf;
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use super::chain::{Link, Row};
use super::checkpoint::{CHECKPOINT_BYTES, LOG_BYTES_MAX, Turn};
use super::{House, store};
use crate::journal::{Append, JournalError, JournalWriter, ORG_BYTES_MAX, PAYLOAD_BYTES_MAX, Position};

/// The log that an append costs beside its payload: its share of the table's and the index's last page.
const APPEND_BYTES: u64 = 2 * store::PAGE_BYTES as u64;

pub(super) struct Writer {
    /// `None` from the first failure on. Above `house`, so that it is closed before the checkpointer ends.
    connection: Option<Connection>,
    house: Arc<House>,
    path: PathBuf,
    epoch: u64,
    tails: HashMap<Box<str>, Tail>,
    /// Log written since the checkpointer was woken, about.
    unchecked_bytes: u64,
}

/// The end of an org's journal.
#[derive(Debug, Clone, Copy)]
struct Tail {
    org: i64,
    link: Link,
}

impl Writer {
    /// Bumps the epoch, durably, and thereby fences every older writer.
    pub(super) fn open(house: Arc<House>) -> Result<Self, JournalError> {
        let path = house.database();
        let mut turn = house.gate.write()?;
        let mut connection = store::connect(&path)?;
        let tails = tails(&connection)
            .map_err(|error| store::failed("reading the ends of the orgs", &path, error))?;
        let epoch = bump(&mut connection, &tails).map_err(|error| {
            turn.dead = true;
            store::failed("opening a writer", &path, error)
        })?;
        turn.newest_epoch = epoch;
        house.gate.mark_live(&mut turn)?;
        drop(turn);
        Ok(Self { connection: Some(connection), house, path, epoch, tails, unchecked_bytes: 0 })
    }

    fn try_commit(
        &mut self,
        connection: &mut Connection,
        turn: &mut Turn,
        appends: &[Append<'_>],
    ) -> Result<(), JournalError> {
        if turn.newest_epoch != self.epoch {
            return Err(JournalError::Fenced { mine: self.epoch, newest: turn.newest_epoch });
        }
        let failed = |turn: &mut Turn, path: &PathBuf, error| {
            turn.dead = true;
            store::failed("committing to the journal", path, error)
        };
        let transaction = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(|error| failed(turn, &self.path, error))?;
        for append in appends {
            self.check(append)?;
            self.insert(&transaction, append).map_err(|error| failed(turn, &self.path, error))?;
        }
        transaction.commit().map_err(|error| failed(turn, &self.path, error))
    }

    /// Refuses what the caller must not ask for.
    fn check(&self, append: &Append<'_>) -> Result<(), JournalError> {
        let bad = |what| JournalError::BadAppend { org: append.org.to_owned(), what };
        if append.org.is_empty() || append.org.len() > ORG_BYTES_MAX {
            return Err(bad("needs an org of 1 to 64 bytes"));
        }
        if append.count == 0 {
            return Err(bad("needs at least one event"));
        }
        if append.payload.len() > PAYLOAD_BYTES_MAX {
            return Err(bad("has a payload beyond 64 MiB"));
        }
        let expected = self.tails.get(append.org).map_or(Position(1), |tail| tail.link.next());
        if append.first != expected {
            return Err(JournalError::NotDense { org: append.org.to_owned(), expected, found: append.first });
        }
        Ok(())
    }

    /// Writes one row. The tails run ahead of the disk here; if the commit fails, they die with the writer.
    fn insert(&mut self, transaction: &Transaction<'_>, append: &Append<'_>) -> rusqlite::Result<()> {
        let tail = match self.tails.entry(append.org.into()) {
            Entry::Occupied(tail) => tail.into_mut(),
            Entry::Vacant(new) => {
                transaction.prepare_cached("INSERT INTO orgs (name) VALUES (?1)")?.execute([append.org])?;
                new.insert(Tail { org: transaction.last_insert_rowid(), link: Link::seed(append.org) })
            }
        };
        let row = Row {
            first: append.first.0,
            count: append.count,
            writer_epoch: self.epoch,
            payload: append.payload,
        };
        tail.link = tail.link.with(row);
        transaction
            .prepare_cached(
                "INSERT INTO batches (org, first, count, writer_epoch, checksum, payload)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![
                tail.org,
                row.first,
                row.count,
                row.writer_epoch,
                tail.link.checksum.cast_signed(),
                row.payload
            ])?;
        Ok(())
    }

    fn wake_checkpointer(&mut self, appends: &[Append<'_>]) {
        self.unchecked_bytes +=
            appends.iter().map(|append| append.payload.len() as u64 + APPEND_BYTES).sum::<u64>();
        if self.unchecked_bytes >= CHECKPOINT_BYTES {
            self.unchecked_bytes = 0;
            self.house.wake_checkpointer();
        }
    }
}

impl JournalWriter for Writer {
    fn commit(&mut self, appends: &[Append<'_>]) -> Result<(), JournalError> {
        let mut connection = self.connection.take().ok_or(JournalError::Dead)?;
        let house = Arc::clone(&self.house);
        let mut turn = house.gate.write()?;
        self.try_commit(&mut connection, &mut turn, appends)?;
        drop(turn);
        self.connection = Some(connection);
        self.wake_checkpointer(appends);
        Ok(())
    }

    fn writer_epoch(&self) -> u64 {
        self.epoch
    }
}

/// The next epoch, durable. It is beyond that of every batch, whatever has become of the row that counts.
fn bump(connection: &mut Connection, tails: &HashMap<Box<str>, Tail>) -> rusqlite::Result<u64> {
    // A log that once was longer than it should be gives its room back when it starts over.
    connection.pragma_update_and_check(None, "journal_size_limit", LOG_BYTES_MAX, |_| Ok(()))?;
    let used = tails.values().map(|tail| tail.link.writer_epoch).max().unwrap_or(0);
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let next = "UPDATE writers SET epoch = max(epoch, ?1) + 1 RETURNING epoch";
    let epoch = transaction.query_row(next, [used], |row| row.get(0))?;
    transaction.commit()?;
    Ok(epoch)
}

fn tails(connection: &Connection) -> rusqlite::Result<HashMap<Box<str>, Tail>> {
    let mut orgs = connection.prepare("SELECT org, name FROM orgs")?;
    let orgs = orgs.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let mut last = connection.prepare(
        "SELECT first, count, writer_epoch, checksum FROM batches WHERE org = ?1 ORDER BY first DESC LIMIT 1",
    )?;
    let mut tails = HashMap::new();
    for each in orgs {
        let (org, name): (i64, String) = each?;
        let link = last
            .query_row([org], |row| {
                let (first, count): (u64, u32) = (row.get(0)?, row.get(1)?);
                let last = Position(first.saturating_add(u64::from(count)).saturating_sub(1));
                Ok(Link { last, writer_epoch: row.get(2)?, checksum: row.get::<_, i64>(3)?.cast_unsigned() })
            })
            .optional()?;
        let link = link.unwrap_or_else(|| Link::seed(&name));
        tails.insert(name.into_boxed_str(), Tail { org, link });
    }
    Ok(tails)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::{Embedded, Journal};

    #[test]
    fn a_commit_that_fails_kills_the_writer_and_the_journal_and_loses_nothing_answered() {
        let directory = tempfile::tempdir().unwrap();
        let (journal, _) = Embedded::open(directory.path()).unwrap();
        let mut writer = Writer::open(Arc::clone(&journal.house)).unwrap();
        let small = Append { org: "acme", first: Position(1), count: 1, payload: b"e" };
        writer.commit(&[small]).unwrap();
        let full = writer.connection.as_ref().unwrap();
        let pages: i64 = full.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
        full.pragma_update_and_check(None, "max_page_count", pages + 3, |_| Ok(())).unwrap();

        let payload = vec![7; 100_000];
        let large = Append { org: "acme", first: Position(2), count: 1, payload: &payload };
        let failed = writer.commit(&[large]);
        assert!(matches!(failed, Err(JournalError::Storage { .. })), "{failed:?}");
        let small = Append { first: Position(2), ..small };
        assert!(matches!(writer.commit(&[small]), Err(JournalError::Dead)));
        assert!(matches!(journal.writer(), Err(JournalError::Dead)));

        drop((writer, journal));
        let (journal, opened) = Embedded::open(directory.path()).unwrap();
        assert_eq!((opened.batches, opened.torn_bytes), (1, 0));
        journal.writer().unwrap().commit(&[large]).unwrap();
    }
}
