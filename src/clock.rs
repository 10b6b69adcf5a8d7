//! The one place where time enters: the shard stamps each batch from here. Nothing else in the house reads a clock.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use crossbeam_channel::never;

use crate::engine::ids::Millis;

/// Leaves the processor and the disk to others for about so long. It waits for nothing: what is to be waited for has a channel.
pub fn rest(span: Duration) {
    let _nobody_sends = never::<()>().recv_timeout(span);
}

/// Where the time comes from.
#[derive(Debug, Clone)]
pub enum Clock {
    /// The machine's clock, as it is.
    System,
    /// The machine's clock, but for its steps back: what engines are told.
    Steady(Arc<Steady>),
    /// A clock that stands until it is set: time for tests.
    Manual(Arc<AtomicU64>),
}

impl Clock {
    /// A clock that stands at a time until it is set.
    pub fn manual(start: Millis) -> Self {
        Self::Manual(Arc::new(AtomicU64::new(start)))
    }

    /// This clock without steps back, also beyond a restart: it goes on from what was the time when the last event was decided.
    #[must_use]
    pub fn steady(&self, last: Millis) -> Self {
        match self {
            Self::System => Self::Steady(Arc::new(Steady::from(wall().max(last)))),
            // Whoever sets a clock by hand sees what the engine makes of it.
            Self::Steady(_) | Self::Manual(_) => self.clone(),
        }
    }

    /// The time.
    pub fn now(&self) -> Millis {
        match self {
            Self::System => wall(),
            Self::Steady(steady) => steady.at(wall(), millis(steady.begun.elapsed())),
            Self::Manual(now) => now.load(Ordering::SeqCst),
        }
    }

    /// How long to wait for a moment; none: a manual clock does not move by waiting.
    pub fn until(&self, at: Millis) -> Option<Duration> {
        match self {
            Self::System | Self::Steady(_) => Some(Duration::from_millis(at.saturating_sub(self.now()))),
            Self::Manual(_) => None,
        }
    }
}

/// Time that goes on at the machine's own pace, whatever its clock is set to. It follows the clock ahead, for a machine may have slept,
/// and never back: set back by an hour, no invite would expire for an hour.
#[derive(Debug)]
pub struct Steady {
    begun: Stopwatch,
    first: Millis,
    /// How far it has followed the clock beyond the machine's pace.
    ahead: AtomicU64,
}

impl Steady {
    fn from(first: Millis) -> Self {
        Self { begun: Stopwatch::start(), first, ahead: AtomicU64::new(0) }
    }

    /// The time when the clock says `wall` and so many milliseconds have passed since the beginning.
    fn at(&self, wall: Millis, passed: Millis) -> Millis {
        let paced = self.first.saturating_add(passed);
        let ahead = wall.saturating_sub(paced);
        paced.saturating_add(self.ahead.fetch_max(ahead, Ordering::Relaxed).max(ahead))
    }
}

#[allow(clippy::disallowed_methods, reason = "this is the place that everything else asks")]
fn wall() -> Millis {
    millis(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
}

fn millis(span: Duration) -> Millis {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

/// Measures how long something takes, for metrics and for the load generator. It decides nothing.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts.
    #[allow(clippy::disallowed_methods, reason = "this is the place that everything else asks")]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// Seconds since the start.
    pub fn seconds(self) -> f64 {
        self.elapsed().as_secs_f64()
    }

    /// The time since the start.
    pub fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_set_back_does_not_hold_time_up() {
        let steady = Steady::from(1_000);
        assert_eq!(steady.at(1_010, 10), 1_010);
        assert_eq!(steady.at(500, 20), 1_020, "it goes on at the machine's pace");
        assert_eq!(steady.at(560, 80), 1_080);
        assert_eq!(steady.at(1_090, 90), 1_090);
    }

    #[test]
    fn a_clock_that_is_set_ahead_is_followed_and_not_followed_back() {
        let steady = Steady::from(1_000);
        assert_eq!(steady.at(9_010, 10), 9_010);
        assert_eq!(steady.at(1_020, 20), 9_020);
        assert_eq!(steady.at(9_025, 30), 9_030);
    }

    #[test]
    fn after_a_restart_time_goes_on_from_the_last_event() {
        let now = Clock::System.now();
        let Clock::Steady(steady) = Clock::System.steady(now + 60_000) else { panic!("it is steady") };
        assert_eq!(steady.at(now + 5, 5), now + 60_005);
    }
}
