//! The house rules over the source text: who may import whom, what the engine must not know of, what every file looks like.
//!
//! ```text
//!   main ──► server ──► { api, cluster, shard } ──► { views, wire, journal } ──► engine
//! ```
//!
//! `upkeep` stands where `server` does, for a data directory that is not served from. Beside the house stand `access`, `clock`, `config`,
//! `metrics` and `telemetry`, which all but the engine, the journal and the wire may use, and `background`, for the threads of the views and
//! the shards.

#![allow(clippy::unwrap_used, reason = "a test that is wrong about itself stops")]

#[path = "house_rules/source.rs"]
mod source;

use source::{File, Mention, files};

/// Whom each part of the house may import beside itself. A part that is not listed has to be put in here first.
const MAY_IMPORT: [(&str, &[&str]); 17] = [
    ("engine", &[]),
    ("journal", &[]),
    ("wire", &["engine"]),
    ("views", &["wire", "journal", "engine", "background", "clock", "config", "metrics", "telemetry"]),
    (
        "shard",
        &["views", "wire", "journal", "engine", "background", "clock", "config", "metrics", "telemetry"],
    ),
    ("cluster", &["shard", "views", "wire", "journal", "engine", "clock", "config", "metrics", "telemetry"]),
    (
        "api",
        &[
            "shard",
            "cluster",
            "views",
            "wire",
            "journal",
            "engine",
            "access",
            "clock",
            "config",
            "metrics",
            "telemetry",
        ],
    ),
    ("access", &["engine", "clock", "config", "metrics", "telemetry"]),
    ("background", &[]),
    ("clock", &["engine"]),
    ("config", &["clock", "engine"]),
    ("metrics", &["clock", "config", "engine"]),
    ("telemetry", &["clock", "config", "metrics"]),
    (
        "server",
        &[
            "access",
            "api",
            "cluster",
            "shard",
            "views",
            "wire",
            "journal",
            "engine",
            "clock",
            "config",
            "metrics",
            "telemetry",
        ],
    ),
    ("upkeep", &["shard", "wire", "journal", "engine"]),
    ("cli", &["access", "server", "upkeep", "wire", "engine", "clock", "config", "metrics", "telemetry"]),
    ("lib", &[]),
];

/// What the engine must not know of: time, threads, the world outside, chance, and orders that are not the same everywhere.
const NOT_IN_THE_ENGINE: [&str; 16] = [
    "std::time",
    "std::thread",
    "std::fs",
    "std::net",
    "std::io",
    "std::env",
    "std::process",
    "std::collections::HashMap",
    "std::collections::HashSet",
    "Instant",
    "SystemTime",
    "tokio",
    "async",
    "rand",
    "tracing",
    "metrics",
];

/// Lines of a file at most.
const LINES_MAX: usize = 500;

/// Where a file breaks the directions, one line each.
fn forbidden_edges(file: &File) -> Vec<String> {
    let part = file.part();
    let allowed = MAY_IMPORT.iter().find(|it| it.0 == part).map(|it| it.1);
    let say = |it: &Mention, why: &str| format!("{}:{}: {} {why}", file.path, it.line, it.path);
    let mut found = Vec::new();
    for mention in file.mentions() {
        if part == "engine" && NOT_IN_THE_ENGINE.iter().any(|it| mention.is_in(it)) {
            found.push(say(&mention, "is nothing that the engine may know of"));
        }
        if mention.is_in("wire::v1") && !["wire", "api", "cli"].contains(&&*part) {
            found.push(say(&mention, "is generated code, which stays in wire and api"));
        }
        let Some(other) = mention.part_of_the_house() else { continue };
        if other == part || part == "main" || !MAY_IMPORT.iter().any(|it| it.0 == other) {
            continue;
        }
        match allowed {
            None => found.push(say(&mention, "is imported from a part that has no place in MAY_IMPORT")),
            Some(allowed) if !allowed.contains(&&*other) => {
                found.push(say(&mention, &format!("must not be imported from {part}")));
            }
            Some(_) => {}
        }
    }
    found
}

/// Where a file is not as every file is.
fn untidiness(file: &File) -> Vec<String> {
    let mut found = Vec::new();
    if !file.text.starts_with("//!") {
        found.push(format!("{}:1: does not begin with what it is (//!)", file.path));
    }
    let lines = file.text.lines().count();
    if lines > LINES_MAX {
        found.push(format!("{}:{lines}: has more than {LINES_MAX} lines", file.path));
    }
    // Put together here, so that this file has none.
    let loose_ends = [["TO", "DO"].concat(), ["FIX", "ME"].concat(), ["#[", "ignore"].concat()];
    for (line, text) in (1..).zip(file.text.lines()) {
        if loose_ends.iter().any(|it| text.contains(it)) {
            found.push(format!("{}:{line}: is a loose end", file.path));
        }
    }
    found
}

fn all(rule: impl Fn(&File) -> Vec<String>, folders: &[&str]) -> String {
    let found: Vec<String> = files(folders).iter().flat_map(rule).collect();
    found.join("\n")
}

