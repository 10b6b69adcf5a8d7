//! What one turn of the writer adds to the logbook. A conversation that many events are about is written once.
//!
//! ```text
//!   event ─► the conversation (read, if it was there before) ─► its entries ─► its row, which has the first of them, and, of a long
//!                                                                              log, a row of `log`
//!                                                                          ─► once it has ended, an entry of `ended`
//! ```

use std::borrow::Cow;

use rusqlite::{CachedStatement, Connection, OptionalExtension, params};
use rustc_hash::FxHashMap;
use smol_str::SmolStr;

use super::{
    known::{Known, Standing},
    line::{self, Piece, Written},
    store::{LogbookError, place, signed},
};
use crate::{
    engine::{
        chat_log,
        directory::{names::Names, spec::ResourceKind},
        event::{Author, Event},
        ids::{AgentIx, ConversationId, Millis},
        routing::RoutingType,
    },
    journal::Position,
};

/// Entries of a row of `log`, at most, so that a page is read without reading a long log.
const ROW_ENTRIES_MAX: u32 = 64;
/// Bytes of the entries in a conversation's own row from which on the others go to `log`. Most conversations have no more, and a row of this
/// length is still on one page of the file.
const FIRST_BYTES: usize = 512;
/// Bytes for which a log has room at once: who joined and who ended. And its participants: one.
const USUAL_BYTES: usize = 192;
const ID_BYTES: usize = 32;

/// What a turn has taken in.
pub(super) struct Growth<'a> {
    /// What is there already of a conversation: known, or read.
    known: &'a mut Known,
    before: CachedStatement<'a>,
    /// The org's number in the tables.
    org: i64,
    /// How far a turn had come that did not come to its end: rows may say what stands up to there, each of them up to where it says.
    begun: Position,
    /// Each until it is written.
    conversations: Vec<Option<Grown<'a>>>,
    /// Where each of them stands.
    places: FxHashMap<ConversationId, usize>,
}

/// How a conversation was created.
struct Created<'a> {
    channel: SmolStr,
    routing_type: RoutingType,
    access_scope: &'a str,
    at: (Position, Millis),
}

/// A conversation that grew.
pub(super) struct Grown<'a> {
    pub(super) id: ConversationId,
    /// None: it was there before.
    created: Option<Created<'a>>,
    ended: Option<(Position, Millis)>,
    pub(super) standing: Standing,
    rows: Vec<Row>,
}

/// A row of `log`.
struct Row {
    /// The number of its first entry.
    number: u32,
    /// How many its customer sees of those before it, and one more.
    customer_number: u32,
    piece: Piece,
}

impl<'a> Growth<'a> {
    pub(super) fn new(
        connection: &'a Connection,
        known: &'a mut Known,
        org: i64,
        begun: Position,
    ) -> Result<Self, LogbookError> {
        let before = connection.prepare_cached(
            "SELECT customer_id, written_position, entries, customer_entries, participants, first_entries
             FROM conversation WHERE place = ?1",
        )?;
        Ok(Self { known, before, org, begun, conversations: Vec::new(), places: FxHashMap::default() })
    }

    /// Takes in what an event says.
    pub(super) fn take(
        &mut self,
        at: (Position, Millis),
        event: &'a Event,
        names: &Names,
    ) -> Result<(), LogbookError> {
        if let Event::ConversationCreated {
            conversation,
            channel,
            customer,
            routing_type,
            access_scope,
            ..
        } = event
        {
            // Beyond what was begun there is none of it yet.
            let before = if at.0 > self.begun { None } else { self.read(*conversation)? };
            self.put(before.unwrap_or_else(|| Grown {
                id: *conversation,
                created: Some(Created {
                    channel: names.of(ResourceKind::Channel).shared(channel.0),
                    routing_type: *routing_type,
                    access_scope,
                    at,
                }),
                ended: None,
                standing: Standing {
                    customer: customer.clone(),
                    written: at.0,
                    entries: 0,
                    customer_entries: 0,
                    participants: Piece::with_room(ID_BYTES),
                    first: Piece::with_room(USUAL_BYTES),
                },
                rows: Vec::new(),
            }));
        }
        let Some(entry) = chat_log::entry(event) else { return Ok(()) };
        let place = if let Some(place) = self.places.get(&entry.conversation) {
            *place
        } else {
            let before = self.read(entry.conversation)?;
            self.put(before.ok_or(rusqlite::Error::QueryReturnedNoRows)?)
        };
        let grown = self.conversations[place].as_mut();
        let grown = grown.unwrap_or_else(|| unreachable!("what is written takes nothing more in"));
        if matches!(event, Event::ConversationEnded { .. }) {
            // Also where its row says so already: that of `ended` may not be there.
            grown.ended = Some(at);
        }
        if at.0 <= grown.standing.written {
            return Ok(());
        }
        grown.standing.written = at.0;
        let names = names.of(ResourceKind::Agent);
        let agent_id = |agent: Option<AgentIx>| agent.map_or("", |it| names.name(it.0));
        if let Event::InviteAccepted { agent, .. } = event {
            grown.standing.participants.put_id(names.name(agent.0))?;
        }
        grown.add(&Written {
            at_ms: at.1,
            kind: line::kind_word(entry.kind),
            author: entry.author.as_ref().map(|it| line::author_word(it.into())),
            agent: agent_id(entry.agent).into(),
            receiver: agent_id(entry.receiver).into(),
            supervisor: match &entry.author {
                Some(Author::Supervisor(who)) => who.to_string().into(),
                _ => Cow::default(),
            },
            text: entry.text.into(),
            whisper: !entry.shown_to_customer,
        })
    }

