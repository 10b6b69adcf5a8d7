//! The load generator: the real binary puts a short load on a service, and what it reports is judged. No speed is: machines differ.
#![allow(clippy::expect_used, clippy::panic, missing_docs, reason = "a test fails by panicking")]

#[path = "support/held.rs"]
mod held;
mod support;

use std::{
    future::pending,
    net::SocketAddr,
    process::Command,
    sync::{LazyLock, mpsc},
    thread,
};

use held::{FLOOD, HeldHouse};
use omniroute::{telemetry::export_metrics, wire::v1};
use serde_json::Value;
use support::{
    House, ORG, PATIENCE, agent, fresh,
    page::{Page, get},
    sample, to,
};
use tokio::{runtime::Runtime, time::timeout};

/// A small floor, so that the debug build is quick about it.
const SMALL: [&str; 8] = ["--agents", "60", "--cohorts", "12", "--race-agents", "5", "--acceptors", "3"];
const CLOSED: [&str; 6] = ["--clients", "6", "--duration", "0.5", "--warm-up", "0.1"];
const LOAD_ORG: &str = "load";
/// Events that setting up a small floor takes, at most.
const SET_UP_MAX: u32 = 10_000;

/// Where this process's metrics are. They are of all its tests, so a runtime of their own serves them.
static METRICS: LazyLock<SocketAddr> = LazyLock::new(|| {
    let (sender, addr) = mpsc::channel();
    thread::spawn(move || {
        Runtime::new().expect("a runtime").block_on(async {
            let exporter = export_metrics(([127, 0, 0, 1], 0).into()).await.expect("a port is free");
            sender.send(exporter.addr).expect("somebody asked");
            pending::<()>().await;
        });
    });
    addr.recv().expect("it is told")
});

/// A house where no org is yet, which counts.
async fn house() -> House {
    LazyLock::force(&METRICS);
    House::empty().await
}

/// One with the sample directory for `ORG`.
async fn sampled() -> House {
    LazyLock::force(&METRICS);
    House::with(sample::directory()).await
}

/// How many commands found no room so far.
async fn overloaded() -> Option<f64> {
    let (_, page) = get(*METRICS, "/metrics").await;
    Page::read(&page).value("omniroute_commands_overloaded_total", &[])
}

struct Ended {
    code: i32,
    report: String,
    said: String,
}

impl Ended {
    fn json(&self) -> Value {
        serde_json::from_str(&self.report).unwrap_or_else(|_| panic!("{}{}", self.report, self.said))
    }
}

/// Runs `omniroute load` against the service at this address.
async fn load(addr: SocketAddr, args: &[&str]) -> Ended {
    let addr = addr.to_string();
    let mut args: Vec<String> = args.iter().map(|it| (*it).to_owned()).collect();
    if !args.iter().any(|it| it == "--metrics-url") {
        // Where nobody answers.
        args.extend(["--metrics-url", "http://127.0.0.1:1/metrics"].map(str::to_owned));
    }
    let ended = tokio::task::spawn_blocking(move || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_omniroute"));
        command.args(["load", "--addr", &addr]).args(args).output().expect("the binary starts")
    });
    let ended = ended.await.expect("it is waited for");
    Ended {
        code: ended.status.code().expect("it ends by itself"),
        report: String::from_utf8(ended.stdout).expect("it is text"),
        said: String::from_utf8(ended.stderr).expect("it is text"),
    }
}

/// The steps whose latency is told, with how many there were.
fn steps(load: &Value) -> Vec<(&str, u64)> {
    let latencies = load["latencies"].as_array().expect("a list");
    let step = |it: &'_ Value| (it["step"].as_str().map(str::len), it["count"].as_u64());
    assert!(latencies.iter().all(|it| step(it).0.is_some() && step(it).1.is_some()));
    latencies
        .iter()
        .map(|it| (it["step"].as_str().unwrap_or_default(), it["count"].as_u64().unwrap_or_default()))
        .collect()
}

