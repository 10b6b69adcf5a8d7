//! The metrics: that the document, the code and a running service say the same. The recorder is the process's, so one test alone looks at it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

#[path = "support/process.rs"]
mod process;
mod support;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use omniroute::{
    metrics::catalog::{CAPACITY, COUNTED, Kind, Metric},
    telemetry,
    wire::v1::{self, Overflow, directory_service_client::DirectoryServiceClient},
};
use support::{
    House, PATIENCE, fresh,
    page::{Page, get},
    queue, sample, skill, to,
};

/// What the document says of a metric.
#[derive(Debug, PartialEq, Eq)]
struct Row {
    kind: String,
    labels: Vec<String>,
    help: String,
}

/// The metrics that the document lists.
fn documented() -> BTreeMap<String, Row> {
    let mut rows = BTreeMap::new();
    for line in include_str!("../docs/metrics.md").lines() {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let &["", name, kind, labels, help, ""] = &cells[..] else { continue };
        let Some(name) = name.strip_prefix('`').and_then(|it| it.strip_suffix('`')) else { continue };
        let labels = labels.split(',').map(|it| it.trim().trim_matches('`').to_owned());
        let row = Row {
            kind: kind.into(),
            labels: labels.filter(|it| !it.is_empty()).collect(),
            help: help.into(),
        };
        assert!(rows.insert(name.to_owned(), row).is_none(), "{name} is listed once");
    }
    rows
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Counter => "counter",
        Kind::Gauge => "gauge",
        Kind::Histogram(_) => "histogram",
    }
}

fn catalog() -> impl Iterator<Item = &'static Metric> {
    CAPACITY.iter().chain(&COUNTED)
}

#[test]
fn the_document_lists_every_metric_and_no_other() {
    let listed = documented();
    let ours: BTreeMap<String, Row> = catalog()
        .map(|it| {
            let labels = it.labels.iter().map(|&it| it.to_owned()).collect();
            (it.name.to_owned(), Row { kind: kind(it.kind).into(), labels, help: it.help.into() })
        })
        .collect();
    for (name, row) in &ours {
        assert_eq!(listed.get(name), Some(row), "{name}");
    }
    let more = listed.keys().filter(|it| !ours.contains_key(*it) && !it.starts_with("process_"));
    assert_eq!(more.collect::<Vec<_>>(), [""; 0]);
}

#[test]
fn names_and_units_are_as_prometheus_has_them() {
    for Metric { name, kind, labels, help } in catalog() {
        assert!(name.starts_with("omniroute_"), "{name}");
        assert_eq!(*kind == Kind::Counter, name.ends_with("_total"), "{name}");
        assert!(
            !["_ms", "_millis", "_count", "_bucket", "_sum"].iter().any(|it| name.ends_with(it)),
            "{name}"
        );
        assert!(help.ends_with('.') || help.contains(", with"), "{name}: {help}");
        let bounded = ["org", "queue", "skill", "channel", "state", "kind", "target", "outcome", "end"];
        let bounded: BTreeSet<_> = bounded.into_iter().chain(["event", "reason", "version"]).collect();
        assert!(labels.iter().all(|it| bounded.contains(it)), "{name}: {labels:?}");
        if let Kind::Histogram(bounds) = kind {
            assert!(bounds.is_sorted() && bounds.len() < 20, "{name}");
        }
    }
}

/// The sample directory, with a queue that takes nobody and overflows into another.
fn with_a_full_queue() -> v1::Directory {
    let mut directory = sample::directory();
    let target = v1::overflow::Target::QueueId("help".into());
    let overflow = Some(Overflow { target: Some(target) });
    directory.queues.push(v1::Queue { waiting_max: Some(0), overflow, ..sample::queue("full") });
    directory
}

