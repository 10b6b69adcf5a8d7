//! XFER: handing a conversation over.

use omniroute::wire::v1::{
    Channel, Console, HoldOwner, InviteOutcome, LogEntryKind, LogReader, Queue, RequestEnd, Routing,
    event::Event, open_session_response::Notice, target::Target,
};
use tonic::Code;

use crate::support::{Desk, House, START_MS, agent, button, queue, refused, requirements, sample, skill, to};

const NO: Code = Code::FailedPrecondition;

/// Dee in a chat, and Bob at his desk.
async fn dee_and_bob(channel: Channel) -> (House, Desk, Desk, u64) {
    let house = House::with(sample::with_chat(channel)).await;
    let (mut dee, bob) = (house.desk("dee").await, house.desk("bob").await);
    let chat = house.chat_with(&mut dee).await;
    (house, dee, bob, chat)
}

#[tokio::test]
async fn xfer_1_a_place_is_transferred_to_each_kind_of_target() {
    let targets: [Target; 5] =
        [agent("bob"), skill("french"), requirements(&[("french", 700)]), queue("sales"), button("web")];
    for target in targets {
        let (house, mut dee, mut bob, chat) = dee_and_bob(sample::channel("")).await;
        dee.transfer(chat, to(target.clone())).await.expect("she may ask");
        assert_eq!(bob.take().await, chat);
        assert_eq!(house.participants(chat).await, ["bob"], "{target:?}");
    }
}

#[tokio::test]
async fn xfer_1_to_a_skill_the_first_to_accept_has_it() {
    let (house, mut dee, mut bob, chat) = dee_and_bob(sample::channel("")).await;
    let mut ann = house.desk("ann").await;
    dee.transfer(chat, to(skill("french"))).await.expect("she may ask");
    let (to_ann, to_bob) = (ann.invite().await.invite_id, bob.invite().await.invite_id);
    ann.accept(to_ann).await.expect("the first wins");
    refused(bob.accept(to_bob).await, NO, "INVITE_RESCINDED");
    assert_eq!(house.participants(chat).await, ["ann"]);
}

#[tokio::test]
async fn xfer_1_only_a_participant_transfers_and_not_to_one_who_is_in() {
    let (_house, mut dee, mut bob, chat) = dee_and_bob(sample::channel("")).await;
    refused(bob.transfer(chat, to(agent("ann"))).await, NO, "NOT_A_PARTICIPANT");
    refused(dee.transfer(chat, to(agent("dee"))).await, NO, "ALREADY_A_PARTICIPANT");
    dee.bring_in(chat, &mut bob).await;
    refused(dee.transfer(chat, to(agent("bob"))).await, NO, "ALREADY_A_PARTICIPANT");
}

#[tokio::test]
async fn xfer_1_an_older_console_may_give_and_receive() {
    let house = House::with(sample::directory()).await;
    let mut ann = house.desk_at("ann", Console::Classic, "available").await;
    let mut bob = house.desk_at("bob", Console::Classic, "available").await;
    let chat = house.chat_with(&mut ann).await;
    ann.transfer(chat, to(agent("bob"))).await.expect("she may ask");
    assert_eq!(bob.take().await, chat);
}

#[tokio::test]
async fn xfer_2_a_conference_by_button_skills_cannot_be_transferred() {
    let house = House::with(sample::directory()).await;
    let (mut ann, mut bob) = (house.desk("ann").await, house.desk("bob").await);
    let chat = house.chat(button("web")).await;
    assert_eq!(ann.take().await, chat);
    ann.bring_in(chat, &mut bob).await;
    let reason = "CONFERENCE_BUTTON_SKILLS_NOT_TRANSFERABLE";
    refused(ann.transfer(chat, to(agent("dee"))).await, NO, reason);
    refused(bob.transfer(chat, to(queue("help"))).await, NO, reason);
    // With one agent left it can.
    bob.leave(chat).await.expect("Ann is still in");
    ann.transfer(chat, to(agent("bob"))).await.expect("she is alone in it");
    assert_eq!(bob.take().await, chat);
}

