//! Which conversations have ended, by their customer: what a history is found by.
//!
//! ```text
//!   conversation ─► part: a million that came one after the other
//!   customer ─► CRC-32 ─► its first bits: bucket of the part ─► chunks: a row each, about a page ─► entries: the other bits, and the number
//! ```
//!
//! A customer comes back after as many others as there are customers, so each entry stands somewhere else than the last, and what it costs is
//! the page that is written for it. So entries are short, there are few buckets, and of a bucket the last chunk alone is written: a turn that
//! ends thousands writes about a page for each bucket, however many came before. Who looks for a customer looks through one bucket of each part.

use rusqlite::{CachedStatement, Connection, OptionalExtension, params};

use super::{
    line::{Older, Sight},
    store::{LogbookError, place},
};
use crate::engine::ids::ConversationId;

/// Bits of a conversation's place that are its number within its part.
const NUMBER_BITS: u32 = if cfg!(test) { 2 } else { 20 };
/// Bits of a customer's checksum that say which bucket; the others are the mark of an entry. Customers who have the same are told apart by their
/// conversations.
const BUCKET_BITS: u32 = if cfg!(test) { 1 } else { 8 };
const MARK_BITS: u32 = if cfg!(test) { 1 } else { u32::BITS - BUCKET_BITS };
/// Bits of a chunk's number within its bucket. Where a customer has more of a part than so many chunks hold, the last one goes on growing.
const CHUNK_BITS: u32 = 10;
/// An entry: mark and number, the last byte least.
const ENTRY_BYTES: usize = 6;
/// Entries of a chunk, at most: with its row's header they fill a page of the file.
const CHUNK_ENTRIES: usize = if cfg!(test) { 2 } else { 670 };

/// `key` is the part, the bucket and the chunk in one number.
pub(super) const TABLE: &str =
    "CREATE TABLE IF NOT EXISTS ended (key INTEGER PRIMARY KEY, entries BLOB NOT NULL)";

/// Chunks with keys from `?1` to `?2`, the last first.
const CHUNKS: &str = "SELECT key, entries FROM ended WHERE key BETWEEN ?1 AND ?2 ORDER BY key DESC";

const ONE: &str = "
    SELECT id, channel_id, created_at_ms, ended_at_ms, entries, access_scope,
        EXISTS (SELECT 1 FROM json_each(participants) WHERE value = ?3)
    FROM conversation WHERE place = ?1 AND customer_id = ?2";

/// A conversation that has ended, in the order in which they are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Ended {
    bucket: Bucket,
    mark: u32,
    number: u32,
}

/// A bucket of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Bucket(i64);

impl Ended {
    pub(super) fn new(place: i64, customer: &str) -> Self {
        let customer = crc32fast::hash(customer.as_bytes()) >> (u32::BITS - BUCKET_BITS - MARK_BITS);
        Self {
            bucket: Bucket(part_of(place) << BUCKET_BITS | i64::from(customer >> MARK_BITS)),
            mark: customer & ((1 << MARK_BITS) - 1),
            number: u32::try_from(place & ((1 << NUMBER_BITS) - 1)).unwrap_or(0),
        }
    }

    fn place(self) -> i64 {
        self.bucket.part() << NUMBER_BITS | i64::from(self.number)
    }

    fn to_bytes(self) -> [u8; ENTRY_BYTES] {
        let entry = u64::from(self.mark) << NUMBER_BITS | u64::from(self.number);
        let [_, _, entry @ ..] = entry.to_be_bytes();
        entry
    }
}

impl Bucket {
    /// The one that a chunk is of.
    fn of(key: i64) -> Self {
        Self(key >> CHUNK_BITS)
    }

    fn part(self) -> i64 {
        self.0 >> BUCKET_BITS
    }

    /// It and those of the same customers in the parts before, back to the org's first.
    fn and_before(self, org: i64) -> impl Iterator<Item = Self> {
        let before = |it: &Self| Some(Self(it.0 - (1 << BUCKET_BITS)));
        std::iter::successors(Some(self), before).take_while(move |it| it.part() >= first_part(org))
    }

    /// Of its chunks, from the first to the last.
    fn keys(self) -> [i64; 2] {
        let first = self.0 << CHUNK_BITS;
        [first, first | ((1 << CHUNK_BITS) - 1)]
    }

