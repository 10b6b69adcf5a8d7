//! SEL-2, EXTERNAL: the platform picks, the engine checks and holds.

use omniroute::wire::v1::{
    Channel, ExplainConversationRequest, InviteAgentRequest, InviteOutcome, Queue, RequestState, Routing,
    RoutingMode, RoutingModel, Standing,
};
use tonic::{Code, Status};

use crate::support::{House, ORG, agent, fresh, queue, refused, sample, skill, to};

fn external(target: omniroute::wire::v1::target::Target) -> Routing {
    Routing { model: RoutingModel::External.into(), ..to(target) }
}

/// A chat for the queue `help` that the platform picks for: the conversation and its request.
async fn chat(house: &House) -> (u64, u64) {
    let created = house.create("chat", external(queue("help"))).await.expect("it is created");
    (created.conversation_id, created.routing_request_id)
}

async fn invite_as(house: &House, request_id: &str, request: u64, agent: &str) -> Result<u64, Status> {
    let call = InviteAgentRequest {
        org_id: ORG.into(),
        request_id: request_id.into(),
        routing_request_id: request,
        agent_id: agent.into(),
    };
    Ok(house.conversations().invite_agent(call).await?.into_inner().invite_id)
}

async fn invite(house: &House, request: u64, agent: &str) -> Result<u64, Status> {
    invite_as(house, &fresh(), request, agent).await
}

/// How agents stand to the one open request of a conversation.
async fn standings(house: &House, conversation_id: u64) -> Vec<(String, Standing)> {
    let request = ExplainConversationRequest { org_id: ORG.into(), conversation_id, page_size: 0 };
    let explained = house.supervisor().explain_conversation(request).await.expect("it can be explained");
    let of = explained.into_inner().requests.remove(0).explanation.expect("an explanation");
    of.agents.into_iter().map(|it| (it.agent_id.clone(), it.standing())).collect()
}

#[tokio::test]
async fn sel_2_external_waits_until_the_platform_picks() {
    let house = House::with(sample::directory()).await;
    let (mut ann, mut bob) = (house.desk("ann").await, house.desk("bob").await);
    let (chat, request) = chat(&house).await;
    assert_eq!(house.waiting("help").await, [chat]);
    let seen = standings(&house, chat).await;
    assert_eq!(seen[..2], [("ann".into(), Standing::MayPick), ("bob".into(), Standing::MayPick)]);
    let picked = invite(&house, request, "bob").await.expect("he can take it");
    let seen = bob.invite().await;
    assert_eq!((seen.invite_id, seen.conversation_id), (picked, chat));
    assert_eq!(house.agent("bob").await.units_used, 1, "the invite holds");
    assert!(house.waiting("help").await.is_empty());
    bob.accept(picked).await.expect("it is pending");
    assert_eq!(house.participants(chat).await, ["bob"]);
    assert!(ann.told().await.is_empty());
}

#[tokio::test]
async fn sel_2_external_after_a_decline_waits_for_the_platform_again() {
    let timeout = Channel { push_timeout_ms: 5_000, ..sample::channel("") };
    let house = House::with(sample::with_chat(timeout)).await;
    let (mut ann, _bob) = (house.desk("ann").await, house.desk("bob").await);
    let (chat, request) = chat(&house).await;
    let first = invite(&house, request, "ann").await.expect("she can take it");
    ann.decline(first).await.expect("it is pending");
    let waits = || async { house.conversation(chat).await.requests[0].state() };
    assert_eq!(waits().await, RequestState::Waiting, "the engine asks nobody else");
    // INV-6 is about whom the engine asks again: the platform may pick the same agent.
    assert_eq!(standings(&house, chat).await[0], ("ann".into(), Standing::MayPick));
    let second = invite(&house, request, "ann").await.expect("she is picked again");
    assert_eq!(ann.invite_ended().await.outcome(), InviteOutcome::Declined);
    assert_eq!(ann.invite_to(chat).await.invite_id, second);
    house.advance(5_000).await;
    assert_eq!(ann.invite_ended().await.outcome(), InviteOutcome::Expired);
    assert_eq!(waits().await, RequestState::Waiting);
    refused(invite(&house, request, "ann").await, Code::FailedPrecondition, "AGENT_NOT_ELIGIBLE");
    invite(&house, request, "bob").await.expect("he can take it");
}

