//! QUE-4: what is for later, and what has a deadline.

use omniroute::wire::v1::{Directory, Queue, Routing, event};
use tonic::Code;

use crate::support::{Desk, House, START_MS, agent, invalid, queue, refused, sample, to};

/// The moment that is so long after the beginning of a test.
fn at(ms: u64) -> i64 {
    i64::try_from(START_MS + ms).expect("times are small")
}

fn not_before(ms: u64) -> Routing {
    Routing { not_before_ms: at(ms), ..to(queue("help")) }
}

fn accept_by(ms: u64) -> Routing {
    Routing { accept_by_ms: at(ms), ..to(queue("help")) }
}

async fn chat(house: &House, routing: Routing) -> u64 {
    house.create("chat", routing).await.expect("it is created").conversation_id
}

fn by_deadline() -> Directory {
    sample::with_queue(Queue { by_deadline: true, ..sample::queue("") })
}

async fn served(desk: &mut Desk, count: usize) -> Vec<u64> {
    let mut served = Vec::new();
    for _ in 0..count {
        served.push(desk.take().await);
    }
    served
}

#[tokio::test]
async fn que_4_what_is_for_later_is_not_routed_before() {
    let house = House::with(sample::directory()).await;
    let mut ann = house.desk("ann").await;
    let later = chat(&house, not_before(1_000)).await;
    let shown = house.conversation(later).await.requests[0].routing.clone().expect("a routing");
    assert_eq!(shown.not_before_ms, at(1_000));
    house.advance(999).await;
    assert!(house.invited(later).await.is_empty());
    house.advance(1).await;
    assert_eq!(ann.take().await, later);
}

#[tokio::test]
async fn que_4_until_its_time_it_stands_in_no_line() {
    let bounded = Queue { waiting_max: Some(1), ..sample::queue("") };
    let house = House::with(sample::with_queue(bounded)).await;
    let later = chat(&house, not_before(1_000)).await;
    let also_later = chat(&house, not_before(2_000)).await;
    let now = chat(&house, to(queue("help"))).await;
    refused(house.create("chat", to(queue("help"))).await, Code::ResourceExhausted, "QUEUE_FULL");
    assert_eq!(house.waiting("help").await, [now]);
    house.advance(1_000).await;
    assert_eq!(house.waiting("help").await, [later, now], "its place is that of its requested time");
    house.advance(1_000).await;
    assert_eq!(house.waiting("help").await, [later, also_later, now]);
}

#[tokio::test]
async fn que_4_its_time_comes_over_a_restart_too() {
    let mut house = House::with(sample::directory()).await;
    let later = chat(&house, not_before(1_000)).await;
    house.restart().await;
    assert!(house.waiting("help").await.is_empty());
    house.advance(1_000).await;
    assert_eq!(house.waiting("help").await, [later]);
}

#[tokio::test]
async fn que_4_what_has_ended_before_its_time_stays_ended() {
    let house = House::with(sample::directory()).await;
    let later = chat(&house, not_before(1_000)).await;
    house.end(later).await.expect("it is live");
    house.advance(1_000).await;
    assert!(house.waiting("help").await.is_empty());
}

#[tokio::test]
async fn que_4_a_transfer_may_be_for_later() {
    let house = House::with(sample::directory()).await;
    let (mut ann, mut bob) = (house.desk("ann").await, house.desk("bob").await);
    let chat = house.chat_with(&mut ann).await;
    let routing = Routing { not_before_ms: at(1_000), ..to(agent("bob")) };
    ann.transfer(chat, routing).await.expect("she may ask");
    assert!(house.invited(chat).await.is_empty());
    house.advance(1_000).await;
    bob.take_only(chat).await;
    assert_eq!(house.participants(chat).await, ["bob"]);
}

#[tokio::test]
async fn que_4_nearer_deadlines_go_first_within_a_priority() {
    let house = House::with(by_deadline()).await;
    let none = chat(&house, to(queue("help"))).await;
    house.advance(10).await;
    let far = chat(&house, accept_by(9_000)).await;
    let near = chat(&house, accept_by(5_000)).await;
    house.advance(10).await;
    let also_near = chat(&house, accept_by(5_000)).await;
    let urgent = chat(&house, Routing { priority: Some(1), ..to(queue("help")) }).await;
    let order = [urgent, near, also_near, far, none];
    assert_eq!(house.waiting("help").await, order);
    house.advance(6_000).await;
    assert_eq!(house.waiting("help").await, order, "a deadline that has passed ends nothing");
    let (mut ann, mut bob) = (house.desk("ann").await, house.desk("bob").await);
    assert_eq!(served(&mut ann, 3).await, order[..3]);
    assert_eq!(served(&mut bob, 2).await, order[3..]);
}

#[tokio::test]
async fn que_4_the_oldest_is_the_oldest_whatever_the_order() {
    let house = House::with(by_deadline()).await;
    let oldest = || async {
        let request = omniroute::wire::v1::GetQueueRequest {
            org_id: crate::support::ORG.into(),
            queue_id: "help".into(),
        };
        let found = house.supervisor().get_queue(request).await.expect("it is there").into_inner();
        found.queue.expect("a queue").oldest_requested_at_ms
    };
    let first = chat(&house, accept_by(9_000)).await;
    house.advance(10).await;
    chat(&house, accept_by(5_000)).await;
    chat(&house, to(queue("help"))).await;
    assert_eq!(oldest().await, at(0));
    house.end(first).await.expect("it is live");
    assert_eq!(oldest().await, at(10));
}

#[tokio::test]
async fn que_4_where_the_queue_does_not_say_so_age_decides() {
    let house = House::with(sample::directory()).await;
    let first = chat(&house, to(queue("help"))).await;
    let dated = chat(&house, accept_by(5_000)).await;
    assert_eq!(house.waiting("help").await, [first, dated]);
    house.apply(by_deadline()).await.expect("it is right");
    assert_eq!(house.waiting("help").await, [dated, first], "a change counts for what waits");
}

#[tokio::test]
async fn que_4_times_have_bounds_and_the_event_says_them() {
    let house = House::with(sample::directory()).await;
    let wrong = Routing { not_before_ms: -1, accept_by_ms: 253_402_300_800_000, ..to(queue("help")) };
    let paths = ["routing.not_before_ms", "routing.accept_by_ms"];
    invalid(house.create("chat", wrong).await, &paths);
    let mut events = house.watch(1).await;
    chat(&house, Routing { not_before_ms: at(7), ..accept_by(9) }).await;
    let told = events.until(|it| matches!(it, event::Event::ConversationCreated(_))).await;
    let Some(event::Event::ConversationCreated(created)) = told.event else { unreachable!("it is") };
    let routing = created.routing.expect("a routing");
    assert_eq!((routing.not_before_ms, routing.accept_by_ms), (at(7), at(9)));
}
