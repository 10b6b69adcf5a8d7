//! The reader: batches by org and position, each checked against the chain on its way out. Never writes, and never
//! keeps a transaction open between two calls, so it holds no checkpoint up. Behind [`JournalReader`].

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension};

use super::chain::{Link, Row};
use super::{House, store};
use crate::journal::{JournalError, JournalReader, Position, Stored};

pub(super) struct Reader {
    /// Above `house`, so that it is closed before the checkpointer ends.
    connection: Connection,
    house: Arc<House>,
    path: PathBuf,
    /// The numbers of the orgs met so far; a number never changes.
    numbers: HashMap<Box<str>, i64>,
}

impl Reader {
    pub(super) fn open(house: Arc<House>) -> Result<Self, JournalError> {
        let path = house.database();
        let connection = store::connect_to(&path, house.access())?;
        connection
            .pragma_update(None, "query_only", true)
            .map_err(|error| store::failed("opening a reader", &path, error))?;
        Ok(Self { connection, house, path, numbers: HashMap::new() })
    }

    fn number(&mut self, org: &str) -> rusqlite::Result<Option<i64>> {
        if let Some(number) = self.numbers.get(org) {
            return Ok(Some(*number));
        }
        let mut find = self.connection.prepare_cached("SELECT org FROM orgs WHERE name = ?1")?;
        let number: Option<i64> = find.query_row([org], |row| row.get(0)).optional()?;
        if let Some(number) = number {
            self.numbers.insert(org.into(), number);
        }
        Ok(number)
    }
}

impl JournalReader for Reader {
    fn read(&mut self, org: &str, from: Position, bytes_max: usize) -> Result<Vec<Stored>, JournalError> {
        let house = Arc::clone(&self.house);
        let reading = house.gate.read();
        let failed = |error| store::failed_at("reading the journal", org, from, error);
        let Some(number) = self.number(org).map_err(failed)? else { return Ok(Vec::new()) };
        let transaction = self.connection.unchecked_transaction().map_err(failed)?;
        let batches = Span { org, number, from, bytes_max }.read(&transaction);
        drop(transaction);
        drop(reading);
        batches
    }

    fn orgs(&mut self) -> Result<Vec<(String, Position)>, JournalError> {
        let _reading = self.house.gate.read();
        let read = || -> rusqlite::Result<Vec<(String, Position)>> {
            let mut orgs = self.connection.prepare_cached(
                "SELECT name, (SELECT first + count - 1 FROM batches WHERE batches.org = orgs.org
                               ORDER BY first DESC LIMIT 1)
                 FROM orgs ORDER BY name",
            )?;
            orgs.query_map([], |row| Ok((row.get(0)?, Position(row.get(1)?))))?.collect()
        };
        read().map_err(|error| store::failed("reading the orgs of the journal", &self.path, error))
    }
}

/// What one call reads.
struct Span<'a> {
    org: &'a str,
    number: i64,
    from: Position,
    bytes_max: usize,
}

impl Span<'_> {
    fn read(&self, connection: &Connection) -> Result<Vec<Stored>, JournalError> {
        let mut link = self.before(connection).map_err(|error| self.failed(self.from, error))?;
        let failed = |link: Link, error| self.failed(link.next(), error);
        let mut batches = connection
            .prepare_cached(
                "SELECT first, count, writer_epoch, checksum, payload FROM batches
                 WHERE org = ?1 AND first > ?2 ORDER BY first",
            )
            .map_err(|error| failed(link, error))?;
        let mut rows = batches.query((self.number, link.last.0)).map_err(|error| failed(link, error))?;
        let (mut found, mut bytes) = (Vec::new(), 0_usize);
        while let Some(row) = rows.next().map_err(|error| failed(link, error))? {
            let (stored, checksum) = Self::stored(row).map_err(|error| failed(link, error))?;
            if !found.is_empty() && bytes + stored.payload.len() > self.bytes_max {
                break;
            }
            let row = Row {
                first: stored.first.0,
                count: stored.count,
                writer_epoch: stored.writer_epoch,
                payload: &stored.payload,
            };
            link = link.follow(row, checksum).map_err(|what| JournalError::Damaged {
                org: self.org.to_owned(),
                position: link.next(),
                what,
            })?;
            bytes += stored.payload.len();
            found.push(stored);
        }
        Ok(found)
    }

    /// The chain up to the batch that holds `from`, or up to the last one before it.
    fn before(&self, connection: &Connection) -> rusqlite::Result<Link> {
        let mut at_or_before = connection.prepare_cached(
            "SELECT first, count, writer_epoch, checksum FROM batches
             WHERE org = ?1 AND first <= ?2 ORDER BY first DESC LIMIT 2",
        )?;
        let from = i64::try_from(self.from.0).unwrap_or(i64::MAX);
        let mut rows = at_or_before.query((self.number, from))?;
        while let Some(row) = rows.next()? {
            let (first, count): (u64, u32) = (row.get(0)?, row.get(1)?);
            let last = first.saturating_add(u64::from(count)).saturating_sub(1);
            if last < self.from.0 {
                let checksum = row.get::<_, i64>(3)?.cast_unsigned();
                return Ok(Link { last: Position(last), writer_epoch: row.get(2)?, checksum });
            }
        }
        Ok(Link::seed(self.org))
    }

    fn stored(row: &rusqlite::Row<'_>) -> rusqlite::Result<(Stored, u64)> {
        let stored = Stored {
            first: Position(row.get(0)?),
            count: row.get(1)?,
            writer_epoch: row.get(2)?,
            payload: row.get(4)?,
        };
        Ok((stored, row.get::<_, i64>(3)?.cast_unsigned()))
    }

    fn failed(&self, position: Position, error: rusqlite::Error) -> JournalError {
        store::failed_at("reading the journal", self.org, position, error)
    }
}