#[tokio::test]
async fn xfer_2_a_conference_routed_by_omni_channel_can_be_transferred() {
    let (house, mut dee, mut bob, chat) = dee_and_bob(sample::channel("")).await;
    let mut ann = house.desk("ann").await;
    dee.bring_in(chat, &mut bob).await;
    dee.transfer(chat, to(agent("ann"))).await.expect("she may ask");
    assert_eq!(ann.take().await, chat);
    assert_eq!(house.participants(chat).await, ["ann", "bob"]);
}

#[tokio::test]
async fn xfer_2_by_button_skills_a_transfer_and_a_conference_request_exclude_each_other() {
    let house = House::with(sample::directory()).await;
    let (mut ann, _bob, _cid) = (house.desk("ann").await, house.desk("bob").await, house.desk("cid").await);
    let chat = house.chat(button("web")).await;
    ann.take().await;
    let conference = ann.conference(chat, to(agent("bob"))).await.expect("she may ask");
    refused(ann.transfer(chat, to(agent("cid"))).await, NO, "CONFERENCE_OPEN");
    ann.cancel(conference).await.expect("it is hers");
    ann.transfer(chat, to(agent("cid"))).await.expect("nothing else is open");
    refused(ann.conference(chat, to(agent("bob"))).await, NO, "TRANSFER_OPEN");
}

#[tokio::test]
async fn xfer_3_the_hand_over_is_one_step_in_the_same_position() {
    let (house, mut dee, mut bob, chat) = dee_and_bob(sample::channel("")).await;
    let mut ann = house.desk("ann").await;
    dee.bring_in(chat, &mut ann).await;
    let mut watch = house.watch(0).await;
    dee.transfer(chat, to(agent("bob"))).await.expect("she may ask");
    assert_eq!(bob.take().await, chat);
    let accepted = watch.until(|it| matches!(it, Event::InviteAccepted(_))).await;
    let Some(Event::InviteAccepted(it)) = accepted.event else { unreachable!("it is one") };
    assert_eq!((&*it.agent_id, &*it.giver_agent_id), ("bob", "dee"));
    // Dee was there longest; the keeper's place is Bob's now.
    let now = house.conversation(chat).await.participants;
    assert_eq!(
        now.iter().map(|it| (&*it.agent_id, it.keeper)).collect::<Vec<_>>(),
        [("bob", true), ("ann", false)]
    );
    for desk in [&mut bob, &mut dee, &mut ann] {
        let mut entry = desk.update().await;
        while entry.kind() != LogEntryKind::Transferred {
            entry = desk.update().await;
        }
        assert_eq!((&*entry.agent_id, &*entry.receiver_agent_id), ("dee", "bob"));
    }
    refused(dee.post(chat, "bye", false).await, NO, "NOT_A_PARTICIPANT");
    bob.post(chat, "hello", false).await.expect("he is in");
    assert_eq!((house.agent("dee").await.units_used, house.agent("bob").await.units_used), (0, 1));
}

#[tokio::test]
async fn xfer_3_until_the_acceptance_the_giver_keeps_the_conversation() {
    let (house, mut dee, mut bob, chat) = dee_and_bob(sample::channel("")).await;
    dee.transfer(chat, to(agent("bob"))).await.expect("she may ask");
    bob.invite().await;
    dee.post(chat, "one moment", false).await.expect("it is still hers");
    assert_eq!(house.participants(chat).await, ["dee"]);
    refused(bob.post(chat, "hello", false).await, NO, "NOT_A_PARTICIPANT");
}

#[tokio::test]
async fn xfer_3_when_it_is_declined_the_giver_keeps_it_and_is_told() {
    let (house, mut dee, mut bob, chat) = dee_and_bob(sample::channel("")).await;
    dee.transfer(chat, to(agent("bob"))).await.expect("she may ask");
    let invite = bob.invite().await.invite_id;
    bob.decline(invite).await.expect("it is pending");
    assert_eq!(dee.invite_declined().await.agent_id, "bob");
    assert_eq!(dee.request_ended().await.why(), RequestEnd::AllDeclined);
    assert_eq!(house.participants(chat).await, ["dee"]);
    dee.transfer(chat, to(agent("bob"))).await.expect("she may ask again");
}

