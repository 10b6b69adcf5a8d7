//! When conversations begin: as soon as there is room (closed loop), or when the schedule says (open loop).
//!
//! The schedule is a function of the time alone. Whatever keeps a conversation from being begun in time, the service or the generator,
//! it is begun later and counted from when it should have been: nothing that is slow is left out of the figures because it was slow.

use std::{sync::Arc, time::Duration};

use tokio::sync::Notify;

use super::{LoadError, latency::Nanos, plan::Load};
use crate::clock::{Stopwatch, rest};

/// Between two looks at the schedule, at least: what is due meanwhile is begun at once. Twenty times shorter than what is measured.
const LOOK_AGAIN: Duration = Duration::from_micros(200);

/// A schedule.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    load: Load,
    from: Nanos,
    begun: u64,
}

impl Pace {
    /// From now on.
    pub(super) fn new(load: Load, now: Nanos) -> Self {
        Self { load, from: now, begun: 0 }
    }

    /// How much at once.
    pub(super) fn load(&self) -> Load {
        self.load
    }

    /// When the next conversation should have begun, if that is now or was before, and there is room for it.
    pub(super) fn due(&mut self, now: Nanos, in_flight: usize) -> Option<Nanos> {
        let due = match self.load {
            Load::Clients(_) => now,
            Load::Rate { per_second, .. } => scheduled(self.from, self.begun, per_second),
        };
        let is_due = due <= now && in_flight < self.load.in_flight_max();
        self.begun += u64::from(is_due);
        is_due.then_some(due)
    }

    /// When the next conversation should have begun, if the schedule had it before the end. A closed loop has no schedule.
    pub(super) fn due_before(&mut self, end: Nanos) -> Option<Nanos> {
        let Load::Rate { per_second, .. } = self.load else { return None };
        let due = scheduled(self.from, self.begun, per_second);
        self.begun += u64::from(due < end);
        (due < end).then_some(due)
    }
}

fn scheduled(from: Nanos, number: u64, per_second: u64) -> Nanos {
    let after = u128::from(number) * 1_000_000_000 / u128::from(per_second);
    from.saturating_add(u64::try_from(after).unwrap_or(u64::MAX))
}

/// Says when the schedule should be looked at. A thread of its own, for the runtime's timers tick once a millisecond.
#[derive(Debug)]
pub(super) struct Metronome {
    beat: Arc<Notify>,
}

impl Metronome {
    /// Beats whenever a conversation of a schedule from a moment on is due, until it is dropped. A closed loop has no beat: answers say when to begin the next.
    pub(super) fn start(load: Load, watch: Stopwatch, from: Nanos) -> Result<Self, LoadError> {
        let beat = Arc::new(Notify::new());
        if let Load::Rate { per_second, .. } = load {
            let heard = Arc::downgrade(&beat);
            let beats = move || {
                while let Some(beat) = heard.upgrade() {
                    beat.notify_one();
                    let now = nanos(watch);
                    let next =
                        u128::from(now.saturating_sub(from)) * u128::from(per_second) / 1_000_000_000 + 1;
                    let due = scheduled(from, u64::try_from(next).unwrap_or(u64::MAX), per_second);
                    rest(Duration::from_nanos(due.saturating_sub(now)).max(LOOK_AGAIN));
                }
            };
            std::thread::Builder::new().name("metronome".into()).spawn(beats).map_err(LoadError::Thread)?;
        }
        Ok(Self { beat })
    }

    /// The next beat.
    pub(super) async fn beat(&self) {
        self.beat.notified().await;
    }
}

/// The time by a watch.
pub(super) fn nanos(watch: Stopwatch) -> Nanos {
    u64::try_from(watch.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closed_loop_begins_as_long_as_there_is_room() {
        let mut pace = Pace::new(Load::Clients(2), 100);
        assert_eq!(pace.due(150, 0), Some(150));
        assert_eq!(pace.due(160, 1), Some(160));
        assert_eq!(pace.due(170, 2), None);
    }

    #[test]
    fn an_open_loop_begins_by_its_schedule_and_nothing_is_left_out() {
        let second = 1_000_000_000;
        let mut pace = Pace::new(Load::Rate { per_second: 10, in_flight_max: 4 }, second);
        assert_eq!(pace.due(second, 0), Some(second));
        assert_eq!(pace.due(second, 1), None, "the next is due in a tenth of a second");
        // For half a second there was no room.
        let late = second + second / 2;
        assert_eq!(pace.due(late, 4), None);
        let begun: Vec<Nanos> = std::iter::from_fn(|| pace.due(late, 1)).collect();
        assert_eq!(begun, [1, 2, 3, 4, 5].map(|it| second + it * second / 10));
        let left: Vec<Nanos> = std::iter::from_fn(|| pace.due_before(second + second * 8 / 10)).collect();
        assert_eq!(left, [6, 7].map(|it| second + it * second / 10), "what was due before the end");
    }
}
