//! BTN: button skills, the older routing.

use omniroute::wire::v1::{
    Author, Button, ConversationState, InviteOutcome, ListWaitingRequest, LogEntryKind, LogReader,
    RequestEnd, Routing, RoutingModel, RoutingType, event::Event,
};

use tonic::Code;

use crate::support::{Desk, House, ORG, agent, button, queue, refused, sample, to};

async fn decline_next(desk: &mut Desk) {
    let invite = desk.invite().await.invite_id;
    desk.decline(invite).await.expect("it is pending");
}

#[tokio::test]
async fn btn_1_a_button_goes_to_an_agent_with_any_of_its_skills() {
    let house = House::with(sample::directory()).await;
    let plain = sample::agent("abe", &[], &["help"]);
    house.put(sample::resource_of_agent(plain)).await.expect("it is right");
    let _abe = house.desk("abe").await;
    let chat = house.chat(button("web")).await;
    assert!(house.invited(chat).await.is_empty());
    let mut dee = house.desk("dee").await;
    assert_eq!(dee.take().await, chat);
    let _ann = house.desk("ann").await;
    let chat = house.chat(button("web")).await;
    assert_eq!(house.invited(chat).await, ["ann"]);
}

#[tokio::test]
async fn btn_1_a_button_may_ask_for_all_of_its_skills() {
    let web = Button { all_skills: true, ..sample::button("", &["french", "billing"]) };
    let house = House::with(sample::with_button(web)).await;
    let _others = (house.desk("ann").await, house.desk("dee").await);
    let chat = house.chat(button("web")).await;
    assert!(house.invited(chat).await.is_empty());
    let mut cid = house.desk("cid").await;
    assert_eq!(cid.take().await, chat);
}

#[tokio::test]
async fn btn_1_a_button_chooses_by_least_active_or_most_available() {
    for (model, expected) in [(RoutingModel::LeastActive, "bob"), (RoutingModel::MostAvailable, "ann")] {
        let web = Button { model: model.into(), ..sample::button("", &["french", "billing"]) };
        let mut directory = sample::with_button(web);
        directory.capacity_profiles.push(sample::profile("big", 9));
        directory.agents[0].capacity_profile_id = "big".into();
        let house = House::with(directory).await;
        let (mut ann, _bob) = (house.desk("ann").await, house.desk("bob").await);
        house.chat_with(&mut ann).await;
        let chat = house.chat(button("web")).await;
        assert_eq!(house.invited(chat).await, [expected], "{model:?}");
    }
}

#[tokio::test]
async fn btn_1_a_request_may_name_another_model() {
    let house = House::with(sample::directory()).await;
    let (_ann, mut bob) = (house.desk("ann").await, house.desk("bob").await);
    let mut cid = house.desk("cid").await;
    let chat = house.chat_with(&mut bob).await;
    bob.end(chat).await.expect("he is alone in it");
    house.advance(10).await;
    let chat = house.chat_with(&mut cid).await;
    cid.end(chat).await.expect("he is alone in it");
    let routing = Routing { model: RoutingModel::BestMatch.into(), ..to(button("web")) };
    let chat = house.create("chat", routing).await.expect("it is created").conversation_id;
    // 900 against 700 and 500 + 400: Ann was given nothing yet.
    assert_eq!(house.invited(chat).await, ["ann"]);
}

#[tokio::test]
async fn btn_2_its_routing_type_is_button_skills_for_life() {
    let house = House::with(sample::directory()).await;
    let (mut ann, mut dee) = (house.desk("ann").await, house.desk("dee").await);
    let chat = house.chat(button("web")).await;
    assert_eq!(house.conversation(chat).await.routing_type(), RoutingType::ButtonSkills);
    assert_eq!(ann.take().await, chat);
    ann.transfer(chat, to(agent("dee"))).await.expect("she may ask");
    dee.take().await;
    assert_eq!(house.conversation(chat).await.routing_type(), RoutingType::ButtonSkills);
    dee.end(chat).await.expect("she is alone in it");
    assert_eq!(house.conversation(chat).await.routing_type(), RoutingType::ButtonSkills);
}

#[tokio::test]
async fn btn_2_what_did_not_come_by_a_button_is_omni_channel_for_life() {
    let house = House::with(sample::directory()).await;
    let (mut ann, mut dee) = (house.desk("ann").await, house.desk("dee").await);
    let chat = house.chat(queue("help")).await;
    assert_eq!(ann.take().await, chat);
    ann.transfer(chat, to(button("web"))).await.expect("she may ask");
    dee.take().await;
    assert_eq!(house.conversation(chat).await.routing_type(), RoutingType::OmniChannel);
}