/// Something of everything that has a label: only what happens has series.
async fn something_of_everything(house: &House) {
    let chat = house.chat(queue("help")).await;
    house.advance(4_000).await;
    let mut ann = house.desk("ann").await;
    house.advance(2_000).await;
    ann.take_only(chat).await;
    house.advance(60_000).await;
    ann.accept(u64::MAX).await.expect_err("there is no such invite");
    ann.conference(chat, to(skill("billing"))).await.expect("it may ask, and nobody is there");
    ann.end(chat).await.expect("it is alone");
    ann.presence("lunch").await.expect("it may");
    house.chat(queue("full")).await;
    let lost = house.chat(queue("help")).await;
    house.end(lost).await.expect("it is there");
    let french = v1::SkillRequirement { skill_id: "french".into(), ..Default::default() };
    let speaks_french = v1::QueueTarget { queue_id: "help".into(), skills: vec![french] };
    house.chat(v1::target::Target::Queue(speaks_french)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_service_exports_what_the_document_lists() {
    let exporter = telemetry::export_metrics(([127, 0, 0, 1], 0).into()).await.expect("a port is free");
    let (_, early) = get(exporter.addr, "/metrics").await;
    let early = Page::read(&early);
    assert_eq!(
        early.value("omniroute_sessions_cut_total", &[]),
        Some(0.0),
        "what counts from 0 is there at once"
    );
    let house = House::with(with_a_full_queue()).await;
    exporter.figures.send_replace(Some(house.figures()));
    something_of_everything(&house).await;

    let (head, body) = get(exporter.addr, "/metrics").await;
    assert!(head.contains("text/plain; version=0.0.4"), "{head}");
    let page = Page::read(&body);
    let listed = documented();
    assert_eq!(page.types.keys().collect::<Vec<_>>(), listed.keys().collect::<Vec<_>>());
    for (name, row) in &listed {
        assert_eq!(page.types[name], row.kind, "{name}");
        assert_eq!(page.helps[name], row.help, "{name}");
        let mut labels = row.labels.clone();
        labels.sort();
        assert_eq!(page.labels(name), BTreeSet::from([labels]), "{name}");
    }
    assert_eq!(get(exporter.addr, "/health").await.1, "OK");
    assert_eq!(Page::read(&get(exporter.addr, "/").await.1).types, page.types, "at any path, as ever");

    what_happened_was_counted(&page);
}

/// Agents and queues beyond every bound of places; each agent in one queue.
fn a_large_directory(agents: usize) -> v1::Directory {
    let mut directory = sample::directory();
    directory.queues = (0..1_100).map(|it| sample::queue(&format!("queue-{it:04}"))).collect();
    directory.agents = (0..agents)
        .map(|it| {
            sample::agent(
                &format!("agent-{it:05}"),
                &[("french", 500)],
                &[&format!("queue-{:04}", it % 1_100)],
            )
        })
        .collect();
    directory
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_org_is_no_explosion_of_series() {
    // A process of its own: it takes all places that there are.
    let service = process::Process::start(None).await;
    let mut directories = DirectoryServiceClient::new(service.connect().await);
    let mut counts = BTreeSet::new();
    for (org, agents) in [("large", 5_000), ("larger", 10_000)] {
        let request = v1::ApplyDirectoryRequest {
            org_id: org.into(),
            request_id: fresh(),
            directory: Some(a_large_directory(agents)),
            dry_run: false,
        };
        directories.apply_directory(request).await.expect("it is right");
        let figures = async {
            let mut ticks = tokio::time::interval(Duration::from_millis(100));
            loop {
                ticks.tick().await;
                let page = Page::read(&get(service.metrics_addr(), "/metrics").await.1);
                if page.value("omniroute_agents", &[("org", org), ("state", "offline")]).is_some() {
                    return page;
                }
            }
        };
        let page = tokio::time::timeout(PATIENCE, figures).await.expect("the org is shown");
        let offline = |queue| {
            let labels = [("org", org), ("queue", queue), ("state", "offline")];
            page.value("omniroute_queue_agents", &labels)
        };
        let of_org = page
            .samples
            .iter()
            .filter(|((name, labels), _)| name == "omniroute_queue_agents" && labels["org"] == org);
        let members: f64 = of_org.map(|it| it.1).sum();
        assert!(
            (members - f64::from(u32::try_from(agents).unwrap())).abs() < 0.5,
            "all are in the sums: {members}"
        );
        assert!(offline("(others)").is_some());
        let shown = |it: &&(String, _)| it.0 == "omniroute_queue_waiting";
        counts.insert(page.samples.keys().filter(shown).count());
    }
    assert_eq!(
        counts,
        BTreeSet::from([1_001, 1_002]),
        "a thousand queues, and one sum of the others for each org"
    );
}

/// What `something_of_everything` did, as it was counted.
fn what_happened_was_counted(page: &Page) {
    let org = ("org", "acme");
    let new = [org, ("kind", "new"), ("target", "queue")];
    assert_eq!(page.value("omniroute_requests_opened_total", &new), Some(4.0));
    let settled = |outcome| [org, ("kind", "new"), ("target", "queue"), ("outcome", outcome)];
    assert_eq!(page.value("omniroute_requests_settled_total", &settled("accepted")), Some(1.0));
    assert_eq!(page.value("omniroute_requests_settled_total", &settled("conversation_ended")), Some(1.0));
    let help = [org, ("queue", "help")];
    assert_eq!(page.value("omniroute_queue_wait_seconds_count", &help), Some(1.0));
    assert_eq!(page.value("omniroute_queue_requests_total", &help), Some(4.0));
    assert_eq!(page.value("omniroute_queue_wait_seconds_sum", &help), Some(6.0));
    assert_eq!(page.value("omniroute_request_wait_seconds_sum", &new[1..]), Some(6.0));
    assert_eq!(page.value("omniroute_invite_accept_seconds_sum", &[org]), Some(2.0));
    assert_eq!(page.value("omniroute_handle_seconds_sum", &[org, ("channel", "chat")]), Some(60.0));
    assert_eq!(page.value("omniroute_queue_overflows_total", &[org, ("queue", "full")]), Some(1.0));
    assert_eq!(page.value("omniroute_queue_waiting", &help), Some(2.0));
    assert_eq!(page.value("omniroute_skill_waiting", &[org, ("skill", "french")]), Some(1.0));
    assert_eq!(page.value("omniroute_commands_refused_total", &[("reason", "INVITE_NOT_FOUND")]), Some(1.0));
    assert_eq!(page.value("omniroute_races_total", &[("outcome", "nobody_came")]), Some(1.0));
}
