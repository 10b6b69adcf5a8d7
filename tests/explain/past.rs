//! Why a conversation went where it went, asked later: each decision is explained as it would have been the moment before.

use omniroute::wire::v1::{
    Channel, Decision, ExplainDecisionsRequest, RequestKind, Routing, RoutingMode, Standing,
};
use tonic::Code;

use super::{
    conversation, routing, standings,
    support::{House, ORG, agent, queue, refused, sample, skill, to},
};

pub(super) async fn decisions(house: &House, conversation_id: u64) -> Vec<Decision> {
    let (mut found, mut from_position) = (Vec::new(), 0);
    loop {
        let request =
            ExplainDecisionsRequest { org_id: ORG.into(), conversation_id, page_size: 0, from_position };
        let page = house.supervisor().explain_decisions(request).await.expect("it can be explained");
        let page = page.into_inner();
        found.extend(page.decisions);
        from_position = page.next_position;
        if from_position == 0 {
            return found;
        }
    }
}

fn chosen(decision: &Decision) -> Vec<&str> {
    let explanation = decision.explanation.as_ref().expect("an explanation");
    let standings = standings(explanation).into_iter();
    standings.filter(|it| it.1 == Standing::Chosen).map(|it| it.0).collect()
}

#[tokio::test]
async fn each_decision_of_a_conversation_that_is_over_is_explained() {
    let mut house = House::with(sample::directory()).await;
    let (mut ann, mut bob, _cid) =
        (house.desk("ann").await, house.desk("bob").await, house.desk("cid").await);
    let before = routing(&house, "chat", to(queue("help"))).await;
    let chat = house.chat(queue("help")).await;
    let invite = ann.invite_to(chat).await;
    ann.decline(invite.invite_id).await.expect("the invite is pending");
    bob.take_only(chat).await;
    // A conference, whose requester cannot be asked.
    bob.conference(chat, to(skill("french"))).await.expect("he may ask");
    let in_conference = conversation(&house, chat).await;
    ann.take_only(chat).await;
    bob.leave(chat).await.expect("she stays");
    ann.end(chat).await.expect("she is alone in it");
    house.restart().await;
    let told = decisions(&house, chat).await;
    assert_eq!(told.len(), 3, "{told:?}");
    assert_eq!(told[0].explanation, Some(before), "as it was explained before");
    assert_eq!((chosen(&told[0]), &told[0].invited_agent_ids), (vec!["ann"], &vec!["ann".to_owned()]));
    let second = told[1].explanation.clone().expect("an explanation");
    assert_eq!(super::of(&second, "ann").standing(), Standing::Declined);
    assert_eq!(super::of(&second, "cid").standing(), Standing::LostOnId);
    assert_eq!(chosen(&told[1]), ["bob"]);
    let third = told[2].request.clone().expect("a request");
    assert_eq!(third.kind(), RequestKind::Conference);
    assert_eq!(chosen(&told[2]), ["ann", "cid"]);
    let invited = in_conference[0].request.clone().expect("a request").invited_agent_ids;
    assert_eq!(told[2].invited_agent_ids, invited);
    assert!(told.windows(2).all(|it| it[0].position < it[1].position));
}

#[tokio::test]
async fn each_wave_is_explained_by_itself() {
    let house = House::with(sample::directory()).await;
    let _desks = super::all_at_their_desks(&house).await;
    let waves = Routing {
        mode: RoutingMode::Waves.into(),
        wave_size: 1,
        wave_interval_ms: 1_000,
        ..to(queue("help"))
    };
    let chat = house.create("chat", waves).await.expect("it is created").conversation_id;
    house.advance(1_000).await;
    house.advance(1_000).await;
    let told = decisions(&house, chat).await;
    let all: Vec<_> = told.iter().map(chosen).collect();
    assert_eq!(all, [vec!["ann"], vec!["bob"], vec!["cid", "dee"]]);
    let invited: Vec<_> = told.iter().map(|it| it.invited_agent_ids.clone()).collect();
    assert_eq!(all, invited);
    let last = told[2].explanation.clone().expect("an explanation");
    assert_eq!(super::of(&last, "bob").standing(), Standing::Invited);
}

#[tokio::test]
async fn many_decisions_come_in_pages_and_what_waits_had_none() {
    let chat = Channel { push_timeout_ms: 1_000, ..sample::channel("chat") };
    let house = House::with(sample::with_chat(chat)).await;
    let mut ann = house.desk("ann").await;
    let waits = house.chat(agent("dee")).await;
    assert!(decisions(&house, waits).await.is_empty());
    let asked = house.chat(agent("ann")).await;
    for _ in 0..24 {
        let invite = ann.invite_to(asked).await;
        ann.decline(invite.invite_id).await.expect("the invite is pending");
    }
    let told = decisions(&house, asked).await;
    assert_eq!(told.len(), 25);
    assert!(told.iter().all(|it| chosen(it) == ["ann"]), "each time she is the only one");
}

#[tokio::test]
async fn the_past_of_what_never_was_is_not_found() {
    let house = House::with(sample::directory()).await;
    let request = ExplainDecisionsRequest {
        org_id: ORG.into(),
        conversation_id: 9,
        ..ExplainDecisionsRequest::default()
    };
    let asked = house.supervisor().explain_decisions(request).await;
    refused(asked, Code::NotFound, "CONVERSATION_NOT_FOUND");
}
