//! SUPV-1: an agent raises a flag for help.

use omniroute::wire::v1::{
    Actor, Author, Flag, ListConversationsRequest, LowerFlagRequest, actor, event::Event as Kind,
};
use tonic::Code;

use crate::support::{Desk, House, ORG, START_MS, SUE, agent, fresh, invalid, refused, sample, sue, to};

const NO: Code = Code::FailedPrecondition;

async fn ann_and_bob() -> (House, Desk, Desk, u64) {
    let house = House::with(sample::directory()).await;
    let (mut ann, mut bob) = (house.desk("ann").await, house.desk("bob").await);
    let chat = house.chat_with(&mut ann).await;
    ann.bring_in(chat, &mut bob).await;
    (house, ann, bob, chat)
}

/// Whose flag is up, and why.
async fn flags(house: &House, chat: u64) -> Vec<(String, String)> {
    let participants = house.conversation(chat).await.participants;
    let flag = |it: Flag| it.reason;
    participants.into_iter().filter_map(|it| Some((it.agent_id, it.flag.map(flag)?))).collect()
}

fn up(agent: &str, reason: &str) -> Vec<(String, String)> {
    vec![(agent.into(), reason.into())]
}

async fn flagged(house: &House) -> Vec<u64> {
    let request = ListConversationsRequest { org_id: ORG.into(), flagged: true, ..Default::default() };
    let page = house.conversations().list_conversations(request).await.expect("a page").into_inner();
    page.conversations.into_iter().map(|it| it.conversation_id).collect()
}

#[tokio::test]
async fn supv_1_an_agent_raises_a_flag_and_lowers_it() {
    let (house, mut ann, mut bob, chat) = ann_and_bob().await;
    let _quiet = house.chat_with(&mut ann).await;
    let mut watch = house.watch(0).await;
    house.advance(500).await;
    ann.raise_flag(chat, "he shouts").await.expect("she is in it");
    let told = bob.flag_changed().await;
    assert_eq!(
        (told.conversation_id, &*told.agent_id, told.raised, &*told.reason),
        (chat, "ann", true, "he shouts")
    );
    let found = house.conversation(chat).await;
    let at = i64::try_from(START_MS).expect("a time") + 500;
    assert_eq!(found.participants[0].flag, Some(Flag { reason: "he shouts".into(), raised_at_ms: at }));
    assert_eq!(
        (flagged(&house).await, house.agent("ann").await.flagged_conversation_ids),
        (vec![chat], vec![chat])
    );
    assert!(house.agent("bob").await.flagged_conversation_ids.is_empty());
    let raised = watch.until(|it| matches!(it, Kind::FlagRaised(_))).await;
    assert!(
        matches!(raised.event, Some(Kind::FlagRaised(it)) if (&*it.agent_id, &*it.reason) == ("ann", "he shouts"))
    );
    // One flag, with the latest reason.
    ann.raise_flag(chat, "").await.expect("she is in it");
    assert_eq!(flags(&house, chat).await, up("ann", ""));
    ann.lower_flag(chat).await.expect("it is hers");
    assert!(flags(&house, chat).await.is_empty() && flagged(&house).await.is_empty());
    let lowered = watch.until(|it| matches!(it, Kind::FlagLowered(_))).await;
    let Some(Kind::FlagLowered(lowered)) = lowered.event else { panic!("{lowered:?}") };
    assert_eq!((lowered.by(), &*lowered.supervisor_id), (Author::Agent, ""));
    ann.lower_flag(chat).await.expect("it is down already");
}

#[tokio::test]
async fn supv_1_a_supervisor_lowers_a_flag_and_the_agent_is_told_who() {
    let (house, mut ann, mut bob, chat) = ann_and_bob().await;
    ann.raise_flag(chat, "he shouts").await.expect("she is in it");
    bob.raise_flag(chat, "he does").await.expect("he is in it");
    house.sue_lowers_flag(chat, "ann").await.expect("she may");
    let told = loop {
        let told = ann.flag_changed().await;
        if !told.raised {
            break told;
        }
    };
    assert_eq!((&*told.agent_id, &*told.supervisor_id), ("ann", SUE));
    assert_eq!(flags(&house, chat).await, up("bob", "he does"));
    house.sue_lowers_flag(chat, "ann").await.expect("it is down already");
    refused(house.sue_lowers_flag(chat, "nobody").await, Code::NotFound, "AGENT_NOT_FOUND");
    refused(house.sue_lowers_flag(chat, "cid").await, NO, "NOT_A_PARTICIPANT");
    refused(house.sue_lowers_flag(9_999, "cid").await, Code::NotFound, "CONVERSATION_NOT_FOUND");
}

#[tokio::test]
async fn supv_1_a_flag_ends_with_its_agents_part() {
    let (house, mut ann, mut bob, chat) = ann_and_bob().await;
    ann.raise_flag(chat, "he shouts").await.expect("she is in it");
    ann.leave(chat).await.expect("Bob is in");
    assert!(flagged(&house).await.is_empty());
    bob.bring_in(chat, &mut ann).await;
    assert!(flags(&house, chat).await.is_empty(), "it was another part");
    // A place that is handed over has none.
    bob.raise_flag(chat, "he does").await.expect("he is in it");
    let mut cid = house.desk("cid").await;
    bob.transfer(chat, to(agent("cid"))).await.expect("he may ask");
    cid.take_only(chat).await;
    assert!(flags(&house, chat).await.is_empty());
    refused(bob.raise_flag(chat, "").await, NO, "NOT_A_PARTICIPANT");
    refused(bob.lower_flag(chat).await, NO, "NOT_A_PARTICIPANT");
}

#[tokio::test]
async fn supv_1_a_flag_stays_up_over_a_restart() {
    let (mut house, mut ann, _bob, chat) = ann_and_bob().await;
    ann.raise_flag(chat, "he shouts").await.expect("she is in it");
    house.restart().await;
    assert_eq!((flags(&house, chat).await, flagged(&house).await), (up("ann", "he shouts"), vec![chat]));
}

#[tokio::test]
async fn supv_1_an_agent_lowers_its_own_flag_alone() {
    let (house, mut ann, bob, chat) = ann_and_bob().await;
    ann.raise_flag(chat, "he shouts").await.expect("she is in it");
    let request = |actor, agent: &str| LowerFlagRequest {
        org_id: ORG.into(),
        request_id: fresh(),
        actor: Some(Actor { actor: Some(actor) }),
        conversation_id: chat,
        agent_id: agent.into(),
    };
    let own = |desk: &Desk| actor::Actor::Agent(desk.session.clone());
    invalid(house.agents().lower_flag(request(own(&bob), "ann")).await, &["agent_id"]);
    let customer = actor::Actor::Customer(actor::Customer {});
    invalid(house.agents().lower_flag(request(customer, "ann")).await, &["actor"]);
    let supervisor = sue().actor.expect("she acts");
    invalid(house.agents().lower_flag(request(supervisor, "")).await, &["agent_id"]);
    invalid(ann.raise_flag(chat, &"x".repeat(257)).await, &["reason"]);
    assert_eq!(flags(&house, chat).await, up("ann", "he shouts"));
    house.agents().lower_flag(request(own(&ann), "ann")).await.expect("it is hers");
    assert!(flags(&house, chat).await.is_empty());
}
