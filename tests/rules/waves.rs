//! INV-1, WAVES: some, then more, then all.

use omniroute::wire::v1::{Channel, Routing, RoutingMode, event};
use tonic::Code;

use crate::support::{House, START_MS, invalid, queue, refused, sample, to};

/// To the queue `help`, one more agent every second.
fn waves(wave_size: u32) -> Routing {
    Routing { mode: RoutingMode::Waves.into(), wave_size, wave_interval_ms: 1_000, ..to(queue("help")) }
}

async fn chat(house: &House, routing: Routing) -> u64 {
    house.create("chat", routing).await.expect("it is created").conversation_id
}

fn at(ms: u64) -> i64 {
    i64::try_from(START_MS + ms).expect("times are small")
}

#[tokio::test]
async fn inv_1_waves_ask_some_then_more_then_all() {
    let house = House::with(sample::directory()).await;
    let desks = [house.desk("ann").await, house.desk("bob").await, house.desk("cid").await];
    let _dee = house.desk("dee").await;
    let chat = chat(&house, waves(1)).await;
    assert_eq!(house.invited(chat).await, ["ann"]);
    house.advance(999).await;
    assert_eq!(house.invited(chat).await, ["ann"]);
    house.advance(1).await;
    assert_eq!(house.invited(chat).await, ["ann", "bob"]);
    house.advance(1_000).await;
    assert_eq!(house.invited(chat).await, ["ann", "bob", "cid", "dee"]);
    let [mut ann, mut bob, _] = desks;
    bob.take_only(chat).await;
    assert_eq!(house.participants(chat).await, ["bob"]);
    let invite = ann.invite().await.invite_id;
    refused(ann.accept(invite).await, Code::FailedPrecondition, "INVITE_RESCINDED");
    house.advance(5_000).await;
    assert!(house.invited(chat).await.is_empty());
}

#[tokio::test]
async fn inv_1_an_acceptance_ends_the_waves() {
    let house = House::with(sample::directory()).await;
    let mut ann = house.desk("ann").await;
    let _bob = house.desk("bob").await;
    let chat = chat(&house, waves(1)).await;
    ann.take_only(chat).await;
    house.advance(3_000).await;
    assert!(house.invited(chat).await.is_empty());
    assert!(house.agent("bob").await.invites.is_empty());
}

#[tokio::test]
async fn inv_1_when_a_whole_wave_has_declined_the_next_does_not_wait() {
    let house = House::with(sample::directory()).await;
    let (mut ann, mut bob) = (house.desk("ann").await, house.desk("bob").await);
    let chat = chat(&house, waves(1)).await;
    let invite = ann.invite().await.invite_id;
    ann.decline(invite).await.expect("it is pending");
    bob.take_only(chat).await;
    assert_eq!(house.participants(chat).await, ["bob"]);
}

#[tokio::test]
async fn inv_1_each_wave_has_its_own_push_time_out() {
    let house =
        House::with(sample::with_chat(Channel { push_timeout_ms: 1_500, ..sample::channel("") })).await;
    let (mut ann, mut bob) = (house.desk("ann").await, house.desk("bob").await);
    let chat = chat(&house, waves(1)).await;
    assert_eq!(ann.invite().await.expires_at_ms, at(1_500));
    house.advance(1_000).await;
    assert_eq!(bob.invite().await.expires_at_ms, at(2_500));
    assert_eq!(house.agent("ann").await.invites[0].expires_at_ms, at(1_500));
    house.advance(500).await;
    assert_eq!(house.invited(chat).await, ["bob"]);
    house.advance(1_000).await;
    assert!(house.invited(chat).await.is_empty());
}

#[tokio::test]
async fn inv_1_waves_go_on_after_a_restart() {
    let mut house = House::with(sample::directory()).await;
    let (ann, bob) = (house.desk("ann").await, house.desk("bob").await);
    let chat = chat(&house, waves(1)).await;
    assert_eq!(house.invited(chat).await, ["ann"]);
    house.restart().await;
    let back = |agent: &'static str, epoch: u64| {
        let house = &house;
        async move {
            let console = omniroute::wire::v1::Console::Lightning;
            house.open(agent, console, "available", epoch).await.expect("it comes back")
        }
    };
    let _ann = back("ann", ann.session.epoch).await;
    let _bob = back("bob", bob.session.epoch).await;
    assert_eq!(house.invited(chat).await, ["ann"]);
    house.advance(1_000).await;
    assert_eq!(house.invited(chat).await, ["ann", "bob"]);
}

#[tokio::test]
async fn inv_1_when_nobody_is_left_the_waves_end_and_say_so() {
    let house = House::with(sample::directory()).await;
    let _desks = (house.desk("ann").await, house.desk("bob").await);
    let mut events = house.watch(1).await;
    let first = chat(&house, waves(2)).await;
    house.advance(1_000).await;
    let sent = events.until(|it| matches!(it, event::Event::InvitesSent(_))).await;
    let Some(event::Event::InvitesSent(sent)) = sent.event else { unreachable!("it is") };
    assert_eq!((sent.next_wave_at_ms, sent.held_units, sent.agent_ids.len()), (at(1_000), 0, 2));
    let ended = events.until(|it| matches!(it, event::Event::WavesEnded(_))).await;
    let Some(event::Event::WavesEnded(ended)) = ended.event else { unreachable!("it is") };
    assert_eq!(ended.conversation_id, first);
    let _cid = house.desk("cid").await;
    house.advance(5_000).await;
    assert_eq!(house.invited(first).await, ["ann", "bob"]);
}

#[tokio::test]
async fn inv_1_waves_have_bounds_and_defaults() {
    let house = House::with(sample::directory()).await;
    let wrong = Routing { wave_size: 10_001, wave_interval_ms: -1, ..waves(1) };
    let paths = ["routing.wave_size", "routing.wave_interval_ms"];
    invalid(house.create("chat", wrong).await, &paths);
    let plain = Routing { mode: RoutingMode::Waves.into(), ..to(queue("help")) };
    let shown = house.conversation(chat(&house, plain).await).await.requests[0].routing.clone();
    let shown = shown.expect("a routing");
    assert_eq!((shown.mode(), shown.wave_size, shown.wave_interval_ms), (RoutingMode::Waves, 5, 15_000));
}
