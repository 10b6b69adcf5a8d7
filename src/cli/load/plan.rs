//! What a run is asked for: the options of `omniroute load`, and the plan that they make.

use std::{path::PathBuf, time::Duration};

use clap::{Args, ValueEnum, builder::RangedU64ValueParser};
use serde::Serialize;

use super::LoadError;
use crate::cli::client::Dial;

/// Sessions on one connection. The service takes 1,024 streams on one; the rest is room for calls.
const SESSIONS_A_CONNECTION: usize = 1_000;
/// Where the metrics of a service are that was started without arguments, on the host of `--addr`.
const METRICS_PORT: u16 = 9_464;
/// Conversations that are on their way at once, at most: what sixteen streams of the pipelined door have in flight.
const IN_FLIGHT_MAX: u64 = 65_536;

/// The arguments of `omniroute load`. The org's directory becomes that of the run; an org that is not the load's own is left alone.
#[derive(Debug, Clone, Args)]
pub struct LoadArgs {
    #[command(flatten)]
    pub(super) dial: Dial,
    /// The org that the load is put on. Its directory is made by the run.
    #[arg(long, value_name = "ID", default_value = "load")]
    pub(super) org: String,

    /// What is done.
    #[arg(long, value_enum, default_value_t = Workload::Cycle)]
    workload: Workload,
    /// By which door the commands go.
    #[arg(long, value_enum, default_value_t = DoorKind::Pipeline)]
    door: DoorKind,
    /// By which door the agents' sessions are opened: thousands on a stream of the pipelined one, or a stream each. By default the same.
    #[arg(long, value_enum)]
    session_door: Option<DoorKind>,
    /// Closed loop: so many conversations at once, each followed by the next. Several numbers are a sweep.
    #[arg(long, value_name = "COUNT,…", value_delimiter = ',', default_value = "64",
          value_parser = RangedU64ValueParser::<usize>::new().range(1..=IN_FLIGHT_MAX))]
    clients: Vec<usize>,
    /// Open loop: so many conversations a second, whatever the service does; what waits to be begun counts as waiting. Several numbers
    /// are a sweep.
    #[arg(long, value_name = "PER_SECOND,…", value_delimiter = ',', conflicts_with = "clients",
          value_parser = RangedU64ValueParser::<u64>::new().range(1..=10_000_000))]
    rate: Vec<u64>,
    /// Open loop: conversations at once, at most; fewer where they are handed over and the agents have less room. Beyond it they are begun
    /// later, and counted from when they should have been.
    #[arg(long, value_name = "COUNT", default_value_t = 4_096,
          value_parser = RangedU64ValueParser::<usize>::new().range(1..=IN_FLIGHT_MAX))]
    in_flight: usize,
    /// How long is measured, for each load of a sweep.
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    duration: Duration,
    /// How long the load is on before that.
    #[arg(long, value_name = "SECONDS", default_value = "2", value_parser = seconds)]
    warm_up: Duration,

    #[command(flatten)]
    floor: FloorArgs,

    /// Connections that the commands go over. The pipelined door has one stream on each.
    #[arg(long, value_name = "COUNT", default_value_t = 1,
          value_parser = RangedU64ValueParser::<usize>::new().range(1..=1_024))]
    pub(super) connections: usize,
    /// Sessions with a stream each on one connection; the service takes 1,024 streams on one.
    #[arg(long, value_name = "COUNT", default_value_t = SESSIONS_A_CONNECTION,
          value_parser = RangedU64ValueParser::<usize>::new().range(1..=1_024))]
    pub(super) sessions_per_connection: usize,
    /// Threads of the generator. With one, it takes no more than one core from a service beside it.
    #[arg(long, value_name = "COUNT", default_value_t = 1,
          value_parser = RangedU64ValueParser::<usize>::new().range(1..=64))]
    threads: usize,

    /// Where the service's own counters are; by default port 9464 of the same host. Where nobody answers, none are shown.
    #[arg(long, value_name = "URL")]
    metrics_url: Option<String>,
    /// Print the report as JSON.
    #[arg(long)]
    pub(super) json: bool,
    /// Draw latency against load to this file (SVG).
    #[arg(long, value_name = "FILE")]
    pub(super) svg: Option<PathBuf>,
}

