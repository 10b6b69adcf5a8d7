//! SUPV-1: what a supervisor sees of queues and agents.

use omniroute::wire::v1::{Channel, ListAgentsRequest, ListQueuesRequest, QueueState, RoutingState};
use tonic::Code;

use crate::support::{Desk, House, ORG, agent, invalid, queue, refused, sample};

const MINUTE: u64 = 60_000;

async fn help(house: &House) -> QueueState {
    let request = ListQueuesRequest { org_id: ORG.into(), ..Default::default() };
    let queues = house.supervisor().list_queues(request).await.expect("a page").into_inner().queues;
    queues.into_iter().find(|it| it.queue_id == "help").expect("it is there")
}

async fn wait(house: &House) -> Option<i64> {
    help(house).await.expected_wait_ms
}

/// Ann takes a chat from the queue and ends it.
async fn serve(house: &House, ann: &mut Desk) {
    let chat = house.chat(queue("help")).await;
    ann.take_only(chat).await;
    ann.end(chat).await.expect("she is alone in it");
}

/// Ann has taken four chats, one a minute, and has left the line to itself.
async fn four_served() -> (House, Desk) {
    let house = House::with(sample::directory()).await;
    let mut ann = house.desk("ann").await;
    for turn in 0..4 {
        house.advance(if turn == 0 { 0 } else { MINUTE }).await;
        serve(&house, &mut ann).await;
    }
    ann.presence("lunch").await.expect("she may");
    (house, ann)
}

#[tokio::test]
async fn supv_1_the_expected_wait_is_the_lines_pace_times_its_length() {
    let (house, mut ann) = four_served().await;
    // Acceptances at 0, 60, 120 and 180 s: three intervals of 60 s. One that came now is the first.
    assert_eq!(wait(&house).await, Some(60_000));
    for _ in 0..2 {
        house.chat(queue("help")).await;
    }
    assert_eq!(help(&house).await.waiting_count, 2);
    assert_eq!(wait(&house).await, Some(180_000), "(2 + 1) * 180 / 3");
    // While nothing is accepted the running interval counts: 240 s over three.
    house.advance(MINUTE).await;
    assert_eq!(wait(&house).await, Some(240_000), "(2 + 1) * 240 / 3");
    // A fifth acceptance, at 240 s: four intervals of 60 s; one waits.
    let first = house.waiting("help").await[0];
    ann.presence("available").await.expect("she may");
    ann.take_only(first).await;
    ann.presence("lunch").await.expect("she may");
    assert_eq!((help(&house).await.waiting_count, wait(&house).await), (1, Some(120_000)));
}

#[tokio::test]
async fn supv_1_nobody_waits_where_an_agent_is_free() {
    let (house, mut ann) = four_served().await;
    ann.presence("available").await.expect("she may");
    assert_eq!(wait(&house).await, Some(0));
    // Room counts, as it does for an invite.
    for _ in 0..3 {
        house.chat_with(&mut ann).await;
    }
    assert_eq!(wait(&house).await, Some(60_000));
    let mut bob = house.desk("bob").await;
    assert_eq!(wait(&house).await, Some(0));
    bob.presence("finishing").await.expect("he may");
    assert_eq!(wait(&house).await, Some(60_000));
}

#[tokio::test]
async fn supv_1_of_what_too_little_is_known_nothing_is_said() {
    let house = House::with(sample::directory()).await;
    let mut ann = house.desk("ann").await;
    assert_eq!(wait(&house).await, None, "not even on which channel");
    for _ in 0..3 {
        serve(&house, &mut ann).await;
        house.advance(MINUTE).await;
    }
    ann.presence("lunch").await.expect("she may");
    assert_eq!(wait(&house).await, None, "two intervals and what is running");
    let (house, _ann) = four_served().await;
    house.advance(60 * MINUTE).await;
    assert_eq!(wait(&house).await, Some(1_260_000), "63 minutes over three");
    house.advance(1).await;
    assert_eq!(wait(&house).await, None, "an hour ago");
}

#[tokio::test]
async fn supv_1_the_lines_pace_is_known_after_a_restart() {
    let (mut house, _ann) = four_served().await;
    house.restart().await;
    assert_eq!(wait(&house).await, Some(60_000));
}

#[tokio::test]
async fn supv_1_only_the_latest_sixteen_acceptances_count() {
    let (house, mut ann) = four_served().await;
    ann.presence("available").await.expect("she may");
    for _ in 0..16 {
        house.advance(1_000).await;
        serve(&house, &mut ann).await;
    }
    ann.presence("lunch").await.expect("she may");
    assert_eq!(wait(&house).await, Some(1_000));
}

async fn listed(house: &House, routing_state: RoutingState, queue_id: &str) -> Vec<String> {
    let (mut listed, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = ListAgentsRequest {
            org_id: ORG.into(),
            page_size: 1,
            page_token,
            routing_state: routing_state.into(),
            queue_id: queue_id.into(),
        };
        let page = house.agents().list_agents(request).await.expect("a page").into_inner();
        listed.extend(page.agents.into_iter().map(|it| it.agent_id));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return listed;
        }
    }
}

#[tokio::test]
async fn supv_1_agents_are_listed_by_their_state_and_their_queue() {
    let chat = Channel { push_timeout_ms: 1_000, ..sample::channel("") };
    let house = House::with(sample::with_chat(chat)).await;
    let (mut ann, _bob) = (house.desk("ann").await, house.desk("bob").await);
    let _cid = house.desk("cid").await;
    house.chat_with(&mut ann).await;
    assert_eq!(listed(&house, RoutingState::Engaged, "").await, ["ann"]);
    assert_eq!(listed(&house, RoutingState::Idle, "").await, ["bob", "cid"]);
    assert_eq!(listed(&house, RoutingState::Idle, "sales").await, ["bob"]);
    assert_eq!(listed(&house, RoutingState::Offline, "").await, ["dee"]);
    assert_eq!(listed(&house, RoutingState::Unspecified, "sales").await, ["bob"]);
    assert!(listed(&house, RoutingState::Draining, "").await.is_empty());
    house.chat(agent("cid")).await;
    house.advance(1_000).await;
    assert_eq!(listed(&house, RoutingState::NotResponding, "help").await, ["cid"]);
    let request = |routing_state, queue_id: &str| ListAgentsRequest {
        org_id: ORG.into(),
        routing_state,
        queue_id: queue_id.into(),
        ..Default::default()
    };
    let answer = house.agents().list_agents(request(0, "none")).await;
    refused(answer, Code::NotFound, "QUEUE_NOT_FOUND");
    invalid(house.agents().list_agents(request(99, "no queue")).await, &["queue_id", "routing_state"]);
}
