//! REC: the records that are attached to a conversation.

use omniroute::wire::v1::{
    self, Channel, ListRecordsRequest, OnSessionLoss, RecordsGiven, event::Event as Kind,
    open_session_response::Notice,
};
use tonic::{Code, Status};

use crate::support::{Desk, House, ORG, agent, invalid, refused, sample, skill, to};

const NO: Code = Code::FailedPrecondition;
const ORDER: (&str, &str, &str) = ("order", "o-1", "Twelve glasses");
const CASE: (&str, &str, &str) = ("case", "c-1", "Two are broken");

/// Ann in a chat, and Bob, who may see cases alone, beside it.
async fn ann_and_bob() -> (House, Desk, Desk, u64) {
    let mut directory = sample::directory();
    directory.agents[1].record_types = vec!["case".into()];
    let house = House::with(directory).await;
    let (mut ann, bob) = (house.desk("ann").await, house.desk("bob").await);
    let chat = house.chat_with(&mut ann).await;
    (house, ann, bob, chat)
}

fn titles(given: RecordsGiven) -> Vec<String> {
    given.records.into_iter().map(|it| it.title).collect()
}

async fn list(house: &House, conversation_id: u64, agent_id: &str) -> Result<Vec<v1::Record>, Status> {
    let request = ListRecordsRequest { org_id: ORG.into(), conversation_id, agent_id: agent_id.into() };
    Ok(house.conversations().list_records(request).await?.into_inner().records)
}

#[tokio::test]
async fn rec_1_the_keeper_attaches_and_removes() {
    let (house, mut ann, _bob, chat) = ann_and_bob().await;
    let mut watch = house.watch(0).await;
    ann.attach(chat, ORDER).await.expect("she keeps it");
    ann.attach(chat, CASE).await.expect("she keeps it");
    assert_eq!(ann.records(chat).await, ["Two are broken", "Twelve glasses"]);
    // The keeper's, where nobody is named.
    let listed = list(&house, chat, "").await.expect("it is live");
    let first = listed.first().map(|it| (&*it.record_type, &*it.record_id, &*it.title));
    assert_eq!(first, Some(CASE));
    ann.attach(chat, ("case", "c-1", "Three are broken")).await.expect("it has another title now");
    ann.remove(chat, "order", "o-1").await.expect("it is there");
    assert_eq!(ann.records(chat).await, ["Three are broken"]);
    refused(ann.remove(chat, "order", "o-1").await, Code::NotFound, "RECORD_NOT_FOUND");
    let removed = watch.until(|it| matches!(it, Kind::RecordRemoved(_))).await;
    let Some(Kind::RecordRemoved(removed)) = removed.event else { panic!("{removed:?}") };
    assert_eq!((&*removed.agent_id, &*removed.record_id), ("ann", "o-1"));
}

#[tokio::test]
async fn rec_1_nobody_but_the_keeper_attaches_and_removes() {
    let (house, mut ann, mut bob, chat) = ann_and_bob().await;
    refused(bob.attach(chat, CASE).await, NO, "NOT_A_PARTICIPANT");
    refused(list(&house, chat, "bob").await, NO, "NOT_A_PARTICIPANT");
    ann.attach(chat, CASE).await.expect("she keeps it");
    ann.bring_in(chat, &mut bob).await;
    refused(bob.attach(chat, ORDER).await, NO, "NOT_THE_KEEPER");
    // NOT_THE_KEEPER (33) before RECORD_NOT_FOUND (34).
    refused(bob.remove(chat, "order", "o-9").await, NO, "NOT_THE_KEEPER");
    refused(bob.remove(chat, "case", "c-1").await, NO, "NOT_THE_KEEPER");
    house.end(chat).await.expect("the platform may");
    refused(ann.attach(chat, ORDER).await, NO, "CONVERSATION_ENDED");
    refused(list(&house, chat, "").await, NO, "CONVERSATION_ENDED");
}

#[tokio::test]
async fn rec_1_records_have_their_shapes_and_their_number() {
    let (_house, mut ann, _bob, chat) = ann_and_bob().await;
    let title = "x".repeat(129);
    let answer = ann.attach(chat, ("no type", "", &title)).await;
    invalid(answer, &["record.record_type", "record.record_id", "record.title"]);
    for number in 0..32 {
        ann.attach(chat, ("order", &format!("o-{number}"), "")).await.expect("there is room");
    }
    refused(ann.attach(chat, CASE).await, NO, "RECORDS_FULL");
    ann.attach(chat, ORDER).await.expect("one of them, with a title");
    ann.remove(chat, "order", "o-2").await.expect("it is there");
    ann.attach(chat, CASE).await.expect("there is room again");
}

