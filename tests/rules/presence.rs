//! PRES-1 and 3: sessions that fence each other, and what a presence status means.

use omniroute::wire::v1::{Console, InviteOutcome, PresenceCause, RoutingState, SessionOpened};
use tonic::Code;

use crate::support::{House, agent, queue, reason, refused, sample, to};

#[tokio::test]
async fn pres_1_a_session_is_opened_from_either_console() {
    let house = House::with(sample::directory()).await;
    let ann = house.desk_at("ann", Console::Lightning, "available").await;
    let _bob = house.desk_at("bob", Console::Classic, "").await;
    let SessionOpened { epoch, resumed, lease_ms, .. } = ann.opened;
    assert_eq!((epoch, resumed, lease_ms), (1, false, 30_000));
    let (ann, bob) = (house.agent("ann").await, house.agent("bob").await);
    assert_eq!((ann.console(), ann.routing_state()), (Console::Lightning, RoutingState::Idle));
    assert_eq!((bob.console(), bob.routing_state()), (Console::Classic, RoutingState::Offline));
    assert_eq!((&*ann.presence_status_id, &*bob.presence_status_id), ("available", ""));
}

#[tokio::test]
async fn pres_1_a_newer_session_ends_the_older_one() {
    let house = House::with(sample::directory()).await;
    let mut older = house.desk("ann").await;
    let chat = house.chat_with(&mut older).await;
    let mut newer = house.desk("ann").await;
    let status = older.end_of_stream().await.expect("it says why");
    assert_eq!((status.code(), &*reason(&status)), (Code::FailedPrecondition, "SESSION_FENCED"));
    assert!(newer.session.epoch > older.session.epoch);
    assert_eq!(newer.opened.agent.as_ref().map(|it| it.conversation_ids.clone()), Some(vec![chat]));
    newer.post(chat, "still here", false).await.expect("the newer session has the conversation");
}

#[tokio::test]
async fn pres_1_the_commands_of_an_older_session_are_refused() {
    let house = House::with(sample::directory()).await;
    let mut older = house.desk("ann").await;
    let chat = house.chat_with(&mut older).await;
    house.chat(agent("ann")).await;
    let invite = older.invite().await.invite_id;
    let _newer = house.desk("ann").await;
    let fenced = (Code::FailedPrecondition, "SESSION_FENCED");
    refused(older.presence("lunch").await, fenced.0, fenced.1);
    refused(older.accept(invite).await, fenced.0, fenced.1);
    refused(older.decline(invite).await, fenced.0, fenced.1);
    refused(older.conference(chat, to(agent("bob"))).await, fenced.0, fenced.1);
    refused(older.transfer(chat, to(agent("bob"))).await, fenced.0, fenced.1);
    refused(older.cancel(1).await, fenced.0, fenced.1);
    refused(older.leave(chat).await, fenced.0, fenced.1);
    refused(older.end(chat).await, fenced.0, fenced.1);
    refused(older.post(chat, "hello?", false).await, fenced.0, fenced.1);
    refused(older.complete_wrap_up(chat).await, fenced.0, fenced.1);
    refused(older.extend_wrap_up(chat, 1).await, fenced.0, fenced.1);
    let back = house.open("ann", Console::Lightning, "", older.session.epoch).await;
    refused(back.map(|_| ()), fenced.0, fenced.1);
    assert_eq!(house.agent("ann").await.invites.len(), 1);
}

#[tokio::test]
async fn pres_3_a_status_takes_the_channels_that_it_names() {
    let house = House::with(sample::directory()).await;
    let mut ann = house.desk_at("ann", Console::Lightning, "chat-only").await;
    let case = house.create("case", to(agent("ann"))).await.expect("it is created").conversation_id;
    let chat = house.chat(agent("ann")).await;
    assert_eq!(ann.invite().await.conversation_id, chat);
    assert!(house.invited(case).await.is_empty());
    ann.presence("available").await.expect("there is such a status");
    assert_eq!(ann.invite().await.conversation_id, case);
}

#[tokio::test]
async fn pres_3_away_offline_and_draining_give_invites_back_and_route_them_on_at_once() {
    for (status, state) in [
        ("lunch", RoutingState::Offline),
        ("gone", RoutingState::Offline),
        ("finishing", RoutingState::Draining),
    ] {
        let house = House::with(sample::directory()).await;
        let (mut ann, mut bob) = (house.desk("ann").await, house.desk("bob").await);
        let chat = house.chat(queue("help")).await;
        let invite = ann.invite().await;
        ann.presence(status).await.expect("there is such a status");
        assert_eq!(ann.presence_changed().await.cause(), PresenceCause::Agent);
        assert_eq!(ann.invite_ended().await.outcome(), InviteOutcome::Revoked);
        refused(ann.accept(invite.invite_id).await, Code::FailedPrecondition, "INVITE_REVOKED");
        assert_eq!(bob.take().await, chat);
        let agent = house.agent("ann").await;
        assert_eq!((agent.routing_state(), agent.units_used), (state, 0), "{status}");
    }
}

#[tokio::test]
async fn pres_3_a_status_without_the_channel_gives_its_invites_back_and_keeps_the_others() {
    let house = House::with(sample::directory()).await;
    let mut ann = house.desk("ann").await;
    let chat = house.chat(agent("ann")).await;
    let case = house.create("case", to(agent("ann"))).await.expect("it is created").conversation_id;
    ann.presence("chat-only").await.expect("there is such a status");
    assert_eq!(house.invited(chat).await, ["ann"]);
    assert!(house.invited(case).await.is_empty());
}

#[tokio::test]
async fn pres_3_who_drains_finishes_what_is_in_hand_and_gets_nothing_new() {
    let house = House::with(sample::directory()).await;
    let mut ann = house.desk("ann").await;
    let chat = house.chat_with(&mut ann).await;
    ann.presence("finishing").await.expect("there is such a status");
    let next = house.chat(agent("ann")).await;
    ann.post(chat, "where were we?", false).await.expect("she is still in it");
    assert_eq!(house.agent("ann").await.routing_state(), RoutingState::Draining);
    ann.end(chat).await.expect("she is alone in it");
    assert!(house.invited(next).await.is_empty());
    ann.presence("available").await.expect("there is such a status");
    assert_eq!(ann.invite().await.conversation_id, next);
}