#[test]
fn imports_go_one_way_through_the_house() {
    let found = all(forbidden_edges, &["src"]);
    assert!(found.is_empty(), "\n{found}");
}

#[test]
fn every_file_says_what_it_is_and_leaves_no_loose_end() {
    let found = all(untidiness, &["src", "tests", "benches"]);
    assert!(found.is_empty(), "\n{found}");
}

#[test]
fn there_is_something_to_check() {
    let found = files(&["src"]);
    assert!(found.iter().any(|it| it.path == "src/engine/dispatch/mod.rs"), "{:?}", found.len());
    let imports = found.iter().flat_map(File::mentions).filter(|it| it.part_of_the_house().is_some()).count();
    assert!(imports > 50, "{imports} imports found");
}

fn edges_of(path: &str, text: &str) -> Vec<String> {
    forbidden_edges(&File { path: path.into(), text: text.into() })
}

#[test]
fn a_forbidden_line_is_found_with_its_file_and_line() {
    let found = edges_of("src/engine/sessions.rs", "//! Sessions.\n\nuse crate::journal::Journal;\n");
    assert_eq!(
        found,
        ["src/engine/sessions.rs:3: crate::journal::Journal must not be imported from engine"],
        "the report names the place"
    );
}

#[test]
fn every_way_to_write_a_forbidden_line_is_found() {
    let cases = [
        ("src/engine/a.rs", "use crate::{engine::ids, shard};"),
        ("src/engine/a.rs", "use crate::{\n    engine::ids,\n    wire::stored,\n};"),
        ("src/engine/a.rs", "fn f() -> crate::api::Door { crate::engine::door() }"),
        ("src/engine/a.rs", "use super::super::journal;"),
        ("src/engine/mod.rs", "use super::journal;"),
        ("src/engine/a.rs", "use std::time::Duration;"),
        ("src/engine/a.rs", "use std::{fmt, time::Duration};"),
        ("src/engine/a.rs", "use std::{collections::{BTreeMap, HashMap}, fmt};"),
        ("src/engine/a.rs", "let now = Instant::now();"),
        ("src/engine/a.rs", "let at = clock::SystemTime::now();"),
        ("src/engine/a.rs", "let f = async move { 1 };"),
        ("src/engine/a.rs", "tracing::info!(\"hello\");"),
        ("src/engine/a.rs", "use rand::Rng;"),
        ("src/engine/a.rs", "metrics::counter!(\"a\").increment(1);"),
        ("src/journal/log.rs", "use crate::engine::event::Event;"),
        ("src/wire/stored.rs", "use crate::journal::Batch;"),
        ("src/wire/mod.rs", "use crate::shard::Mailbox;"),
        ("src/shard/mod.rs", "use crate::api;"),
        ("src/shard/mod.rs", "use crate::wire::v1::Agent;"),
        ("src/views/mod.rs", "use crate::wire::{codec, v1};"),
        ("src/api/mod.rs", "use crate::server::Server;"),
        ("src/server.rs", "use crate::cli;"),
        ("src/novelty/mod.rs", "use crate::engine;"),
    ];
    for (path, line) in cases {
        let text = format!("//! A file.\n{line}\n");
        assert_eq!(edges_of(path, &text).len(), 1, "{path}: {line}: {:?}", edges_of(path, &text));
    }
}

#[test]
fn what_is_allowed_is_not_found() {
    let cases = [
        ("src/engine/a.rs", "use crate::engine::{ids::AgentIx, state};"),
        ("src/engine/a.rs", "// std::time is not for us, nor crate::journal."),
        ("src/engine/a.rs", "/// No tokio, no async, no rand.\nfn f() {} // tracing"),
        ("src/engine/a.rs", "let text = \"async journal of metrics\";"),
        ("src/engine/a.rs", "use rustc_hash::FxHashMap;\nuse std::collections::{BTreeMap, VecDeque};"),
        ("src/engine/dispatch/a.rs", "use super::super::ids;\nlet operand = random;"),
        ("src/wire/stored.rs", "use crate::{engine::event::Event, wire::v1};"),
        ("src/api/agents.rs", "use crate::{shard::Mailbox, wire::v1};"),
        ("src/cli/mod.rs", "use crate::wire::v1;"),
        ("src/server.rs", "use crate::{api, shard, journal, telemetry};"),
        ("src/main.rs", "use omniroute::server;\nuse crate::cli;"),
    ];
    for (path, line) in cases {
        let text = format!("//! A file.\n{line}\n");
        assert_eq!(edges_of(path, &text), [""; 0], "{path}: {line}");
    }
}

#[test]
fn an_untidy_file_is_found() {
    let long = format!("//! Long.\n{}", "\n".repeat(LINES_MAX));
    let loose = ["//! A file.\n// TO", "DO: later\n"].concat();
    for text in ["fn f() {}\n", &long, &loose] {
        let file = File { path: "src/engine/a.rs".into(), text: text.into() };
        assert_eq!(untidiness(&file).len(), 1, "{:?}", untidiness(&file));
    }
}
