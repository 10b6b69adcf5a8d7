//! The tables of the logbook.

use std::{path::Path, sync::Arc, time::Duration};

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::{
    Reader,
    ended::{self, Ended, EndedPen},
    growth::{Growth, Pen},
    known::Known,
    line::{self, Line, Older, Record, Sight},
    sorted::Sorted,
};
use crate::{
    engine::ids::ConversationId,
    journal::Position,
    views::orgs::{Durable, Org},
};

/// The format of the file. One of another format is made anew from the journal.
const FORMAT: i64 = 11;
/// A writer's transaction is short; a reader that meets one waits.
const BUSY: Duration = Duration::from_secs(5);

/// Memory of the writer for pages, in KiB (SQLite takes it as a negative number). With SQLite's 2,000 it reads most pages back that it has
/// just written; and each commit after pages were split looks through all that are in memory.
const CACHE_KIB: i64 = 8_192;
/// Pages in the write-ahead log, half a MiB, before it is taken into the file. The journal's syncs wait as long as it takes to put them on the
/// disk, and whoever is woken meanwhile for a core.
const CHECKPOINT_PAGES: i64 = 128;
/// Pages that are written for a transaction, at most, about: a quarter of a millisecond's work, and no more at once for the disk.
const STEP_PAGES: usize = if cfg!(test) { 1 } else { 32 };
/// Rows of conversations side by side on a page, about. One of `ended` is a page.
const ROWS_A_PAGE: usize = if cfg!(test) { 3 } else { 8 };
/// Rows, and events taken in, after which the writer rests: about a quarter of a millisecond's work.
const REST_ROWS: usize = if cfg!(test) { 1 } else { 64 };
const REST_EVENTS: usize = 512;