/// The contact centre that the load is put on. The same seed makes the same one.
#[derive(Debug, Clone, Copy, Args, Serialize)]
pub(super) struct FloorArgs {
    /// Agents.
    #[arg(long, value_name = "COUNT", default_value_t = 1_000,
          value_parser = RangedU64ValueParser::<usize>::new().range(1..=1_000_000))]
    pub(super) agents: usize,
    /// Skills, the first more common than the last.
    #[arg(long, value_name = "COUNT", default_value_t = 50,
          value_parser = RangedU64ValueParser::<usize>::new().range(1..=4_000))]
    pub(super) skills: usize,
    /// Skills of an agent: a number, or from one to another.
    #[arg(long, value_name = "FROM-TO", default_value = "3-8", value_parser = span)]
    pub(super) skills_per_agent: Span,
    /// Skills that a conversation requires at most: half of them one, three tenths two, the others three.
    #[arg(long, value_name = "COUNT", default_value_t = 3,
          value_parser = RangedU64ValueParser::<usize>::new().range(1..=3))]
    pub(super) requirements: usize,
    /// Different sets of skills and units among the agents. As many as agents: no two are alike.
    #[arg(long, value_name = "COUNT", default_value_t = 200,
          value_parser = RangedU64ValueParser::<usize>::new().range(1..=1_000_000))]
    pub(super) cohorts: usize,
    /// The share of all units that is in use all the time, beside what the clients do.
    #[arg(long, value_name = "0…0.99", default_value_t = 0.85, value_parser = share)]
    pub(super) busy_share: f64,
    /// Conversations that wait all the time because nobody can serve them, of a thousand different requirements.
    #[arg(long, value_name = "COUNT", default_value_t = 0,
          value_parser = RangedU64ValueParser::<usize>::new().range(0..=1_900_000))]
    pub(super) backlog: usize,
    /// Agents that a race's broadcast goes to.
    #[arg(long, value_name = "COUNT", default_value_t = 16,
          value_parser = RangedU64ValueParser::<usize>::new().range(1..=10_000))]
    pub(super) race_agents: usize,
    /// How many of them accept at once.
    #[arg(long, value_name = "COUNT", default_value_t = 4,
          value_parser = RangedU64ValueParser::<usize>::new().range(1..=10_000))]
    pub(super) acceptors: usize,
    /// Invites are accepted in the agents' name in the same step, as their channel says: nobody calls to accept. Not where races are.
    #[arg(long)]
    pub(super) auto_accept: bool,
    /// What the floor and the conversations are drawn from.
    #[arg(long, value_name = "NUMBER", default_value_t = 42)]
    pub(super) seed: u64,
}

/// From one number to another, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct Span {
    pub(super) from: usize,
    pub(super) to: usize,
}

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Workload {
    /// A conversation is created, routed to the best agent, accepted; one that is open is ended.
    Cycle,
    /// A conversation is broadcast, several accept at once, the winner ends it.
    Race,
    /// A conversation is created, accepted, handed over to another agent, ended.
    Transfer,
    /// Of ten conversations eight cycles, a race and a transfer.
    Mix,
}

/// By which door commands go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum DoorKind {
    /// A call each.
    Unary,
    /// All on a stream, many in flight.
    Pipeline,
}

/// How much at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Load {
    /// So many conversations at once, each followed by the next.
    Clients(usize),
    /// So many a second, at most so many at once.
    Rate { per_second: u64, in_flight_max: usize },
}

impl Load {
    /// Conversations at once, at most.
    pub(super) fn in_flight_max(self) -> usize {
        match self {
            Self::Clients(clients) => clients,
            Self::Rate { in_flight_max, .. } => in_flight_max,
        }
    }
}

/// What a run does.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Plan {
    pub(super) workload: Workload,
    pub(super) door: DoorKind,
    pub(super) session_door: DoorKind,
    #[serde(skip)]
    pub(super) loads: Vec<Load>,
    #[serde(skip)]
    pub(super) warm_up: Duration,
    #[serde(skip)]
    pub(super) duration: Duration,
    #[serde(flatten)]
    pub(super) floor: FloorArgs,
    pub(super) connections: usize,
    pub(super) threads: usize,
}

impl LoadArgs {
    /// The plan, or why these options make none.
    pub(super) fn plan(&self) -> Result<Plan, LoadError> {
        let floor = self.floor;
        let refuse = |why: String| Err(LoadError::Options { why });
        if floor.skills_per_agent.to > floor.skills.min(64) {
            return refuse(format!(
                "agents cannot have {} of {} skills (and 64 at most)",
                floor.skills_per_agent.to, floor.skills
            ));
        }
        if floor.acceptors > floor.race_agents {
            return refuse(format!(
                "of {} agents who are asked, {} cannot accept",
                floor.race_agents, floor.acceptors
            ));
        }
        if floor.auto_accept && matches!(self.workload, Workload::Race | Workload::Mix) {
            return refuse("where invites are accepted at once, nobody races for them".to_owned());
        }
        let loads = if self.rate.is_empty() {
            self.clients.iter().map(|it| Load::Clients(*it)).collect()
        } else {
            let in_flight_max = self.in_flight;
            self.rate.iter().map(|it| Load::Rate { per_second: *it, in_flight_max }).collect()
        };
        Ok(Plan {
            workload: self.workload,
            door: self.door,
            session_door: self.session_door(),
            loads,
            warm_up: self.warm_up,
            duration: self.duration,
            floor,
            connections: self.connections,
            threads: self.threads,
        })
    }

