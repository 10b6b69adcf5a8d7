//! SKL-3: a preferred agent is tried first.

use omniroute::{
    engine::limits::LEASE_MS,
    wire::v1::{
        Button, Channel, Console, DeleteResourceRequest, ExplainConversationRequest, ExplainDecisionsRequest,
        OnSessionLoss, Overflow, PreferredAgent, Queue, ResourceKind, Routing, RoutingMode, RoutingModel,
        RoutingRequest, Standing, overflow::Target as Of, target::Target,
    },
};
use tonic::Code;

use crate::support::{
    Desk, House, ORG, START_MS, agent, button, fresh, invalid, queue, refused, requirements, sample, skill,
    to,
};

fn at(ms: u64) -> i64 {
    i64::try_from(START_MS + ms).expect("times are small")
}

/// To a target, at first to this agent, for so long.
fn preferring(agent: &str, insist_for_ms: i64, target: Target) -> Routing {
    let preferred = PreferredAgent { agent_id: agent.into(), insist_for_ms, insist_until_available: false };
    Routing { preferred_agent: Some(preferred), ..to(target) }
}

/// The same, until it is available.
fn awaiting(agent: &str, target: Target) -> Routing {
    let preferred = PreferredAgent { agent_id: agent.into(), insist_for_ms: 0, insist_until_available: true };
    Routing { preferred_agent: Some(preferred), ..to(target) }
}

async fn chat(house: &House, routing: Routing) -> u64 {
    house.create("chat", routing).await.expect("it is created").conversation_id
}

/// The one open request of a conversation.
async fn request(house: &House, conversation_id: u64) -> RoutingRequest {
    house.conversation(conversation_id).await.requests.remove(0)
}

/// How agents stand to the one open request of a conversation.
async fn standings(house: &House, conversation_id: u64) -> Vec<(String, Standing)> {
    let request = ExplainConversationRequest { org_id: ORG.into(), conversation_id, page_size: 0 };
    let explained = house.supervisor().explain_conversation(request).await.expect("it can be explained");
    let of = explained.into_inner().requests.remove(0).explanation.expect("an explanation");
    of.agents.into_iter().map(|it| (it.agent_id.clone(), it.standing())).collect()
}

async fn decline_next(desk: &mut Desk) {
    let invite = desk.invite().await.invite_id;
    desk.decline(invite).await.expect("it is pending");
}

#[tokio::test]
async fn skl_3_nobody_else_is_asked_for_the_stated_time() {
    let house = House::with(sample::directory()).await;
    let (mut bob, mut cid) = (house.desk("bob").await, house.desk("cid").await);
    bob.presence("lunch").await.expect("he may");
    let waits = chat(&house, preferring("bob", 1_000, queue("help"))).await;
    let shown = request(&house, waits).await;
    assert!(shown.insists_on_preferred);
    let next = shown.next_step.expect("it is not for ever");
    assert_eq!((next.at_ms, next.ends_insistence, next.dropped.len()), (at(1_000), true, 0));
    let seen = standings(&house, waits).await;
    assert_eq!(seen[1..3], [("bob".into(), Standing::NotOnline), ("cid".into(), Standing::NotAddressed)]);
    assert_eq!(house.waiting("help").await, [waits], "it stands in its queue all the same");
    house.advance(999).await;
    assert!(house.invited(waits).await.is_empty());
    house.advance(1).await;
    assert_eq!(cid.take().await, waits);
    // Who is there is asked at once; whoever else would be better is not.
    bob.presence("available").await.expect("he may");
    let other = chat(&house, preferring("cid", 1_000, queue("help"))).await;
    assert_eq!(cid.take().await, other);
    // And who comes within the time.
    bob.presence("lunch").await.expect("he may");
    let third = chat(&house, preferring("bob", 1_000, queue("help"))).await;
    house.advance(500).await;
    bob.presence("available").await.expect("he may");
    assert_eq!(bob.take().await, third);
}

#[tokio::test]
async fn skl_3_until_available_has_no_end() {
    let house = House::with(sample::directory()).await;
    let mut bob = house.desk("bob").await;
    let mut taken = Vec::new();
    for _ in 0..3 {
        taken.push(house.chat_with(&mut bob).await);
    }
    let mut cid = house.desk("cid").await;
    let waits = chat(&house, awaiting("bob", queue("help"))).await;
    let shown = request(&house, waits).await;
    assert_eq!((shown.insists_on_preferred, shown.next_step), (true, None));
    house.advance(86_400_000).await;
    assert!(cid.told().await.is_empty());
    bob.end(taken[0]).await.expect("he is alone in it");
    assert_eq!(bob.take().await, waits);
}

