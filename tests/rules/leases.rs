//! PRES-2: a session whose stream breaks has a lease to come back; after that, what it had goes where its channel says.

use omniroute::{
    engine::limits::LEASE_MS,
    wire::v1::{Channel, Console, Hold, HoldOwner, OnSessionLoss, RoutingState, event::Event},
};
use tonic::Code;

use crate::support::{Desk, House, START_MS, agent, queue, refused, sample, to};

fn requeue() -> Channel {
    Channel { on_session_loss: OnSessionLoss::Requeue.into(), ..sample::channel("chat") }
}

async fn come_back(house: &House, epoch: u64) -> Desk {
    house.open("ann", Console::Lightning, "", epoch).await.expect("she may come back")
}

#[tokio::test]
async fn pres_2_who_comes_back_within_the_lease_has_lost_nothing() {
    let house = House::with(sample::with_chat(requeue())).await;
    let mut ann = house.desk("ann").await;
    let chat = house.chat_with(&mut ann).await;
    let next = house.chat(agent("ann")).await;
    let invite = ann.invite().await.invite_id;
    let epoch = ann.session.epoch;
    house.break_off(ann).await;
    let gone = house.agent("ann").await;
    assert_eq!((gone.connected, gone.routing_state()), (false, RoutingState::Offline));
    house.advance(LEASE_MS - 1).await;
    let mut ann = come_back(&house, epoch).await;
    assert_eq!((ann.opened.epoch, ann.opened.resumed), (epoch, true));
    let found = ann.opened.agent.clone().expect("her state");
    assert_eq!((&*found.presence_status_id, found.units_used), ("available", 2));
    assert_eq!(found.conversation_ids, [chat]);
    assert_eq!(found.invites.iter().map(|it| it.invite_id).collect::<Vec<_>>(), [invite]);
    // The lease of the broken stream no longer runs.
    house.advance(10 * LEASE_MS).await;
    assert_eq!(ann.accept(invite).await.expect("it is still hers"), next);
    assert_eq!(house.participants(chat).await, ["ann"]);
}

#[tokio::test]
async fn pres_2_the_drop_says_until_when_the_lease_runs() {
    let house = House::with(sample::directory()).await;
    let mut watch = house.watch(0).await;
    let ann = house.desk("ann").await;
    drop(ann);
    let dropped = watch.until(|it| matches!(it, Event::SessionDropped(_))).await;
    let Some(Event::SessionDropped(it)) = dropped.event else { unreachable!("it is one") };
    assert_eq!(it.lease_until_ms, i64::try_from(START_MS + LEASE_MS).expect("times are small"));
}

#[tokio::test]
async fn pres_2_within_its_lease_a_session_gets_no_new_work() {
    let house = House::with(sample::directory()).await;
    let ann = house.desk("ann").await;
    let epoch = ann.session.epoch;
    house.break_off(ann).await;
    let chat = house.chat(queue("help")).await;
    assert_eq!(house.waiting("help").await, [chat]);
    let mut ann = come_back(&house, epoch).await;
    assert_eq!(ann.take().await, chat);
}

#[tokio::test]
async fn pres_2_after_the_lease_pending_invites_are_routed_on_at_once() {
    let house = House::with(sample::directory()).await;
    let mut ann = house.desk("ann").await;
    let chat = house.chat(queue("help")).await;
    let invite = ann.invite().await.invite_id;
    let mut bob = house.desk("bob").await;
    let epoch = ann.session.epoch;
    house.break_off(ann).await;
    assert_eq!(house.invited(chat).await, ["ann"]);
    house.advance(LEASE_MS).await;
    assert_eq!(house.invited(chat).await, ["bob"]);
    assert_eq!(bob.take().await, chat);
    // Whoever comes too late has a new session, and the invite is gone.
    let mut ann = come_back(&house, epoch).await;
    assert_eq!((ann.opened.epoch, ann.opened.resumed), (epoch + 1, false));
    refused(ann.accept(invite).await, Code::FailedPrecondition, "INVITE_REVOKED");
}

