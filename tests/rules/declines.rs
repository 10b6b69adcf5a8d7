//! INV-5 to 7: time-outs, declines, who is asked again and when, and accepting by itself.

use omniroute::wire::v1::{
    Channel, InviteOutcome, PresenceCause, Reinvite, Routing, RoutingMode, RoutingState,
    open_session_response::Notice,
};
use tonic::Code;

use crate::support::{Desk, House, START_MS, agent, queue, refused, sample, skill, to};

async fn house_with(chat: Channel) -> House {
    House::with(sample::with_chat(chat)).await
}

async fn decline_next(desk: &mut Desk) {
    let invite = desk.invite().await.invite_id;
    desk.decline(invite).await.expect("it is pending");
}

#[tokio::test]
async fn inv_5_an_invite_expires_when_its_time_is_over_and_not_before() {
    let house = house_with(Channel { push_timeout_ms: 1_000, ..sample::channel("") }).await;
    let (mut ann, mut bob) = (house.desk("ann").await, house.desk("bob").await);
    let chat = house.chat(queue("help")).await;
    let expires_at = i64::try_from(START_MS + 1_000).expect("times are small");
    assert_eq!(ann.invite().await.expires_at_ms, expires_at);
    house.advance(999).await;
    assert_eq!(house.invited(chat).await, ["ann"]);
    house.advance(1).await;
    assert_eq!(ann.invite_ended().await.outcome(), InviteOutcome::Expired);
    assert_eq!(bob.take().await, chat);
}

#[tokio::test]
async fn inv_5_without_a_time_out_an_invite_never_expires() {
    let house = house_with(Channel { push_timeout_ms: 0, ..sample::channel("") }).await;
    let mut ann = house.desk("ann").await;
    let chat = house.chat(queue("help")).await;
    let invite = ann.invite().await;
    assert_eq!(invite.expires_at_ms, 0);
    house.advance(365 * 86_400_000).await;
    assert_eq!(ann.accept(invite.invite_id).await.expect("it is pending"), chat);
}

#[tokio::test]
async fn inv_5_who_lets_an_invite_expire_is_not_responding_until_it_acts() {
    let house = house_with(Channel { push_timeout_ms: 1_000, ..sample::channel("") }).await;
    let mut ann = house.desk("ann").await;
    let chat = house.chat(queue("help")).await;
    ann.invite().await;
    house.advance(1_000).await;
    assert_eq!(house.agent("ann").await.routing_state(), RoutingState::NotResponding);
    let next = house.chat(agent("ann")).await;
    assert!(house.invited(next).await.is_empty());
    ann.presence("available").await.expect("there is such a status");
    assert_eq!(house.invited(next).await, ["ann"]);
    // She is the only one who could take it, so she is asked again (INV-6).
    assert_eq!(house.invited(chat).await, ["ann"]);
}

#[tokio::test]
async fn inv_5_an_expiry_in_a_broadcast_makes_everyone_not_responding_and_an_acceptance_is_an_act() {
    let house = house_with(Channel { push_timeout_ms: 1_000, ..sample::channel("") }).await;
    let (mut ann, mut bob) = (house.desk("ann").await, house.desk("bob").await);
    let everyone = || Routing { mode: RoutingMode::Broadcast.into(), ..to(queue("help")) };
    house.create("chat", everyone()).await.expect("it is created");
    house.advance(500).await;
    let second = house.create("chat", everyone()).await.expect("it is created").conversation_id;
    ann.invite().await;
    let later = ann.invite().await.invite_id;
    house.advance(500).await;
    bob.invite().await;
    for id in ["ann", "bob"] {
        assert_eq!(house.agent(id).await.routing_state(), RoutingState::NotResponding);
    }
    assert_eq!(ann.accept(later).await.expect("it is pending"), second);
    assert_eq!(house.agent("ann").await.routing_state(), RoutingState::Engaged);
}

#[tokio::test]
async fn inv_5_a_decline_takes_a_reason_which_the_requester_is_told() {
    let house = house_with(sample::channel("")).await;
    let (mut ann, mut bob) = (house.desk("ann").await, house.desk("bob").await);
    let chat = house.chat_with(&mut ann).await;
    let request = ann.conference(chat, to(agent("bob"))).await.expect("she may ask");
    decline_next(&mut bob).await;
    let declined = ann.invite_declined().await;
    assert_eq!((&*declined.agent_id, &*declined.reason, declined.expired), ("bob", "at lunch", false));
    assert_eq!((declined.routing_request_id, declined.conversation_id), (request, chat));
}

#[tokio::test]
async fn inv_5_a_decline_changes_the_presence_as_the_policy_says() {
    let policy = Channel { decline_presence_status_id: "lunch".into(), ..sample::channel("") };
    let house = house_with(policy).await;
    let (mut ann, _bob) = (house.desk("ann").await, house.desk("bob").await);
    let other = house.create("case", to(agent("ann"))).await.expect("it is created").conversation_id;
    ann.invite().await;
    let chat = house.chat(agent("ann")).await;
    decline_next(&mut ann).await;
    let changed = ann.presence_changed().await;
    assert_eq!((&*changed.presence_status_id, changed.cause()), ("lunch", PresenceCause::Decline));
    assert_eq!(house.agent("ann").await.presence_status_id, "lunch");
    // Away gives back the other invite too (PRES-3).
    assert!(house.invited(other).await.is_empty());
    assert!(house.invited(chat).await.is_empty());
}

