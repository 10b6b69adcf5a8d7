//! Names for the commands of one run: no two runs have one in common, so that a repeat of a run is no repeat of its commands.

use std::{
    hash::{BuildHasher, RandomState},
    sync::atomic::{AtomicU64, Ordering},
};

/// Gives out request ids.
#[derive(Debug)]
pub(super) struct RequestIds {
    run: String,
    next: AtomicU64,
}

impl RequestIds {
    /// Those of a new run of a command.
    pub(super) fn new(command: &str) -> Self {
        // The keys that the standard library draws for a hash map are random enough to tell two runs apart.
        let run = RandomState::new().hash_one(command);
        Self { run: format!("{command}-{run:016x}"), next: AtomicU64::new(1) }
    }

    /// One that was never given out before.
    pub(super) fn next(&self) -> String {
        format!("{}-{}", self.run, self.next.fetch_add(1, Ordering::Relaxed))
    }
}
