//! The report of a run, for people and for machines.

use std::{fmt, io::Write as _, time::Duration};

use serde::Serialize;

use super::{
    LoadError,
    checks::Checks,
    counters::Counters,
    latency::{Step, Summary},
    plan::{Load, Plan, Workload},
    tally::Tally,
};

/// What came of a run. Its shape as JSON is the shape of these structures.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    pub(super) plan: Plan,
    /// Units of all agents but those who race, and those of them that were in use all the time.
    units: usize,
    units_busy: usize,
    pub(super) loads: Vec<Measured>,
    /// By how much the service's counters grew while the loads were on; none: they could not be read.
    counters: Option<Counters>,
    pub(super) checks: Checks,
}

/// What came of one load.
#[derive(Debug, Serialize)]
pub(super) struct Measured {
    pub(super) load: Load,
    seconds: f64,
    /// Conversations that were ended in that time.
    conversations: u64,
    pub(super) conversations_per_second: f64,
    cycles: u64,
    races: u64,
    transfers: u64,
    /// Processor time of the generator for each conversation, warm-up and all; none: the system does not tell it.
    generator_us_per_conversation: Option<f64>,
    /// Of those that should have begun in that time.
    pub(super) latencies: Vec<Summary>,
    #[serde(skip)]
    pub(super) whole: Summary,
    overloaded: u64,
    hung_up: u64,
    sessions_cut: u64,
    not_begun: u64,
    refusals: Vec<Refused>,
}

#[derive(Debug, Serialize)]
struct Refused {
    call: &'static str,
    reason: String,
    count: u64,
}

impl Measured {
    pub(super) fn new(load: Load, duration: Duration, tally: Tally, cpu_nanos: Option<u64>) -> Self {
        let (seconds, conversations) = (duration.as_secs_f64(), tally.measured());
        let refused = |((call, reason), count)| Refused { call, reason, count };
        #[allow(clippy::cast_precision_loss, reason = "a count far below 2^52")]
        Self {
            load,
            seconds,
            conversations,
            conversations_per_second: conversations as f64 / seconds.max(1e-9),
            cycles: tally.cycles,
            races: tally.races,
            transfers: tally.transfers,
            generator_us_per_conversation: cpu_nanos
                .filter(|_| tally.finished > 0)
                .map(|it| it as f64 / 1_000.0 / tally.finished as f64),
            latencies: tally.latencies.summaries(),
            whole: tally.latencies.summary(Step::Whole),
            overloaded: tally.overloaded,
            hung_up: tally.hung_up,
            sessions_cut: tally.sessions_cut,
            not_begun: tally.not_begun,
            refusals: tally.refusals.into_iter().map(refused).collect(),
        }
    }
}

impl fmt::Display for Load {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Clients(1) => write!(out, "1 client"),
            Self::Clients(clients) => write!(out, "{clients} clients"),
            Self::Rate { per_second, .. } => write!(out, "{per_second} a second"),
        }
    }
}

impl Report {
    pub(super) fn new(
        plan: Plan,
        units: usize,
        units_busy: usize,
        loads: Vec<Measured>,
        counters: Option<Counters>,
        checks: Checks,
    ) -> Self {
        Self { plan, units, units_busy, loads, counters, checks }
    }

