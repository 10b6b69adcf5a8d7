//! The progress bar. On the standard error; none where that is no terminal, or where the report is for machines.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{latency::Nanos, tally::Tally};

const NANOS_A_MS: u64 = 1_000_000;

/// A bar for what takes long.
#[derive(Debug)]
pub(super) struct Progress {
    bar: ProgressBar,
    is_shown: bool,
    since: (Nanos, u64),
}

impl Progress {
    /// A bar, or none.
    pub(super) fn new(is_shown: bool) -> Self {
        Self { bar: ProgressBar::hidden(), is_shown, since: (0, 0) }
    }

    /// Something new begins. What counts up to `length` says how far by `at`; what takes so many milliseconds is told by the driver.
    pub(super) fn begin(&mut self, what: &str, length: u64) {
        self.bar.finish_and_clear();
        if !self.is_shown {
            return;
        }
        self.bar = ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::stderr_with_hz(4));
        if let Ok(style) = ProgressStyle::with_template("{prefix:24} {bar:40} {percent:>3} %  {msg}") {
            self.bar.set_style(style);
        }
        self.bar.set_prefix(what.to_owned());
        self.since = (0, 0);
    }

    /// So far it has come.
    pub(super) fn at(&self, place: usize) {
        self.bar.set_position(place as u64);
    }

    /// A load has been on for so long.
    pub(super) fn tell(&mut self, since: Nanos, tally: &Tally) {
        self.bar.set_position(since / NANOS_A_MS);
        let (then, finished) = self.since;
        let passed = since.saturating_sub(then);
        if passed >= 500 * NANOS_A_MS {
            let a_second = (tally.finished - finished) * 1_000 * NANOS_A_MS / passed;
            self.bar.set_message(format!("{a_second} conversations a second"));
            self.since = (since, tally.finished);
        }
    }

    /// Nothing is left to be told.
    pub(super) fn end(&self) {
        self.bar.finish_and_clear();
    }
}

/// The length of something that takes so long.
pub(super) fn length(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
