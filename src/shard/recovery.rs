//! From what is durable to what is true: the newest snapshot, then `apply` of the events after it. At the start of the service, for
//! what was decided in the past, and in tests: one way.

use std::{collections::BTreeSet, ops::ControlFlow, sync::Arc};

use postcard::ser_flavors::Flavor;
use serde::{Deserialize, Serialize};

use super::Hosted;
use crate::{
    engine::{
        apply::{Touched, apply},
        event::Event,
        ids::Millis,
        state::State,
    },
    journal::{JournalError, JournalReader, Position, STEP_BYTES, Snapshots, Stored},
    wire::stored::{self, StoredBatch},
};

/// The format of a state in a snapshot. A snapshot of another format is passed over, and the journal replayed from its beginning.
const STATE_FORMAT: u32 = 4;
/// Bytes that one read takes from the journal, about.
const READ_BYTES: usize = 4 << 20;
/// Events of the first read from which on reading ahead is worth a thread.
const MANY: usize = 10_000;
/// Reads that wait to be applied, at most.
const READS_AHEAD: usize = 2;

/// Why an org could not be recovered. The service does not start then: it would forget what it has answered.
#[derive(Debug, thiserror::Error)]
pub enum RecoveryError {
    /// The journal failed, or is damaged; it says where.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// What is stored is no events.
    #[error("org {org}: the events from position {first} cannot be decoded")]
    Stored {
        /// Whose.
        org: String,
        /// Where the batch begins.
        first: Position,
        /// Why.
        source: stored::StoredError,
    },
    /// The journal goes on elsewhere than where the snapshot ends.
    #[error("org {org}: events {expected} and on are missing before {found}")]
    Gap {
        /// Whose.
        org: String,
        /// What is missing.
        expected: Position,
        /// What is there.
        found: Position,
    },
    /// The journal ends before the snapshot does: what was answered is missing.
    #[error("org {org}: the journal ends at {found}, before the snapshot at {expected}")]
    Short {
        /// Whose.
        org: String,
        /// Where the snapshot ends.
        expected: Position,
        /// Where the journal ends.
        found: Position,
    },
    /// A state cannot be written as a snapshot.
    #[error("org {org}: its state cannot be encoded")]
    Encode {
        /// Whose.
        org: String,
        /// Why.
        source: postcard::Error,
    },
}

#[derive(Serialize)]
struct SnapshotOf<'a> {
    format: u32,
    state: &'a State,
}

/// A state as it stands in a snapshot: the same bytes for the same state, on every machine.
pub fn encode(org: &str, state: &State) -> Result<Vec<u8>, RecoveryError> {
    encode_in_steps(org, state, &mut || ())
}

fn encode_in_steps(org: &str, state: &State, rest: &mut dyn FnMut()) -> Result<Vec<u8>, RecoveryError> {
    let steps = Steps { bytes: Vec::new(), until: STEP_BYTES, rest };
    postcard::serialize_with_flavor(&SnapshotOf { format: STATE_FORMAT, state }, steps)
        .map_err(|source| RecoveryError::Encode { org: org.into(), source })
}

/// Takes in the bytes of a snapshot, and rests after each `STEP_BYTES`.
struct Steps<'a> {
    bytes: Vec<u8>,
    until: usize,
    rest: &'a mut dyn FnMut(),
}

impl Steps<'_> {
    fn took(&mut self) {
        if self.bytes.len() >= self.until {
            self.until = self.bytes.len() + STEP_BYTES;
            (self.rest)();
        }
    }
}

impl Flavor for Steps<'_> {
    type Output = Vec<u8>;

    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.bytes.push(byte);
        self.took();
        Ok(())
    }

    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        self.bytes.extend_from_slice(bytes);
        self.took();
        Ok(())
    }

    fn finalize(self) -> postcard::Result<Vec<u8>> {
        Ok(self.bytes)
    }
}

/// Saves an org as a snapshot, and says how many bytes its state takes. It is done in steps, between which it rests as it is told.
pub(crate) fn save(
    hosted: &Hosted,
    snapshots: &Snapshots,
    rest: &mut dyn FnMut(),
) -> Result<usize, RecoveryError> {
    let bytes = encode_in_steps(&hosted.org, &hosted.state, rest)?;
    snapshots.save_in_steps(&hosted.org, hosted.last, &bytes, rest)?;
    Ok(bytes.len())
}

fn decode(bytes: &[u8]) -> Option<State> {
    let (format, rest) = postcard::take_from_bytes::<u32>(bytes).ok()?;
    if format != STATE_FORMAT {
        return None;
    }
    State::deserialize(&mut postcard::Deserializer::from_bytes(rest)).ok()
}

/// An org as of the newest snapshot before a position; as of its beginning, where there is none.
pub(super) fn start_before(
    org: &str,
    position: Position,
    snapshots: &Snapshots,
) -> Result<Hosted, RecoveryError> {
    let newest =
        snapshots.newest_before(org, position)?.and_then(|(last, bytes)| Some((decode(&bytes)?, last)));
    let (mut state, last) = newest.unwrap_or_default();
    state.reindex();
    Ok(Hosted { org: Arc::from(org), state, last, snapshot: last })
}

