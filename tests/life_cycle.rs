//! The life cycle of the real binary: what health says in each phase, what a drain takes and what it does not, how long a stop takes, and
//! that it loses neither an answer nor anybody's place.
#![allow(clippy::expect_used, clippy::panic, missing_docs, reason = "a test fails by panicking")]
#![allow(dead_code, reason = "the client of the durability test is used in part")]

#[path = "durability/client.rs"]
mod client;
#[path = "support/process.rs"]
mod process;

use std::{fs, net::SocketAddr, process::Command, time::Duration};

use client::{Ledger, ORG};
use omniroute::{
    clock::Stopwatch,
    wire::v1::{
        self, agent_service_client::AgentServiceClient,
        conversation_service_client::ConversationServiceClient,
    },
};
use process::{Process, free_addr, serve};
use tempfile::TempDir;
use tonic::{Code, Status, transport::Channel};
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};
use tonic_types::StatusExt;

/// Long enough that no test ends by it.
const LONG: &[&str] = &["--drain-timeout", "1h"];

/// What a name's health is.
async fn health(channel: &Channel, service: &str) -> ServingStatus {
    let request = HealthCheckRequest { service: service.into() };
    let answer = HealthClient::new(channel.clone()).check(request).await.expect("health answers");
    answer.into_inner().status()
}

/// Waits until a name's health is this.
async fn until_health(channel: &Channel, service: &str, expected: ServingStatus) {
    let request = HealthCheckRequest { service: service.into() };
    let mut told = HealthClient::new(channel.clone()).watch(request).await.expect("it is told").into_inner();
    while told.message().await.expect("it lives").expect("the stream goes on").status() != expected {}
}

/// What the command says of a service: its exit code and its output.
fn asked(addr: SocketAddr, further: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_omniroute"));
    let ended = command.args(["health", "--addr", &addr.to_string()]).args(further).output();
    let ended = ended.expect("the binary runs");
    (ended.status.code(), String::from_utf8(ended.stdout).expect("UTF-8").trim().to_owned())
}

async fn create(channel: &Channel, customer: &str) -> Result<u64, Status> {
    let target = v1::target::Target::AgentId("agent-0".into());
    let request = v1::CreateConversationRequest {
        org_id: ORG.into(),
        request_id: format!("create-{customer}"),
        channel_id: "chat".into(),
        customer_id: customer.into(),
        routing: Some(v1::Routing {
            target: Some(v1::Target { target: Some(target) }),
            ..v1::Routing::default()
        }),
        ..Default::default()
    };
    let created = ConversationServiceClient::new(channel.clone()).create_conversation(request).await?;
    Ok(created.into_inner().conversation_id)
}

/// Asserts that a call was refused because of the phase that the service is in, with the moment to try again.
#[track_caller]
fn refused_as(status: &Status, reason: &str) {
    let details = status.get_error_details();
    assert_eq!(status.code(), Code::Unavailable, "{status:?}");
    assert_eq!(details.error_info().map(|it| &*it.reason), Some(reason), "{status:?}");
    assert!(details.retry_info().is_some_and(|it| it.retry_delay.is_some()), "{status:?}");
}

async fn agent(channel: &Channel, id: &str) -> v1::Agent {
    let request = v1::GetAgentRequest { org_id: ORG.into(), agent_id: id.into() };
    let found = AgentServiceClient::new(channel.clone()).get_agent(request).await;
    found.expect("the service lives").into_inner().agent.expect("an agent")
}

