//! Which conversations have ended, by their customer: what a history is found by.
//!
//! A customer comes back after as many others as there are customers, so each row stands somewhere else than the last. What such a row costs is
//! the page that is written for it, and the next row on the same page in a turn is free. So the table is in parts, and the rows are short:
//! a part is of so many conversations that came one after the other, and stays small enough for a turn to write several rows on each of its
//! pages, however many came before. Who looks for a customer looks into each part.

use rusqlite::{Connection, params};

use super::{
    line::{Older, Sight},
    store::{LogbookError, place},
};
use crate::engine::ids::ConversationId;

/// Bits of a conversation's place that are its number within its part: parts are of a million.
const NUMBER_BITS: u32 = if cfg!(test) { 2 } else { 20 };
/// Bits of a customer's checksum. Customers who have the same are told apart by their conversations.
const CUSTOMER_BITS: u32 = if cfg!(test) { 1 } else { 32 };

/// It is a table and no index of `conversation`: an index is written with its row, anywhere in it, and this is written afterwards, in its own
/// order. `customer_crc32` is the CRC-32 of the customer's id.
pub(super) const TABLE: &str = "
    CREATE TABLE IF NOT EXISTS ended (
        part INTEGER NOT NULL, customer_crc32 INTEGER NOT NULL, number INTEGER NOT NULL,
        PRIMARY KEY (part, customer_crc32, number)) WITHOUT ROWID";

/// One that is there is left as it is: a turn that was cut off is done again.
pub(super) const INSERT: &str = "INSERT OR IGNORE INTO ended VALUES (?1, ?2, ?3)";

/// A customer's conversations of a part that came before one and have ended, newest first.
const OLDER: &str = "
    SELECT id, channel_id, created_at_ms, ended_at_ms, entries, access_scope,
        EXISTS (SELECT 1 FROM json_each(participants) WHERE value = ?6)
    FROM ended CROSS JOIN conversation ON place = (part << ?1 | number)
    WHERE part = ?2 AND customer_crc32 = ?3 AND number < ?4 AND customer_id = ?5
    ORDER BY number DESC LIMIT ?7";

/// A conversation that has ended, in the order of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Ended {
    part: i64,
    customer: u32,
    number: i64,
}

impl Ended {
    pub(super) fn new(place: i64, customer: &str) -> Self {
        let customer = crc32fast::hash(customer.as_bytes()) >> (u32::BITS - CUSTOMER_BITS);
        Self { part: part_of(place), customer, number: place & !(-1 << NUMBER_BITS) }
    }

    /// What `INSERT` puts in.
    pub(super) fn row(self) -> (i64, u32, i64) {
        (self.part, self.customer, self.number)
    }
}

/// The part that a place is in.
fn part_of(place: i64) -> i64 {
    place >> NUMBER_BITS
}

/// The first part of an org.
fn first_part(org: i64) -> i64 {
    part_of(place(org, ConversationId(0)))
}

/// Forgets all rows of an org.
pub(super) fn forget(connection: &Connection, org: i64) -> rusqlite::Result<usize> {
    connection.execute("DELETE FROM ended WHERE part >= ?1 AND part < ?2", [org, org + 1].map(first_part))
}

/// A customer's conversations that came before one and have ended, newest first.
pub(super) fn older(
    connection: &Connection,
    (org, customer): (i64, &str),
    before: ConversationId,
    agent_id: &str,
    at_most: usize,
) -> Result<Vec<Older>, LogbookError> {
    let mut select = connection.prepare_cached(OLDER)?;
    let mut ended = Ended::new(place(org, before), customer);
    let mut found = Vec::new();
    while ended.part >= first_part(org) && found.len() < at_most {
        let left = i64::try_from(at_most - found.len()).unwrap_or(i64::MAX);
        let (part, crc32, number) = ended.row();
        let rows =
            select.query_map(params![NUMBER_BITS, part, crc32, number, customer, agent_id, left], |row| {
                Ok(Older {
                    id: ConversationId(row.get(0)?),
                    channel: row.get(1)?,
                    created_at: row.get(2)?,
                    ended_at: row.get(3)?,
                    entries: row.get(4)?,
                    sight: Sight { access_scope: row.get(5)?, took_part: row.get(6)?, has_ended: true },
                })
            })?;
        for row in rows {
            found.push(row?);
        }
        // All of the part before.
        ended = Ended { part: part - 1, number: 1 << NUMBER_BITS, ..ended };
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::views::logbook::store::TABLES;

    #[test]
    fn an_org_is_forgotten_with_all_its_parts_and_no_other() {
        let store = Connection::open_in_memory().expect("SQLite is here");
        store.execute_batch(TABLE).expect("the table is right");
        for (org, id) in [(1, 1), (2, 1), (2, 9), (2, (1 << 40) - 1), (3, 0)] {
            let it = Ended::new(place(org, ConversationId(id)), "carla");
            store.execute(INSERT, it.row()).expect("it is new");
        }
        let kept = || store.query_row("SELECT count(*) FROM ended", [], |row| row.get::<_, usize>(0));
        assert_eq!(forget(&store, 2).and_then(|gone| Ok((gone, kept()?))), Ok((3, 2)));
        assert_eq!(forget(&store, 2), Ok(0));
        assert_eq!(forget(&store, 1).and_then(|gone| Ok((gone, kept()?))), Ok((1, 1)));
    }

    #[test]
    fn a_history_opens_by_index_and_never_by_scanning() {
        let store = Connection::open_in_memory().expect("SQLite is here");
        store.execute_batch(TABLES).expect("the tables are right");
        store.execute_batch(TABLE).expect("the table is right");
        let mut plan = store.prepare(&format!("EXPLAIN QUERY PLAN {OLDER}")).expect("the query is right");
        let steps = plan
            .query_map(params![NUMBER_BITS, 1, 2, 3, "customer", "ann", 10], |row| row.get::<_, String>(3))
            .expect("a plan");
        let steps: Vec<String> = steps.map(|it| it.expect("a step")).collect();
        for step in [
            "SEARCH ended USING PRIMARY KEY (part=? AND customer_crc32=? AND number<?)",
            "SEARCH conversation USING INTEGER PRIMARY KEY (rowid=?)",
        ] {
            assert!(steps.iter().any(|it| it == step), "{steps:?}");
        }
        assert!(
            !steps.iter().any(|it| it.contains("SCAN conversation") || it.contains("TEMP B-TREE")),
            "{steps:?}"
        );
    }
}