    /// What it holds of this mark, newest first. Hardly any of its entries are, so each is looked at as the one number that it is.
    fn marked(self, connection: &Connection, mark: u32) -> rusqlite::Result<Vec<Ended>> {
        let of_mark = u64::from(mark) << NUMBER_BITS;
        let mut select = connection.prepare_cached(CHUNKS)?;
        let mut chunks = select.query(self.keys())?;
        let mut marked = Vec::new();
        while let Some(chunk) = chunks.next()? {
            let (entries, _) = chunk.get_ref(1)?.as_blob()?.as_chunks::<ENTRY_BYTES>();
            let entries =
                entries.iter().map(|&[a, b, c, d, e, f]| u64::from_be_bytes([0, 0, a, b, c, d, e, f]));
            let numbers = entries.map(|it| it ^ of_mark).filter(|it| *it < 1 << NUMBER_BITS);
            marked.extend(
                numbers.filter_map(|it| Some(Ended { bucket: self, mark, number: it.try_into().ok()? })),
            );
        }
        marked.sort_unstable_by(|one, other| other.cmp(one));
        // A turn that was cut off is done again.
        marked.dedup();
        Ok(marked)
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

/// Writes which have ended.
pub(super) struct EndedPen<'a> {
    chunks: CachedStatement<'a>,
    put: CachedStatement<'a>,
    /// The key of the chunk that is open, and what that holds.
    open: Option<i64>,
    entries: Vec<u8>,
}

impl<'a> EndedPen<'a> {
    pub(super) fn new(connection: &'a Connection) -> rusqlite::Result<Self> {
        Ok(Self {
            chunks: connection.prepare_cached(&format!("{CHUNKS} LIMIT 1"))?,
            put: connection.prepare_cached("INSERT OR REPLACE INTO ended VALUES (?1, ?2)")?,
            open: None,
            entries: Vec::with_capacity(CHUNK_ENTRIES * ENTRY_BYTES),
        })
    }

    /// Writes one. They come in ascending order, and all of them stand in the table after `close`. How many chunks were written for it.
    pub(super) fn write(&mut self, it: Ended) -> rusqlite::Result<usize> {
        let mut written = 0;
        let key = match self.open {
            Some(key) if Bucket::of(key) == it.bucket => key,
            _ => {
                written += self.close()?;
                self.open(it.bucket)?
            }
        };
        self.entries.extend_from_slice(&it.to_bytes());
        if self.is_full(key) {
            written += self.close()?;
        }
        Ok(written)
    }

    /// Opens the last chunk of a bucket, or the next where that is full.
    fn open(&mut self, bucket: Bucket) -> rusqlite::Result<i64> {
        let entries = &mut self.entries;
        let last = self.chunks.query_row(bucket.keys(), |row| {
            entries.extend_from_slice(row.get_ref(1)?.as_blob()?);
            row.get(0)
        });
        let mut key = last.optional()?.unwrap_or(bucket.keys()[0]);
        if self.is_full(key) {
            self.entries.clear();
            key += 1;
        }
        self.open = Some(key);
        Ok(key)
    }

    /// Whether the chunk that is open has no more room. The last of a bucket always has.
    fn is_full(&self, key: i64) -> bool {
        self.entries.len() >= CHUNK_ENTRIES * ENTRY_BYTES && key < Bucket::of(key).keys()[1]
    }

