//! ROOM: leaving, ending, and the wrap-up after it.

use omniroute::wire::v1::{
    self, Author, Channel, ConversationState, HoldOwner, LogEntryKind, LogReader, RoutingState,
};
use tonic::Code;

use crate::support::{Desk, House, ORG, START_MS, agent, fresh, refused, sample};

const NO: Code = Code::FailedPrecondition;

/// Ann and Bob in a chat on such a channel.
async fn conference_on(chat: Channel) -> (House, Desk, Desk, u64) {
    let house = House::with(sample::with_chat(chat)).await;
    let (mut ann, mut bob) = (house.desk("ann").await, house.desk("bob").await);
    let chat = house.chat_with(&mut ann).await;
    ann.bring_in(chat, &mut bob).await;
    (house, ann, bob, chat)
}

async fn conference() -> (House, Desk, Desk, u64) {
    conference_on(sample::channel("")).await
}

fn with_wrap_up() -> Channel {
    Channel { wrap_up_ms: 1_000, ..sample::channel("") }
}

fn at(ms: u64) -> i64 {
    i64::try_from(START_MS + ms).expect("times are small")
}

#[tokio::test]
async fn room_1_any_participant_may_leave_a_conference_and_everybody_is_told() {
    let (house, mut ann, mut bob, chat) = conference().await;
    bob.told().await;
    ann.leave(chat).await.expect("Bob is still in");
    let left = bob.update().await;
    assert_eq!((left.kind(), &*left.agent_id), (LogEntryKind::AgentLeft, "ann"));
    assert_eq!(house.participants(chat).await, ["bob"]);
    assert!(house.conversation(chat).await.participants[0].keeper);
    let seen = house.log(chat, LogReader::Customer).await;
    assert_eq!(seen.last().map(|it| (it.kind(), &*it.agent_id)), Some((LogEntryKind::AgentLeft, "ann")));
    assert_eq!(house.agent("ann").await.units_used, 0);
    refused(ann.post(chat, "one more thing", false).await, NO, "NOT_A_PARTICIPANT");
    refused(ann.leave(chat).await, NO, "NOT_A_PARTICIPANT");
}

#[tokio::test]
async fn room_1_who_left_may_be_asked_in_again() {
    let (house, mut ann, mut bob, chat) = conference().await;
    ann.leave(chat).await.expect("Bob is still in");
    bob.bring_in(chat, &mut ann).await;
    assert_eq!(house.participants(chat).await, ["bob", "ann"]);
}

#[tokio::test]
async fn room_1_a_wrap_up_follows_the_leaving() {
    let (house, mut ann, _bob, chat) = conference_on(with_wrap_up()).await;
    ann.leave(chat).await.expect("Bob is still in");
    assert_eq!(ann.wrap_up().await.until_ms, at(1_000));
    let hold = house.agent("ann").await.holds[0];
    assert_eq!((hold.owner(), hold.units, hold.until_ms), (HoldOwner::WrapUp, 1, at(1_000)));
    house.advance(1_000).await;
    assert!(house.agent("ann").await.holds.is_empty());
}

#[tokio::test]
async fn room_2_the_last_agent_cannot_leave_and_ends_the_conversation() {
    let (house, mut ann, mut bob, chat) = conference().await;
    ann.leave(chat).await.expect("Bob is still in");
    refused(bob.leave(chat).await, NO, "LAST_AGENT_MUST_END");
    assert_eq!(house.participants(chat).await, ["bob"]);
    bob.end(chat).await.expect("he is alone in it");
    let ended = house.conversation(chat).await;
    assert_eq!((ended.state(), ended.ended_at_ms), (ConversationState::Ended, at(0)));
    let log = house.log(chat, LogReader::Customer).await;
    let last = log.last().expect("the end is an entry");
    assert_eq!((last.kind(), last.author(), &*last.agent_id), (LogEntryKind::Ended, Author::Agent, "bob"));
}

#[tokio::test]
async fn room_3_while_others_are_in_an_agent_cannot_end_it() {
    let (house, mut ann, mut bob, chat) = conference().await;
    refused(ann.end(chat).await, NO, "CONFERENCE_IN_PROGRESS");
    refused(bob.end(chat).await, NO, "CONFERENCE_IN_PROGRESS");
    assert_eq!(house.participants(chat).await, ["ann", "bob"]);
}

