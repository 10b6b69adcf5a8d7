//! Every metric by its name: what kind it is, its labels, what it means. The exporter describes them from here, `docs/metrics.md` lists
//! them, and `tests/metrics.rs` holds the two and a running service together.

use metrics::{describe_counter, describe_gauge, describe_histogram};

/// Of which kind a metric is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// It only grows.
    Counter,
    /// It is as it stands.
    Gauge,
    /// It is counted into buckets with these upper bounds.
    Histogram(&'static [f64]),
}

/// A metric.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// Its kind.
    pub kind: Kind,
    /// Its labels.
    pub labels: &'static [&'static str],
    /// What it means.
    pub help: &'static str,
}

const fn metric(
    name: &'static str,
    kind: Kind,
    labels: &'static [&'static str],
    help: &'static str,
) -> Metric {
    Metric { name, kind, labels, help }
}

/// What memory and disks take, in seconds.
const MACHINE: Kind = Kind::Histogram(&[
    0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0,
]);
/// How long customers wait, in seconds: the usual targets of service levels are bounds.
const WAIT: Kind = Kind::Histogram(&[
    0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 20.0, 30.0, 45.0, 60.0, 90.0, 120.0, 180.0, 300.0, 600.0, 1_800.0,
    3_600.0,
]);
/// How long people look at an invite, in seconds.
const LOOK: Kind =
    Kind::Histogram(&[0.5, 1.0, 2.0, 3.0, 5.0, 8.0, 10.0, 15.0, 20.0, 30.0, 45.0, 60.0, 120.0]);
/// How long people work on a conversation, in seconds.
const WORK: Kind = Kind::Histogram(&[
    10.0, 30.0, 60.0, 120.0, 180.0, 300.0, 420.0, 600.0, 900.0, 1_200.0, 1_800.0, 2_700.0, 3_600.0, 7_200.0,
    14_400.0,
]);
/// Counts.
const COUNT: Kind =
    Kind::Histogram(&[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1_024.0, 4_096.0, 16_384.0]);

/// What is counted as it becomes durable, and what stands in the house.
#[rustfmt::skip]
pub const COUNTED: [Metric; 37] = [
    metric("omniroute_requests_opened_total", Kind::Counter, &["org", "kind", "target"],
        "Requests for an agent that were opened."),
    metric("omniroute_requests_settled_total", Kind::Counter, &["org", "kind", "target", "outcome"],
        "Requests that were accepted, or ended without an agent."),
    metric("omniroute_request_wait_seconds", WAIT, &["kind", "target"],
        "How long accepted requests had waited."),
    metric("omniroute_queue_requests_total", Kind::Counter, &["org", "queue"],
        "Requests that came to a queue."),
    metric("omniroute_queue_wait_seconds", WAIT, &["org", "queue"],
        "How long accepted requests had waited in a queue."),
    metric("omniroute_queue_lost_total", Kind::Counter, &["org", "queue", "outcome"],
        "Requests of a queue that ended without an agent."),
    metric("omniroute_queue_overflows_total", Kind::Counter, &["org", "queue"],
        "Requests that went elsewhere because a queue was full."),
    metric("omniroute_invites_sent_total", Kind::Counter, &["org"],
        "Invites that were sent to agents."),
    metric("omniroute_invites_ended_total", Kind::Counter, &["org", "end"],
        "Invites that ended: accepted, declined, expired, rescinded (another agent won) or revoked."),
    metric("omniroute_invite_accept_seconds", LOOK, &["org"],
        "How long agents took to accept an invite. What is accepted in their name takes 0."),
    metric("omniroute_handle_seconds", WORK, &["org", "channel"],
        "How long an agent had a conversation in hand, without wrap-up and what was inactive."),
    metric("omniroute_races_total", Kind::Counter, &["outcome"],
        "Requests to many agents at once that were settled: won, or nobody came."),
    metric("omniroute_race_invites", COUNT, &[],
        "Invites that were pending when a race was won, the winner's included."),
    metric("omniroute_events_total", Kind::Counter, &["event"],
        "Events that became durable."),
    metric("omniroute_commands_total", Kind::Counter, &["outcome"],
        "Commands answered: done or refused."),
    metric("omniroute_commands_refused_total", Kind::Counter, &["reason"],
        "Commands refused by a rule, by its published reason."),
    metric("omniroute_commands_overloaded_total", Kind::Counter, &[],
        "Calls refused because a mailbox was full."),
    metric("omniroute_mailbox_letters", Kind::Gauge, &[],
        "Letters that wait to be decided; a large one counts as several."),
    metric("omniroute_mailbox_letters_max", Kind::Gauge, &[],
        "Letters that the mailboxes hold at most, as fast as the shards are; one org alone has half of it."),
    metric("omniroute_batch_letters", COUNT, &[],
        "Letters that a shard decided in one batch."),
    metric("omniroute_batch_seconds", MACHINE, &[],
        "How long a shard took to decide a batch."),
    metric("omniroute_dispatch_cohorts", Kind::Gauge, &[],
        "Kinds of agents that the index of matching tells apart."),
    metric("omniroute_dispatch_classes", Kind::Gauge, &[],
        "Kinds of requests that the index of matching tells apart."),
    metric("omniroute_journal_commit_seconds", MACHINE, &[],
        "How long a commit of the journal took."),
    metric("omniroute_journal_commit_events", COUNT, &[],
        "Events in a commit of the journal."),
    metric("omniroute_journal_bytes_total", Kind::Counter, &[],
        "Bytes of events that were committed."),
    metric("omniroute_journal_torn_bytes_total", Kind::Counter, &[],
        "Bytes of an unfinished last commit, cut at the start."),
    metric("omniroute_journal_position", Kind::Gauge, &[],
        "Events in the journal, of all orgs."),
    metric("omniroute_logbook_behind_events", Kind::Gauge, &[],
        "Events that the logbook has not taken in yet."),
    metric("omniroute_sessions_cut_total", Kind::Counter, &[],
        "Session streams that were cut because their client did not read."),
    metric("omniroute_connections", Kind::Gauge, &[],
        "Connections that are open."),
    metric("omniroute_bounds_hit_total", Kind::Counter, &["reason"],
        "Connections and messages that were cut or refused at a bound of the port, by which."),
    metric("omniroute_calls_denied_total", Kind::Counter, &["reason"],
        "Calls refused for their token, by its published reason: TOKEN_INVALID, TOKEN_EXPIRED or PERMISSION_DENIED."),
    metric("omniroute_orgs", Kind::Gauge, &[],
        "Orgs that the service hosts."),
    metric("omniroute_figures_timestamp_seconds", Kind::Gauge, &[],
        "As of when the figures of capacity are true; of several, the oldest."),
    metric("omniroute_figures_survey_seconds", Kind::Gauge, &[],
        "How long it took to ask the shards for the latest figures of capacity."),
    metric("omniroute_build_info", Kind::Gauge, &["version"],
        "1, with the version of the service."),
];

