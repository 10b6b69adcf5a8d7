//! The codec of stored events: `proto/omniroute/journal/v1/journal.proto` to `Event` and back.
//!
//! It reads every batch that was ever written, and refuses what is damaged; it never panics on it. Whether the bytes are the ones that
//! were written is the journal's to know (checksums), and whether the events follow from one another is `apply`'s.

mod pen;
mod read;
mod read_directory;
mod write;
mod write_directory;

#[cfg(test)]
mod tests;

use pen::Pen;
use prost::encoding::{DecodeContext, decode_key, message, skip_field, uint64};

use super::{
    kinds::{Known, known},
    stored_v1,
};
use crate::engine::{
    event::Event,
    ids::{Millis, RequestKey},
};

/// Events of one org that became durable together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredBatch {
    /// When they were decided.
    pub at: Millis,
    /// In order, each with the key of the command whose first event it is.
    pub events: Vec<(Option<RequestKey>, Event)>,
}

/// Why bytes are no batch.
#[derive(Debug, thiserror::Error)]
pub enum StoredError {
    /// Not even protobuf.
    #[error("the stored batch is not a protobuf message")]
    Malformed(#[from] prost::DecodeError),
    /// A part that every writer wrote is not there.
    #[error("the stored batch lacks {0}")]
    Missing(&'static str),
    /// A choice that this release does not know.
    #[error("the stored batch has {number} for {choice}, which this release does not know")]
    UnknownChoice {
        /// Of what.
        choice: &'static str,
        /// What stands there.
        number: i32,
    },
    /// A level that does not fit, or two lists that should be of one length.
    #[error("the stored batch has {0} that cannot be")]
    Impossible(&'static str),
}

/// Bytes of an event, about, for which room is made at once.
const EVENT_BYTES: usize = 64;

/// The bytes of events that were decided at one time for one org, each with the key of the command whose first event it is. It is a
/// `Batch`, written without one being made.
pub fn encode<'a>(at: Millis, events: impl Iterator<Item = (Option<RequestKey>, &'a Event)>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(events.size_hint().0 * EVENT_BYTES);
    let mut pen = Pen::new(&mut bytes);
    pen.number(1, at);
    for (key, event) in events {
        pen.message(2, |pen| write::entry(pen, key, event));
    }
    bytes
}

/// The events behind the bytes: a `Batch`, of which no more than one entry is made at a time.
pub fn decode(mut payload: &[u8]) -> Result<StoredBatch, StoredError> {
    let mut batch = StoredBatch { at: 0, events: Vec::with_capacity(payload.len() / EVENT_BYTES) };
    while !payload.is_empty() {
        let (field, wire_type) = decode_key(&mut payload)?;
        match field {
            1 => uint64::merge(wire_type, &mut batch.at, &mut payload, DecodeContext::default())?,
            2 => {
                let mut entry = stored_v1::Entry::default();
                message::merge(wire_type, &mut entry, &mut payload, DecodeContext::default())?;
                batch.events.push(read::entry(entry)?);
            }
            _ => skip_field(wire_type, field, &mut payload, DecodeContext::default())?,
        }
    }
    Ok(batch)
}

/// A choice that must be made and known.
fn choice<P: Known>(choice: &'static str, number: i32) -> Result<P::Meaning, StoredError> {
    known::<P>(number).ok_or(StoredError::UnknownChoice { choice, number })
}

fn level(level: u32) -> Result<u16, StoredError> {
    u16::try_from(level).map_err(|_| StoredError::Impossible("a level"))
}