/// Recovers an org up to its event at `durable`, which is its last or, where engines run, was.
pub fn recover(
    org: &str,
    durable: Position,
    reader: &mut dyn JournalReader,
    snapshots: &Snapshots,
) -> Result<Hosted, RecoveryError> {
    let mut hosted = start_before(org, Position(u64::MAX), snapshots)?;
    if hosted.last > durable {
        return Err(RecoveryError::Short { org: org.into(), expected: hosted.last, found: durable });
    }
    replay(&mut hosted, reader, &mut |_, position, _, _| {
        if position > durable { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    Ok(hosted)
}

/// Recovers an org from its first event on, without any snapshot, and shows its state as of each of these positions.
pub fn recover_showing(
    org: &str,
    at: &BTreeSet<Position>,
    reader: &mut dyn JournalReader,
    show: &mut dyn FnMut(Position, &State),
) -> Result<Hosted, RecoveryError> {
    let (state, last) = (State::default(), Position(0));
    let mut hosted = Hosted { org: Arc::from(org), state, last, snapshot: last };
    hosted.state.reindex();
    replay(&mut hosted, reader, &mut |state, next, _, _| {
        let last = Position(next.0 - 1);
        if at.contains(&last) {
            show(last, state);
        }
        ControlFlow::Continue(())
    })?;
    if at.contains(&hosted.last) {
        show(hosted.last, &hosted.state);
    }
    Ok(hosted)
}

/// How a snapshot stands to the state that it should hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Likeness {
    /// Byte for byte the same.
    Same,
    /// Another state.
    Different,
    /// Of another release: passed over by a start, and replayed.
    OtherFormat,
}

/// Compares a snapshot with a state.
pub fn compare(org: &str, snapshot: &[u8], state: &State) -> Result<Likeness, RecoveryError> {
    match postcard::take_from_bytes::<u32>(snapshot) {
        Ok((STATE_FORMAT, _)) if snapshot == encode(org, state)? => Ok(Likeness::Same),
        Ok((STATE_FORMAT, _)) | Err(_) => Ok(Likeness::Different),
        Ok(_) => Ok(Likeness::OtherFormat),
    }
}

/// Shown the state before each event, where that stands and when it was decided; it says whether to go on.
pub(super) type See<'a> = dyn FnMut(&mut State, Position, Millis, &Event) -> ControlFlow<()> + 'a;

/// Brings an org over the events that follow, as far as the journal goes. Where they are many, those to come are read and decoded
/// beside it.
pub(super) fn replay(
    hosted: &mut Hosted,
    reader: &mut dyn JournalReader,
    see: &mut See<'_>,
) -> Result<(), RecoveryError> {
    let mut reads = Reads { org: hosted.org.clone(), next: Some(Position(hosted.last.0 + 1)), reader };
    let first = reads.next().unwrap_or_else(|| Ok(Vec::new()))?;
    let events: usize = first.iter().map(|(_, batch)| batch.events.len()).sum();
    if events < MANY {
        return apply_all(hosted, std::iter::once(Ok(first)).chain(reads), see);
    }
    std::thread::scope(|scope| {
        let (ahead, read) = crossbeam_channel::bounded(READS_AHEAD);
        scope.spawn(move || reads.try_for_each(|it| ahead.send(it)));
        apply_all(hosted, std::iter::once(Ok(first)).chain(read), see)
    })
}

/// A batch of events, and where the first stands.
type Decoded = (Position, StoredBatch);

/// The events of an org from a position on, decoded; nothing more after an error.
struct Reads<'a> {
    org: Arc<str>,
    next: Option<Position>,
    reader: &'a mut dyn JournalReader,
}

impl Iterator for Reads<'_> {
    type Item = Result<Vec<Decoded>, RecoveryError>;

    fn next(&mut self) -> Option<Self::Item> {
        let read = self.read(self.next?);
        let last = read.as_ref().ok().and_then(|it| it.last());
        self.next = last.map(|(first, batch)| Position(first.0 + batch.events.len() as u64));
        Some(read).filter(|it| !it.as_ref().is_ok_and(Vec::is_empty))
    }
}

impl Reads<'_> {
    fn read(&mut self, from: Position) -> Result<Vec<Decoded>, RecoveryError> {
        let stored = self.reader.read(&self.org, from, READ_BYTES)?;
        stored.iter().map(|it| Ok((it.first, decode_batch(&self.org, it)?))).collect()
    }
}

/// The events of a stored batch.
pub fn decode_batch(org: &str, batch: &Stored) -> Result<StoredBatch, RecoveryError> {
    let failed = |source| RecoveryError::Stored { org: org.into(), first: batch.first, source };
    stored::decode(&batch.payload).map_err(failed)
}

fn apply_all(
    hosted: &mut Hosted,
    decoded: impl Iterator<Item = Result<Vec<Decoded>, RecoveryError>>,
    see: &mut See<'_>,
) -> Result<(), RecoveryError> {
    let mut touched = Touched::default();
    for batches in decoded {
        for (first, batch) in batches? {
            let expected = Position(hosted.last.0 + 1);
            if first > expected {
                return Err(RecoveryError::Gap { org: hosted.org.to_string(), expected, found: first });
            }
            let known = usize::try_from(expected.0 - first.0).unwrap_or(usize::MAX);
            for (key, event) in batch.events.iter().skip(known) {
                let position = Position(hosted.last.0 + 1);
                if see(&mut hosted.state, position, batch.at, event).is_break() {
                    return Ok(());
                }
                apply(&mut hosted.state, batch.at, *key, event, &mut touched);
                touched.clear();
                hosted.last = position;
            }
        }
    }
    Ok(())
}