#[tokio::test]
async fn room_3_the_platform_may_end_it_and_so_may_the_customer() {
    let (house, mut ann, mut bob, chat) = conference().await;
    ann.told().await;
    bob.told().await;
    house.end(chat).await.expect("the platform may");
    for desk in [&mut ann, &mut bob] {
        let ended = desk.update().await;
        assert_eq!((ended.kind(), ended.author()), (LogEntryKind::Ended, Author::Platform));
    }
    let chat = house.chat(agent("ann")).await;
    ann.take().await;
    let actor = v1::actor::Actor::Customer(v1::actor::Customer {});
    let request = v1::EndConversationRequest {
        org_id: ORG.into(),
        request_id: fresh(),
        actor: Some(v1::Actor { actor: Some(actor) }),
        conversation_id: chat,
    };
    house.conversations().end_conversation(request).await.expect("the customer may");
    let log = house.log(chat, LogReader::Agent).await;
    assert_eq!(log.last().map(v1::LogEntry::author), Some(Author::Customer));
}

#[tokio::test]
async fn room_3_what_has_ended_stays_ended() {
    let (house, mut ann, _bob, chat) = conference().await;
    house.end(chat).await.expect("the platform may");
    refused(house.end(chat).await, NO, "CONVERSATION_ENDED");
    refused(ann.post(chat, "hello?", false).await, NO, "CONVERSATION_ENDED");
    refused(house.customer_says(chat, "hello?").await, NO, "CONVERSATION_ENDED");
    refused(ann.leave(chat).await, NO, "CONVERSATION_ENDED");
}

#[tokio::test]
async fn room_4_wrap_up_holds_the_capacity_for_its_time() {
    let (house, mut ann, mut bob, chat) = conference_on(with_wrap_up()).await;
    house.end(chat).await.expect("the platform may");
    for desk in [&mut ann, &mut bob] {
        assert_eq!(desk.wrap_up().await.until_ms, at(1_000));
    }
    let agent = house.agent("ann").await;
    assert_eq!((agent.units_used, agent.routing_state()), (1, RoutingState::Engaged));
    house.advance(999).await;
    assert_eq!(house.agent("ann").await.units_used, 1);
    house.advance(1).await;
    assert_eq!(house.agent("ann").await.units_used, 0);
    assert_eq!(ann.wrap_up().await.until_ms, 0);
}

#[tokio::test]
async fn room_4_wrap_up_ends_when_its_agent_is_done() {
    let (house, mut ann, _bob, chat) = conference_on(with_wrap_up()).await;
    refused(ann.complete_wrap_up(chat).await, NO, "NO_WRAP_UP");
    house.end(chat).await.expect("the platform may");
    ann.complete_wrap_up(chat).await.expect("she has one");
    assert_eq!((house.agent("ann").await.units_used, house.agent("bob").await.units_used), (0, 1));
    refused(ann.complete_wrap_up(chat).await, NO, "NO_WRAP_UP");
}

#[tokio::test]
async fn room_4_wrap_up_can_be_extended() {
    let (house, mut ann, mut bob, chat) = conference_on(with_wrap_up()).await;
    refused(ann.extend_wrap_up(chat, 500).await, NO, "NO_WRAP_UP");
    house.end(chat).await.expect("the platform may");
    assert_eq!(ann.extend_wrap_up(chat, 500).await.expect("she has one"), at(1_500));
    assert_eq!(ann.wrap_up().await.until_ms, at(1_000));
    assert_eq!(ann.wrap_up().await.until_ms, at(1_500));
    house.advance(1_000).await;
    assert_eq!((house.agent("ann").await.units_used, house.agent("bob").await.units_used), (1, 0));
    refused(bob.extend_wrap_up(chat, 500).await, NO, "NO_WRAP_UP");
    house.advance(500).await;
    assert_eq!(house.agent("ann").await.units_used, 0);
}

#[tokio::test]
async fn room_4_without_wrap_up_time_there_is_none() {
    let (house, mut ann, _bob, chat) = conference().await;
    house.end(chat).await.expect("the platform may");
    assert_eq!(house.agent("ann").await.units_used, 0);
    refused(ann.complete_wrap_up(chat).await, NO, "NO_WRAP_UP");
}
