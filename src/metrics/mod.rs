//! What is counted, and under which name. Counted after the journal has it; never inside the engine.
//!
//! `catalog` lists every metric. `events` counts what becomes durable, by the publisher; `capacity` draws the figures of how
//! things stand; `places` bounds how many series there are.

pub mod capacity;
pub mod catalog;
pub mod events;
pub mod figures;
pub mod places;

use std::sync::LazyLock;

use metrics::{Counter, Histogram, counter, gauge, histogram};

use crate::engine::ids::Millis;

/// The series without labels that many threads count in: looked up once.
struct Series {
    commit_seconds: Histogram,
    commit_events: Histogram,
    journal_bytes: Counter,
    torn_bytes: Counter,
    overloaded: Counter,
    sessions_cut: Counter,
    batch_letters: Histogram,
    batch_seconds: Histogram,
}

static SERIES: LazyLock<Series> = LazyLock::new(|| Series {
    commit_seconds: histogram!("omniroute_journal_commit_seconds"),
    commit_events: histogram!("omniroute_journal_commit_events"),
    journal_bytes: counter!("omniroute_journal_bytes_total"),
    torn_bytes: counter!("omniroute_journal_torn_bytes_total"),
    overloaded: counter!("omniroute_commands_overloaded_total"),
    sessions_cut: counter!("omniroute_sessions_cut_total"),
    batch_letters: histogram!("omniroute_batch_letters"),
    batch_seconds: histogram!("omniroute_batch_seconds"),
});

/// Tells the process's recorder what each metric means, once it is installed. What counts from 0 is there from the start.
pub fn describe() {
    catalog::describe(&catalog::COUNTED);
    LazyLock::force(&SERIES);
    for reason in ["TOKEN_INVALID", "TOKEN_EXPIRED", "PERMISSION_DENIED"] {
        counter!("omniroute_calls_denied_total", "reason" => reason).increment(0);
    }
    Bound::ALL.into_iter().for_each(|it| it.hits().increment(0));
    gauge!("omniroute_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
}

/// How the house stands, as it is seen at a scrape.
#[derive(Debug, Clone, Copy)]
pub struct Standing {
    /// Orgs.
    pub orgs: usize,
    /// Letters that wait.
    pub letters: usize,
    /// Letters that there is room for.
    pub letters_max: usize,
    /// Cohorts of agents, of all orgs.
    pub cohorts: usize,
    /// Classes of requests, of all orgs.
    pub classes: usize,
    /// Events that are durable, of all orgs.
    pub events: u64,
    /// Events that the logbook has not taken in.
    pub logbook_behind: u64,
    /// As of when the figures of capacity are true.
    pub figures_as_of: Millis,
    /// How long it took to ask for them.
    pub survey_seconds: f64,
}

/// Says how the house stands.
#[allow(clippy::cast_precision_loss, reason = "positions and times are far below 2^52")]
pub fn standing(it: &Standing) {
    gauge!("omniroute_orgs").set(count(it.orgs));
    gauge!("omniroute_mailbox_letters").set(count(it.letters));
    gauge!("omniroute_mailbox_letters_max").set(count(it.letters_max));
    gauge!("omniroute_dispatch_cohorts").set(count(it.cohorts));
    gauge!("omniroute_dispatch_classes").set(count(it.classes));
    gauge!("omniroute_journal_position").set(it.events as f64);
    gauge!("omniroute_logbook_behind_events").set(it.logbook_behind as f64);
    gauge!("omniroute_figures_timestamp_seconds").set(it.figures_as_of as f64 / 1_000.0);
    gauge!("omniroute_figures_survey_seconds").set(it.survey_seconds);
}

/// A commit is durable.
pub fn committed(seconds: f64, events: usize, bytes: usize) {
    SERIES.commit_seconds.record(seconds);
    SERIES.commit_events.record(count(events));
    SERIES.journal_bytes.increment(bytes as u64);
}

/// A shard decided a batch.
pub fn batch(seconds: f64, letters: usize) {
    SERIES.batch_seconds.record(seconds);
    SERIES.batch_letters.record(count(letters));
}

/// A command was refused for lack of room.
pub fn overloaded() {
    SERIES.overloaded.increment(1);
}

/// A call was refused for its token: by one of three published reasons.
pub fn denied(reason: &'static str) {
    counter!("omniroute_calls_denied_total", "reason" => reason).increment(1);
}

/// A session's stream was cut.
pub fn session_cut() {
    SERIES.sessions_cut.increment(1);
}

/// How many connections are open.
pub fn connections(open: usize) {
    gauge!("omniroute_connections").set(count(open));
}

/// A bound of the port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// There were as many connections as there may be.
    Connections,
    /// A connection was open for too long without a call, or others needed its room.
    FirstCall,
    /// A message took too long to arrive.
    MessageTime,
    /// A message was larger than it may be.
    MessageBytes,
    /// As many directories were on their way as may be.
    Directories,
    /// A peer did not say that it is there.
    Silent,
    /// What was sent was not taken in time.
    Unread,
}

impl Bound {
    const ALL: [Self; 7] = [
        Self::Connections,
        Self::FirstCall,
        Self::MessageTime,
        Self::MessageBytes,
        Self::Directories,
        Self::Silent,
        Self::Unread,
    ];

    fn hits(self) -> Counter {
        let which = match self {
            Self::Connections => "connections",
            Self::FirstCall => "first_call",
            Self::MessageTime => "message_time",
            Self::MessageBytes => "message_bytes",
            Self::Directories => "directories",
            Self::Silent => "silent",
            Self::Unread => "unread",
        };
        counter!("omniroute_bounds_hit_total", "reason" => which)
    }
}

/// A bound of the port was hit.
pub fn bound_hit(bound: Bound) {
    bound.hits().increment(1);
}

/// The unfinished last commit was cut at the start.
pub fn torn(bytes: u64) {
    SERIES.torn_bytes.increment(bytes);
}

#[allow(clippy::cast_precision_loss, reason = "whatever is counted here is bounded far below 2^52")]
fn count(it: usize) -> f64 {
    it as f64
}
