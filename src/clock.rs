//! The one place where time enters: the shard stamps each batch from here. Nothing else in the house reads a clock.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use crate::engine::ids::Millis;

/// Where the time comes from.
#[derive(Debug, Clone)]
pub enum Clock {
    /// The machine's clock. The engine takes a step back of it as no step at all.
    System,
    /// A clock that stands until it is set: time for tests.
    Manual(Arc<AtomicU64>),
}

impl Clock {
    /// A clock that stands at a time until it is set.
    pub fn manual(start: Millis) -> Self {
        Self::Manual(Arc::new(AtomicU64::new(start)))
    }

    /// The time.
    #[allow(clippy::disallowed_methods, reason = "this is the place that everything else asks")]
    pub fn now(&self) -> Millis {
        match self {
            Self::System => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
            }
            Self::Manual(now) => now.load(Ordering::SeqCst),
        }
    }

    /// How long to wait for a moment; none: a manual clock does not move by waiting.
    pub fn until(&self, at: Millis) -> Option<Duration> {
        match self {
            Self::System => Some(Duration::from_millis(at.saturating_sub(self.now()))),
            Self::Manual(_) => None,
        }
    }
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