    /// Threads of the generator.
    pub(in crate::cli) fn threads(&self) -> usize {
        self.threads
    }

    /// By which door the agents' sessions are opened.
    pub(super) fn session_door(&self) -> DoorKind {
        self.session_door.unwrap_or(self.door)
    }

    /// Where the service's counters are.
    pub(super) fn metrics_url(&self) -> String {
        self.metrics_url.clone().unwrap_or_else(|| {
            let addr = self.dial.addr.split_once("://").map_or(&*self.dial.addr, |(_, rest)| rest);
            let host = addr.trim_end_matches('/').rsplit_once(':').map_or(addr, |(host, _)| host);
            format!("http://{host}:{METRICS_PORT}/metrics")
        })
    }
}

impl Plan {
    /// Conversations at once, at most, of any load of the sweep.
    pub(super) fn in_flight_max(&self) -> usize {
        self.loads.iter().map(|it| it.in_flight_max()).max().unwrap_or(1)
    }

    /// Whether conversations are broadcast.
    pub(super) fn has_races(&self) -> bool {
        matches!(self.workload, Workload::Race | Workload::Mix)
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "is no number of seconds".to_owned())?;
    if (0.0..=86_400.0).contains(&seconds) {
        Ok(Duration::from_secs_f64(seconds))
    } else {
        Err("is from 0 to 86400 seconds".to_owned())
    }
}

fn share(text: &str) -> Result<f64, String> {
    let share: f64 = text.parse().map_err(|_| "is no number".to_owned())?;
    if (0.0..=0.99).contains(&share) { Ok(share) } else { Err("is from 0 to 0.99".to_owned()) }
}

fn span(text: &str) -> Result<Span, String> {
    let (from, to) = text.split_once('-').unwrap_or((text, text));
    let number = |it: &str| it.parse::<usize>().map_err(|_| format!("{it:?} is no number"));
    let span = Span { from: number(from)?, to: number(to)? };
    if span.from >= 1 && span.from <= span.to {
        Ok(span)
    } else {
        Err("is from 1 on, and upwards".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        load: LoadArgs,
    }

    fn parsed(line: &[&str]) -> Result<LoadArgs, clap::Error> {
        Line::try_parse_from([&["load"], line].concat()).map(|line| line.load)
    }

    fn plan(line: &[&str]) -> Result<Plan, LoadError> {
        parsed(line).unwrap().plan()
    }

    #[test]
    fn several_loads_are_a_sweep_of_clients_or_of_rates_and_not_of_both() {
        assert_eq!(plan(&[]).unwrap().loads, [Load::Clients(64)]);
        let clients = plan(&["--clients", "1,8,64"]).unwrap();
        assert_eq!(clients.loads, [1, 8, 64].map(Load::Clients));
        assert_eq!(clients.in_flight_max(), 64);
        let rates = plan(&["--rate", "100,2000", "--in-flight", "9"]).unwrap();
        assert_eq!(rates.loads, [100, 2000].map(|per_second| Load::Rate { per_second, in_flight_max: 9 }));
        assert!(parsed(&["--rate", "100", "--clients", "1"]).is_err());
    }

    #[test]
    fn what_cannot_be_is_refused() {
        for line in [
            &["--busy-share", "1.0"][..],
            &["--skills-per-agent", "5-3"],
            &["--skills-per-agent", "0"],
            &["--duration", "-1"],
            &["--clients", "0"],
        ] {
            assert!(parsed(line).is_err(), "{line:?}");
        }
        assert!(plan(&["--skills", "5"]).is_err(), "an agent has up to eight");
        assert!(plan(&["--skills", "5", "--skills-per-agent", "5"]).is_ok());
        assert!(plan(&["--race-agents", "2", "--acceptors", "3"]).is_err());
        assert!(plan(&["--auto-accept", "--workload", "mix"]).is_err());
        assert!(plan(&["--auto-accept", "--workload", "transfer"]).is_ok());
    }

    #[test]
    fn the_counters_are_looked_for_beside_the_service() {
        let url = |line: &[&str]| parsed(line).unwrap().metrics_url();
        assert_eq!(url(&[]), "http://127.0.0.1:9464/metrics");
        assert_eq!(url(&["--addr", "http://routing.example:50051/"]), "http://routing.example:9464/metrics");
        assert_eq!(url(&["--metrics-url", "http://a:1/m"]), "http://a:1/m");
    }
}