fn names<'a>(steps: &[(&'a str, u64)]) -> Vec<&'a str> {
    steps.iter().map(|it| it.0).collect()
}

/// What must be of any run.
fn judge(ended: &Ended) -> Value {
    judge_of(ended, 60)
}

fn judge_of(ended: &Ended, agents: u64) -> Value {
    assert_eq!(ended.code, 0, "{}{}", ended.report, ended.said);
    let report = ended.json();
    let checks = &report["checks"];
    assert_eq!(checks["violation_count"], 0, "{checks}");
    assert_eq!(checks["created"], checks["ended"]);
    assert!(checks["agents_looked_at"].as_u64() >= Some(agents), "everybody, at the end");
    for load in report["loads"].as_array().expect("a list") {
        for it in load["latencies"].as_array().expect("a list") {
            let times = ["p50_us", "p90_us", "p99_us", "p99_9_us", "max_us"].map(|key| it[key].as_f64());
            assert!(times.is_sorted() && times[0] > Some(0.0), "{it}");
        }
    }
    report
}

async fn by_each_door(workload: &str, judge_load: impl Fn(&Value, &Value)) {
    let house = house().await;
    for door in ["pipeline", "unary"] {
        let line = [&["--workload", workload, "--door", door, "--json"][..], &SMALL, &CLOSED].concat();
        let report = judge(&load(house.addr(), &line).await);
        assert_eq!((&report["plan"]["workload"], &report["plan"]["door"]), (&workload.into(), &door.into()));
        let [load] = &report["loads"].as_array().expect("a list")[..] else { panic!("{report}") };
        assert!(load["conversations"].as_u64() > Some(0), "{load}");
        assert_eq!(load["load"]["clients"], 6);
        judge_load(load, &report["checks"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cycles_go_by_either_door() {
    by_each_door("cycle", |load, _| {
        assert_eq!(load["cycles"], load["conversations"]);
        let expected = [
            "create_conversation",
            "until_invited",
            "accept_invite",
            "end_conversation",
            "whole_conversation",
        ];
        assert_eq!(names(&steps(load)), expected);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_channel_accepts_nobody_calls_to() {
    let house = house().await;
    for workload in ["cycle", "transfer"] {
        let line = [&["--auto-accept", "--workload", workload, "--json"][..], &SMALL, &CLOSED].concat();
        let report = judge(&load(house.addr(), &line).await);
        let [load] = &report["loads"].as_array().expect("a list")[..] else { panic!("{report}") };
        assert!(load["conversations"].as_u64() > Some(0), "{load}");
        assert!(!names(&steps(load)).contains(&"accept_invite"));
        // A customer who still waits when no more is begun hangs up.
        let [settled, created] = ["requests_settled", "created"].map(|it| report["checks"][it].as_u64());
        assert!(settled.zip(load["hung_up"].as_u64()).map(|(settled, left)| settled + left) >= created);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backlog_that_nobody_can_serve_waits_all_the_time_and_is_ended_at_last() {
    let house = sampled().await;
    let ended = load(house.addr(), &[&["--backlog", "300", "--json"][..], &SMALL, &CLOSED].concat()).await;
    assert_eq!(ended.code, 0, "{}", ended.said);
    let report = ended.json();
    assert_eq!(report["plan"]["backlog"], 300);
    let (created, over) = (&report["checks"]["created"], &report["checks"]["ended"]);
    assert!(created == over && created.as_u64() > Some(300), "{created} and {over}");
    assert!(report["loads"][0]["conversations_per_second"].as_f64() > Some(0.0), "the others are served");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_each_race_one_wins_by_either_door() {
    by_each_door("race", |load, checks| {
        assert_eq!(load["races"], load["conversations"]);
        let steps = steps(load);
        let count = |name: &str| steps.iter().find(|it| it.0 == name).map(|it| it.1);
        assert_eq!(count("accept_invite"), count("until_race_settled").map(|it| 3 * it));
        let (races, lost) = (checks["races_settled"].as_u64(), checks["acceptances_lost"].as_u64());
        assert!(races > Some(0));
        assert_eq!(lost, races.map(|it| 2 * it), "of three acceptances two lose");
        let refusals = load["refusals"].as_array().expect("a list");
        let [rescinded] = &refusals[..] else { panic!("{refusals:?}") };
        assert_eq!(
            (&rescinded["call"], &rescinded["reason"]),
            (&"AcceptInvite".into(), &"INVITE_RESCINDED".into())
        );
        assert_eq!(rescinded["count"].as_u64(), lost);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn transfers_go_by_either_door() {
    by_each_door("transfer", |load, checks| {
        assert_eq!(load["transfers"], load["conversations"]);
        let steps = steps(load);
        assert!(names(&steps).contains(&"request_transfer") && names(&steps).contains(&"until_handed_over"));
        assert!(
            checks["requests_settled"].as_u64() > checks["created"].as_u64(),
            "two requests a conversation"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mix_has_all_of_them_by_either_door() {
    by_each_door("mix", |load, _| {
        let of = |kind: &str| load[kind].as_u64().unwrap_or_default();
        assert!(of("cycles") > of("races"));
        assert_eq!(of("cycles") + of("races") + of("transfers"), of("conversations"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_that_are_told_too_much_at_once_come_back() {
    let house = house().await;
    // Two thousand invites at once to each of two agents; the service cuts a session of which a thousand notices wait.
    let flood =
        ["--clients", "2000", "--race-agents", "2", "--acceptors", "2", "--busy-share", "0", "--agents", "2"];
    let time = ["--duration", "1", "--warm-up", "0"];
    judge_of(&load(house.addr(), &[&["--json", "--workload", "race"][..], &flood, &time].concat()).await, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn how_soon_a_command_was_refused_for_which_there_was_no_room_is_told() {
    let before = overloaded().await;
    let house = HeldHouse::after(SET_UP_MAX).await;
    let clients = FLOOD.to_string();
    let flood = ["--clients", &clients, "--connections", "8", "--duration", "0.5", "--warm-up", "0"];
    let line = [&["--json"][..], &SMALL, &flood].concat();
    let let_go = async {
        let refused = async { while overloaded().await == before {} };
        timeout(PATIENCE, refused).await.expect("one org has no room for all of it");
        drop(house.tokens);
    };
    let (ended, ()) = tokio::join!(load(house.addr, &line), let_go);
    let report = judge(&ended);
    let load = &report["loads"][0];
    let refused = steps(load).iter().find(|it| it.0 == "refused").map(|it| it.1);
    assert!(refused > Some(0), "there was no room: {load}");
    assert_eq!(refused, load["overloaded"].as_u64(), "apart from what was answered");
}

#[tokio::test(flavor = "multi_thread")]
async fn by_a_schedule_nothing_is_left_out_and_a_sweep_is_drawn() {
    let house = house().await;
    let dir = tempfile::TempDir::new().expect("a temporary directory");
    let picture = dir.path().join("latency.svg");
    let picture_arg = picture.to_str().expect("a path");
    // The second is more than can be in flight: what does not begin is counted all the same.
    let sweep = ["--rate", "40,4000", "--in-flight", "2", "--duration", "0.5", "--warm-up", "0.1"];
    let line = [&["--json", "--svg", picture_arg][..], &SMALL, &sweep].concat();
    let report = judge(&load(house.addr(), &line).await);
    let loads = report["loads"].as_array().expect("a list");
    assert_eq!(loads.len(), 2);
    for (load, rate) in loads.iter().zip([40, 4_000]) {
        assert_eq!(load["load"]["rate"]["per_second"], rate);
        let steps = steps(load);
        let whole = steps.iter().find(|it| it.0 == "whole_conversation").map(|it| it.1);
        assert_eq!(whole, Some(rate / 2), "all that were due in half a second");
        assert!(names(&steps).contains(&"started_late"));
    }
    let drawn = std::fs::read_to_string(picture).expect("it is drawn");
    assert!(drawn.starts_with("<svg") && drawn.matches("<polyline").count() >= 4, "{drawn}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_services_own_counters_are_told_where_they_can_be_read() {
    let house = house().await;
    let url = format!("http://{}/metrics", *METRICS);
    let line = [&["--metrics-url", &*url, "--json"][..], &SMALL, &CLOSED].concat();
    let report = judge(&load(house.addr(), &line).await);
    let cycles = report["loads"][0]["cycles"].as_f64();
    let accepted = &report["counters"]["omniroute_events_total{event=\"invite_accepted\"}"];
    assert!(accepted.as_f64() >= cycles && cycles > Some(0.0), "{}", report["counters"]);
    let line = [&["--json"][..], &SMALL, &CLOSED].concat();
    assert!(judge(&load(house.addr(), &line).await)["counters"].is_null());
}

#[tokio::test(flavor = "multi_thread")]
async fn for_people_there_is_a_table() {
    let house = house().await;
    let ended = load(house.addr(), &[&SMALL[..], &CLOSED].concat()).await;
    assert_eq!(ended.code, 0, "{}", ended.said);
    for part in ["6 clients", "accept_invite", "p99.9", "everything is as the rules say"] {
        assert!(ended.report.contains(part), "{part} is not in\n{}", ended.report);
    }
    assert_eq!(ended.said, "", "where the standard error is no terminal there is no bar");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_org_that_is_somebodys_is_left_alone() {
    let house = sampled().await;
    let ended = load(house.addr(), &["--org", ORG]).await;
    assert_eq!(ended.code, 1);
    assert!(ended.said.contains("has a directory of its own"), "{}", ended.said);
    assert_eq!(house.apply(sample::directory()).await.expect("it is right").changed_count, 0);
}

/// A conversation in the load's org that is not the load's.
async fn strange(house: &House) -> Option<u64> {
    let request = v1::CreateConversationRequest {
        org_id: LOAD_ORG.into(),
        request_id: fresh(),
        channel_id: "load-chat".into(),
        customer_id: "somebody else's".into(),
        routing: Some(to(agent("agent-000000"))),
        ..Default::default()
    };
    let created = house.conversations().create_conversation(request).await.ok()?;
    Some(created.into_inner().conversation_id)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_run_before_left_behind_is_ended_first() {
    let house = house().await;
    let line = [&["--json"][..], &SMALL, &CLOSED].concat();
    judge(&load(house.addr(), &line).await);
    assert!(strange(&house).await.is_some());
    judge(&load(house.addr(), &line).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_as_the_rules_say_has_an_exit_code_of_its_own() {
    let house = house().await;
    let meddle = async {
        // As soon as the run has its agents at work, somebody else gives one of them a conversation, and never ends it.
        loop {
            let request = v1::GetAgentRequest { org_id: LOAD_ORG.into(), agent_id: "agent-000000".into() };
            let found = house.agents().get_agent(request).await.map(|it| it.into_inner().agent);
            if found.is_ok_and(|it| it.is_some_and(|it| it.connected)) {
                return strange(&house).await;
            }
        }
    };
    let line = ["--json", "--busy-share", "0", "--clients", "2", "--duration", "3", "--warm-up", "0"];
    let line = [&line[..], &SMALL].concat();
    let (ended, strange) = tokio::join!(load(house.addr(), &line), meddle);
    assert!(strange.is_some());
    assert_eq!(ended.code, 3, "{}{}", ended.report, ended.said);
    assert!(ended.said.contains("not as the rules say"), "{}", ended.said);
    assert!(ended.json()["checks"]["violation_count"].as_u64() >= Some(1));
}
