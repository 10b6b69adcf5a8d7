//! What `deploy/` has for Prometheus and Grafana: every query names metrics and labels that exist, promtool accepts the rules and their
//! tests, and a Prometheus that scrapes a service under load answers every query with numbers.
//!
//! `promtool` and `prometheus` are those of Debian's package `prometheus`. Where they are not installed their tests are left out, and say
//! so; with OMNIROUTE_REQUIRE_ALL set, as the gate has it, that is a failure.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

#[path = "support/process.rs"]
mod process;
#[path = "deploy/prometheus.rs"]
mod prometheus;
#[path = "deploy/queries.rs"]
mod queries;
mod support;

use std::{
    collections::{BTreeMap, BTreeSet},
    process::Command,
};

use omniroute::metrics::catalog::{CAPACITY, COUNTED, Kind};
use prometheus::tool;
use queries::{dashboards, deployed, panels, queries, selected, text};
use serde_json::Value;

/// The labels of each series that the service exports, those that a scrape adds included.
fn exported() -> BTreeMap<String, BTreeSet<&'static str>> {
    let mut series = BTreeMap::new();
    for metric in CAPACITY.iter().chain(&COUNTED) {
        let labels: BTreeSet<_> = metric.labels.iter().copied().chain(["instance", "job"]).collect();
        if let Kind::Histogram(_) = metric.kind {
            series.insert(format!("{}_sum", metric.name), labels.clone());
            series.insert(format!("{}_count", metric.name), labels.clone());
            let labels = labels.into_iter().chain(["le"]).collect();
            series.insert(format!("{}_bucket", metric.name), labels);
        } else {
            series.insert(metric.name.to_owned(), labels);
        }
    }
    let process = include_str!("../docs/metrics.md").split('`').filter(|it| it.starts_with("process_"));
    series.extend(process.map(|it| (it.to_owned(), BTreeSet::from(["instance", "job"]))));
    series
}

fn all_texts() -> Vec<String> {
    let files = ["prometheus/alerts.yml", "prometheus/alerts_test.yml"];
    let boards = dashboards().into_values().map(|it| it.to_string().replace("\\\"", "\""));
    files.into_iter().map(text).chain(boards).collect()
}

#[test]
fn every_query_names_metrics_and_labels_that_exist() {
    let exported = exported();
    for it in all_texts().iter().flat_map(|it| selected(it)) {
        let labels = exported.get(&it.name).unwrap_or_else(|| panic!("nothing exports {}", it.name));
        let unknown: Vec<_> = it.labels.iter().filter(|label| !labels.contains(label.as_str())).collect();
        assert!(unknown.is_empty(), "{} has no {unknown:?}", it.name);
    }
}

#[test]
fn every_metric_is_on_a_dashboard_or_in_an_alert() {
    let used: BTreeSet<String> = all_texts().iter().flat_map(|it| selected(it)).map(|it| it.name).collect();
    let is_used = |name: &str| ["", "_bucket", "_sum"].iter().any(|it| used.contains(&format!("{name}{it}")));
    let unused = CAPACITY.iter().chain(&COUNTED).map(|it| it.name).filter(|it| !is_used(it));
    assert_eq!(unused.collect::<Vec<_>>(), [""; 0]);
}

#[test]
fn dashboards_are_what_grafana_takes() {
    let boards = dashboards();
    assert_eq!(boards.keys().collect::<Vec<_>>(), ["capacity-now.json", "engine.json", "service-level.json"]);
    let mut uids = BTreeSet::new();
    for (name, board) in &boards {
        assert!(uids.insert(board["uid"].as_str().expect("a uid").to_owned()), "{name}");
        let variables = board["templating"]["list"].as_array().expect("it has variables");
        let variables: BTreeSet<&str> = variables.iter().map(|it| it["name"].as_str().unwrap()).collect();
        let (mut ids, mut places) = (BTreeSet::new(), BTreeSet::new());
        for panel in panels(board) {
            let title = panel["title"].as_str().expect("a title");
            assert!(ids.insert(panel["id"].as_u64()), "{name}: {title}");
            let place = |key: &str| panel["gridPos"][key].as_u64().expect("a place");
            for (x, y) in (place("x")..place("x") + place("w"))
                .flat_map(|x| (place("y")..place("y") + place("h")).map(move |y| (x, y)))
            {
                assert!(x < 24 && places.insert((x, y)), "{name}: {title} lies over another");
            }
            assert!(!queries(panel).is_empty(), "{name}: {title}");
            for part in queries(panel).iter().flat_map(|it| it.split('$').skip(1)) {
                let variable =
                    part.split(|it: char| !it.is_ascii_alphanumeric() && it != '_').next().unwrap();
                assert!(variable == "__rate_interval" || variables.contains(variable), "{name}: {variable}");
            }
        }
    }
}

#[test]
fn every_alert_has_a_reason_an_action_and_two_tests() {
    let (alerts, tests) = (text("prometheus/alerts.yml"), text("prometheus/alerts_test.yml"));
    let blocks: Vec<&str> = alerts.split("- alert: ").skip(1).collect();
    assert!(blocks.len() > 10);
    for block in blocks {
        let name = block.lines().next().unwrap();
        assert!(block.contains("severity: page") || block.contains("severity: ticket"), "{name}");
        for part in ["summary: \"", "reason: \"", "action: \""] {
            assert!(block.contains(part), "{name} has no {part}");
        }
        assert!(!block.contains("://"), "{name} tells what to do itself");
        let of_test: Vec<&str> =
            tests.split("\n  - name: ").filter(|it| it.contains(&format!("\"{name}\""))).collect();
        let quiet = of_test.iter().filter(|it| it.contains("exp_samples: []")).count();
        assert!(quiet > 0 && of_test.len() > quiet, "{name} is tested firing and quiet");
    }
}

#[test]
fn promtool_accepts_the_rules_and_their_tests() {
    let Some(promtool) = tool("promtool") else { return };
    for (verb, what, file) in [
        ("check", "config", "prometheus.yml"),
        ("check", "rules", "alerts.yml"),
        ("test", "rules", "alerts_test.yml"),
    ] {
        let ran =
            Command::new(&promtool).args([verb, what, file]).current_dir(deployed("prometheus")).output();
        let ran = ran.expect("promtool runs");
        let said = String::from_utf8_lossy(&ran.stdout).into_owned() + &String::from_utf8_lossy(&ran.stderr);
        assert!(ran.status.success(), "{verb} {what} {file}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prometheus_that_scrapes_under_load_answers_every_query() {
    let Some(program) = tool("prometheus") else { return };
    let service = process::Process::start(None).await;
    let prometheus = prometheus::Prometheus::start(&program, service.metrics_addr()).await;
    prometheus::load(&service).await;
    for (name, board) in dashboards() {
        for panel in panels(&board) {
            for query in queries(panel) {
                let found = prometheus.numbers(query).await;
                assert!(!found.is_empty(), "{name}: {}: {query}: no number", panel["title"]);
            }
        }
    }
    let rules = prometheus.rules().await;
    assert!(rules.len() > 10);
    for rule in rules {
        assert_eq!(rule["health"], Value::from("ok"), "{rule}");
        assert!(rule["name"] != "OmnirouteDown" || rule["state"] == "inactive", "{rule}");
    }
}
