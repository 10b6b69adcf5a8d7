//! QUE: who waits, in what order.

use omniroute::{
    engine::limits::LEASE_MS,
    wire::v1::{Channel, GetQueueRequest, OnSessionLoss, Queue, Routing, resource::Resource},
};

use crate::support::{Desk, House, ORG, START_MS, agent, queue, sample, to};

async fn with_priority(house: &House, priority: u32) -> u64 {
    let routing = Routing { priority: Some(priority), ..to(queue("help")) };
    house.create("chat", routing).await.expect("it is created").conversation_id
}

/// What an agent who comes now is given, in the order in which it is given.
async fn served(desk: &mut Desk, count: usize) -> Vec<u64> {
    let mut served = Vec::new();
    for _ in 0..count {
        served.push(desk.take().await);
    }
    served
}

#[tokio::test]
async fn que_1_lower_priority_numbers_go_first_then_the_older_then_arrival() {
    let house = House::with(sample::directory()).await;
    let plain = house.chat(queue("help")).await;
    let also_plain = house.chat(queue("help")).await;
    let late = with_priority(&house, 101).await;
    house.advance(1_000).await;
    let urgent = with_priority(&house, 5).await;
    let default = with_priority(&house, 100).await;
    house.advance(1_000).await;
    let most_urgent = with_priority(&house, 0).await;
    let order = [most_urgent, urgent, plain, also_plain, default, late];
    assert_eq!(house.waiting("help").await, order);
    let (mut ann, mut bob) = (house.desk("ann").await, house.desk("bob").await);
    assert_eq!(served(&mut ann, 3).await, order[..3]);
    assert_eq!(served(&mut bob, 3).await, order[3..]);
}

#[tokio::test]
async fn que_1_a_queue_gives_the_priority_of_what_names_none() {
    let house = House::with(sample::with_queue(Queue { priority: Some(50), ..sample::queue("") })).await;
    let sixty = with_priority(&house, 60).await;
    let own = house.chat(queue("help")).await;
    let forty = with_priority(&house, 40).await;
    assert_eq!(house.waiting("help").await, [forty, own, sixty]);
}

#[tokio::test]
async fn que_1_the_older_requested_time_goes_before_the_earlier_arrival() {
    let house = House::with(sample::directory()).await;
    let mut ann = house.desk("ann").await;
    let old = house.chat_with(&mut ann).await;
    house.advance(1_000).await;
    let young = house.chat(queue("sales")).await;
    ann.transfer(old, to(queue("sales"))).await.expect("she may ask");
    assert_eq!(house.waiting("sales").await, [old, young]);
    let mut bob = house.desk("bob").await;
    assert_eq!(served(&mut bob, 2).await, [old, young]);
}

#[tokio::test]
async fn que_1_a_queue_says_how_many_wait_and_since_when() {
    let house = House::with(sample::directory()).await;
    with_priority(&house, 200).await;
    house.advance(1_000).await;
    with_priority(&house, 100).await;
    let request = GetQueueRequest { org_id: ORG.into(), queue_id: "help".into() };
    let found = house.supervisor().get_queue(request).await.expect("it is there").into_inner();
    let queue = found.queue.expect("a queue");
    assert_eq!((queue.waiting_count, queue.member_count, queue.online_count), (2, 4, 0));
    assert_eq!(queue.oldest_requested_at_ms, i64::try_from(START_MS).expect("times are small"));
}

#[tokio::test]
async fn que_2_a_decline_costs_nobody_its_place() {
    let house = House::with(sample::directory()).await;
    let mut ann = house.desk("ann").await;
    let old = house.chat(queue("help")).await;
    let invite = ann.invite().await.invite_id;
    house.advance(1_000).await;
    ann.decline(invite).await.expect("it is pending");
    ann.presence("lunch").await.expect("there is such a status");
    let young = house.chat(queue("help")).await;
    assert_eq!(house.waiting("help").await, [old, young]);
    let mut bob = house.desk("bob").await;
    assert_eq!(served(&mut bob, 2).await, [old, young]);
}

#[tokio::test]
async fn que_2_an_expiry_costs_nobody_its_place() {
    let chat = Channel { push_timeout_ms: 1_000, ..sample::channel("") };
    let house = House::with(sample::with_chat(chat)).await;
    let mut ann = house.desk("ann").await;
    let old = house.chat(queue("help")).await;
    ann.invite().await;
    house.advance(500).await;
    ann.presence("available").await.expect("there is such a status");
    house.advance(500).await;
    let young = house.chat(queue("help")).await;
    assert_eq!(house.waiting("help").await, [old, young]);
    let mut bob = house.desk("bob").await;
    assert_eq!(served(&mut bob, 2).await, [old, young]);
}

#[tokio::test]
async fn que_2_a_revocation_costs_nobody_its_place() {
    let house = House::with(sample::directory()).await;
    let mut ann = house.desk("ann").await;
    let old = house.chat(queue("help")).await;
    ann.invite().await;
    house.advance(1_000).await;
    ann.presence("lunch").await.expect("there is such a status");
    let young = house.chat(queue("help")).await;
    assert_eq!(house.waiting("help").await, [old, young]);
}

#[tokio::test]
async fn que_2_queueing_again_costs_nobody_its_place() {
    let chat = Channel { on_session_loss: OnSessionLoss::Requeue.into(), ..sample::channel("") };
    let house = House::with(sample::with_chat(chat)).await;
    let mut ann = house.desk("ann").await;
    let old = house.chat(queue("help")).await;
    assert_eq!(ann.take().await, old);
    house.break_off(ann).await;
    house.advance(1_000).await;
    let young = house.chat(queue("help")).await;
    house.advance(LEASE_MS).await;
    assert_eq!(house.waiting("help").await, [old, young]);
}

#[tokio::test]
async fn que_5_heavy_work_is_passed_over_and_is_no_plug() {
    let house = House::with(sample::directory()).await;
    let mut ann = house.desk("ann").await;
    let first = house.chat_with(&mut ann).await;
    let heavy = house.create("voice", to(queue("help"))).await.expect("it is created").conversation_id;
    let light = house.chat(queue("help")).await;
    assert_eq!(ann.take().await, light);
    assert_eq!(house.waiting("help").await, [heavy]);
    ann.end(light).await.expect("she is alone in it");
    assert_eq!(house.waiting("help").await, [heavy]);
    ann.end(first).await.expect("she is alone in it");
    assert_eq!(ann.take().await, heavy);
}

#[tokio::test]
async fn que_5_a_change_of_the_weight_lets_heavy_work_through() {
    let house = House::with(sample::directory()).await;
    let mut ann = house.desk("ann").await;
    house.chat_with(&mut ann).await;
    let heavy = house.create("voice", to(agent("ann"))).await.expect("it is created").conversation_id;
    assert!(house.invited(heavy).await.is_empty());
    let lighter = Channel { weight: 2, ..sample::channel("voice") };
    house.put(Resource::Channel(lighter)).await.expect("it is right");
    assert_eq!(ann.take().await, heavy);
}
