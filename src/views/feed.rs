//! The events of an org from a position on: from memory for those who follow closely, from the journal for those who do not. A slow
//! reader costs nobody else anything.

use std::sync::{Arc, Mutex, PoisonError};

use super::orgs::{Durable, Org};
use crate::{
    journal::{Journal, JournalError, JournalReader, Position},
    wire::stored,
};

/// Readers that are kept for the next who needs one.
const IDLE_READERS_MAX: usize = 8;

/// Why events could not be read.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    /// The journal failed.
    #[error("the journal of org {org} cannot be read from {from:?}")]
    Journal {
        /// Whose.
        org: Arc<str>,
        /// From where.
        from: Position,
        /// Why.
        source: JournalError,
    },
    /// What is stored is no events.
    #[error("the events of org {org} at {first:?} cannot be decoded")]
    Stored {
        /// Whose.
        org: Arc<str>,
        /// Where the batch begins.
        first: Position,
        /// Why.
        source: stored::StoredError,
    },
}

/// Reads events. Blocking: not to be called on an async task's thread.
pub struct Feed {
    journal: Arc<dyn Journal>,
    idle: Mutex<Vec<Box<dyn JournalReader>>>,
}

impl std::fmt::Debug for Feed {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Feed").finish_non_exhaustive()
    }
}

impl Feed {
    /// A feed over a journal.
    pub fn new(journal: Arc<dyn Journal>) -> Self {
        Self { journal, idle: Mutex::default() }
    }

    /// Durable batches of an org with events at or after a position, oldest first, about so many bytes of them; empty: there are
    /// none yet.
    pub fn read(&self, org: &Org, from: Position, bytes_max: usize) -> Result<Vec<Arc<Durable>>, FeedError> {
        if from > org.durable_now() {
            return Ok(Vec::new());
        }
        if let Some(recent) = org.recent(from, bytes_max) {
            return Ok(recent);
        }
        self.read_journal(&org.id, from, bytes_max)
    }

    fn read_journal(
        &self,
        org: &Arc<str>,
        from: Position,
        bytes_max: usize,
    ) -> Result<Vec<Arc<Durable>>, FeedError> {
        let failed = |source| FeedError::Journal { org: org.clone(), from, source };
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut reader = idle.map_or_else(|| self.journal.reader(), Ok).map_err(failed)?;
        let stored = reader.read(org, from, bytes_max).map_err(failed)?;
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < IDLE_READERS_MAX {
            idle.push(reader);
        }
        drop(idle);
        stored
            .into_iter()
            .map(|it| {
                let batch = stored::decode(&it.payload).map_err(|source| FeedError::Stored {
                    org: org.clone(),
                    first: it.first,
                    source,
                })?;
                let events = batch.events.into_iter().map(|(_, event)| event).collect();
                Ok(Arc::new(Durable { first: it.first, at: batch.at, events, bytes: it.payload.len() }))
            })
            .collect()
    }
}