#[tokio::test]
async fn rec_2_who_joins_gets_what_the_keeper_has_and_it_may_see() {
    let (house, mut ann, mut bob, chat) = ann_and_bob().await;
    let (mut cid, mut dee) = (house.desk("cid").await, house.desk("dee").await);
    ann.attach(chat, ORDER).await.expect("she keeps it");
    ann.attach(chat, CASE).await.expect("she keeps it");
    ann.bring_in(chat, &mut bob).await;
    let given = bob.records_given().await;
    assert_eq!((given.conversation_id, titles(given)), (chat, vec!["Two are broken".into()]));
    // Whom Bob brings in gets what Ann has, for she is the keeper.
    bob.bring_in(chat, &mut cid).await;
    assert_eq!(titles(cid.records_given().await), ["Two are broken", "Twelve glasses"]);
    ann.remove(chat, "case", "c-1").await.expect("it is there");
    bob.conference(chat, to(skill("billing"))).await.expect("he may ask");
    dee.take_only(chat).await;
    assert_eq!(titles(dee.records_given().await), ["Twelve glasses"]);
    assert_eq!(bob.records(chat).await, ["Two are broken"]);
}

#[tokio::test]
async fn rec_2_who_may_see_none_is_told_so_and_without_records_nothing_is_said() {
    let (house, mut ann, mut bob, chat) = ann_and_bob().await;
    ann.attach(chat, ORDER).await.expect("she keeps it");
    ann.bring_in(chat, &mut bob).await;
    assert!(bob.records_given().await.records.is_empty());
    let mut cid = house.desk("cid").await;
    let plain = house.chat_with(&mut ann).await;
    ann.bring_in(plain, &mut cid).await;
    assert!(!cid.told().await.iter().any(|it| matches!(it, Notice::RecordsGiven(_))));
}

#[tokio::test]
async fn rec_3_what_the_keeper_changes_later_changes_nothing_for_the_others() {
    let (house, mut ann, _bob, chat) = ann_and_bob().await;
    let mut cid = house.desk("cid").await;
    ann.attach(chat, ORDER).await.expect("she keeps it");
    ann.bring_in(chat, &mut cid).await;
    cid.records_given().await;
    ann.attach(chat, CASE).await.expect("she keeps it");
    ann.attach(chat, ("order", "o-1", "Six glasses")).await.expect("it has another title now");
    assert_eq!(cid.records(chat).await, ["Twelve glasses"]);
    ann.remove(chat, "order", "o-1").await.expect("it is there");
    assert_eq!(
        (ann.records(chat).await, cid.records(chat).await),
        (vec!["Two are broken".into()], vec!["Twelve glasses".into()])
    );
    assert!(!cid.told().await.iter().any(|it| matches!(it, Notice::RecordsGiven(_))));
}

#[tokio::test]
async fn rec_4_the_next_keeper_keeps_the_records_that_it_has() {
    let (house, mut ann, mut bob, chat) = ann_and_bob().await;
    let mut cid = house.desk("cid").await;
    ann.attach(chat, ORDER).await.expect("she keeps it");
    ann.attach(chat, CASE).await.expect("she keeps it");
    ann.bring_in(chat, &mut bob).await;
    ann.leave(chat).await.expect("Bob is still in");
    assert_eq!(bob.records(chat).await, ["Two are broken"]);
    bob.attach(chat, ("case", "c-2", "One is missing")).await.expect("he keeps it now");
    bob.bring_in(chat, &mut cid).await;
    assert_eq!(titles(cid.records_given().await), ["Two are broken", "One is missing"]);
}

#[tokio::test]
async fn rec_4_with_the_keepers_place_its_receiver_gets_its_records() {
    let (_house, mut ann, mut bob, chat) = ann_and_bob().await;
    ann.attach(chat, ORDER).await.expect("she keeps it");
    ann.attach(chat, CASE).await.expect("she keeps it");
    ann.transfer(chat, to(agent("bob"))).await.expect("she may ask");
    bob.take_only(chat).await;
    assert_eq!(titles(bob.records_given().await), ["Two are broken"]);
    bob.remove(chat, "case", "c-1").await.expect("he keeps it now");
    assert!(bob.records(chat).await.is_empty());
}

#[tokio::test]
async fn rec_4_the_records_of_the_last_agent_wait_for_the_next() {
    let requeued = Channel { on_session_loss: OnSessionLoss::Requeue.into(), ..sample::channel("") };
    let house = House::with(sample::with_chat(requeued)).await;
    let mut ann = house.desk("ann").await;
    let chat = house.chat(skill("french")).await;
    ann.take_only(chat).await;
    ann.attach(chat, ORDER).await.expect("she keeps it");
    house.break_off(ann).await;
    house.advance(30_000).await;
    assert_eq!(list(&house, chat, "").await.expect("it is live").len(), 1);
    let mut bob = house.desk("bob").await;
    bob.take_only(chat).await;
    assert_eq!(titles(bob.records_given().await), ["Twelve glasses"]);
    bob.remove(chat, "order", "o-1").await.expect("he keeps it now");
}
