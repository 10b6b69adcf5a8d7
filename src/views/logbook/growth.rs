//! What one transaction adds to the logbook. A conversation that many events are about is written once.
//!
//! ```text
//!   event ─► the conversation (read, if it was there before) ─► its entries ─► write: its row, which has the first of them
//!                                                                              and, of a long log, a row of `log`
//! ```

use std::{
    borrow::Cow,
    collections::{BTreeMap, btree_map::Entry},
};

use rusqlite::{CachedStatement, Transaction, params};

use super::{
    line::{self, Piece, Written},
    store::{LogbookError, signed},
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

pub(super) struct Growth<'a> {
    transaction: &'a Transaction<'a>,
    /// What is there already of a conversation.
    before: CachedStatement<'a>,
    /// The org's number in the tables.
    org: i64,
    names: &'a Names,
    conversations: BTreeMap<ConversationId, Grown<'a>>,
}

/// How a conversation was created.
struct Created<'a> {
    channel: &'a str,
    customer: &'a str,
    routing_type: RoutingType,
    access_scope: &'a str,
    at: (Position, Millis),
}

/// A conversation that grew.
#[derive(Default)]
struct Grown<'a> {
    /// None: it was there before.
    created: Option<Created<'a>>,
    ended: Option<(Position, Millis)>,
    entries: u32,
    customer_entries: u32,
    participants: Vec<String>,
    first: Piece,
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
        transaction: &'a Transaction<'a>,
        org: i64,
        names: &'a Names,
    ) -> Result<Self, LogbookError> {
        let before = transaction.prepare_cached(
            "SELECT entries, customer_entries, participants, first_entries FROM conversation
             WHERE org = ?1 AND id = ?2",
        )?;
        Ok(Self { transaction, before, org, names, conversations: BTreeMap::new() })
    }

    /// Takes in what an event says.
    pub(super) fn take(&mut self, at: (Position, Millis), event: &'a Event) -> Result<(), LogbookError> {
        if let Event::ConversationCreated {
            conversation,
            channel,
            customer,
            routing_type,
            access_scope,
            ..
        } = event
        {
            let created = Created {
                channel: self.names.of(ResourceKind::Channel).name(channel.0),
                customer,
                routing_type: *routing_type,
                access_scope,
                at,
            };
            self.conversations.insert(*conversation, Grown { created: Some(created), ..Grown::default() });
        }
        let Some(entry) = chat_log::entry(event) else { return Ok(()) };
        let names = self.names.of(ResourceKind::Agent);
        let agent_id = |agent: Option<AgentIx>| agent.map_or("", |it| names.name(it.0));
        let grown = match self.conversations.entry(entry.conversation) {
            Entry::Occupied(there) => there.into_mut(),
            Entry::Vacant(place) => {
                place.insert(Grown::before(&mut self.before, self.org, entry.conversation)?)
            }
        };
        if let Event::InviteAccepted { agent, .. } = event {
            let agent = names.name(agent.0);
            if !grown.participants.iter().any(|it| it == agent) {
                grown.participants.push(agent.to_owned());
            }
        }
        if matches!(event, Event::ConversationEnded { .. }) {
            grown.ended = Some(at);
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

    /// Writes all of it. The conversations whose logs grew.
    pub(super) fn write(self) -> Result<Vec<ConversationId>, LogbookError> {
        let mut insert_log =
            self.transaction.prepare_cached("INSERT INTO log VALUES (?1, ?2, ?3, ?4, ?5)")?;
        let mut insert = self.transaction.prepare_cached(
            "INSERT INTO conversation VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
        )?;
        let mut update = self.transaction.prepare_cached(
            "UPDATE conversation SET ended_at_ms = ?3, ended_position = ?4, entries = ?5, customer_entries = ?6,
             participants = ?7, first_entries = ?8 WHERE org = ?1 AND id = ?2",
        )?;
        let mut logs = Vec::new();
        for (conversation, grown) in self.conversations {
            let id = signed(conversation.0);
            let (ended, ended_at) =
                grown.ended.map(|(position, at)| (signed(position.0), signed(at))).unzip();
            let (entries, customer_entries) = (grown.entries, grown.customer_entries);
            let participants = serde_json::to_string(&grown.participants)?;
            let first = grown.first.close();
            if let Some(Created { channel, customer, routing_type, access_scope, at: (position, at) }) =
                grown.created
            {
                let routing_type = line::routing_type_word(routing_type);
                insert.execute(params![
                    self.org,
                    id,
                    channel,
                    customer,
                    routing_type,
                    access_scope,
                    signed(at),
                    signed(position.0),
                    ended_at,
                    ended,
                    entries,
                    customer_entries,
                    participants,
                    first
                ])?;
            } else {
                update.execute(params![
                    self.org,
                    id,
                    ended_at,
                    ended,
                    entries,
                    customer_entries,
                    participants,
                    first
                ])?;
            }
            // One that was there before is read only where there is an entry to add.
            if entries > 0 {
                logs.push(conversation);
            }
            for Row { number, customer_number, piece } in grown.rows {
                insert_log.execute(params![self.org, id, number, customer_number, piece.close()])?;
            }
        }
        Ok(logs)
    }
}

impl Grown<'_> {
    fn before(
        select: &mut CachedStatement<'_>,
        org: i64,
        conversation: ConversationId,
    ) -> Result<Self, LogbookError> {
        let (entries, customer_entries, participants, first): (u32, u32, String, String) = select
            .query_row(params![org, signed(conversation.0)], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
            })?;
        let participants = serde_json::from_str(&participants)?;
        Ok(Self { entries, customer_entries, participants, first: Piece::of(first), ..Self::default() })
    }

    fn add(&mut self, entry: &Written<'_>) -> Result<(), LogbookError> {
        let (number, customer_number) = (self.entries + 1, self.customer_entries + 1);
        self.entries = number;
        self.customer_entries += u32::from(!entry.whisper);
        // Once it is full it never grows again, so those of `log` follow it.
        if self.first.bytes() < FIRST_BYTES {
            return Ok(self.first.push(entry)?);
        }
        match self.rows.last_mut() {
            Some(row) if number - row.number < ROW_ENTRIES_MAX => row.piece.push(entry)?,
            _ => {
                let mut piece = Piece::default();
                piece.push(entry)?;
                self.rows.push(Row { number, customer_number, piece });
            }
        }
        Ok(())
    }
}