#[tokio::test]
async fn inv_5_an_expiry_changes_the_presence_as_the_policy_says() {
    let policy =
        Channel { push_timeout_ms: 1_000, expiry_presence_status_id: "gone".into(), ..sample::channel("") };
    let house = house_with(policy).await;
    let mut ann = house.desk("ann").await;
    house.chat(agent("ann")).await;
    house.advance(1_000).await;
    let changed = ann.presence_changed().await;
    assert_eq!((&*changed.presence_status_id, changed.cause()), ("gone", PresenceCause::Expiry));
    assert_eq!(house.agent("ann").await.routing_state(), RoutingState::Offline);
}

#[tokio::test]
async fn inv_6_by_default_who_declined_is_asked_again_once_everyone_has() {
    let house = house_with(sample::channel("")).await;
    let (mut ann, mut bob) = (house.desk("ann").await, house.desk("bob").await);
    // Bob is busy, and still counts as one who could take it.
    house.create("voice", to(agent("bob"))).await.expect("it is created");
    let call = bob.take().await;
    let chat = house.chat(queue("help")).await;
    decline_next(&mut ann).await;
    assert!(house.invited(chat).await.is_empty());
    bob.end(call).await.expect("he is alone in it");
    assert_eq!(house.invited(chat).await, ["bob"]);
    decline_next(&mut bob).await;
    assert_eq!(house.invited(chat).await, ["ann"]);
    decline_next(&mut ann).await;
    assert_eq!(house.invited(chat).await, ["bob"]);
}

#[tokio::test]
async fn inv_6_when_the_last_who_could_goes_away_everyone_has_declined() {
    let house = house_with(sample::channel("")).await;
    let (mut ann, mut bob) = (house.desk("ann").await, house.desk("bob").await);
    house.create("voice", to(agent("bob"))).await.expect("it is created");
    bob.take().await;
    let chat = house.chat(queue("help")).await;
    decline_next(&mut ann).await;
    bob.presence("lunch").await.expect("there is such a status");
    assert_eq!(house.invited(chat).await, ["ann"]);
}

#[tokio::test]
async fn inv_6_never_is_never() {
    let house = house_with(Channel { reinvite: Reinvite::Never.into(), ..sample::channel("") }).await;
    let mut ann = house.desk("ann").await;
    let chat = house.chat(queue("help")).await;
    decline_next(&mut ann).await;
    house.advance(86_400_000).await;
    ann.presence("lunch").await.expect("there is such a status");
    ann.presence("available").await.expect("there is such a status");
    assert_eq!(house.waiting("help").await, [chat]);
    // Another request is another matter.
    let next = house.chat(queue("help")).await;
    assert_eq!(house.invited(next).await, ["ann"]);
    let mut bob = house.desk("bob").await;
    assert_eq!(bob.take().await, chat);
}

#[tokio::test]
async fn inv_6_after_a_while_is_after_that_while() {
    let policy =
        Channel { reinvite: Reinvite::After.into(), reinvite_after_ms: 5_000, ..sample::channel("") };
    let house = house_with(policy).await;
    let mut ann = house.desk("ann").await;
    let chat = house.chat(queue("help")).await;
    decline_next(&mut ann).await;
    house.advance(4_999).await;
    assert_eq!(house.waiting("help").await, [chat]);
    house.advance(1).await;
    assert_eq!(house.invited(chat).await, ["ann"]);
}

#[tokio::test]
async fn inv_6_losing_a_race_counts_for_nothing() {
    let house = house_with(Channel { reinvite: Reinvite::Never.into(), ..sample::channel("") }).await;
    let (mut ann, mut bob, mut cid) =
        (house.desk("ann").await, house.desk("bob").await, house.desk("cid").await);
    let mut dee = house.desk("dee").await;
    let chat = house.chat_with(&mut dee).await;
    dee.conference(chat, to(skill("french"))).await.expect("she may ask");
    let (to_ann, _) = (ann.invite().await.invite_id, cid.invite().await.invite_id);
    let to_bob = bob.invite().await.invite_id;
    ann.accept(to_ann).await.expect("the first wins");
    refused(bob.accept(to_bob).await, Code::FailedPrecondition, "INVITE_RESCINDED");
    assert_eq!(house.agent("bob").await.routing_state(), RoutingState::Idle);
    ann.leave(chat).await.expect("Dee is still in");
    dee.conference(chat, to(skill("french"))).await.expect("she may ask");
    assert_eq!(house.invited(chat).await.len(), 3);
}

#[tokio::test]
async fn inv_7_a_channel_may_accept_in_the_agents_name() {
    let house =
        house_with(Channel { auto_accept: true, push_timeout_ms: 1_000, ..sample::channel("") }).await;
    let mut ann = house.desk("ann").await;
    let chat = house.chat(queue("help")).await;
    assert_eq!(house.participants(chat).await, ["ann"]);
    let told = ann.told().await;
    let [Notice::Invited(invite), Notice::InviteEnded(ended), Notice::Update(_)] = &told[..] else {
        panic!("{told:?}")
    };
    assert!(invite.auto_accept);
    assert_eq!((ended.invite_id, ended.outcome()), (invite.invite_id, InviteOutcome::Accepted));
}

#[tokio::test]
async fn inv_7_a_broadcast_is_not_accepted_in_anybodys_name() {
    let house = house_with(Channel { auto_accept: true, ..sample::channel("") }).await;
    let mut ann = house.desk("ann").await;
    let everyone = Routing { mode: RoutingMode::Broadcast.into(), ..to(queue("help")) };
    let chat = house.create("chat", everyone).await.expect("it is created").conversation_id;
    assert!(!ann.invite().await.auto_accept);
    assert!(house.participants(chat).await.is_empty());
}
