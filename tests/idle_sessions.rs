//! Thousands of sessions that nothing is told to: on a few connections, half with a stream each and half carried on one. They cost little,
//! they are counted, and when their clients go, so do they.
#![allow(clippy::expect_used, clippy::panic, missing_docs, reason = "a test fails by panicking")]

mod support;

use std::fs;

use omniroute::{
    engine::limits::LEASE_MS,
    wire::v1::{
        self, Console, SubmitRequest, SubmitResponse, agent_service_client::AgentServiceClient, event::Event,
        pipeline_service_client::PipelineServiceClient, submit_request::Command,
    },
};
use support::{House, ORG, PATIENCE, fresh, page::Page, sample};
use tokio::{sync::mpsc, task::JoinSet};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Streaming, transport::Channel};

/// Sessions with a stream each, and on how many connections.
const ALONE: usize = 1_600;
const CONNECTIONS: usize = 2;
/// Sessions on one stream.
const CARRIED: usize = 1_600;
/// What one may take of memory, with its client, which is in this process too: three times what was seen.
const BYTES_MAX: usize = 40 << 10;

fn id(number: usize) -> String {
    format!("agent-{number}")
}

fn open(number: usize) -> v1::OpenSessionRequest {
    v1::OpenSessionRequest {
        org_id: ORG.into(),
        request_id: fresh(),
        agent_id: id(number),
        console: Console::Lightning.into(),
        presence_status_id: "available".into(),
        ..Default::default()
    }
}

/// Opens sessions with a stream each, and waits until they are open.
async fn alone(channel: Channel, numbers: std::ops::Range<usize>) -> Vec<Streaming<v1::OpenSessionResponse>> {
    let mut opening = JoinSet::new();
    for number in numbers {
        let mut client = AgentServiceClient::new(channel.clone());
        opening.spawn(async move {
            let mut stream = client.open_session(open(number)).await.expect("it opens").into_inner();
            stream.message().await.expect("it is open").expect("it says so");
            stream
        });
    }
    opening.join_all().await
}

/// Opens sessions on one stream, and waits until they are open.
async fn carried(
    channel: Channel,
    numbers: std::ops::Range<usize>,
) -> (mpsc::Sender<SubmitRequest>, Streaming<SubmitResponse>) {
    let (commands, outgoing) = mpsc::channel(numbers.len());
    let mut client = PipelineServiceClient::new(channel);
    let mut answers = client.submit(ReceiverStream::new(outgoing)).await.expect("it is open").into_inner();
    for number in numbers.clone() {
        let command = Some(Command::OpenSession(open(number)));
        commands.send(SubmitRequest { correlation_id: number as u64, command }).await.expect("it is read");
    }
    for _ in numbers {
        answers.message().await.expect("it is open").expect("each is told that it is open");
    }
    (commands, answers)
}

/// Bytes of this process in memory.
fn resident() -> usize {
    let status = fs::read_to_string("/proc/self/status").expect("there is one");
    let line = status.lines().find(|it| it.starts_with("VmRSS:")).expect("the resident set is in it");
    let kilobytes = line.split_whitespace().nth(1).and_then(|it| it.parse::<usize>().ok());
    kilobytes.expect("a number") << 10
}

/// Sessions that are open, and agents who are offline, as the metrics have them.
async fn counted(house: &House) -> (f64, f64) {
    let page = Page::read(&house.figures().within(PATIENCE).await);
    let value = |name, labels: &[_]| page.value(name, labels).unwrap_or_default();
    let org = ("org", ORG);
    (value("omniroute_sessions", &[org]), value("omniroute_agents", &[org, ("state", "offline")]))
}

#[tokio::test(flavor = "multi_thread")]
async fn thousands_of_idle_sessions_cost_little_are_counted_and_are_gone_with_their_clients() {
    let mut directory = sample::directory();
    directory.agents = (0..ALONE + CARRIED).map(|it| sample::agent(&id(it), &[], &["help"])).collect();
    let all = f64::from(u32::try_from(directory.agents.len()).expect("a count"));
    let house = House::with(directory).await;
    assert_eq!(counted(&house).await, (0.0, all));

    let before = resident();
    let mut streams = Vec::new();
    let share = ALONE / CONNECTIONS;
    for number in 0..CONNECTIONS {
        streams.extend(alone(house.connect().await, number * share..(number + 1) * share).await);
    }
    let platform = carried(house.connect().await, ALONE..ALONE + CARRIED).await;
    let grown = resident().saturating_sub(before) / (ALONE + CARRIED);
    assert_eq!(counted(&house).await, (all, 0.0));
    assert!(grown < BYTES_MAX, "{grown} bytes a session");

    let mut watch = house.watch(0).await;
    drop((streams, platform));
    for _ in 0..ALONE + CARRIED {
        watch.until(|it| matches!(it, Event::SessionDropped(_))).await;
    }
    assert_eq!(counted(&house).await, (0.0, all), "nobody is given work");
    house.advance(LEASE_MS).await;
    for _ in 0..ALONE + CARRIED {
        watch.until(|it| matches!(it, Event::SessionEnded(_))).await;
    }
}
