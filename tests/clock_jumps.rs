//! A clock that jumps: the time of the journal never goes back, and a jump ahead brings what is due by then and nothing else.
#![allow(clippy::expect_used, clippy::panic, missing_docs, reason = "a test fails by panicking")]

mod support;

use std::sync::atomic::Ordering;

use omniroute::{
    clock::Clock,
    wire::v1::{self, Console, event::Event as Kind},
};
use support::{House, agent, sample, watch::Watch};

const HOUR_MS: u64 = 3_600_000;
const YEARS_MS: u64 = 10 * 365 * 24 * HOUR_MS;

/// A house whose chats are offered for 30 seconds.
async fn house() -> House {
    House::with(sample::with_chat(v1::Channel { push_timeout_ms: 30_000, ..sample::channel("chat") })).await
}

/// Sets the clock back, and has it looked at.
async fn jump_back(house: &House, ms: u64) {
    let Clock::Manual(now) = &house.clock else { panic!("tests have a manual clock") };
    now.fetch_sub(ms, Ordering::SeqCst);
    house.advance(0).await;
}

/// Reads the events up to the creation of a conversation, and checks that their time does not go back.
async fn in_time(watch: &mut Watch, last: &mut i64, conversation: u64) {
    loop {
        let event = watch.event().await;
        assert!(event.at_ms >= *last, "{} after {last}", event.at_ms);
        *last = event.at_ms;
        if matches!(event.event, Some(Kind::ConversationCreated(it)) if it.conversation_id == conversation) {
            return;
        }
    }
}

#[tokio::test]
async fn while_the_clock_is_behind_time_stands_and_nothing_expires_early() {
    let mut house = house().await;
    let (mut watch, mut last) = (house.watch(1).await, 0);
    let mut ann = house.desk("ann").await;
    house.advance(10_000).await;
    let first = house.chat(agent("ann")).await;
    let invite = ann.invite().await.invite_id;
    jump_back(&house, HOUR_MS).await;
    let second = house.chat(agent("bob")).await;
    in_time(&mut watch, &mut last, second).await;
    // A restart in the meantime changes nothing: what is durable says how late it was.
    let epoch = ann.session.epoch;
    drop((ann, watch));
    house.restart().await;
    let third = house.chat(agent("bob")).await;
    let mut watch = house.watch(1).await;
    in_time(&mut watch, &mut 0, third).await;
    let mut ann = house.open("ann", Console::Lightning, "", epoch).await.expect("she comes back");
    // When the clock is where it was, 30 seconds begin to pass.
    house.advance(HOUR_MS + 29_999).await;
    assert_eq!(ann.accept(invite).await.expect("it is not too late"), first);
}

#[tokio::test]
async fn a_jump_ahead_ends_what_is_due_by_then_and_no_more() {
    let house = house().await;
    let mut ann = house.desk("ann").await;
    let kept = house.chat_with(&mut ann).await;
    let offered = house.chat(agent("ann")).await;
    let invite = ann.invite_to(offered).await.invite_id;
    let waiting = house.chat(agent("dee")).await;
    house.advance(YEARS_MS).await;
    assert_eq!(ann.invite_ended().await.invite_id, invite, "its 30 seconds are over");
    let found = house.agent("ann").await;
    assert!(found.connected, "a session lives while its stream is open");
    assert_eq!(found.conversation_ids, [kept], "what is in hand stays");
    assert_eq!(house.participants(kept).await, ["ann"]);
    assert_eq!(house.conversation(waiting).await.ended_at_ms, 0, "what waits without a deadline waits on");
    house.customer_says(kept, "still there?").await.expect("it goes on");
    // And back again: time stands, and work goes on.
    jump_back(&house, YEARS_MS).await;
    house.customer_says(kept, "and now?").await.expect("it goes on");
    let mut dee = house.desk("dee").await;
    assert_eq!(dee.invite_to(waiting).await.conversation_id, waiting);
}

#[tokio::test]
async fn a_clock_that_was_ahead_and_is_set_right_does_nothing_twice_and_nothing_early() {
    let mut house = house().await;
    let (mut watch, mut last) = (house.watch(1).await, 0);
    let (mut ann, mut bob) = (house.desk("ann").await, house.desk("bob").await);
    let first = house.chat(agent("ann")).await;
    let expired = ann.invite_to(first).await.invite_id;
    house.advance(HOUR_MS).await;
    assert_eq!(ann.invite_ended().await.invite_id, expired, "it was due by the wrong time");
    jump_back(&house, HOUR_MS).await;
    let second = house.chat(agent("bob")).await;
    let invite = bob.invite_to(second).await.invite_id;
    in_time(&mut watch, &mut last, second).await;
    // What was decided by the wrong time stands, and no time is before it, after a restart either.
    let epoch = bob.session.epoch;
    drop((ann, bob, watch));
    house.restart().await;
    let third = house.chat(agent("cid")).await;
    in_time(&mut house.watch(1).await, &mut 0, third).await;
    assert_eq!(house.invited(first).await, [""; 0], "it has not come back");
    let mut bob = house.open("bob", Console::Lightning, "", epoch).await.expect("he comes back");
    // The invite has its 30 seconds from when the clock is where it was.
    house.advance(HOUR_MS + 29_999).await;
    assert_eq!(house.invited(second).await, ["bob"]);
    house.advance(1).await;
    assert_eq!(bob.invite_ended().await.invite_id, invite);
}