#[tokio::test(flavor = "multi_thread")]
async fn health_says_starting_while_what_is_durable_is_recovered() {
    let mut process = Process::start(None).await;
    client::apply_directory(&process.connect().await, 1).await;
    process.terminate();
    assert!(process.ended().await.success());
    let data = process.into_data();
    // The start reads the newest snapshot first. This one is a pipe, so it reads until the test lets it go on.
    let snapshot = data.path().join("snapshots/org-durable/99999999999999999999.snapshot");
    let snapshot = snapshot.to_str().expect("UTF-8").replace("99999999999999999999", "00000000000000000099");
    assert!(Command::new("mkfifo").arg(&snapshot).status().expect("there is mkfifo").success());

    let addr = free_addr();
    let mut command = serve(data.path());
    command.args(["--grpc-addr", &addr.to_string()]);
    let starting = tokio::spawn(async move { Process::run(command, data).await });
    let endpoint = Channel::from_shared(format!("http://{addr}")).expect("an address");
    let channel = loop {
        // It listens before it recovers, but not before it runs.
        if let Ok(channel) = endpoint.connect().await {
            break channel;
        }
        tokio::task::yield_now().await;
    };
    for (service, expected) in [
        ("", ServingStatus::NotServing),
        ("ready", ServingStatus::NotServing),
        ("omniroute.v1.AgentService", ServingStatus::NotServing),
        ("started", ServingStatus::NotServing),
        ("live", ServingStatus::Serving),
    ] {
        assert_eq!(health(&channel, service).await, expected, "{service:?}");
    }
    assert_eq!(asked(addr, &[]), (Some(1), "starting".into()));
    assert_eq!(asked(addr, &["--live"]), (Some(0), "starting".into()));
    refused_as(&create(&channel, "early").await.expect_err("nothing is taken yet"), "STARTING");

    // An empty snapshot is a damaged one: it is passed over.
    tokio::task::spawn_blocking(move || fs::write(snapshot, "")).await.expect("it runs").expect("it is read");
    let process = starting.await.expect("it starts");
    until_health(&channel, "", ServingStatus::Serving).await;
    assert_eq!(health(&channel, "omniroute.v1.AgentService").await, ServingStatus::Serving);
    assert_eq!(asked(process.addr(), &[]), (Some(0), "serving".into()));
    create(&channel, "on time").await.expect("the connection from before is let in");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drain_takes_no_new_conversation_and_lets_what_exists_go_on_until_nobody_is_logged_in() {
    let mut process = Process::start_with(None, LONG).await;
    let channel = process.connect().await;
    client::apply_directory(&channel, 1).await;
    let (session, stream) = client::session(&channel, 0).await;
    let conversation_id = create(&channel, "before").await.expect("it serves");
    let invite = agent(&channel, "agent-0").await.invites[0].invite_id;

    process.terminate();
    until_health(&channel, "", ServingStatus::NotServing).await;
    assert_eq!(health(&channel, "started").await, ServingStatus::Serving);
    assert_eq!(health(&channel, "omniroute.v1.AgentService").await, ServingStatus::NotServing);
    assert_eq!(asked(process.addr(), &[]), (Some(1), "draining".into()));

    refused_as(&create(&channel, "late").await.expect_err("no new work"), "SHUTTING_DOWN");
    let accepted = client::accept(&channel, client::acceptance(&session, invite)).await;
    assert_eq!(accepted, Ok(conversation_id), "a pending invite is accepted");
    let actor = Some(v1::Actor { actor: Some(v1::actor::Actor::Agent(session)) });
    let mut conversations = ConversationServiceClient::new(channel.clone());
    let message = v1::PostMessageRequest {
        org_id: ORG.into(),
        request_id: "message".into(),
        actor: actor.clone(),
        conversation_id,
        text: "goodbye".into(),
        whisper: false,
    };
    conversations.post_message(message).await.expect("messages are taken");
    let end =
        v1::EndConversationRequest { org_id: ORG.into(), request_id: "end".into(), actor, conversation_id };
    conversations.end_conversation(end).await.expect("ends are taken");

    drop(stream);
    assert!(process.ended().await.success(), "nobody is logged in any more: it has ended in order");
    let process = Process::start(Some(process)).await;
    let channel = process.connect().await;
    assert_eq!(agent(&channel, "agent-0").await.units_used, 0, "the end is there");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_does_not_leave_is_told_at_the_end_of_the_drain_and_comes_back_to_the_same_place() {
    let mut process = Process::start_with(None, &["--drain-timeout", "300ms"]).await;
    let channel = process.connect().await;
    client::apply_directory(&channel, 1).await;
    let (session, mut stream) = client::session(&channel, 0).await;
    let conversation = create(&channel, "patient").await.expect("it serves");
    let invites = agent(&channel, "agent-0").await.invites;

    let watch = Stopwatch::start();
    process.terminate();
    let last = loop {
        match stream.message().await {
            Ok(Some(_)) => {}
            Ok(None) => panic!("the stream ended without a last word"),
            Err(status) => break status,
        }
    };
    refused_as(&last, "SHUTTING_DOWN");
    assert!(process.ended().await.success());
    // 300 ms of drain, a second for connections, a second for readers: the stated time. The rest is for a busy machine.
    assert!(watch.elapsed() < Duration::from_secs(10), "{:?}", watch.elapsed());

    let process = Process::start(Some(process)).await;
    let channel = process.connect().await;
    let request = v1::OpenSessionRequest {
        org_id: ORG.into(),
        request_id: "again".into(),
        agent_id: session.agent_id.clone(),
        console: v1::Console::Lightning.into(),
        resume_epoch: session.epoch,
        presence_status_id: "available".into(),
        ..Default::default()
    };
    let mut again =
        AgentServiceClient::new(channel.clone()).open_session(request).await.expect("it opens").into_inner();
    let first = again.message().await.expect("it goes on").expect("it begins");
    let Some(v1::open_session_response::Notice::Opened(opened)) = first.notice else {
        panic!("a session begins with `opened`: {first:?}")
    };
    assert!(opened.resumed);
    assert_eq!(opened.epoch, session.epoch);
    assert_eq!(opened.agent.expect("an agent").invites, invites, "the invite is the same");
    let accepted = client::accept(&channel, client::acceptance(&session, invites[0].invite_id)).await;
    assert_eq!(accepted, Ok(conversation));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_cuts_the_drain_short() {
    let mut process = Process::start_with(None, LONG).await;
    let channel = process.connect().await;
    client::apply_directory(&channel, 1).await;
    let (_session, mut stream) = client::session(&channel, 0).await;
    process.terminate();
    until_health(&channel, "", ServingStatus::NotServing).await;
    process.terminate();
    while let Ok(told) = stream.message().await {
        assert!(told.is_some(), "the stream ends with a word");
    }
    assert!(process.ended().await.success(), "it has ended in order");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_under_load_answers_everything_that_it_takes() {
    const CLIENTS: usize = 8;
    let mut process = Process::start_with(None, LONG).await;
    client::apply_directory(&process.connect().await, CLIENTS).await;
    let mut ledgers: Vec<Ledger> = (0..CLIENTS).map(Ledger::new).collect();
    // Without a drain the calls in flight are answered all the same, or their connection is gone and a repeat tells.
    for (answers, drained, next) in [(40, true, "1h"), (200, true, "0s"), (80, false, "0s")] {
        ledgers = client::work_until(&mut process, ledgers, answers, |it| it.terminate()).await;
        assert!(process.ended().await.success());
        process = Process::start_with(Some(process), &["--drain-timeout", next]).await;
        let channel = process.connect().await;
        for ledger in &mut ledgers {
            let gone = ledger.gone.take();
            if drained {
                refused_as(&gone.expect("it was refused"), "SHUTTING_DOWN");
            }
            client::settle(&channel, ledger).await;
            client::check(&channel, ledger).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_while_it_starts_is_a_stop_at_once() {
    let mut process = Process::start(None).await;
    client::apply_directory(&process.connect().await, 1).await;
    process.terminate();
    assert!(process.ended().await.success());
    let data: TempDir = process.into_data();
    let snapshot = data.path().join("snapshots/org-durable/00000000000000000099.snapshot");
    assert!(Command::new("mkfifo").arg(&snapshot).status().expect("there is mkfifo").success());
    let addr = free_addr();
    let mut command = serve(data.path());
    let mut child = command.args(["--grpc-addr", &addr.to_string()]).spawn().expect("the binary starts");
    // Opening the pipe waits for its reader, so from here on the recovery is under way.
    let held = tokio::task::spawn_blocking(move || fs::File::options().write(true).open(snapshot));
    let held = held.await.expect("it runs").expect("it is read");
    let sent = Command::new("kill").args(["-s", "TERM", &child.id().to_string()]).status();
    assert!(sent.expect("there is a kill").success());
    let ended = tokio::task::spawn_blocking(move || child.wait()).await.expect("it runs").expect("a child");
    assert!(ended.success(), "{ended:?}");
    drop(held);
}
