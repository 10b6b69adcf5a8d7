//! The walk over all batches at the start: every checksum, every chain, and the index against the table. Never repairs.
//! `embedded` runs it before anything is served.
//!
//! The table is read from front to back, whatever the org, so the walk costs one sequential read of the file. The chain shows what
//! is altered, swapped or missing in the middle. What is missing at an org's end shows in the index, which holds every batch once
//! more by (org, first): each side is summed up by a sum that does not depend on the order, and the sums must agree.
//!
//! What it cannot know: an end that is gone from the table and the index alike, as with a log that was cut short. See `wal`.

use std::collections::BTreeMap;
use std::hash::Hasher;
use std::path::Path;

use rusqlite::Connection;
use siphasher::sip::SipHasher13;

use super::chain::{Link, Row};
use super::store;
use crate::journal::{JournalError, JournalReader, Position};

/// How much of an org is read at a time when only its end is checked.
const READ_BYTES: usize = 1 << 20;

/// What the walk met.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Walked {
    pub(super) orgs: u64,
    pub(super) batches: u64,
}

/// One org on the way.
struct Org {
    name: String,
    link: Link,
    batches: u64,
    /// The sum over (first, id) of its batches, in the table less in the index: 0 when they agree.
    balance: u64,
}

/// Checks everything. `reader` is asked to name the place where SQLite itself cannot go on.
pub(super) fn everything(
    connection: &Connection,
    path: &Path,
    reader: &mut impl JournalReader,
) -> Result<Walked, JournalError> {
    let mut orgs =
        orgs(connection).map_err(|error| store::failed("reading the orgs of the journal", path, error))?;
    match walk(connection, path, &mut orgs) {
        Ok(walked) => Ok(walked),
        Err(error @ JournalError::DamagedDatabase { .. }) => {
            for org in orgs.values() {
                from(reader, &org.name, Position(1))?;
            }
            Err(error)
        }
        Err(error) => Err(error),
    }
}

/// Checks the batches of `org` from the one that holds `begin`, and that the journal reaches at least up to it: all that a recovery
/// from a snapshot before `begin` replays. Says the last position.
pub(super) fn from(
    reader: &mut impl JournalReader,
    org: &str,
    begin: Position,
) -> Result<Position, JournalError> {
    let before = begin.0.saturating_sub(1);
    let mut last = Position(0);
    // Begins with the event before, so that its batch is checked to be there.
    let mut next = Position(before.max(1));
    loop {
        let batches = reader.read(org, next, READ_BYTES)?;
        let Some(newest) = batches.last() else { break };
        last = newest.last();
        next = Position(last.0 + 1);
    }
    if last.0 < before {
        return Err(JournalError::Damaged {
            org: org.to_owned(),
            position: Position(before),
            what: "the journal ends before it".to_owned(),
        });
    }
    Ok(last)
}

fn orgs(connection: &Connection) -> rusqlite::Result<BTreeMap<i64, Org>> {
    let mut orgs = connection.prepare("SELECT org, name FROM orgs NOT INDEXED")?;
    let orgs = orgs.query_map([], |row| {
        let name: String = row.get(1)?;
        Ok((row.get(0)?, Org { link: Link::seed(&name), name, batches: 0, balance: 0 }))
    })?;
    orgs.collect()
}

fn walk(connection: &Connection, path: &Path, orgs: &mut BTreeMap<i64, Org>) -> Result<Walked, JournalError> {
    let failed = |error| store::failed("checking the journal", path, error);
    let nobody = |number: i64| JournalError::DamagedDatabase {
        path: path.to_path_buf(),
        what: format!("a batch of org number {number}, which does not exist"),
    };
    let mut table = connection
        .prepare("SELECT id, org, first, count, writer_epoch, checksum, payload FROM batches NOT INDEXED ORDER BY id")
        .map_err(failed)?;
    let mut rows = table.query([]).map_err(failed)?;
    while let Some(row) = rows.next().map_err(failed)? {
        let number = row.get(1).map_err(failed)?;
        let org = orgs.get_mut(&number).ok_or_else(|| nobody(number))?;
        org.take(row)?;
    }
    let mut index = connection
        .prepare("SELECT org, first, id FROM batches INDEXED BY batches_by_org ORDER BY org, first")
        .map_err(failed)?;
    let mut rows = index.query([]).map_err(failed)?;
    while let Some(row) = rows.next().map_err(failed)? {
        let number = row.get(0).map_err(failed)?;
        let entry = entry(row.get(1).map_err(failed)?, row.get(2).map_err(failed)?);
        let org = orgs.get_mut(&number).ok_or_else(|| nobody(number))?;
        org.balance = org.balance.wrapping_sub(entry);
    }
    let mut walked = Walked::default();
    for org in orgs.values() {
        if org.balance != 0 || org.batches == 0 {
            return Err(org.damaged("table and index do not hold the same batches".to_owned()));
        }
        walked.orgs += 1;
        walked.batches += org.batches;
    }
    Ok(walked)
}

impl Org {
    fn take(&mut self, row: &rusqlite::Row<'_>) -> Result<(), JournalError> {
        let name = &self.name;
        let next = self.link.next();
        let failed = |error| store::failed_at("checking the journal", name, next, error);
        let id: i64 = row.get(0).map_err(failed)?;
        let first: i64 = row.get(2).map_err(failed)?;
        let checksum: i64 = row.get(5).map_err(failed)?;
        let batch = Row {
            first: first.cast_unsigned(),
            count: row.get(3).map_err(failed)?,
            writer_epoch: row.get(4).map_err(failed)?,
            payload: row.get_ref(6).and_then(|value| Ok(value.as_blob()?)).map_err(failed)?,
        };
        let link = self.link.follow(batch, checksum.cast_unsigned());
        self.link = link.map_err(|what| self.damaged(what))?;
        self.batches += 1;
        self.balance = self.balance.wrapping_add(entry(first, id));
        Ok(())
    }

    fn damaged(&self, what: String) -> JournalError {
        JournalError::Damaged { org: self.name.clone(), position: self.link.next(), what }
    }
}

/// What one batch adds to the sums.
fn entry(first: i64, id: i64) -> u64 {
    let mut hasher = SipHasher13::new();
    hasher.write(&first.to_le_bytes());
    hasher.write(&id.to_le_bytes());
    hasher.finish()
}