/// A turn of the writer is several transactions. `begun` is how far the last turn that began will have come, `position` how far the last has
/// come that ended; between the two, each conversation with its log says everything up to its `written_position`, and one that has ended
/// may not be in `ended` yet.
///
/// The first entries of a chat log stand in its conversation's row, the others in rows of `log`, which hold entries that follow each other and
/// were written at once: each a JSON array, and in `log` the first of it has this number. What the customer does not see (`whisper`) has no
/// number for it.
///
/// A conversation's place is its org and its id in one number: so SQLite finds it by comparing numbers, and the latest is always the last.
pub(super) const TABLES: &str = "
    PRAGMA journal_mode = WAL;
    CREATE TABLE IF NOT EXISTS org (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, position INTEGER NOT NULL, begun INTEGER NOT NULL);
    CREATE TABLE IF NOT EXISTS conversation (
        place INTEGER PRIMARY KEY,
        org INTEGER AS (place >> 40), id INTEGER AS (place & 0xffffffffff),
        channel_id TEXT NOT NULL, customer_id TEXT NOT NULL,
        routing_type TEXT NOT NULL, access_scope TEXT NOT NULL,
        created_at_ms INTEGER NOT NULL, created_position INTEGER NOT NULL,
        ended_at_ms INTEGER, ended_position INTEGER, written_position INTEGER NOT NULL,
        entries INTEGER NOT NULL, customer_entries INTEGER NOT NULL, participants TEXT NOT NULL,
        first_entries TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS log (
        org INTEGER NOT NULL, conversation INTEGER NOT NULL, number INTEGER NOT NULL, customer_number INTEGER NOT NULL,
        entries TEXT NOT NULL,
        PRIMARY KEY (org, conversation, number)) WITHOUT ROWID;
";

/// The place of a conversation of an org.
pub(super) fn place(org: i64, id: ConversationId) -> i64 {
    org << 40 | signed(id.0)
}

/// Which row a conversation of an org is, `?1` and `?2`. Callers ask for any number: one that has no place is none, and not another org's.
const IS_ASKED_FOR: &str =
    "place = ((SELECT number FROM org WHERE org.id = ?1) << 40 | ?2) AND conversation.id = ?2";

/// Why the logbook could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum LogbookError {
    /// The database failed.
    #[error("the logbook's database failed")]
    Database(#[from] rusqlite::Error),
    /// The file could not be removed to be made anew.
    #[error("the logbook's file {path} cannot be made anew")]
    Remove {
        /// Which.
        path: Box<Path>,
        /// Why.
        source: std::io::Error,
    },
    /// A row says what no version of this program writes.
    #[error("the logbook's entries cannot be read")]
    Entries(#[from] serde_json::Error),
    /// The thread could not be started.
    #[error("the logbook's thread cannot be started")]
    Thread(#[source] std::io::Error),
}

#[derive(Debug)]
pub(super) struct Store {
    connection: Connection,
    /// Of the one that writes.
    known: Known,
}

impl Store {
    pub(super) fn open_or_new(path: &Path) -> Result<Self, LogbookError> {
        match Self::open(path).and_then(|it| it.format().map(|format| (it, format))) {
            Ok((store, FORMAT)) => Ok(store),
            Ok(_) | Err(LogbookError::Database(_)) => {
                tracing::warn!(path = %path.display(), "the logbook is made anew from the journal");
                for file in ["", "-wal", "-shm"] {
                    let file = path
                        .with_file_name(format!("{}{file}", path.file_name().unwrap_or_default().display()));
                    match std::fs::remove_file(&file) {
                        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                            return Err(LogbookError::Remove { path: file.into(), source: error });
                        }
                        Ok(()) | Err(_) => {}
                    }
                }
                Self::open(path)
            }
            Err(other) => Err(other),
        }
    }

    pub(super) fn open(path: &Path) -> Result<Self, LogbookError> {
        let connection = Connection::open(path)?;
        connection.busy_timeout(BUSY)?;
        // A power cut may cost the last entries; they are in the journal.
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        let is_new: bool =
            connection.query_row("SELECT count(*) = 0 FROM sqlite_master", [], |row| row.get(0))?;
        if is_new {
            connection.execute_batch(TABLES)?;
            connection.execute_batch(ended::TABLE)?;
            connection.pragma_update(None, "user_version", FORMAT)?;
        }
        Ok(Self { connection, known: Known::default() })
    }

    /// For the one that writes.
    pub(super) fn open_to_write(path: &Path) -> Result<Self, LogbookError> {
        let store = Self::open(path)?;
        store.connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
        store.connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
        Ok(store)
    }

    fn format(&self) -> Result<i64, LogbookError> {
        Ok(self.connection.query_row("PRAGMA user_version", [], |row| row.get(0))?)
    }

    pub(super) fn position(&self, org: &str) -> Result<Position, LogbookError> {
        let mut select = self.connection.prepare_cached("SELECT position FROM org WHERE id = ?1")?;
        let position: Option<i64> = select.query_row([org], |row| row.get(0)).optional()?;
        Ok(Position(position.unwrap_or(0).unsigned_abs()))
    }

    pub(super) fn forget(&mut self, org: &str) -> Result<(), LogbookError> {
        self.known.forget();
        let transaction = self.connection.transaction()?;
        let Some(number) = number(&transaction, org)? else { return Ok(()) };
        ended::forget(&transaction, number)?;
        for table in [
            "DELETE FROM log WHERE org = ?1",
            "DELETE FROM conversation WHERE place >= ?1 << 40 AND place < ?1 + 1 << 40",
            "DELETE FROM org WHERE number = ?1",
        ] {
            transaction.execute(table, [number])?;
        }
        Ok(transaction.commit()?)
    }

    /// Writes what these batches say of chat logs after a position, in small steps: it may be cut off after each, and then the same again,
    /// in these batches or in others, brings it to its end. It rests between them. The conversations whose logs grew.
    pub(super) fn write(
        &mut self,
        org: &Org,
        after: Position,
        batches: &[Arc<Durable>],
        last: Position,
        rest: impl FnMut(),
    ) -> Result<Vec<ConversationId>, LogbookError> {
        // What was taken back is not known.
        self.turn(org, after, batches, last, rest).inspect_err(|_| self.known.forget())
    }

    fn turn(
        &mut self,
        org: &Org,
        after: Position,
        batches: &[Arc<Durable>],
        last: Position,
        mut rest: impl FnMut(),
    ) -> Result<Vec<ConversationId>, LogbookError> {
        let Self { connection, known } = self;
        let mut steps = Steps::begin(connection)?;
        let begun: Option<u64> = connection
            .prepare_cached("SELECT begun FROM org WHERE id = ?1")?
            .query_row([&org.id], |row| row.get(0))
            .optional()?;
        let number = connection
            .prepare_cached(
                "INSERT INTO org (id, position, begun) VALUES (?1, 0, ?2)
                 ON CONFLICT (id) DO UPDATE SET begun = max(begun, excluded.begun) RETURNING number",
            )?
            .query_row(params![org.id, signed(last.0)], |row| row.get(0))?;
        let mut growth = Growth::new(connection, known, number, Position(begun.unwrap_or(0)))?;
        let mut stint = Stint::default();
        for batch in batches {
            // Held for a batch alone: whoever changes the directory waits for it.
            let names = org.names();
            for (event, position) in batch.events.iter().zip(batch.first.0..) {
                if position > after.0 {
                    growth.take((Position(position), batch.at), event, &names)?;
                }
            }
            drop(names);
            stint.went_through(batch.events.len(), &mut rest);
        }
        let (conversations, known) = growth.into_conversations();
        let mut pen = Pen::new(connection, known, number)?;
        let (mut logs, mut ended) = (Vec::new(), Sorted::new());
        for grown in conversations {
            let id = grown.id;
            if grown.standing.entries > 0 {
                logs.push(id);
            }
            if let Some(customer) = pen.write(grown)? {
                ended.push(Ended::new(place(number, id), &customer));
            }
            steps.wrote(1, &mut rest)?;
        }
        let mut pen = EndedPen::new(connection)?;
        for it in ended.into_ascending() {
            let chunks = pen.write(it)?;
            steps.wrote(chunks * ROWS_A_PAGE, &mut rest)?;
        }
        steps.wrote(pen.close()? * ROWS_A_PAGE, &mut rest)?;
        connection
            .prepare_cached("UPDATE org SET position = ?2 WHERE number = ?1")?
            .execute(params![number, signed(last.0)])?;
        steps.end()?;
        Ok(logs)
    }

    pub(super) fn entries(
        &self,
        org: &str,
        conversation: ConversationId,
        reader: Reader,
        from: u32,
        at_most: usize,
    ) -> Result<Vec<Line>, LogbookError> {
        let number = match reader {
            Reader::Agent => "number",
            Reader::Customer => "customer_number",
        };
        // Both reads are of one moment: what the first piece had no room for is not to be read before what it had.
        let moment = self.connection.unchecked_transaction()?;
        let first: Option<String> = moment
            .prepare_cached(&format!("SELECT first_entries FROM conversation WHERE {IS_ASKED_FOR}"))?
            .query_row(params![org, signed(conversation.0)], |row| row.get(0))
            .optional()?;
        let Some(first) = first else { return Ok(Vec::new()) };
        let mut found = line::read(&first, reader, 1)?;
        found.retain(|it| it.number >= from);
        // From the row on that holds the first. A customer's numbers stand still while agents whisper, so that is the last row that begins
        // at or below it.
        let mut select = moment.prepare_cached(&format!(
            "SELECT {number}, entries FROM log
             WHERE org = (SELECT number FROM org WHERE id = ?1) AND conversation = ?2 AND number >= coalesce((
                SELECT max(number) FROM log
                WHERE org = (SELECT number FROM org WHERE id = ?1) AND conversation = ?2 AND {number} <= ?3), 0)
             ORDER BY log.number"
        ))?;
        let mut rows = select.query(params![org, signed(conversation.0), from])?;
        while found.len() < at_most
            && let Some(row) = rows.next()?
        {
            let entries = row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?;
            let lines = line::read(entries, reader, row.get(0)?)?;
            found.extend(lines.into_iter().filter(|it| it.number >= from));
        }
        found.truncate(at_most);
        Ok(found)
    }

    pub(super) fn conversation(&self, org: &str, id: ConversationId) -> Result<Option<Record>, LogbookError> {
        let mut select = self.connection.prepare_cached(&format!(
            "SELECT channel_id, customer_id, routing_type, created_at_ms, ended_at_ms, entries, created_position,
             ended_position FROM conversation WHERE {IS_ASKED_FOR}"
        ))?;
        let found = select.query_row(params![org, signed(id.0)], |row| {
            let routing_type: String = row.get(2)?;
            Ok(Record {
                channel: row.get(0)?,
                customer: row.get(1)?,
                routing_type: line::routing_type_of_word(&routing_type)
                    .ok_or(rusqlite::Error::InvalidQuery)?,
                created_at: row.get(3)?,
                ended_at: row.get(4)?,
                entries: row.get(5)?,
                created: Position(row.get(6)?),
                ended: row.get::<_, Option<u64>>(7)?.map(Position),
            })
        });
        Ok(found.optional()?)
    }

    pub(super) fn sight(
        &self,
        org: &str,
        id: ConversationId,
        agent_id: &str,
    ) -> Result<Option<Sight>, LogbookError> {
        let mut select = self.connection.prepare_cached(&format!(
            "SELECT access_scope, ended_at_ms IS NOT NULL, EXISTS (
                 SELECT 1 FROM json_each(participants) WHERE value = ?3)
             FROM conversation WHERE {IS_ASKED_FOR}"
        ))?;
        let found = select.query_row(params![org, signed(id.0), agent_id], |row| {
            Ok(Sight { access_scope: row.get(0)?, has_ended: row.get(1)?, took_part: row.get(2)? })
        });
        Ok(found.optional()?)
    }

    pub(super) fn older(
        &self,
        org: &str,
        customer: &str,
        before: ConversationId,
        agent_id: &str,
        at_most: usize,
    ) -> Result<Vec<Older>, LogbookError> {
        let Some(number) = number(&self.connection, org)? else { return Ok(Vec::new()) };
        ended::older(&self.connection, (number, customer), before, agent_id, at_most)
    }
}

/// The number of an org, if it is there.
fn number(connection: &Connection, org: &str) -> rusqlite::Result<Option<i64>> {
    let mut select = connection.prepare_cached("SELECT number FROM org WHERE id = ?1")?;
    select.query_row([org], |row| row.get(0)).optional()
}

/// What was done since the writer last rested, where it goes from batch to batch.
#[derive(Debug, Default)]
pub(super) struct Stint {
    events: usize,
}

impl Stint {
    /// So many events more; it rests where they were enough.
    pub(super) fn went_through(&mut self, events: usize, rest: &mut impl FnMut()) {
        self.events += events;
        if self.events >= REST_EVENTS {
            self.events = 0;
            rest();
        }
    }
}

/// The transactions of a turn, one after the other.
struct Steps<'a> {
    connection: &'a Connection,
    /// Takes the last of them back, unless it comes to its end.
    open: Transaction<'a>,
    rows: usize,
    /// Of a page, so many `ROWS_A_PAGE`ths, in this transaction.
    parts: usize,
}

