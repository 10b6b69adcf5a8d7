//! What the logbook says: entries of chat logs and conversations, with the directory's ids as text, so that every tool can read them.

use std::borrow::Cow;

use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use serde::{Deserialize, Serialize, de::Error as _};

use super::Reader;
use crate::{
    engine::{
        chat_log::EntryKind,
        event::Author,
        ids::{ConversationId, Millis},
        routing::RoutingType,
    },
    journal::Position,
};

/// Who wrote a message or ended a conversation; which agent or supervisor it was stands beside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineAuthor {
    /// The customer.
    Customer,
    /// An agent.
    Agent,
    /// The platform.
    Platform,
    /// A rule.
    Service,
    /// A supervisor.
    Supervisor,
}

/// An entry of a chat log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its number in the log of its reader.
    pub number: u32,
    /// When.
    pub at: Millis,
    /// What.
    pub kind: EntryKind,
    /// Who wrote or ended.
    pub author: Option<LineAuthor>,
    /// The agent it is about; may be empty.
    pub agent: String,
    /// The agent who received a transfer; may be empty.
    pub receiver: String,
    /// The supervisor who wrote, ended, or brought it about; may be empty.
    pub supervisor: String,
    /// The text of a message.
    pub text: String,
    /// Whether agents alone see it.
    pub whisper: bool,
}

/// A conversation that is live or has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its channel.
    pub channel: String,
    /// Its customer.
    pub customer: String,
    /// How it came in.
    pub routing_type: RoutingType,
    /// When.
    pub created_at: Millis,
    /// When it ended.
    pub ended_at: Option<Millis>,
    /// Entries of its chat log.
    pub entries: u32,
    /// Where the event stands by which it was created.
    pub created: Position,
    /// Where the event stands by which it ended.
    pub ended: Option<Position>,
}

/// A conversation that came before another of the same customer and has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Older {
    /// Which.
    pub id: ConversationId,
    /// Its channel.
    pub channel: String,
    /// When it was created.
    pub created_at: Millis,
    /// When it ended.
    pub ended_at: Millis,
    /// Entries of its chat log.
    pub entries: u32,
    /// What the agent that asks has to do with it.
    pub sight: Sight,
}

/// What makes a conversation one that an agent may see (HIST-3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sight {
    /// Whether the agent was in it.
    pub took_part: bool,
    /// Whether it has ended.
    pub has_ended: bool,
    /// Who may see it beside who was in it, when it has ended; empty: nobody.
    pub access_scope: String,
}

impl Sight {
    /// Whether an agent that was given these access scopes may see it.
    pub fn is_viewable(&self, access_scopes: &[Box<str>]) -> bool {
        let is_given = || access_scopes.iter().any(|scope| **scope == *self.access_scope);
        self.took_part || self.has_ended && is_given()
    }
}

/// An entry as it is written: one object of the JSON array that a row of `log` is. What is empty is left out.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Written<'a> {
    pub(super) at_ms: Millis,
    pub(super) kind: &'a str,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) author: Option<&'a str>,
    #[serde(borrow, default, skip_serializing_if = "is_empty")]
    pub(super) agent: Cow<'a, str>,
    #[serde(borrow, default, skip_serializing_if = "is_empty")]
    pub(super) receiver: Cow<'a, str>,
    #[serde(borrow, default, skip_serializing_if = "is_empty")]
    pub(super) supervisor: Cow<'a, str>,
    #[serde(borrow, default, skip_serializing_if = "is_empty")]
    pub(super) text: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) whisper: bool,
}

#[expect(clippy::ptr_arg, reason = "so serde calls it")]
fn is_empty(text: &Cow<'_, str>) -> bool {
    text.is_empty()
}

/// What stands in a row, one after the other, as a JSON array: entries, or the ids of participants.
#[derive(Debug, Clone)]
pub(super) struct Piece(Vec<u8>);

impl Piece {
    /// With nothing in it, and room for so many bytes at once.
    pub(super) fn with_room(bytes: usize) -> Self {
        let mut array = Vec::with_capacity(bytes);
        array.extend_from_slice(b"[]");
        Self(array)
    }

    /// What stands in a row.
    pub(super) fn of(written: String) -> Self {
        Self(written.into_bytes())
    }

