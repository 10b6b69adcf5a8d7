//! What an agent, a waiting conversation and a live one cost in memory: the growth of the process's resident set over so many of them.
//! It prints a table; there is nothing to time.
#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    missing_docs,
    reason = "a bench prints what it finds and fails by panicking"
)]

mod floor;

use std::process::Command;

use floor::{COHORTS, Floor, accept, create};
use omniroute::engine::{ids::AgentIx, routing::Target};

/// Says that this process is one measurement.
const ONE: &str = "--one";

/// Bytes that the process has in memory now.
fn resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux says what a process uses");
    let line = status.lines().find(|it| it.starts_with("VmRSS:")).expect("the resident set is in it");
    let kilobytes = line.split_whitespace().nth(1).and_then(|it| it.parse::<u64>().ok());
    kilobytes.expect("a number of kilobytes") * 1024
}

fn row(what: &str, count: u32, cohorts: u32, before: u64) -> u64 {
    let now = resident_bytes();
    println!("| {what} | {count} | {cohorts} | {} |", now.saturating_sub(before) / u64::from(count));
    now
}

fn measure(count: u32, cohorts: u32) {
    let before = resident_bytes();
    let mut floor = Floor::new(count, cohorts, 0);
    let before = row("agent online, idle", count, cohorts, before);
    for seed in 0..count {
        let target = floor.hopeless(seed % 1_000);
        floor.decide(create(target));
        floor.engine.take_outbox();
    }
    let before = row("conversation that waits", count, cohorts, before);
    for agent in (0..count).map(AgentIx) {
        floor.decide(create(Target::Agent(agent)));
        let invite = floor.first_invite();
        floor.decide(accept(agent, invite));
        floor.engine.take_outbox();
    }
    row("conversation with an agent", count, cohorts, before);
}

/// Each measurement is a process of its own: what one has given back another would use again.
fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, one, count, cohorts] = arguments.as_slice()
        && one == ONE
    {
        return measure(count.parse().expect("a count"), cohorts.parse().expect("a count"));
    }
    let only_tried = arguments.iter().any(|it| it == "--test");
    let sizes: &[u32] = if only_tried { &[1_000] } else { &[100_000, 1_000_000] };
    println!("| what | how many | cohorts of agents | bytes each |\n| --- | --- | --- | --- |");
    for &count in sizes {
        for cohorts in [COHORTS, count] {
            let itself = std::env::current_exe().expect("a program has a path");
            let counts = [count.to_string(), cohorts.to_string()];
            let status = Command::new(itself).arg(ONE).args(counts).status().expect("it can be run");
            assert!(status.success(), "a measurement failed");
        }
    }
}