    /// Prints it to the standard output.
    pub(super) fn print(&self, as_json: bool) -> Result<(), LoadError> {
        let text = if as_json { serde_json::to_string_pretty(self)? + "\n" } else { self.to_string() };
        std::io::stdout().write_all(text.as_bytes()).map_err(LoadError::Print)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Plan { floor, workload, door, session_door, connections, .. } = &self.plan;
        writeln!(
            out,
            "{} by the {} door over {connections} connection(s), sessions by the {} door: {} agents in {} cohorts, {} of {} units in use all the time",
            name(workload),
            name(door),
            name(session_door),
            floor.agents,
            floor.cohorts.min(floor.agents),
            self.units_busy,
            self.units
        )?;
        if matches!(workload, Workload::Race | Workload::Mix) {
            writeln!(
                out,
                "races: {} agents are asked, {} accept at once",
                floor.race_agents, floor.acceptors
            )?;
        }
        if floor.auto_accept {
            writeln!(out, "invites are accepted in the agents' name in the same step")?;
        }
        if floor.backlog > 0 {
            writeln!(out, "backlog: {} wait all the time, whom nobody can serve", floor.backlog)?;
        }
        self.loads.iter().try_for_each(|it| write!(out, "\n{it}"))?;
        if let Some(counters) = &self.counters {
            writeln!(out, "\nthe service's own counters, by how much they grew")?;
            counters.iter().try_for_each(|(name, by)| writeln!(out, "  {name} {by:.3}"))?;
        }
        let checks = &self.checks;
        writeln!(
            out,
            "\nchecked: {} created, {} ended; {} requests settled, {} of them races with {} acceptances that lost; {} looks at agents' holds",
            checks.created,
            checks.ended,
            checks.requests_settled,
            checks.races_settled,
            checks.acceptances_lost,
            checks.agents_looked_at
        )?;
        checks.violations.iter().try_for_each(|it| writeln!(out, "BROKEN: {it}"))?;
        if checks.violation_count == 0 {
            writeln!(out, "everything is as the rules say")?;
        }
        Ok(())
    }
}

impl fmt::Display for Measured {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            out,
            "{}, {} s: {:.0} conversations a second ({} cycles, {} races, {} transfers)",
            self.load, self.seconds, self.conversations_per_second, self.cycles, self.races, self.transfers
        )?;
        writeln!(
            out,
            "  {:22}{:>10}{:>11}{:>11}{:>11}{:>11}{:>11}",
            "", "count", "p50", "p90", "p99", "p99.9", "max"
        )?;
        for it in &self.latencies {
            writeln!(
                out,
                "  {:22}{:>10}{:>11}{:>11}{:>11}{:>11}{:>11}",
                it.step,
                it.count,
                shown(it.p50_us),
                shown(it.p90_us),
                shown(it.p99_us),
                shown(it.p99_9_us),
                shown(it.max_us)
            )?;
        }
        if matches!(self.load, Load::Clients(_)) {
            writeln!(
                out,
                "  (a closed loop: who waits begins nothing else; with --rate latency counts from the schedule)"
            )?;
        }
        if let Some(micros) = self.generator_us_per_conversation {
            writeln!(out, "  the generator itself took {micros:.1} µs of processor time a conversation")?;
        }
        if self.not_begun > 0 {
            writeln!(out, "  {} were due and had not begun at the end: it did not keep up", self.not_begun)?;
        }
        if self.overloaded > 0 {
            writeln!(out, "  {} commands found no room and were sent again", self.overloaded)?;
        }
        if self.hung_up > 0 {
            writeln!(out, "  {} customers still waited at the end and hung up", self.hung_up)?;
        }
        if self.sessions_cut > 0 {
            writeln!(
                out,
                "  {} sessions were told too much at once, were cut and came back",
                self.sessions_cut
            )?;
        }
        self.refusals
            .iter()
            .try_for_each(|it| writeln!(out, "  refused: {} {} times with {}", it.call, it.count, it.reason))
    }
}

/// A time as people read it.
fn shown(micros: f64) -> String {
    if micros < 1_000.0 {
        format!("{micros:.0} µs")
    } else if micros < 1_000_000.0 {
        format!("{:.2} ms", micros / 1_000.0)
    } else {
        format!("{:.2} s", micros / 1_000_000.0)
    }
}

/// The word of the command line.
fn name(value: &impl clap::ValueEnum) -> String {
    value.to_possible_value().map(|it| it.get_name().to_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_shown_in_the_unit_that_people_would_use() {
        assert_eq!([12.4, 1_234.0, 2_500_000.0].map(shown), ["12 µs", "1.23 ms", "2.50 s"]);
    }
}