    pub(super) fn push(&mut self, item: &(impl Serialize + ?Sized)) -> Result<(), serde_json::Error> {
        let Self(bytes) = self;
        bytes.pop();
        if bytes.len() > 1 {
            bytes.push(b',');
        }
        serde_json::to_writer(&mut *bytes, item)?;
        bytes.push(b']');
        Ok(())
    }

    /// Puts an id in, unless it is there.
    pub(super) fn put_id(&mut self, id: &str) -> Result<(), serde_json::Error> {
        let ids: Vec<Cow<'_, str>> = serde_json::from_slice(&self.0)?;
        if !ids.iter().any(|it| it == id) {
            self.push(id)?;
        }
        Ok(())
    }

    pub(super) fn bytes(&self) -> usize {
        self.0.len()
    }
}

impl ToSql for Piece {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(ValueRef::Text(&self.0)))
    }
}

/// The entries of a row, numbered as for their reader: `first` is the number of the first that it sees.
pub(super) fn read(entries: &str, reader: Reader, first: u32) -> Result<Vec<Line>, serde_json::Error> {
    let written: Vec<Written<'_>> = serde_json::from_str(entries)?;
    let seen = written.into_iter().filter(|it| reader == Reader::Agent || !it.whisper);
    (first..)
        .zip(seen)
        .map(|(number, it)| {
            let unknown = || serde_json::Error::custom("it is of a kind that is not known");
            Ok(Line {
                number,
                at: it.at_ms,
                kind: kind_of_word(it.kind).ok_or_else(unknown)?,
                author: it.author.and_then(author_of_word),
                agent: it.agent.into_owned(),
                receiver: it.receiver.into_owned(),
                supervisor: it.supervisor.into_owned(),
                text: it.text.into_owned(),
                whisper: it.whisper,
            })
        })
        .collect()
}

/// The words of the tables, in both directions: what is written by one is read by the other.
macro_rules! words {
    ($($write:ident $read:ident $type:ty { $($word:literal $choice:pat => $value:expr),* $(,)? })*) => {$(
        pub(super) fn $write(it: $type) -> &'static str {
            match it { $($choice => $word,)* }
        }

        pub(super) fn $read(word: &str) -> Option<$type> {
            match word { $($word => Some($value),)* _ => None }
        }
    )*};
}

words! {
    kind_word kind_of_word EntryKind {
        "message" EntryKind::Message => EntryKind::Message,
        "agent_joined" EntryKind::AgentJoined => EntryKind::AgentJoined,
        "agent_left" EntryKind::AgentLeft => EntryKind::AgentLeft,
        "transferred" EntryKind::Transferred => EntryKind::Transferred,
        "ended" EntryKind::Ended => EntryKind::Ended,
        "inactivated" EntryKind::Inactivated => EntryKind::Inactivated,
        "resumed" EntryKind::Resumed => EntryKind::Resumed,
    }
    author_word author_of_word LineAuthor {
        "customer" LineAuthor::Customer => LineAuthor::Customer,
        "agent" LineAuthor::Agent => LineAuthor::Agent,
        "platform" LineAuthor::Platform => LineAuthor::Platform,
        "service" LineAuthor::Service => LineAuthor::Service,
        "supervisor" LineAuthor::Supervisor => LineAuthor::Supervisor,
    }
    routing_type_word routing_type_of_word RoutingType {
        "omni_channel" RoutingType::OmniChannel => RoutingType::OmniChannel,
        "button_skills" RoutingType::ButtonSkills => RoutingType::ButtonSkills,
    }
}

impl From<&Author> for LineAuthor {
    fn from(author: &Author) -> Self {
        match author {
            Author::Customer => Self::Customer,
            Author::Agent(_) => Self::Agent,
            Author::Platform => Self::Platform,
            Author::Service => Self::Service,
            Author::Supervisor(_) => Self::Supervisor,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_put_in_once_however_it_is_written() {
        let mut ids = Piece::with_room(0);
        for id in ["ann", "an\"n", "a", "an\"n", "ann"] {
            ids.put_id(id).expect("it is text");
        }
        assert_eq!(String::from_utf8(ids.0).as_deref(), Ok(r#"["ann","an\"n","a"]"#));
    }
}
