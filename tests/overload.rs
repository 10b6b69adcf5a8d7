//! Overload (API-2): a mailbox without room refuses at once, typed and with a delay; what was taken is answered; afterwards all is well.
//! One org's flood leaves room and turns to the others.
#![allow(clippy::expect_used, clippy::panic, missing_docs, reason = "a test fails by panicking")]

#[path = "support/held.rs"]
mod held;

use std::time::Duration;

use crossbeam_channel::bounded;
use held::{FLOOD, HeldHouse};
use omniroute::{
    journal::{Append, JournalError, JournalWriter},
    shard::MAILBOX_MAX,
    wire::v1::{
        self, conversation_service_client::ConversationServiceClient,
        directory_service_client::DirectoryServiceClient,
    },
};
use tokio::{
    task::{JoinHandle, JoinSet},
    time::timeout,
};
use tonic::{Code, Status, transport::Channel};
use tonic_types::StatusExt;

const ORG: &str = "flooded";
const QUIET: &str = "quiet";
const CONNECTIONS: usize = 40;
/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(60);
/// Calls of the org beside it: more than are taken in one turn.
const QUIET_CALLS: usize = 100;

/// A writer with a bug.
struct Buggy(u64);

impl JournalWriter for Buggy {
    fn commit(&mut self, _: &[Append<'_>]) -> Result<(), JournalError> {
        panic!("the bug of this test");
    }

    fn writer_epoch(&self) -> u64 {
        self.0
    }
}

/// A service that is held back, and connections to it.
struct House {
    held: HeldHouse,
    channels: Vec<Channel>,
}

async fn house() -> House {
    connected(HeldHouse::after(0).await).await
}

async fn connected(held: HeldHouse) -> House {
    let mut channels = Vec::new();
    for _ in 0..CONNECTIONS {
        let endpoint = Channel::from_shared(format!("http://{}", held.addr)).expect("an address");
        channels.push(endpoint.connect().await.expect("it listens"));
    }
    House { held, channels }
}

async fn create(channel: Channel, org: &str, number: usize) -> Result<u64, Status> {
    let target = v1::target::Target::AgentId("ann".into());
    let routing = v1::Routing { target: Some(v1::Target { target: Some(target) }), ..Default::default() };
    let request = v1::CreateConversationRequest {
        org_id: org.into(),
        request_id: format!("create-{number}"),
        channel_id: "chat".into(),
        customer_id: format!("customer-{number}"),
        routing: Some(routing),
        ..Default::default()
    };
    Ok(ConversationServiceClient::new(channel)
        .create_conversation(request)
        .await?
        .into_inner()
        .conversation_id)
}

async fn apply_directory(house: &House, org: &str) {
    let directory = v1::Directory {
        channels: vec![v1::Channel { id: "chat".into(), weight: 1, ..Default::default() }],
        capacity_profiles: vec![v1::CapacityProfile { id: "one".into(), units: 1, ..Default::default() }],
        agents: vec![v1::AgentResource {
            id: "ann".into(),
            capacity_profile_id: "one".into(),
            ..Default::default()
        }],
        ..Default::default()
    };
    let directory = Some(directory);
    let request =
        v1::ApplyDirectoryRequest { org_id: org.into(), request_id: "d".into(), directory, dry_run: false };
    house.held.tokens.send(()).expect("the committer lives");
    DirectoryServiceClient::new(house.channels[0].clone())
        .apply_directory(request)
        .await
        .expect("it is right");
}

/// Calls that flood an org until it has all the room that one org may have.
async fn flood(house: &House) -> Vec<JoinHandle<Result<u64, Status>>> {
    let calls = (0..FLOOD)
        .map(|number| tokio::spawn(create(house.channels[number % CONNECTIONS].clone(), ORG, number)))
        .collect();
    while house.held.mailboxes.waiting() < MAILBOX_MAX / 2 {
        tokio::task::yield_now().await;
    }
    calls
}

/// How many of the calls were taken; the others were refused as they must be.
async fn taken(calls: Vec<JoinHandle<Result<u64, Status>>>) -> usize {
    let (mut taken, all) = (0, calls.len());
    for call in calls {
        match call.await.expect("no call panics") {
            Ok(_) => taken += 1,
            Err(status) => {
                assert_eq!(status.code(), Code::ResourceExhausted, "{status:?}");
                let details = status.get_error_details();
                assert_eq!(details.error_info().map(|it| it.reason.as_str()), Some("OVERLOADED"));
                assert!(
                    details.retry_info().is_some_and(|it| it.retry_delay.is_some()),
                    "it says when to try again"
                );
            }
        }
    }
    assert!(taken >= MAILBOX_MAX / 2 && taken < all, "{taken} of {all} were taken");
    taken
}

#[tokio::test(flavor = "multi_thread")]
async fn api_2_a_full_mailbox_refuses_with_a_retry_delay_and_loses_nothing_that_it_took() {
    let house = house().await;
    apply_directory(&house, ORG).await;
    let calls = flood(&house).await;
    let refused_now = create(house.channels[0].clone(), ORG, FLOOD).await.expect_err("there is no room");
    assert_eq!(refused_now.code(), Code::ResourceExhausted);
    // From here on the journal is not held back.
    drop(house.held.tokens);
    let taken = taken(calls).await;
    let next = create(house.channels[0].clone(), ORG, FLOOD + 1).await.expect("it is well again");
    assert_eq!(
        next,
        u64::try_from(taken).expect("a count") + 1,
        "who was answered created one conversation each, nobody else any"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn api_2_the_flood_of_one_org_takes_neither_the_room_nor_the_turn_of_another() {
    let house = house().await;
    apply_directory(&house, ORG).await;
    apply_directory(&house, QUIET).await;
    let calls = flood(&house).await;
    let mut quiet = JoinSet::new();
    for number in 0..QUIET_CALLS {
        quiet.spawn(create(house.channels[1].clone(), QUIET, number));
    }
    while house.held.mailboxes.waiting() < MAILBOX_MAX / 2 + QUIET_CALLS {
        tokio::task::yield_now().await;
    }
    // The batch that is being committed, the one behind it, the one that the shard holds, and the one that it takes next. The flood waits
    // for more than a dozen.
    for _ in 0..4 {
        house.held.tokens.send(()).expect("the committer lives");
    }
    while let Some(answered) =
        timeout(PATIENCE, quiet.join_next()).await.expect("it does not wait for the flood")
    {
        answered.expect("no call panics").expect("it has room of its own");
    }
    assert!(house.held.mailboxes.waiting() > 0, "the quiet org was answered before the flood was over");
    drop(house.held.tokens);
    taken(calls).await;
}

/// A log line that could not be written once ended the thread that commits, and with it the shards; the process stayed, and refused.
#[tokio::test(flavor = "multi_thread")]
async fn a_thread_that_ends_by_a_bug_answers_nobody_and_is_noticed() {
    let (tokens, _) = bounded(1);
    let held = HeldHouse::behind(tokens, |writer| Box::new(Buggy(writer.writer_epoch()))).await;
    let house = connected(held).await;
    let call = v1::ApplyDirectoryRequest {
        org_id: ORG.into(),
        request_id: "directory".into(),
        directory: Some(v1::Directory::default()),
        dry_run: false,
    };
    let refused = DirectoryServiceClient::new(house.channels[0].clone()).apply_directory(call).await;
    assert_eq!(refused.expect_err("nothing is durable").code(), Code::Unavailable);
    timeout(PATIENCE, house.held.failed)
        .await
        .expect("it must be noticed")
        .expect_err("nobody is left who could say so");
}