    /// Writes the chunk that is open. How many that were.
    pub(super) fn close(&mut self) -> rusqlite::Result<usize> {
        let Some(key) = self.open.take() else { return Ok(0) };
        self.put.execute(params![key, self.entries])?;
        self.entries.clear();
        Ok(1)
    }
}

/// Forgets all of an org.
pub(super) fn forget(connection: &Connection, org: i64) -> rusqlite::Result<usize> {
    let [first, next] = [org, org + 1].map(|it| Bucket(first_part(it) << BUCKET_BITS).keys()[0]);
    connection.execute("DELETE FROM ended WHERE key >= ?1 AND key < ?2", [first, next])
}

/// A customer's conversations that came before one and have ended, newest first.
pub(super) fn older(
    connection: &Connection,
    (org, customer): (i64, &str),
    before: ConversationId,
    agent_id: &str,
    at_most: usize,
) -> Result<Vec<Older>, LogbookError> {
    let mut one = connection.prepare_cached(ONE)?;
    let before = Ended::new(place(org, before), customer);
    let (mut found, mut buckets) = (Vec::new(), before.bucket.and_before(org));
    while found.len() < at_most
        && let Some(bucket) = buckets.next()
    {
        for it in bucket.marked(connection, before.mark)?.into_iter().filter(|it| *it < before) {
            let older = one.query_row(params![it.place(), customer, agent_id], |row| {
                Ok(Older {
                    id: ConversationId(row.get(0)?),
                    channel: row.get(1)?,
                    created_at: row.get(2)?,
                    ended_at: row.get(3)?,
                    entries: row.get(4)?,
                    sight: Sight { access_scope: row.get(5)?, took_part: row.get(6)?, has_ended: true },
                })
            });
            found.extend(older.optional()?);
            if found.len() == at_most {
                break;
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;
    use crate::views::logbook::store::TABLES;

    fn store() -> Connection {
        let store = Connection::open_in_memory().expect("SQLite is here");
        store.execute_batch(TABLES).expect("the tables are right");
        store.execute_batch(TABLE).expect("the table is right");
        store
    }

    /// Writes them as a turn does.
    fn write(store: &Connection, mut ended: Vec<Ended>) -> usize {
        ended.sort_unstable();
        let mut pen = EndedPen::new(store).expect("the table is there");
        let written: usize = ended.into_iter().map(|it| pen.write(it).expect("it is written")).sum();
        written + pen.close().expect("it is written")
    }

    fn kept(store: &Connection) -> usize {
        store.query_row("SELECT count(*) FROM ended", [], |row| row.get(0)).expect("it is there")
    }

    #[test]
    fn an_org_is_forgotten_with_all_its_parts_and_no_other() {
        let store = store();
        let all = [(1, 1), (2, 1), (2, 9), (2, (1 << 40) - 1), (3, 0)];
        write(&store, all.map(|(org, id)| Ended::new(place(org, ConversationId(id)), "carla")).to_vec());
        assert_eq!(forget(&store, 2), Ok(3));
        assert_eq!((forget(&store, 2), kept(&store)), (Ok(0), 2));
        assert_eq!((forget(&store, 1), kept(&store)), (Ok(1), 1));
    }

    #[test]
    fn of_a_bucket_the_last_chunk_alone_is_written() {
        let store = store();
        // A part is four conversations here, so more of one bucket are the same ones again, as after turns that were cut off.
        let ended = |number| Ended::new(place(1, ConversationId(number)), "carla");
        assert_eq!(write(&store, vec![ended(0)]), 1);
        assert_eq!(write(&store, vec![ended(1)]), 1, "there is room in the first");
        assert_eq!((write(&store, vec![ended(2), ended(3), ended(3)]), kept(&store)), (2, 3));
        assert_eq!((write(&store, vec![ended(3)]), kept(&store)), (1, 3));
        let marked = ended(0).bucket.marked(&store, ended(0).mark);
        assert_eq!(marked, Ok([3, 2, 1, 0].map(ended).to_vec()));
    }

    #[test]
    fn parts_before_what_is_enough_are_not_looked_through() {
        let store = store();
        let ended = |number| Ended::new(place(1, ConversationId(number)), "carla");
        // One in the first part, one in the second.
        for number in [1, 5] {
            write(&store, vec![ended(number)]);
            let row = "INSERT INTO conversation (place, channel_id, customer_id, routing_type, access_scope, created_at_ms,
                created_position, ended_at_ms, written_position, entries, customer_entries, participants, first_entries)
                VALUES (?1, 'chat', 'carla', '', '', 1, 1, 1, 1, 0, 0, '[]', '[]')";
            store.execute(row, [place(1, ConversationId(number))]).expect("it is written");
        }
        let older = |at_most| older(&store, (1, "carla"), ConversationId(8), "anna", at_most);
        let ids = |found: Vec<Older>| found.into_iter().map(|it| it.id.0).collect::<Vec<_>>();
        assert_eq!(ids(older(2).expect("it is read")), [5, 1]);
        // Whoever looks through the first finds that it is damaged.
        let damage = "UPDATE ended SET entries = 'no entries' WHERE key BETWEEN ?1 AND ?2";
        assert_eq!(store.execute(damage, ended(1).bucket.keys()), Ok(1));
        assert_eq!(ids(older(1).expect("the second is enough")), [5]);
        assert!(older(2).is_err());
    }

    proptest! {
        #[test]
        fn what_was_written_is_found_newest_first(turns in vec(vec((0..40_u64, 0..5_u8), 0..12), 0..6)) {
            let store = store();
            for turn in &turns {
                let ended = |(id, customer): &(u64, u8)| Ended::new(place(1, ConversationId(*id)), &customer.to_string());
                write(&store, turn.iter().map(ended).collect());
            }
            for customer in 0..5 {
                let before = Ended::new(place(1, ConversationId(40)), &customer.to_string());
                let mut found = Vec::new();
                for bucket in before.bucket.and_before(1) {
                    found.extend(bucket.marked(&store, before.mark).expect("it is read").iter().map(|it| it.place()));
                }
                prop_assert!(found.is_sorted_by(|one, other| one > other), "each once: {:?}", found);
                for (id, _) in turns.iter().flatten().filter(|it| it.1 == customer) {
                    prop_assert!(found.contains(&place(1, ConversationId(*id))));
                }
            }
        }
    }

    #[test]
    fn a_history_opens_by_index_and_never_by_scanning() {
        let store = store();
        let plan = |query: &str| -> Vec<String> {
            let mut plan = store.prepare(&format!("EXPLAIN QUERY PLAN {query}")).expect("the query is right");
            let parameters = rusqlite::params_from_iter((0..plan.parameter_count()).map(|_| 1));
            let steps = plan.query_map(parameters, |row| row.get(3)).expect("a plan");
            steps.map(|it| it.expect("a step")).collect()
        };
        assert_eq!(plan(CHUNKS), ["SEARCH ended USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)"]);
        let steps = plan(ONE);
        assert_eq!(steps[0], "SEARCH conversation USING INTEGER PRIMARY KEY (rowid=?)");
        assert!(!steps.iter().any(|it| it.contains("SCAN conversation")), "{steps:?}");
    }
}
