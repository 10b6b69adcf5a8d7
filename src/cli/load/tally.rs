//! What is counted while a load is on.

use std::{collections::BTreeMap, ops::Range};

use super::{
    LoadError,
    latency::{Latencies, Nanos, Step},
    life::Task,
};
use crate::cli::client::CallError;

/// The counts of one load.
#[derive(Debug)]
pub(super) struct Tally {
    window: Range<Nanos>,
    pub(super) latencies: Latencies,
    /// Conversations whose last answer came, at any time; and of those in the window: cycles, races, transfers.
    pub(super) finished: u64,
    pub(super) cycles: u64,
    pub(super) races: u64,
    pub(super) transfers: u64,
    /// Commands that found no room and were sent again.
    pub(super) overloaded: u64,
    /// Conversations that still waited for an agent when no more were begun, and hung up.
    pub(super) hung_up: u64,
    /// Session streams that the service cut, and that came back.
    pub(super) sessions_cut: u64,
    /// Conversations that were due in the window and had not begun at its end.
    pub(super) not_begun: u64,
    /// Commands that were refused, by the call and the reason.
    pub(super) refusals: BTreeMap<(&'static str, String), u64>,
}

impl Tally {
    /// What is measured is what should have begun in the window, and how many end in it.
    pub(super) fn new(window: Range<Nanos>) -> Result<Self, LoadError> {
        Ok(Self {
            window,
            latencies: Latencies::new().ok_or(LoadError::Histogram)?,
            finished: 0,
            cycles: 0,
            races: 0,
            transfers: 0,
            overloaded: 0,
            hung_up: 0,
            sessions_cut: 0,
            not_begun: 0,
            refusals: BTreeMap::new(),
        })
    }

    /// A step of a conversation took from one moment to another.
    pub(super) fn record(&mut self, begun: Nanos, step: Step, from: Nanos, to: Nanos) {
        if self.window.contains(&begun) {
            self.latencies.record(step, from, to);
        }
    }

    /// A conversation was due and had not begun when no more were begun.
    pub(super) fn not_begun(&mut self, due: Nanos, end: Nanos) {
        self.not_begun += u64::from(self.window.contains(&due));
        for step in [Step::StartedLate, Step::Create, Step::Whole] {
            self.record(due, step, due, end);
        }
    }

    /// A conversation had its last answer.
    pub(super) fn finished(&mut self, task: Task, now: Nanos) {
        self.finished += 1;
        if self.window.contains(&now) {
            match task {
                Task::Cycle(_) => self.cycles += 1,
                Task::Race => self.races += 1,
                Task::Transfer(_) => self.transfers += 1,
                Task::Stay(_) | Task::End(_) | Task::Backlog(_) | Task::HangUp(_) => {}
            }
        }
    }

    /// A command was refused.
    pub(super) fn refused(&mut self, error: &CallError) {
        let reason = error.reason.clone().unwrap_or_else(|| format!("{:?}", error.code));
        *self.refusals.entry((error.call, reason)).or_default() += 1;
    }

    /// Conversations that ended in the window.
    pub(super) fn measured(&self) -> u64 {
        self.cycles + self.races + self.transfers
    }
}