#[tokio::test]
async fn skl_3_the_preferred_agent_goes_first_whatever_the_model_says() {
    let house = House::with(sample::directory()).await;
    let (_ann, mut bob) = (house.desk("ann").await, house.desk("bob").await);
    house.chat_with(&mut bob).await;
    // Ann has less in hand. Nobody waits for Bob, and he goes first.
    let first = chat(&house, preferring("bob", 0, queue("help"))).await;
    assert_eq!(house.invited(first).await, ["bob"]);
    assert!(!request(&house, first).await.insists_on_preferred);
    let seen = standings(&house, first).await;
    assert_eq!(seen[..2], [("bob".into(), Standing::Invited), ("ann".into(), Standing::OtherInvited)]);
    let asked = ExplainDecisionsRequest { org_id: ORG.into(), conversation_id: first, ..Default::default() };
    let told = house.supervisor().explain_decisions(asked).await.expect("it can be explained").into_inner();
    let then = told.decisions[0].explanation.clone().expect("an explanation").agents;
    let then: Vec<_> = then.iter().take(2).map(|it| (it.agent_id.as_str(), it.standing())).collect();
    assert_eq!(then, [("bob", Standing::Chosen), ("ann", Standing::LostOnPreferred)]);
    decline_next(&mut bob).await;
    assert_eq!(house.invited(first).await, ["ann"]);
    bob.presence("lunch").await.expect("he may");
    let second = chat(&house, preferring("bob", 0, queue("help"))).await;
    assert_eq!(house.invited(second).await, ["ann"]);
    // A broadcast asks all at once: nobody is first.
    bob.presence("available").await.expect("he may");
    let everyone = Routing { mode: RoutingMode::Broadcast.into(), ..preferring("ann", 0, queue("help")) };
    let third = chat(&house, everyone).await;
    assert_eq!(house.invited(third).await, ["bob", "ann"]);
}

#[tokio::test]
async fn skl_3_it_must_meet_everything_else() {
    let house = House::with(sample::directory()).await;
    let (mut ann, _dee) = (house.desk("ann").await, house.desk("dee").await);
    // Dee has no French, and Ann is not in `sales`.
    let french = chat(&house, preferring("dee", 1_000, requirements(&[("french", 0)]))).await;
    let sales = chat(&house, preferring("ann", 1_000, queue("sales"))).await;
    assert!(house.invited(french).await.is_empty());
    let seen = standings(&house, french).await;
    assert!(seen.contains(&("dee".into(), Standing::SkillMissing)), "{seen:?}");
    house.advance(1_000).await;
    assert_eq!(ann.take().await, french);
    assert!(house.invited(sales).await.is_empty());
    let _bob = house.desk("bob").await;
    assert_eq!(house.invited(sales).await, ["bob"]);
}

#[tokio::test]
async fn skl_3_a_decline_or_an_expiry_ends_the_insistence() {
    let timeout = Channel { push_timeout_ms: 5_000, ..sample::channel("") };
    let house = House::with(sample::with_chat(timeout)).await;
    let (mut bob, mut cid) = (house.desk("bob").await, house.desk("cid").await);
    let first = chat(&house, awaiting("bob", queue("help"))).await;
    decline_next(&mut bob).await;
    assert_eq!(cid.take().await, first);
    let second = chat(&house, awaiting("bob", queue("help"))).await;
    house.advance(5_000).await;
    assert_eq!(cid.take().await, second);
    // Going away is neither.
    bob.presence("available").await.expect("he may");
    let third = chat(&house, awaiting("bob", queue("help"))).await;
    assert_eq!(house.invited(third).await, ["bob"]);
    bob.presence("lunch").await.expect("he may");
    assert!(house.invited(third).await.is_empty());
    assert!(request(&house, third).await.insists_on_preferred);
}

#[tokio::test]
async fn skl_3_nobody_waits_for_who_is_removed_from_the_directory() {
    let house = House::with(sample::directory()).await;
    let mut cid = house.desk("cid").await;
    let waits = chat(&house, awaiting("bob", queue("help"))).await;
    let later = chat(&house, Routing { not_before_ms: at(2_000), ..awaiting("bob", queue("help")) }).await;
    let request_of = DeleteResourceRequest {
        org_id: ORG.into(),
        request_id: fresh(),
        kind: ResourceKind::Agent.into(),
        id: "bob".into(),
    };
    house.directory().delete_resource(request_of).await.expect("nothing refers to him");
    assert_eq!(cid.take().await, waits);
    assert!(!request(&house, later).await.insists_on_preferred);
    refused(house.create("chat", awaiting("bob", queue("help"))).await, Code::NotFound, "AGENT_NOT_FOUND");
    house.advance(2_000).await;
    assert_eq!(cid.take().await, later);
}

#[tokio::test]
async fn skl_3_what_is_queued_again_insists_only_where_it_starts_over() {
    let requeue = Channel { on_session_loss: OnSessionLoss::Requeue.into(), ..sample::channel("") };
    let house = House::with(sample::with_chat(requeue)).await;
    let mut bob = house.desk("bob").await;
    let plain = chat(&house, awaiting("bob", queue("help"))).await;
    let over = Routing { steps_start_over: true, ..preferring("bob", 60_000, queue("help")) };
    let over = chat(&house, over).await;
    bob.take_only(plain).await;
    bob.take_only(over).await;
    house.break_off(bob).await;
    let mut cid = house.desk("cid").await;
    house.advance(LEASE_MS).await;
    // He who was insisted on is the one who is lost.
    assert_eq!(cid.take().await, plain);
    assert!(request(&house, over).await.insists_on_preferred);
    house.advance(59_999).await;
    assert!(house.invited(over).await.is_empty());
    house.advance(1).await;
    assert_eq!(cid.take().await, over);
}