#[tokio::test]
async fn pres_2_work_on_a_channel_that_keeps_waits_for_its_agent() {
    let house = House::with(sample::directory()).await;
    let mut ann = house.desk("ann").await;
    let chat = house.chat(queue("help")).await;
    assert_eq!(ann.take().await, chat);
    let _bob = house.desk("bob").await;
    let session = ann.session.epoch;
    house.break_off(ann).await;
    house.advance(LEASE_MS).await;
    assert_eq!(house.participants(chat).await, ["ann"]);
    let agent = house.agent("ann").await;
    assert_eq!((agent.session_epoch, agent.units_used), (0, 1));
    let mut ann = house.desk("ann").await;
    assert!(ann.session.epoch > session);
    ann.post(chat, "I am back", false).await.expect("it is still hers");
}

#[tokio::test]
async fn pres_2_work_on_a_channel_that_queues_again_is_routed_with_its_age() {
    let house = House::with(sample::with_chat(requeue())).await;
    let mut ann = house.desk("ann").await;
    let chat = house.chat(queue("help")).await;
    assert_eq!(ann.take().await, chat);
    house.break_off(ann).await;
    house.advance(1).await;
    let younger = house.chat(queue("help")).await;
    house.advance(LEASE_MS).await;
    assert_eq!(house.waiting("help").await, [chat, younger]);
    let again = &house.conversation(chat).await.requests[0];
    assert_eq!(again.requested_at_ms, i64::try_from(START_MS).expect("times are small"));
    let mut bob = house.desk("bob").await;
    assert_eq!(bob.take().await, chat);
    assert_eq!(
        (house.agent("ann").await.units_used, house.participants(chat).await),
        (0, vec!["bob".into()])
    );
}

#[tokio::test]
async fn pres_2_from_a_conference_the_lost_agent_is_just_taken_out() {
    let house = House::with(sample::with_chat(requeue())).await;
    let (mut ann, mut bob) = (house.desk("ann").await, house.desk("bob").await);
    let chat = house.chat_with(&mut ann).await;
    ann.bring_in(chat, &mut bob).await;
    house.break_off(ann).await;
    house.advance(LEASE_MS).await;
    let left = house.conversation(chat).await;
    assert_eq!(
        left.participants.iter().map(|it| (&*it.agent_id, it.keeper)).collect::<Vec<_>>(),
        [("bob", true)]
    );
    assert!(left.requests.is_empty());
}

#[tokio::test]
async fn pres_2_a_lost_requester_takes_its_requests_along() {
    let house = House::with(sample::with_chat(requeue())).await;
    let (mut ann, mut bob, mut cid) =
        (house.desk("ann").await, house.desk("bob").await, house.desk("cid").await);
    let chat = house.chat_with(&mut ann).await;
    ann.bring_in(chat, &mut bob).await;
    ann.conference(chat, to(agent("cid"))).await.expect("she may ask");
    let invite = cid.invite().await.invite_id;
    house.break_off(ann).await;
    house.advance(LEASE_MS).await;
    refused(cid.accept(invite).await, Code::FailedPrecondition, "INVITE_REVOKED");
}

#[tokio::test]
async fn pres_2_a_restart_is_a_drop_of_every_stream() {
    let mut house = House::with(sample::with_chat(requeue())).await;
    let (mut ann, mut bob) = (house.desk("ann").await, house.desk("bob").await);
    let (hers, his) = (house.chat_with(&mut ann).await, house.chat_with(&mut bob).await);
    let epoch = ann.session.epoch;
    house.restart().await;
    let _ann = come_back(&house, epoch).await;
    house.advance(LEASE_MS).await;
    assert_eq!(house.participants(hers).await, ["ann"]);
    assert!(house.participants(his).await.is_empty());
    let holds = house.agent("ann").await.holds;
    assert_eq!(holds.iter().map(Hold::owner).collect::<Vec<_>>(), [HoldOwner::Participation]);
}