#[tokio::test]
async fn sel_2_external_is_checked_as_anything_that_is_picked() {
    let house = House::with(sample::directory()).await;
    let (mut ann, mut bob) = (house.desk("ann").await, house.desk("bob").await);
    let created = house.create("voice", external(queue("sales"))).await.expect("it is created");
    let request = created.routing_request_id;
    refused(invite(&house, 99, "zoe").await, Code::NotFound, "AGENT_NOT_FOUND");
    refused(invite(&house, 99, "bob").await, Code::NotFound, "REQUEST_NOT_FOUND");
    refused(invite(&house, request, "ann").await, Code::FailedPrecondition, "AGENT_NOT_ELIGIBLE");
    refused(invite(&house, request, "dee").await, Code::FailedPrecondition, "AGENT_NOT_ELIGIBLE");
    let other = house.chat_with(&mut bob).await;
    refused(invite(&house, request, "bob").await, Code::FailedPrecondition, "AGENT_AT_CAPACITY");
    bob.end(other).await.expect("he is alone in it");
    // What the engine chooses for is none to be picked, nor is what is invited already.
    let chosen = house.create("voice", to(queue("sales"))).await.expect("it is created").routing_request_id;
    refused(invite(&house, chosen, "bob").await, Code::FailedPrecondition, "REQUEST_CLOSED");
    let voice = bob.take().await;
    bob.end(voice).await.expect("he is alone in it");
    invite(&house, request, "bob").await.expect("he has room now");
    refused(invite(&house, request, "bob").await, Code::FailedPrecondition, "REQUEST_CLOSED");
    bob.take_only(created.conversation_id).await;
    refused(invite(&house, request, "bob").await, Code::FailedPrecondition, "REQUEST_CLOSED");
    // PickConversation is for CHOICE alone.
    let (conversation, _) = chat(&house).await;
    refused(ann.pick(conversation).await, Code::FailedPrecondition, "REQUEST_CLOSED");
}

#[tokio::test]
async fn sel_2_external_a_queue_may_say_so_and_what_waits_counts() {
    let help = Queue { model: RoutingModel::External.into(), waiting_max: Some(1), ..sample::queue("") };
    let house = House::with(sample::with_queue(help)).await;
    let mut ann = house.desk("ann").await;
    // A mode of several is no matter: one is picked, and the invite holds.
    let everyone = Routing { mode: RoutingMode::Broadcast.into(), ..to(queue("help")) };
    let created = house.create("chat", everyone).await.expect("it is created");
    let shown = house.conversation(created.conversation_id).await.requests[0].routing.clone();
    let shown = shown.expect("a routing");
    assert_eq!((shown.model(), shown.mode()), (RoutingModel::External, RoutingMode::Single));
    let second = house.create("chat", to(queue("help"))).await;
    refused(second, Code::ResourceExhausted, "QUEUE_FULL");
    invite(&house, created.routing_request_id, "ann").await.expect("she can take it");
    assert_eq!(house.agent("ann").await.units_used, 1);
    house.create("chat", to(queue("help"))).await.expect("there is a place");
    ann.take_only(created.conversation_id).await;
}

#[tokio::test]
async fn sel_2_external_a_repeat_and_a_restart_change_nothing() {
    let mut house = House::with(sample::directory()).await;
    let _ann = house.desk("ann").await;
    let (chat, request) = chat(&house).await;
    let first = invite_as(&house, "once", request, "ann").await.expect("she can take it");
    assert_eq!(invite_as(&house, "once", request, "ann").await.expect("a repeat"), first);
    house.restart().await;
    assert_eq!(invite_as(&house, "once", request, "ann").await.expect("a repeat"), first);
    assert_eq!(house.invited(chat).await, ["ann"]);
}

#[tokio::test]
async fn sel_2_external_a_colleague_is_picked_too() {
    let auto = Channel { auto_accept: true, ..sample::channel("") };
    let house = House::with(sample::with_chat(auto)).await;
    let (mut ann, mut bob) = (house.desk("ann").await, house.desk("bob").await);
    let chat = house.chat(agent("ann")).await;
    ann.update().await;
    let request = ann.conference(chat, external(skill("french"))).await.expect("she may ask");
    refused(invite(&house, request, "ann").await, Code::FailedPrecondition, "ALREADY_A_PARTICIPANT");
    invite(&house, request, "bob").await.expect("he can take it");
    // On this channel it is accepted in his name.
    assert_eq!(bob.invite_ended().await.outcome(), InviteOutcome::Accepted);
    assert_eq!(house.participants(chat).await, ["ann", "bob"]);
}