#[tokio::test]
async fn skl_3_the_insistence_goes_on_after_a_restart() {
    let mut house = House::with(sample::directory()).await;
    let cid = house.desk("cid").await;
    let waits = chat(&house, preferring("bob", 1_000, queue("help"))).await;
    house.restart().await;
    let back = house.open("cid", Console::Lightning, "available", cid.session.epoch).await;
    let mut cid = back.expect("he comes back");
    assert!(house.invited(waits).await.is_empty());
    house.advance(1_000).await;
    assert_eq!(cid.take().await, waits);
}

#[tokio::test]
async fn skl_3_a_request_for_a_colleague_does_not_fail_before_its_time() {
    let house = House::with(sample::directory()).await;
    let (mut dee, _ann) = (house.desk("dee").await, house.desk("ann").await);
    let chat = house.chat_with(&mut dee).await;
    dee.conference(chat, preferring("bob", 1_000, skill("french"))).await.expect("she may ask");
    assert!(house.invited(chat).await.is_empty());
    house.advance(1_000).await;
    assert_eq!(house.invited(chat).await, ["ann"]);
    // Nor is anybody preferred who is in it already.
    let again = dee.transfer(chat, preferring("dee", 1_000, skill("billing"))).await;
    refused(again, Code::FailedPrecondition, "ALREADY_A_PARTICIPANT");
}

#[tokio::test]
async fn skl_3_of_what_is_picked_the_preferred_agent_alone_may() {
    let web = Button { model: RoutingModel::Choice.into(), ..sample::button("", &["french"]) };
    let house = House::with(sample::with_button(web)).await;
    let (mut ann, mut bob) = (house.desk("ann").await, house.desk("bob").await);
    let first = chat(&house, preferring("bob", 1_000, button("web"))).await;
    refused(ann.pick(first).await, Code::FailedPrecondition, "AGENT_NOT_ELIGIBLE");
    bob.pick(first).await.expect("it is for him");
    let second = chat(&house, preferring("bob", 1_000, button("web"))).await;
    house.advance(1_000).await;
    ann.pick(second).await.expect("it is for anybody now");
}

#[tokio::test]
async fn skl_3_by_an_overflow_nobody_waits_for_the_preferred_agent() {
    let overflow = Some(Overflow { target: Some(Of::QueueId("help".into())) });
    let mut directory = sample::directory();
    directory.queues[1] = Queue { waiting_max: Some(0), overflow, ..sample::queue("sales") };
    let house = House::with(directory).await;
    let (mut ann, mut cid) = (house.desk("ann").await, house.desk("cid").await);
    // Not even while he is insisted on does it wait where there is no place to wait.
    let first = chat(&house, awaiting("bob", queue("sales"))).await;
    assert_eq!(ann.take().await, first);
    // Cid goes first by preference, though he has more in hand.
    house.chat_with(&mut cid).await;
    house.chat_with(&mut cid).await;
    let second = chat(&house, awaiting("cid", queue("sales"))).await;
    assert_eq!(cid.take().await, second);
    // Where he is free he would be invited at once, so he needs no place.
    let _bob = house.desk("bob").await;
    let third = chat(&house, awaiting("bob", queue("sales"))).await;
    assert_eq!(house.invited(third).await, ["bob"]);
    let target = request(&house, third).await.routing.and_then(|it| it.target).and_then(|it| it.target);
    assert_eq!(target, Some(queue("sales")));
}

#[tokio::test]
async fn skl_3_a_preference_has_its_shape() {
    let house = House::with(sample::directory()).await;
    let both = PreferredAgent { agent_id: "ann".into(), insist_for_ms: 1, insist_until_available: true };
    let both = Routing { preferred_agent: Some(both), ..to(queue("help")) };
    invalid(house.create("chat", both).await, &["routing.preferred_agent.insist_for_ms"]);
    let table: [(Routing, &[&str]); 3] = [
        (preferring("a b", 0, queue("help")), &["routing.preferred_agent.agent_id"]),
        (preferring("ann", 86_400_001, queue("help")), &["routing.preferred_agent.insist_for_ms"]),
        (preferring("ann", 0, agent("bob")), &["routing.preferred_agent"]),
    ];
    for (routing, paths) in table {
        invalid(house.create("chat", routing).await, paths);
    }
    let unknown = preferring("zoe", 0, requirements(&[("x", 0)]));
    refused(house.create("chat", unknown).await, Code::NotFound, "AGENT_NOT_FOUND");
    let shown = request(&house, chat(&house, preferring("ann", 5, queue("help"))).await).await.routing;
    let shown = shown.and_then(|it| it.preferred_agent).expect("it is shown");
    assert_eq!((&*shown.agent_id, shown.insist_for_ms, shown.insist_until_available), ("ann", 5, false));
}