#[tokio::test]
async fn xfer_3_when_it_fails_the_giver_keeps_it_and_is_told() {
    let (house, mut dee, _bob, chat) = dee_and_bob(sample::channel("")).await;
    dee.transfer(chat, to(agent("ann"))).await.expect("she may ask");
    assert_eq!(dee.request_ended().await.why(), RequestEnd::NoAgentEligible);
    assert_eq!(house.participants(chat).await, ["dee"]);
}

#[tokio::test]
async fn xfer_3_the_giver_has_a_wrap_up() {
    let channel = Channel { wrap_up_ms: 1_000, ..sample::channel("") };
    let (house, mut dee, mut bob, chat) = dee_and_bob(channel).await;
    dee.transfer(chat, to(agent("bob"))).await.expect("she may ask");
    bob.take().await;
    let until = i64::try_from(START_MS + 1_000).expect("times are small");
    assert_eq!(dee.wrap_up().await.until_ms, until);
    assert_eq!(house.agent("dee").await.holds[0].owner(), HoldOwner::WrapUp);
    house.advance(1_000).await;
    assert!(house.agent("dee").await.holds.is_empty());
}

#[tokio::test]
async fn xfer_3_with_the_giver_goes_what_it_had_asked() {
    let (house, mut dee, mut bob, chat) = dee_and_bob(sample::channel("")).await;
    let mut ann = house.desk("ann").await;
    dee.conference(chat, to(agent("ann"))).await.expect("she may ask");
    ann.invite().await;
    dee.transfer(chat, to(agent("bob"))).await.expect("she may ask");
    bob.take().await;
    assert_eq!(ann.invite_ended().await.outcome(), InviteOutcome::Revoked);
    assert!(house.conversation(chat).await.requests.is_empty());
}

#[tokio::test]
async fn xfer_4_one_open_transfer_a_conversation() {
    let (house, mut dee, mut bob, chat) = dee_and_bob(sample::channel("")).await;
    let _cid = house.desk("cid").await;
    let mut ann = house.desk("ann").await;
    dee.bring_in(chat, &mut ann).await;
    let open = dee.transfer(chat, to(agent("bob"))).await.expect("she may ask");
    refused(dee.transfer(chat, to(agent("cid"))).await, NO, "TRANSFER_OPEN");
    refused(ann.transfer(chat, to(agent("cid"))).await, NO, "TRANSFER_OPEN");
    dee.cancel(open).await.expect("it is hers");
    assert_eq!(bob.invite_ended().await.outcome(), InviteOutcome::Revoked);
    ann.transfer(chat, to(agent("cid"))).await.expect("no other is open");
}

#[tokio::test]
async fn xfer_4_age_and_history_go_along() {
    let (house, mut dee, mut bob, chat) = dee_and_bob(sample::channel("")).await;
    house.customer_says(chat, "my card is gone").await.expect("the customer may write");
    house.advance(60_000).await;
    let routing = Routing { over_capacity: Some(false), ..to(queue("sales")) };
    bob.presence("lunch").await.expect("there is such a status");
    dee.transfer(chat, routing).await.expect("she may ask");
    let request = &house.conversation(chat).await.requests[0];
    assert_eq!(request.requested_at_ms, i64::try_from(START_MS).expect("times are small"));
    bob.presence("available").await.expect("there is such a status");
    bob.take().await;
    let log = house.log(chat, LogReader::Agent).await;
    let kinds: Vec<_> = log.iter().map(omniroute::wire::v1::LogEntry::kind).collect();
    assert_eq!(kinds, [LogEntryKind::AgentJoined, LogEntryKind::Message, LogEntryKind::Transferred]);
}

#[tokio::test]
async fn xfer_4_a_transfer_to_a_queue_takes_its_weight() {
    let house = House::with(sample::with_queue(Queue { weight: Some(2), ..sample::queue("") })).await;
    let (mut dee, mut bob) = (house.desk("dee").await, house.desk("bob").await);
    let chat = house.chat_with(&mut dee).await;
    dee.transfer(chat, to(queue("help"))).await.expect("she may ask");
    bob.take().await;
    assert_eq!(house.agent("bob").await.units_used, 2);
    let told = dee.told().await;
    assert!(told.iter().any(|it| matches!(it, Notice::Update(_))), "{told:?}");
}