#[tokio::test]
async fn btn_3_it_is_routed_again_so_often_and_then_ends_with_no_agent_available() {
    let web = Button { reroutes_max: Some(1), ..sample::button("", &["french"]) };
    let house = House::with(sample::with_button(web)).await;
    let (mut ann, mut bob) = (house.desk("ann").await, house.desk("bob").await);
    let mut watch = house.watch(0).await;
    let chat = house.chat(button("web")).await;
    decline_next(&mut ann).await;
    decline_next(&mut bob).await;
    let round = watch.until(|it| matches!(it, Event::RoundStarted(_))).await;
    assert!(matches!(round.event, Some(Event::RoundStarted(it)) if it.round == 1));
    decline_next(&mut ann).await;
    assert_eq!(house.invited(chat).await, ["bob"]);
    decline_next(&mut bob).await;
    let ended = watch.until(|it| matches!(it, Event::RequestEnded(_))).await;
    let Some(Event::RequestEnded(ended)) = ended.event else { unreachable!("it is one") };
    assert_eq!(ended.why(), RequestEnd::NoAgentAvailable);
    assert_eq!(house.conversation(chat).await.state(), ConversationState::Ended);
    let log = house.log(chat, LogReader::Customer).await;
    let log: Vec<_> = log.iter().map(|it| (it.kind(), it.author())).collect();
    assert_eq!(log, [(LogEntryKind::Ended, Author::Service)]);
}

#[tokio::test]
async fn btn_3_without_reroutes_the_first_round_is_the_last() {
    let web = Button { reroutes_max: Some(0), ..sample::button("", &["french"]) };
    let house = House::with(sample::with_button(web)).await;
    let mut ann = house.desk("ann").await;
    let chat = house.chat(button("web")).await;
    decline_next(&mut ann).await;
    assert_eq!(ann.invite_ended().await.outcome(), InviteOutcome::Declined);
    assert_eq!(house.conversation(chat).await.state(), ConversationState::Ended);
}

#[tokio::test]
async fn btn_3_without_a_bound_it_goes_on_without_end() {
    let house = House::with(sample::directory()).await;
    let mut ann = house.desk("ann").await;
    let chat = house.chat(button("web")).await;
    for _ in 0..10 {
        decline_next(&mut ann).await;
    }
    assert_eq!(house.invited(chat).await, ["ann"]);
}

#[tokio::test]
async fn btn_3_nobody_there_is_no_decline() {
    let web = Button { reroutes_max: Some(0), ..sample::button("", &["french"]) };
    let house = House::with(sample::with_button(web)).await;
    let chat = house.chat(button("web")).await;
    assert_eq!(house.conversation(chat).await.state(), ConversationState::Waiting);
    let mut ann = house.desk("ann").await;
    ann.presence("lunch").await.expect("there is such a status");
    assert_eq!(house.conversation(chat).await.state(), ConversationState::Waiting);
}

async fn waiting_for_web(house: &House) -> Vec<u64> {
    let request = ListWaitingRequest { org_id: ORG.into(), button_id: "web".into(), ..Default::default() };
    let found = house.supervisor().list_waiting(request).await.expect("it can be listed").into_inner();
    found.requests.into_iter().map(|it| it.conversation_id).collect()
}

#[tokio::test]
async fn btn_1_by_choice_agents_pick_from_what_waits() {
    let web = Button { model: RoutingModel::Choice.into(), ..sample::button("", &["french", "billing"]) };
    let house = House::with(sample::with_button(web)).await;
    let (mut ann, mut dee) = (house.desk("ann").await, house.desk("dee").await);
    let (first, second) = (house.chat(button("web")).await, house.chat(button("web")).await);
    assert_eq!(waiting_for_web(&house).await, [first, second], "nobody is invited");
    // She may take the later one.
    ann.pick(second).await.expect("it waits, and she may");
    assert_eq!(house.participants(second).await, ["ann"]);
    assert_eq!(ann.invite_ended().await.outcome(), InviteOutcome::Accepted);
    assert_eq!(house.agent("ann").await.units_used, 1);
    assert_eq!(house.conversation(second).await.routing_type(), RoutingType::ButtonSkills);
    // Of all who pick, one succeeds.
    refused(dee.pick(second).await, Code::FailedPrecondition, "REQUEST_CLOSED");
    assert_eq!(waiting_for_web(&house).await, [first]);
    dee.pick(first).await.expect("it waits, and she may");
    refused(dee.pick(9_999).await, Code::NotFound, "CONVERSATION_NOT_FOUND");
}

#[tokio::test]
async fn btn_1_who_could_not_be_given_it_cannot_pick_it() {
    let web = Button { model: RoutingModel::Choice.into(), ..sample::button("", &["french"]) };
    let house = House::with(sample::with_button(web)).await;
    let (mut ann, mut dee) = (house.desk("ann").await, house.desk("dee").await);
    let chat = house.chat(button("web")).await;
    refused(dee.pick(chat).await, Code::FailedPrecondition, "AGENT_NOT_ELIGIBLE");
    ann.presence("lunch").await.expect("she may");
    refused(ann.pick(chat).await, Code::FailedPrecondition, "AGENT_NOT_ELIGIBLE");
    ann.presence("available").await.expect("she may");
    for _ in 0..3 {
        house.chat(agent("ann")).await;
        ann.take().await;
    }
    refused(ann.pick(chat).await, Code::FailedPrecondition, "AGENT_AT_CAPACITY");
    let queued = house.chat(queue("help")).await;
    refused(ann.pick(queued).await, Code::FailedPrecondition, "REQUEST_CLOSED");
}
