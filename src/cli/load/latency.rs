//! How long things took: a histogram for each kind of step.

use hdrhistogram::Histogram;
use serde::Serialize;

/// Nanoseconds since the generator began.
pub(super) type Nanos = u64;

/// What is kept as latency. An hour is the longest; three digits are kept.
const NANOS_MAX: u64 = 3_600_000_000_000;
const DIGITS: u8 = 3;

/// The steps whose latency is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    /// From when the conversation should have begun to the answer of its CreateConversation.
    Create,
    /// From when it should have begun until its agent was told of the invite.
    Invited,
    /// An AcceptInvite, refused ones of a race too.
    Accept,
    /// From when a race's acceptances were sent until all were answered.
    RaceSettled,
    /// A RequestTransfer.
    Transfer,
    /// From the RequestTransfer to the answer of its acceptance.
    HandedOver,
    /// An EndConversation.
    End,
    /// From when the conversation should have begun to its last answer.
    Whole,
    /// How late the generator itself began: what it adds to the first and the last of the others.
    StartedLate,
    /// Any command for which there was no room, from when it was sent, or sent again, to its refusal.
    Refused,
}

/// All steps by their names: those of the metrics' labels where it is one call.
pub(super) const STEPS: [(Step, &str); 10] = [
    (Step::Create, "create_conversation"),
    (Step::Invited, "until_invited"),
    (Step::Accept, "accept_invite"),
    (Step::RaceSettled, "until_race_settled"),
    (Step::Transfer, "request_transfer"),
    (Step::HandedOver, "until_handed_over"),
    (Step::End, "end_conversation"),
    (Step::Whole, "whole_conversation"),
    (Step::StartedLate, "started_late"),
    (Step::Refused, "refused"),
];

/// The latencies of a run.
#[derive(Debug, Clone)]
pub(super) struct Latencies(Vec<Histogram<u64>>);

impl Latencies {
    pub(super) fn new() -> Option<Self> {
        let histogram = |_: &_| Histogram::new_with_bounds(1, NANOS_MAX, DIGITS).ok();
        STEPS.iter().map(histogram).collect::<Option<_>>().map(Self)
    }

    /// A step took from one moment to another.
    pub(super) fn record(&mut self, step: Step, from: Nanos, to: Nanos) {
        self.0[step as usize].saturating_record(to.saturating_sub(from));
    }

    /// What is told of each step that there was.
    pub(super) fn summaries(&self) -> Vec<Summary> {
        let told = |((_, name), it): (&(Step, &'static str), &Histogram<u64>)| Summary::of(name, it);
        STEPS.iter().zip(&self.0).map(told).filter(|it| it.count > 0).collect()
    }

    /// What is told of one step.
    pub(super) fn summary(&self, step: Step) -> Summary {
        let (_, name) = STEPS[step as usize];
        Summary::of(name, &self.0[step as usize])
    }
}

/// What is told of a step: times in microseconds.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Summary {
    pub(super) step: &'static str,
    pub(super) count: u64,
    pub(super) p50_us: f64,
    pub(super) p90_us: f64,
    pub(super) p99_us: f64,
    pub(super) p99_9_us: f64,
    pub(super) max_us: f64,
}

impl Summary {
    fn of(step: &'static str, histogram: &Histogram<u64>) -> Self {
        #[allow(clippy::cast_precision_loss, reason = "an hour is far below 2^52 ns")]
        let micros = |nanos: u64| nanos as f64 / 1_000.0;
        let at = |quantile| micros(histogram.value_at_quantile(quantile));
        Self {
            step,
            count: histogram.len(),
            p50_us: at(0.5),
            p90_us: at(0.9),
            p99_us: at(0.99),
            p99_9_us: at(0.999),
            max_us: micros(histogram.max()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_steps_stand_in_their_order() {
        for (place, (step, _)) in STEPS.iter().enumerate() {
            assert_eq!(*step as usize, place);
        }
    }

    #[test]
    fn a_summary_says_what_was_recorded() {
        let mut latencies = Latencies::new().unwrap();
        for it in 1..=1_000 {
            latencies.record(Step::Accept, 5_000, 5_000 + it * 1_000);
        }
        let told = latencies.summaries();
        assert_eq!(told.len(), 1, "steps that were not taken are not told");
        let accept = &told[0];
        assert_eq!((accept.step, accept.count), ("accept_invite", 1_000));
        for (found, expected) in [
            (accept.p50_us, 500.0),
            (accept.p90_us, 900.0),
            (accept.p99_us, 990.0),
            (accept.p99_9_us, 999.0),
            (accept.max_us, 1_000.0),
        ] {
            assert!((found / expected - 1.0).abs() < 0.002, "{found} is not {expected}");
        }
    }

    #[test]
    fn what_came_before_it_began_took_no_time() {
        let mut latencies = Latencies::new().unwrap();
        latencies.record(Step::End, 7, 3);
        assert_eq!(latencies.summary(Step::End).count, 1);
        assert!(latencies.summary(Step::End).max_us < 0.01);
    }
}
