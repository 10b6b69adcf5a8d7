//! Backing up and restoring. A backup is a data directory: the journal as it stood at one moment, and of each org the newest snapshot
//! that was taken before. It is checked batch by batch before it is called one, and so is what is restored from it.

use std::path::Path;

use super::{Extent, UpkeepError, make_empty, snapshots};
use crate::journal::{
    Embedded, Journal, JournalReader, Look,
    embedded::{Opened, copy_file},
};

/// What a backup holds, or what was restored from one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copied {
    /// Every org, by name, and the last event of each that is in it.
    pub orgs: Vec<Extent>,
    /// Batches of events, each checked.
    pub batches: u64,
}

/// Backs a data directory up, whether a service has it or not.
pub fn backup(data_dir: &Path, to: &Path) -> Result<Copied, UpkeepError> {
    let journal = Look::at(data_dir)?;
    make_empty(to)?;
    // Snapshots first: so none of them is of a moment that the journal beside it has not come to.
    copy_snapshots(data_dir, &mut *journal.reader()?, to)?;
    journal.copy_to(to)?;
    check(to)
}

/// Makes a data directory of a backup.
pub fn restore(from: &Path, data_dir: &Path) -> Result<Copied, UpkeepError> {
    make_empty(data_dir)?;
    copy_file(from, data_dir)?;
    let copied = check(data_dir)?;
    let (journal, _) = Embedded::open(data_dir)?;
    copy_snapshots(from, &mut *journal.reader()?, data_dir)?;
    Ok(copied)
}

/// Checks every batch of a copy, and leaves it settled.
fn check(directory: &Path) -> Result<Copied, UpkeepError> {
    let (journal, Opened { batches, .. }) = Embedded::open(directory)?;
    let orgs = journal.reader()?.orgs()?;
    Ok(Copied { orgs, batches })
}

fn copy_snapshots(from: &Path, reader: &mut dyn JournalReader, to: &Path) -> Result<(), UpkeepError> {
    for (org, _) in reader.orgs()? {
        if let Some((position, payload)) = snapshots(from).newest(&org)? {
            snapshots(to).save(&org, position, &payload)?;
        }
    }
    Ok(())
}
