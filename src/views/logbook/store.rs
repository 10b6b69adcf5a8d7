//! The tables of the logbook.

use std::{collections::BTreeSet, path::Path, sync::Arc, time::Duration};

use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use super::{
    Reader,
    line::{self, Line, Older, Record},
};
use crate::{
    engine::{
        chat_log,
        directory::{names::Names, spec::ResourceKind},
        event::{Author, Event},
        ids::{AgentIx, ConversationId, Millis},
    },
    journal::Position,
    views::orgs::Durable,
};

/// The format of the file. One of another format is made anew from the journal.
const FORMAT: i64 = 4;
/// A writer's transaction is short; a reader that meets one waits.
const BUSY: Duration = Duration::from_secs(5);

/// Memory of the writer for pages, in KiB (SQLite takes it as a negative number). With SQLite's 2,000 it reads most pages back that it has
/// just written.
const CACHE_KIB: i64 = 32_768;
/// Pages in the write-ahead log, 64 MiB, before it is taken into the file: a page that is written often is copied and synced less often.
const CHECKPOINT_PAGES: i64 = 16_384;

const TABLES: &str = "
    PRAGMA journal_mode = WAL;
    CREATE TABLE IF NOT EXISTS org (id TEXT PRIMARY KEY, position INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS conversation (
        org TEXT NOT NULL, id INTEGER NOT NULL, channel_id TEXT NOT NULL, customer_id TEXT NOT NULL,
        routing_type TEXT NOT NULL, created_at_ms INTEGER NOT NULL, ended_at_ms INTEGER,
        entries INTEGER NOT NULL, customer_entries INTEGER NOT NULL, access_scope TEXT NOT NULL,
        created_position INTEGER NOT NULL, ended_position INTEGER,
        PRIMARY KEY (org, id)) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS conversation_of_customer ON conversation (org, customer_id, id);
    CREATE TABLE IF NOT EXISTS participant (
        org TEXT NOT NULL, conversation INTEGER NOT NULL, agent_id TEXT NOT NULL,
        PRIMARY KEY (org, conversation, agent_id)) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS log_entry (
        org TEXT NOT NULL, conversation INTEGER NOT NULL, number INTEGER NOT NULL, customer_number INTEGER,
        at_ms INTEGER NOT NULL, kind TEXT NOT NULL, author TEXT, agent_id TEXT NOT NULL,
        receiver_agent_id TEXT NOT NULL, text TEXT NOT NULL, whisper INTEGER NOT NULL,
        supervisor_id TEXT NOT NULL,
        PRIMARY KEY (org, conversation, number)) WITHOUT ROWID;
";

/// A customer's conversations that came before one and have ended, newest first.
const OLDER: &str = "
    SELECT id, channel_id, created_at_ms, ended_at_ms, entries, access_scope, EXISTS (
        SELECT 1 FROM participant
        WHERE participant.org = ?1 AND participant.conversation = conversation.id AND agent_id = ?4)
    FROM conversation INDEXED BY conversation_of_customer
    WHERE org = ?1 AND customer_id = ?2 AND id < ?3 AND ended_at_ms IS NOT NULL
    ORDER BY id DESC LIMIT ?5";

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
    /// The thread could not be started.
    #[error("the logbook's thread cannot be started")]
    Thread(#[source] std::io::Error),
}

#[derive(Debug)]
pub(super) struct Store(Connection);

impl Store {
    pub(super) fn open_or_new(path: &Path) -> Result<Self, LogbookError> {
        match Self::open(path).and_then(|it| it.is_sound().map(|sound| (it, sound))) {
            Ok((store, true)) => Ok(store),
            Ok((_, false)) | Err(LogbookError::Database(_)) => {
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
            connection.pragma_update(None, "user_version", FORMAT)?;
        }
        Ok(Self(connection))
    }

    /// For the one that writes.
    pub(super) fn open_to_write(path: &Path) -> Result<Self, LogbookError> {
        let store = Self::open(path)?;
        store.0.pragma_update(None, "cache_size", -CACHE_KIB)?;
        store.0.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
        Ok(store)
    }

    fn is_sound(&self) -> Result<bool, LogbookError> {
        let format: i64 = self.0.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        let check: String = self.0.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
        Ok(format == FORMAT && check == "ok")
    }

    pub(super) fn position(&self, org: &str) -> Result<Position, LogbookError> {
        let mut select = self.0.prepare_cached("SELECT position FROM org WHERE id = ?1")?;
        let position: Option<i64> = select.query_row([org], |row| row.get(0)).optional()?;
        Ok(Position(position.unwrap_or(0).unsigned_abs()))
    }

    pub(super) fn forget(&mut self, org: &str) -> Result<(), LogbookError> {
        let transaction = self.0.transaction()?;
        for table in [
            "DELETE FROM org WHERE id = ?1",
            "DELETE FROM conversation WHERE org = ?1",
            "DELETE FROM log_entry WHERE org = ?1",
            "DELETE FROM participant WHERE org = ?1",
        ] {
            transaction.execute(table, [org])?;
        }
        Ok(transaction.commit()?)
    }

    /// Writes what these batches say of chat logs after a position. The conversations whose logs grew.
    pub(super) fn write(
        &mut self,
        org: &str,
        names: &Names,
        after: Position,
        batches: &[Arc<Durable>],
        last: Position,
    ) -> Result<BTreeSet<ConversationId>, LogbookError> {
        let transaction = self.0.transaction()?;
        let mut grown = BTreeSet::new();
        for batch in batches {
            for (event, position) in batch.events.iter().zip(batch.first.0..) {
                if position > after.0 {
                    write_event(&transaction, org, names, (Position(position), batch.at), event)?;
                    grown.extend(chat_log::entry(event).map(|it| it.conversation));
                }
            }
        }
        transaction
            .prepare_cached(
                "INSERT INTO org VALUES (?1, ?2) ON CONFLICT (id) DO UPDATE SET position = excluded.position",
            )?
            .execute(params![org, signed(last.0)])?;
        transaction.commit()?;
        Ok(grown)
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
        let mut select = self.0.prepare_cached(&format!(
            "SELECT {number}, at_ms, kind, author, agent_id, receiver_agent_id, text, whisper,
             supervisor_id FROM log_entry
             WHERE org = ?1 AND conversation = ?2 AND {number} >= ?3 ORDER BY number LIMIT ?4"
        ))?;
        let at_most = i64::try_from(at_most).unwrap_or(i64::MAX);
        let rows = select.query_map(params![org, signed(conversation.0), from, at_most], read_line)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    pub(super) fn conversation(&self, org: &str, id: ConversationId) -> Result<Option<Record>, LogbookError> {
        let mut select = self.0.prepare_cached(
            "SELECT channel_id, customer_id, routing_type, created_at_ms, ended_at_ms, entries, created_position,
             ended_position FROM conversation WHERE org = ?1 AND id = ?2",
        )?;
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

    /// By the index of a customer's conversations, newest first.
    pub(super) fn older(
        &self,
        org: &str,
        customer: &str,
        before: ConversationId,
        agent_id: &str,
        at_most: usize,
    ) -> Result<Vec<Older>, LogbookError> {
        let mut select = self.0.prepare_cached(OLDER)?;
        let at_most = i64::try_from(at_most).unwrap_or(i64::MAX);
        let rows = select.query_map(params![org, customer, signed(before.0), agent_id, at_most], |row| {
            Ok(Older {
                id: ConversationId(row.get(0)?),
                channel: row.get(1)?,
                created_at: row.get(2)?,
                ended_at: row.get(3)?,
                entries: row.get(4)?,
                access_scope: row.get(5)?,
                took_part: row.get(6)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

fn read_line(row: &Row<'_>) -> rusqlite::Result<Line> {
    let (kind, author): (String, Option<String>) = (row.get(2)?, row.get(3)?);
    Ok(Line {
        number: row.get(0)?,
        at: row.get(1)?,
        kind: line::kind_of_word(&kind).ok_or(rusqlite::Error::InvalidQuery)?,
        author: author.and_then(|it| line::author_of_word(&it)),
        agent: row.get(4)?,
        receiver: row.get(5)?,
        text: row.get(6)?,
        whisper: row.get(7)?,
        supervisor: row.get(8)?,
    })
}

fn write_event(
    transaction: &Transaction<'_>,
    org: &str,
    names: &Names,
    (position, at): (Position, Millis),
    event: &Event,
) -> Result<(), LogbookError> {
    if let Event::ConversationCreated {
        conversation, channel, customer, routing_type, access_scope, ..
    } = event
    {
        let channel = names.of(ResourceKind::Channel).name(channel.0);
        transaction
            .prepare_cached(
                "INSERT INTO conversation VALUES (?1, ?2, ?3, ?4, ?5, ?6, NULL, 0, 0, ?7, ?8, NULL)",
            )?
            .execute(params![
                org,
                signed(conversation.0),
                channel,
                customer,
                line::routing_type_word(*routing_type),
                signed(at),
                access_scope,
                signed(position.0)
            ])?;
    }
    let Some(entry) = chat_log::entry(event) else { return Ok(()) };
    let supervisor = if let Some(Author::Supervisor(who)) = &entry.author { who } else { "" };
    let agent_id = |agent: Option<AgentIx>| agent.map_or("", |it| names.of(ResourceKind::Agent).name(it.0));
    if let Event::InviteAccepted { conversation, agent, .. } = event {
        transaction
            .prepare_cached("INSERT OR IGNORE INTO participant VALUES (?1, ?2, ?3)")?
            .execute(params![org, signed(conversation.0), agent_id(Some(*agent))])?;
    }
    let ended: (Option<i64>, Option<i64>) =
        matches!(event, Event::ConversationEnded { .. }).then(|| (signed(at), signed(position.0))).unzip();
    let (number, customer_number): (u32, u32) = transaction
        .prepare_cached(
            "UPDATE conversation SET entries = entries + 1, customer_entries = customer_entries + ?3,
                 ended_at_ms = coalesce(?4, ended_at_ms), ended_position = coalesce(?5, ended_position)
             WHERE org = ?1 AND id = ?2 RETURNING entries, customer_entries",
        )?
        .query_row(
            params![org, signed(entry.conversation.0), entry.shown_to_customer, ended.0, ended.1],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
    transaction
        .prepare_cached("INSERT INTO log_entry VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)")?
        .execute(params![
            org,
            signed(entry.conversation.0),
            number,
            entry.shown_to_customer.then_some(customer_number),
            signed(at),
            line::kind_word(entry.kind),
            entry.author.as_ref().map(|it| line::author_word(it.into())),
            agent_id(entry.agent),
            agent_id(entry.receiver),
            entry.text,
            !entry.shown_to_customer,
            supervisor
        ])?;
    Ok(())
}

/// SQLite's integers are signed; what we number and time stays far below 2^63.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_history_opens_by_index_and_never_by_scanning() {
        let store = Connection::open_in_memory().expect("SQLite is here");
        store.execute_batch(TABLES).expect("the tables are right");
        let mut plan = store.prepare(&format!("EXPLAIN QUERY PLAN {OLDER}")).expect("the query is right");
        let steps = plan
            .query_map(params!["org", "customer", 9, "ann", 10], |row| row.get::<_, String>(3))
            .expect("a plan");
        let steps: Vec<String> = steps.map(|it| it.expect("a step")).collect();
        assert!(
            steps.iter().any(|it| it.contains("conversation_of_customer (org=? AND customer_id=? AND id<?)"))
        );
        assert!(
            !steps.iter().any(|it| it.contains("SCAN conversation") || it.contains("TEMP B-TREE")),
            "{steps:?}"
        );
    }
}
