//! Durability (API-1, INV-3): the real binary is killed at any moment, and everything that was answered is there, once.
//!
//! Clients drive it, each keeping a ledger of what it was answered. After so many answers the process gets SIGKILL, which no code of
//! ours sees. It starts again on the same data, and the ledgers are checked against what it says; then the clients go on.
#![allow(clippy::expect_used, clippy::panic, missing_docs, reason = "a test fails by panicking")]
#![allow(dead_code, reason = "other tests use more of the client")]
#![allow(clippy::wildcard_enum_match_arm, reason = "it looks at four kinds of events")]

#[path = "durability/client.rs"]
mod client;
#[path = "support/process.rs"]
mod process;

use std::collections::BTreeMap;

use client::{Ledger, ORG, Stage};
use omniroute::wire::v1::{self, event::Event, event_service_client::EventServiceClient};
use process::Process;
use tonic::transport::Channel;

const CLIENTS: usize = 8;
/// After how many answers of a life the process is killed. Uneven, so that the kill falls on every kind of call.
const LIVES: [usize; 6] = [7, 61, 150, 23, 211, 97];

#[tokio::test(flavor = "multi_thread")]
async fn everything_answered_survives_kills_at_any_moment_and_nothing_is_there_twice() {
    let mut process = Process::start(None).await;
    client::apply_directory(&process.connect().await, CLIENTS).await;
    let mut ledgers: Vec<Ledger> = (0..CLIENTS).map(Ledger::new).collect();
    let (mut watched, mut next_position) = (Vec::new(), 1);
    for answers in LIVES {
        ledgers = client::work_until(&mut process, ledgers, answers, Process::kill).await;
        process = Process::start(Some(process)).await;
        let channel = process.connect().await;
        for ledger in &mut ledgers {
            // What was in doubt is asked again with the same request_id: the answer is the first, or it is done now.
            client::settle(&channel, ledger).await;
            client::check(&channel, ledger).await;
        }
        let events = read_events(&channel, next_position).await;
        next_position += events.len() as u64;
        watched.extend(events);
    }
    let channel = process.connect().await;
    let whole = read_events(&channel, 1).await;
    assert!(whole.starts_with(&watched), "who resumes after each kill sees what who reads it all sees");
    check_events(&whole, &ledgers);
}

/// All events from a position to the last that is there, by a marker that is made now: dense and in order.
async fn read_events(channel: &Channel, from: u64) -> Vec<v1::Event> {
    let marker = client::marker(channel).await;
    let request = v1::WatchEventsRequest { org_id: ORG.into(), from_position: from, ..Default::default() };
    let mut stream = EventServiceClient::new(channel.clone())
        .watch_events(request)
        .await
        .expect("events can be watched")
        .into_inner();
    let mut events = Vec::new();
    while let Some(told) = stream.message().await.expect("the stream goes on") {
        let Some(event) = told.event else { continue };
        assert_eq!(event.position, from + events.len() as u64, "positions are dense");
        let last = matches!(&event.event, Some(Event::ConversationEnded(it)) if it.conversation_id == marker);
        events.push(event);
        if last {
            return events;
        }
    }
    panic!("the stream ended before the marker")
}

/// In the journal each conversation of a ledger was created once, accepted at most once, ended at most once, each message posted once.
fn check_events(events: &[v1::Event], ledgers: &[Ledger]) {
    let mut created: BTreeMap<&str, usize> = BTreeMap::new();
    let (mut accepted, mut ended): (BTreeMap<u64, usize>, BTreeMap<u64, usize>) = Default::default();
    let mut messages: BTreeMap<&str, usize> = BTreeMap::new();
    for event in events {
        match event.event.as_ref().expect("an event says something") {
            Event::ConversationCreated(it) => *created.entry(&it.customer_id).or_default() += 1,
            Event::InviteAccepted(it) => *accepted.entry(it.conversation_id).or_default() += 1,
            Event::ConversationEnded(it) => *ended.entry(it.conversation_id).or_default() += 1,
            Event::MessagePosted(it) => *messages.entry(&it.text).or_default() += 1,
            _ => {}
        }
    }
    assert!(accepted.values().chain(ended.values()).chain(messages.values()).all(|&times| times == 1));
    let mut answered = 0;
    for conversation in ledgers.iter().flat_map(|it| &it.conversations) {
        answered += 1;
        assert_eq!(created.get(&*conversation.customer), Some(&1), "{conversation:?}");
        assert_eq!(
            accepted.contains_key(&conversation.id),
            conversation.stage >= Stage::Accepted,
            "{conversation:?}"
        );
        assert_eq!(
            ended.contains_key(&conversation.id),
            conversation.stage >= Stage::Ended,
            "{conversation:?}"
        );
    }
    assert!(answered > LIVES.iter().sum::<usize>() / 8, "the clients did something: {answered}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_winner_of_a_race_gets_the_same_answer_after_a_kill_and_the_losers_too() {
    const RACERS: usize = 40;
    let mut process = Process::start(None).await;
    let channel = process.connect().await;
    client::apply_directory(&channel, RACERS).await;
    let mut sessions = Vec::new();
    for number in 0..RACERS {
        sessions.push(client::session(&channel, number).await);
    }
    let (conversation, invites) = client::broadcast(&channel, RACERS).await;
    let calls: Vec<_> = (0..RACERS).map(|it| client::acceptance(&sessions[it].0, invites[it])).collect();
    let mut racing = Vec::new();
    for call in calls.clone() {
        let channel = process.connect().await;
        racing.push(tokio::spawn(async move { client::accept(&channel, call).await }));
    }
    let mut first = Vec::new();
    for it in racing {
        first.push(it.await.expect("no racer panics"));
    }
    assert_eq!(
        first.iter().filter(|it| it.as_ref() == Ok(&conversation)).count(),
        1,
        "exactly one wins: {first:?}"
    );
    for _ in 0..2 {
        process.kill();
        process = Process::start(Some(process)).await;
        let channel = process.connect().await;
        for (call, first) in calls.iter().zip(&first) {
            assert_eq!(
                &client::accept(&channel, call.clone()).await,
                first,
                "to repeat is to get the same answer"
            );
        }
    }
}
