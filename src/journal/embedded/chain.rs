//! The chain of checksums along the batches of one org. Never reads or writes; the writer extends it, reader and walk follow it.
//!
//! ```text
//!   seed(org's name) ──► checksum of batch 1 ──► checksum of batch 2 ──► …
//!                        over: the one before, first, count, writer epoch, length, payload
//! ```
//!
//! A batch that is altered, missing, swapped with another or moved to another org breaks the chain where it stands. Only a missing
//! end leaves it whole; the walk compares the index with the table for that, and recovery knows the position of its snapshot.

use std::hash::Hasher;

use siphasher::sip::SipHasher13;

use crate::journal::Position;

/// The keys are part of the format. They guard against accidents, not against an adversary, who could write the whole chain anew.
const KEYS: (u64, u64) = (0x6f6d_6e69_726f_7574, 0x656a_6f75_726e_616c);

/// One row of the journal, its payload still where SQLite has it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row<'a> {
    pub(super) first: u64,
    pub(super) count: u32,
    pub(super) writer_epoch: u64,
    pub(super) payload: &'a [u8],
}

/// How far an org's chain has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Link {
    /// The position of the last event.
    pub(super) last: Position,
    /// The epoch of the writer of the last batch.
    pub(super) writer_epoch: u64,
    /// The checksum of the last batch, or the seed.
    pub(super) checksum: u64,
}

impl Link {
    /// The chain of an org without events.
    pub(super) fn seed(org: &str) -> Self {
        let mut hasher = SipHasher13::new_with_keys(KEYS.0, KEYS.1);
        hasher.write(org.as_bytes());
        Self { last: Position(0), writer_epoch: 0, checksum: hasher.finish() }
    }

    /// The chain with `row` after it. The caller has made sure that it belongs there.
    pub(super) fn with(self, row: Row<'_>) -> Self {
        let mut hasher = SipHasher13::new_with_keys(KEYS.0, KEYS.1);
        hasher.write(&self.checksum.to_le_bytes());
        hasher.write(&row.first.to_le_bytes());
        hasher.write(&row.count.to_le_bytes());
        hasher.write(&row.writer_epoch.to_le_bytes());
        hasher.write(&(row.payload.len() as u64).to_le_bytes());
        hasher.write(row.payload);
        let last = row.first.saturating_add(u64::from(row.count)).saturating_sub(1);
        Self { last: Position(last), writer_epoch: row.writer_epoch, checksum: hasher.finish() }
    }

    /// The position that the next batch must begin at.
    pub(super) fn next(self) -> Position {
        Position(self.last.0.saturating_add(1))
    }

    /// The chain with a stored `row` after it, or why it does not belong there.
    pub(super) fn follow(self, row: Row<'_>, checksum: u64) -> Result<Self, String> {
        if row.first != self.next().0 {
            return Err(format!("the next batch begins at {}", row.first));
        }
        if row.count == 0 {
            return Err("a batch without events".to_owned());
        }
        if row.writer_epoch < self.writer_epoch {
            return Err(format!("writer {} after writer {}", row.writer_epoch, self.writer_epoch));
        }
        let link = self.with(row);
        if link.checksum != checksum {
            return Err("the checksum does not match".to_owned());
        }
        Ok(link)
    }
}