impl<'a> Steps<'a> {
    fn begin(connection: &'a Connection) -> Result<Self, LogbookError> {
        Ok(Self { connection, open: connection.unchecked_transaction()?, rows: 0, parts: 0 })
    }

    /// A row was written, to so many parts of a page.
    fn wrote(&mut self, parts: usize, rest: &mut impl FnMut()) -> Result<(), LogbookError> {
        self.rows += 1;
        self.parts += parts;
        if self.parts >= STEP_PAGES * ROWS_A_PAGE {
            self.parts = 0;
            self.connection.execute_batch("COMMIT; BEGIN")?;
        }
        if self.rows.is_multiple_of(REST_ROWS) {
            rest();
        }
        Ok(())
    }

    fn end(self) -> Result<(), LogbookError> {
        Ok(self.open.commit()?)
    }
}

/// SQLite's integers are signed; what we number and time stays far below 2^63.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        engine::{directory::names::Names, event::Event},
        wire::samples,
    };

    #[test]
    fn a_file_that_is_none_or_of_another_format_is_made_anew() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("views.db");
        let has_orgs = |store: &Store| store.position("acme").expect("it is read") == Position(7);
        let write = |store: &mut Store| {
            let acme = Org::new("acme".into(), Names::default(), Position(7));
            store.write(&acme, Position(0), &[], Position(7), || {}).expect("it is written");
        };

        std::fs::write(&path, b"no database at all, but long enough to be looked at").expect("a file");
        let mut store = Store::open_or_new(&path).expect("it is made anew");
        write(&mut store);
        drop(store);
        let store = Store::open_or_new(&path).expect("it is there");
        assert!(has_orgs(&store), "what is sound is kept");
        store.connection.pragma_update(None, "user_version", FORMAT - 1).expect("an older release wrote it");
        drop(store);
        assert!(!has_orgs(&Store::open_or_new(&path).expect("it is made anew")));
    }

    #[test]
    fn a_number_that_is_no_conversation_of_the_org_is_none_of_another() {
        let directory = tempfile::tempdir().expect("a directory");
        let mut store = Store::open_or_new(&directory.path().join("views.db")).expect("a new logbook");
        let created = |it: &Event| matches!(it, Event::ConversationCreated { .. });
        let created = samples::events().into_iter().find(created).expect("there is one");
        let Event::ConversationCreated { conversation, .. } = created else { unreachable!() };
        for id in ["first", "second"] {
            let org = Org::new(id.into(), samples::names(), Position(1));
            let batch =
                Arc::new(Durable { first: Position(1), at: 1, events: vec![created.clone()], bytes: 1 });
            store.write(&org, Position(0), &[batch], Position(1), || {}).expect("it is written");
        }
        let is_there = |store: &Store, org, id| {
            store.conversation(org, ConversationId(id)).expect("it is read").is_some()
        };
        assert!(is_there(&store, "first", conversation.0));
        for others in [1 << 40, 2 << 40, 3 << 40, 1 << 63] {
            assert!(!is_there(&store, "first", conversation.0 | others));
            assert_eq!(
                store
                    .entries("first", ConversationId(conversation.0 | others), Reader::Agent, 1, 9)
                    .expect("read"),
                []
            );
        }
        store.forget("first").expect("it is forgotten");
        assert!(!is_there(&store, "first", conversation.0));
        assert!(is_there(&store, "second", conversation.0));
    }
}
