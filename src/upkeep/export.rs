//! Exporting: the events of an org in order, from the journal itself, whether a service has it or not.

use std::{io, path::Path};

use super::{UpkeepError, snapshots};
use crate::{
    engine::{directory::names::Names, event::Event, ids::Millis},
    journal::{Look, Position},
    shard::recovery::{decode_batch, recover},
};

/// Bytes that one read takes from the journal, about.
const READ_BYTES: usize = 1 << 20;

/// Which events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    from: Position,
    to: Option<Position>,
}

impl Span {
    /// The positions of the first, and of the last if they are not to go on to the end.
    pub fn new(from: u64, to: Option<u64>) -> Self {
        Self { from: Position(from), to: to.map(Position) }
    }
}

/// An event, with what it takes to show it.
#[derive(Debug, Clone, Copy)]
pub struct Exported<'a> {
    /// Where it stands.
    pub position: Position,
    /// When it was decided.
    pub at: Millis,
    /// What happened.
    pub event: &'a Event,
    /// The names of the org's directory.
    pub names: &'a Names,
}

/// Hands the events of an org on, in order, up to what is durable when it begins. It ends early where `take` fails.
pub fn export(
    data_dir: &Path,
    org: &str,
    span: Span,
    mut take: impl FnMut(Exported<'_>) -> io::Result<()>,
) -> Result<(), UpkeepError> {
    let journal = Look::at(data_dir)?;
    let mut reader = journal.reader()?;
    let no_org = || UpkeepError::NoOrg { org: org.to_owned() };
    let (_, last) = reader.orgs()?.into_iter().find(|it| it.0 == org).ok_or_else(no_org)?;
    // A name keeps its number for ever, so those of the end serve all events.
    let hosted = recover(org, last, &mut *reader, &snapshots(data_dir))?;
    let names = hosted.state.registry.names();
    let end = span.to.map_or(last, |it| it.min(last));
    let mut next = span.from.max(Position(1));
    while next <= end {
        let batches = reader.read(org, next, READ_BYTES)?;
        if batches.is_empty() {
            return Ok(());
        }
        for batch in batches {
            let decoded = decode_batch(org, &batch)?;
            for ((_, event), position) in decoded.events.iter().zip(batch.first.0..) {
                let position = Position(position);
                if (next..=end).contains(&position) {
                    take(Exported { position, at: decoded.at, event, names }).map_err(UpkeepError::Output)?;
                }
            }
            next = next.max(Position(batch.last().0 + 1));
        }
    }
    Ok(())
}
