//! Verifying: every checksum of the journal, every snapshot, and that each snapshot is, byte for byte, what the events before it make.

use std::{collections::BTreeMap, fmt, path::Path};

use super::{Extent, UpkeepError, snapshots};
use crate::{
    journal::{Embedded, Journal, JournalError, Position},
    shard::recovery::{Likeness, RecoveryError, compare, recover_showing},
};

/// What was verified of an org.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The org, and its last event.
    pub org: Extent,
    /// Snapshots that are equal to the replay.
    pub snapshots: Vec<Position>,
    /// What is wrong.
    pub faults: Vec<(Position, Fault)>,
}

/// What can be wrong with a snapshot. None of it loses anything: the journal is the truth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Its bytes are not what was written.
    Damaged(&'static str),
    /// It holds another state than the events before it make.
    Different,
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Damaged(what) => write!(out, "is damaged: {what}"),
            Self::Different => out.write_str("is not what the events before it make"),
        }
    }
}

/// Verifies a data directory that no service has: `found` is told of each org. An error is damage of the journal itself, with its place.
pub fn verify(data_dir: &Path, mut found: impl FnMut(Verified)) -> Result<(), UpkeepError> {
    if !data_dir.join("journal.db").is_file() {
        return Err(JournalError::NoJournal { path: data_dir.to_path_buf() }.into());
    }
    let (journal, _) = Embedded::open(data_dir)?;
    let mut reader = journal.reader()?;
    for (org, last) in reader.orgs()? {
        let mut verified = Verified { org: (org.clone(), last), snapshots: Vec::new(), faults: Vec::new() };
        let mut whole: BTreeMap<Position, Vec<u8>> = BTreeMap::new();
        for position in snapshots(data_dir).positions(&org)? {
            match snapshots(data_dir).read(&org, position)? {
                // What a start refuses too: answered commits are missing.
                Some(Ok(_)) if position > last => {
                    return Err(RecoveryError::Short { org, expected: position, found: last }.into());
                }
                Some(Ok(payload)) => drop(whole.insert(position, payload)),
                Some(Err(what)) => verified.faults.push((position, Fault::Damaged(what))),
                None => {}
            }
        }
        let at = whole.keys().copied().collect();
        let mut compared = Vec::new();
        recover_showing(&org, &at, &mut *reader, &mut |position, state| {
            compared.push((position, compare(&org, &whole[&position], state)));
        })?;
        for (position, likeness) in compared {
            match likeness? {
                Likeness::Same => verified.snapshots.push(position),
                Likeness::Different => verified.faults.push((position, Fault::Different)),
                // A start passes it over.
                Likeness::OtherFormat => {}
            }
        }
        found(verified);
    }
    Ok(())
}