    fn put(&mut self, grown: Grown<'a>) -> usize {
        let place = self.conversations.len();
        self.places.insert(grown.id, place);
        self.conversations.push(Some(grown));
        place
    }

    /// What the tables have of a conversation.
    fn read(&mut self, id: ConversationId) -> Result<Option<Grown<'a>>, LogbookError> {
        let place = place(self.org, id);
        let standing = match self.known.take(place) {
            Some(known) => Some(known),
            None => self.select(place)?,
        };
        Ok(standing.map(|standing| Grown { id, created: None, ended: None, standing, rows: Vec::new() }))
    }

    fn select(&mut self, place: i64) -> Result<Option<Standing>, LogbookError> {
        let row = self.before.query_row([place], |row| {
            Ok((
                row.get::<_, String>(0)?.into(),
                row.get(1)?,
                row.get(2)?,
                row.get(3)?,
                row.get(4)?,
                row.get(5)?,
            ))
        });
        let Some((customer, written, entries, customer_entries, participants, first)) = row.optional()?
        else {
            return Ok(None);
        };
        Ok(Some(Standing {
            customer,
            written: Position(written),
            entries,
            customer_entries,
            participants: Piece::of(participants),
            first: Piece::of(first),
        }))
    }

    /// All that grew, in the order of the tables, so that what is written one after the other stands side by side; and where what they say
    /// then is to be known.
    pub(super) fn into_conversations(mut self) -> (impl Iterator<Item = Grown<'a>>, &'a mut Known) {
        let ids = self.conversations.iter().flatten().map(|it| it.id);
        let mut order: Vec<(ConversationId, usize)> = ids.zip(0..).collect();
        order.sort_unstable();
        (order.into_iter().filter_map(move |(_, place)| self.conversations[place].take()), self.known)
    }
}

/// Writes conversations.
pub(super) struct Pen<'a> {
    known: &'a mut Known,
    org: i64,
    insert: CachedStatement<'a>,
    update: CachedStatement<'a>,
    insert_log: CachedStatement<'a>,
}

impl<'a> Pen<'a> {
    pub(super) fn new(
        connection: &'a Connection,
        known: &'a mut Known,
        org: i64,
    ) -> Result<Self, LogbookError> {
        Ok(Self {
            known,
            org,
            insert: connection.prepare_cached(
                "INSERT INTO conversation (place, channel_id, customer_id, routing_type, access_scope, created_at_ms,
                    created_position, ended_at_ms, ended_position, written_position, entries, customer_entries,
                    participants, first_entries)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
            )?,
            update: connection.prepare_cached(
                "UPDATE conversation SET ended_at_ms = coalesce(?2, ended_at_ms),
                 ended_position = coalesce(?3, ended_position), written_position = ?4, entries = ?5,
                 customer_entries = ?6, participants = ?7, first_entries = ?8 WHERE place = ?1",
            )?,
            insert_log: connection.prepare_cached("INSERT INTO log VALUES (?1, ?2, ?3, ?4, ?5)")?,
        })
    }

    /// Writes a conversation with all that its log has grown by. If it has ended, whose it was; it is not yet among those that are
    /// found by their customer.
    pub(super) fn write(&mut self, grown: Grown<'_>) -> Result<Option<SmolStr>, LogbookError> {
        let (id, place) = (signed(grown.id.0), place(self.org, grown.id));
        let (ended, ended_at) = grown.ended.map(|(position, at)| (signed(position.0), signed(at))).unzip();
        let Standing { customer, written, entries, customer_entries, participants, first } = &grown.standing;
        let written = signed(written.0);
        if let Some(Created { channel, routing_type, access_scope, at: (position, at) }) = grown.created {
            self.insert.execute(params![
                place,
                channel.as_str(),
                customer.as_str(),
                line::routing_type_word(routing_type),
                access_scope,
                signed(at),
                signed(position.0),
                ended_at,
                ended,
                written,
                entries,
                customer_entries,
                participants,
                first
            ])?;
        } else {
            self.update.execute(params![
                place,
                ended_at,
                ended,
                written,
                entries,
                customer_entries,
                participants,
                first
            ])?;
        }
        for Row { number, customer_number, piece } in grown.rows {
            self.insert_log.execute(params![self.org, id, number, customer_number, piece])?;
        }
        if grown.ended.is_some() {
            return Ok(Some(grown.standing.customer));
        }
        self.known.remember(place, grown.standing);
        Ok(None)
    }
}

impl Grown<'_> {
    fn add(&mut self, entry: &Written<'_>) -> Result<(), LogbookError> {
        let Standing { entries, customer_entries, first, .. } = &mut self.standing;
        let (number, customer_number) = (*entries + 1, *customer_entries + 1);
        *entries = number;
        *customer_entries += u32::from(!entry.whisper);
        // Once it is full it never grows again, so those of `log` follow it.
        if first.bytes() < FIRST_BYTES {
            return Ok(first.push(entry)?);
        }
        match self.rows.last_mut() {
            Some(row) if number - row.number < ROW_ENTRIES_MAX => row.piece.push(entry)?,
            _ => {
                let mut piece = Piece::with_room(USUAL_BYTES);
                piece.push(entry)?;
                self.rows.push(Row { number, customer_number, piece });
            }
        }
        Ok(())
    }
}