/// The figures of capacity, as they stand: of an org, of a queue's members, of those who have a skill.
#[rustfmt::skip]
pub const CAPACITY: [Metric; 25] = [
    metric("omniroute_agents", Kind::Gauge, &["org", "state"],
        "Agents by routing state."),
    metric("omniroute_units", Kind::Gauge, &["org"],
        "Capacity units of the agents who are not offline."),
    metric("omniroute_units_used", Kind::Gauge, &["org"],
        "Capacity units in use, of all agents."),
    metric("omniroute_units_free", Kind::Gauge, &["org"],
        "Units free for work that is not interruptible, of agents who are idle or engaged."),
    metric("omniroute_interruptible_units_free", Kind::Gauge, &["org"],
        "Units free for interruptible work, of agents who are idle or engaged."),
    metric("omniroute_sessions", Kind::Gauge, &["org"],
        "Session streams that are open."),
    metric("omniroute_conversations", Kind::Gauge, &["org"],
        "Live conversations."),
    metric("omniroute_requests_open", Kind::Gauge, &["org"],
        "Open requests, those that wait and those that have invites out."),
    metric("omniroute_invites_pending", Kind::Gauge, &["org"],
        "Invites that are not answered yet."),
    metric("omniroute_requests_waiting", Kind::Gauge, &["org"],
        "Requests that wait for an agent."),
    metric("omniroute_requests_oldest_waiting_timestamp_seconds", Kind::Gauge, &["org"],
        "Since when the one waits that waits longest. Absent: nothing waits."),
    metric("omniroute_queue_agents", Kind::Gauge, &["org", "queue", "state"],
        "Members of a queue by routing state."),
    metric("omniroute_queue_units", Kind::Gauge, &["org", "queue"],
        "Capacity units of a queue's members who are not offline."),
    metric("omniroute_queue_units_used", Kind::Gauge, &["org", "queue"],
        "Capacity units in use, of a queue's members."),
    metric("omniroute_queue_units_free", Kind::Gauge, &["org", "queue"],
        "Units free for work that is not interruptible, of members who are idle or engaged."),
    metric("omniroute_queue_interruptible_units_free", Kind::Gauge, &["org", "queue"],
        "Units free for interruptible work, of members who are idle or engaged."),
    metric("omniroute_queue_waiting", Kind::Gauge, &["org", "queue"],
        "Requests that wait in a queue."),
    metric("omniroute_queue_oldest_waiting_timestamp_seconds", Kind::Gauge, &["org", "queue"],
        "Since when the one waits that waits longest in a queue. Absent: nothing waits."),
    metric("omniroute_skill_agents", Kind::Gauge, &["org", "skill", "state"],
        "Agents who have a skill, by routing state."),
    metric("omniroute_skill_units", Kind::Gauge, &["org", "skill"],
        "Capacity units of those who have a skill and are not offline."),
    metric("omniroute_skill_units_used", Kind::Gauge, &["org", "skill"],
        "Capacity units in use, of those who have a skill."),
    metric("omniroute_skill_units_free", Kind::Gauge, &["org", "skill"],
        "Units free for work that is not interruptible, of those who have a skill and are idle or engaged."),
    metric("omniroute_skill_interruptible_units_free", Kind::Gauge, &["org", "skill"],
        "Units free for interruptible work, of those who have a skill and are idle or engaged."),
    metric("omniroute_skill_waiting", Kind::Gauge, &["org", "skill"],
        "Requests that wait and ask for a skill, as their requirements stand now."),
    metric("omniroute_skill_oldest_waiting_timestamp_seconds", Kind::Gauge, &["org", "skill"],
        "Since when the one waits that waits longest of those that ask for a skill. Absent: nothing waits."),
];

/// Tells the recorder of this thread, or of the process, what these metrics mean.
pub fn describe(all: &[Metric]) {
    for it in all {
        match it.kind {
            Kind::Counter => describe_counter!(it.name, it.help),
            Kind::Gauge => describe_gauge!(it.name, it.help),
            Kind::Histogram(_) => describe_histogram!(it.name, it.help),
        }
    }
}

/// The histograms with their buckets.
pub fn buckets() -> impl Iterator<Item = (&'static str, &'static [f64])> {
    COUNTED.iter().filter_map(|it| match it.kind {
        Kind::Histogram(bounds) => Some((it.name, bounds)),
        Kind::Counter | Kind::Gauge => None,
    })
}
