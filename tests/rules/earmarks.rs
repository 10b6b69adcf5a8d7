//! QUE-5: work that fits nobody's free room and has waited too long keeps an agent.

use omniroute::wire::v1::{
    AgentResource, Channel, Directory, ExplainAgentRequest, Queue, Routing, RoutingMode, Standing, event,
    resource::Resource,
};

use crate::support::{Desk, House, ORG, agent, invalid, queue, sample, skill, to};

/// How long heavy work waits in `help` before it keeps an agent.
const AFTER: u64 = 60_000;

fn earmarking() -> Directory {
    sample::with_queue(Queue { earmark_after_ms: 60_000, ..sample::queue("") })
}

/// Ann and Bob, with so many chats in hand.
async fn busy(house: &House, ann_has: usize, bob_has: usize) -> (Desk, Vec<u64>, Desk, Vec<u64>) {
    let (mut ann, mut bob) = (house.desk("ann").await, house.desk("bob").await);
    let (mut of_ann, mut of_bob) = (Vec::new(), Vec::new());
    for _ in 0..ann_has {
        of_ann.push(house.chat_with(&mut ann).await);
    }
    for _ in 0..bob_has {
        of_bob.push(house.chat_with(&mut bob).await);
    }
    (ann, of_ann, bob, of_bob)
}

async fn heavy(house: &House) -> u64 {
    house.create("voice", to(queue("help"))).await.expect("it is created").conversation_id
}

/// Who is kept for a conversation's first request.
async fn kept_for(house: &House, conversation: u64) -> String {
    house.conversation(conversation).await.requests[0].earmarked_agent_id.clone()
}

#[tokio::test]
async fn que_5_work_that_waits_too_long_earmarks_who_can_take_it_soonest() {
    let house = House::with(earmarking()).await;
    // Ann is short by two units, Bob by one.
    let (mut ann, of_ann, mut bob, of_bob) = busy(&house, 2, 1).await;
    let call = heavy(&house).await;
    house.advance(AFTER - 1).await;
    assert_eq!(kept_for(&house, call).await, "", "not yet");
    house.advance(1).await;
    assert_eq!(kept_for(&house, call).await, "bob");
    let request = house.conversation(call).await.requests[0].routing_request_id;
    assert_eq!(house.agent("bob").await.earmarked_for_routing_request_id, request);
    assert_eq!(house.agent("ann").await.earmarked_for_routing_request_id, 0);
    // Lighter work goes to Ann although Bob has fewer units in use, and once she is full it waits.
    let (light, lighter) = (house.chat(queue("help")).await, house.chat(queue("help")).await);
    assert_eq!(ann.take().await, light);
    assert_eq!(house.waiting("help").await, [call, lighter]);
    let explained = ExplainAgentRequest { org_id: ORG.into(), agent_id: "bob".into(), page_size: 0 };
    let explained = house.supervisor().explain_agent(explained).await.expect("he is there").into_inner();
    let standing = |place: usize| explained.waiting[place].verdict.as_ref().expect("a verdict").standing();
    assert_eq!((standing(0), standing(1)), (Standing::RoomShort, Standing::Earmarked));
    bob.end(of_bob[0]).await.expect("he is alone in it");
    assert_eq!(bob.take().await, call, "it fits");
    assert_eq!(house.agent("bob").await.earmarked_for_routing_request_id, 0);
    ann.end(of_ann[0]).await.expect("she is alone in it");
    assert_eq!(ann.take().await, lighter);
}

#[tokio::test]
async fn que_5_without_the_setting_lighter_work_passes_for_ever() {
    let house = House::with(sample::directory()).await;
    let (mut ann, ..) = busy(&house, 1, 3).await;
    let call = heavy(&house).await;
    house.advance(24 * 3_600_000).await;
    assert_eq!(kept_for(&house, call).await, "");
    let light = house.chat(queue("help")).await;
    assert_eq!(ann.take().await, light);
}

#[tokio::test]
async fn que_5_who_is_kept_and_goes_away_is_replaced() {
    let house = House::with(earmarking()).await;
    let mut events = house.watch(1).await;
    let (ann, _, bob, _) = busy(&house, 2, 1).await;
    let mut bob = bob;
    let call = heavy(&house).await;
    house.advance(AFTER).await;
    let kept = events.until(|it| matches!(it, event::Event::AgentEarmarked(_))).await;
    let Some(event::Event::AgentEarmarked(kept)) = kept.event else { unreachable!("it is") };
    assert_eq!((kept.agent_id.as_str(), kept.units, kept.interruptible), ("bob", 3, false));
    bob.presence("lunch").await.expect("he may");
    assert_eq!(kept_for(&house, call).await, "ann");
    drop(ann);
    let mut ann = house.desk("ann").await;
    ann.presence("lunch").await.expect("she may");
    let lifted = events.until(|it| matches!(it, event::Event::EarmarkLifted(_))).await;
    let Some(event::Event::EarmarkLifted(lifted)) = lifted.event else { unreachable!("it is") };
    assert_eq!(lifted.agent_id, "ann");
    assert_eq!(kept_for(&house, call).await, "", "nobody is there");
    bob.presence("available").await.expect("he may");
    assert_eq!(kept_for(&house, call).await, "bob");
    house.end(call).await.expect("the platform may");
    let light = house.chat(queue("help")).await;
    assert_eq!(bob.take().await, light, "who is kept for nothing takes lighter work");
}

#[tokio::test]
async fn que_5_a_skill_that_is_taken_away_takes_the_earmark_along() {
    let house = House::with(earmarking()).await;
    let (_ann, _, mut bob, _) = busy(&house, 2, 1).await;
    let call = heavy(&house).await;
    house.advance(AFTER).await;
    assert_eq!(kept_for(&house, call).await, "bob");
    let elsewhere = AgentResource { queue_ids: vec!["sales".into()], ..sample::agent("bob", &[], &[]) };
    house.put(Resource::Agent(elsewhere)).await.expect("it is right");
    assert_eq!(kept_for(&house, call).await, "ann");
    let light = house.chat(queue("sales")).await;
    assert_eq!(bob.take().await, light);
}

#[tokio::test]
async fn que_5_each_that_starves_keeps_another_in_turn() {
    let house = House::with(earmarking()).await;
    let (ann, _, mut bob, of_bob) = busy(&house, 2, 1).await;
    let (first, second) = (heavy(&house).await, heavy(&house).await);
    house.advance(1_000).await;
    let third = heavy(&house).await;
    house.advance(AFTER).await;
    assert_eq!(kept_for(&house, first).await, "bob");
    assert_eq!(kept_for(&house, second).await, "ann");
    assert_eq!(kept_for(&house, third).await, "", "nobody is left");
    bob.end(of_bob[0]).await.expect("he is alone in it");
    assert_eq!(bob.take().await, first);
    // Bob is full, but of those who are not kept he is the soonest.
    assert_eq!(kept_for(&house, third).await, "bob");
    drop(ann);
}

#[tokio::test]
async fn que_5_an_earmark_keeps_nothing_from_the_other_pool_nor_from_colleagues() {
    let mut directory = earmarking();
    let case = directory.channels.iter_mut().find(|it| it.id == "case").expect("there is one");
    *case = Channel { interruptible: true, weight: 1, ..case.clone() };
    let house = House::with(directory).await;
    let (mut ann, _, mut bob, of_bob) = busy(&house, 3, 1).await;
    let call = heavy(&house).await;
    house.advance(AFTER).await;
    assert_eq!(kept_for(&house, call).await, "bob");
    // A case takes nothing that the call could.
    let case = house.create("case", to(queue("help"))).await.expect("it is created").conversation_id;
    assert_eq!(bob.take().await, case);
    // Who is asked by name may exceed capacity, and an earmark.
    let with_ann = house.agent("ann").await.conversation_ids[0];
    ann.conference(with_ann, to(agent("bob"))).await.expect("she may ask");
    bob.take_only(with_ann).await;
    bob.end(of_bob[0]).await.expect("he is alone in it");
    assert_eq!(kept_for(&house, call).await, "bob", "the conference keeps him from it");
}

#[tokio::test]
async fn que_5_what_was_offered_before_the_earmark_may_still_be_accepted() {
    let house = House::with(earmarking()).await;
    let (_ann, _, mut bob, _) = busy(&house, 3, 1).await;
    let call = heavy(&house).await;
    house.advance(AFTER - 1).await;
    let broadcast = Routing { mode: RoutingMode::Broadcast.into(), ..to(skill("french")) };
    let light = house.create("chat", broadcast).await.expect("it is created").conversation_id;
    let invite = bob.invite_to(light).await;
    house.advance(1).await;
    assert_eq!(kept_for(&house, call).await, "bob");
    bob.accept(invite.invite_id).await.expect("he was asked before");
}

#[tokio::test]
async fn que_5_the_earmark_outlives_a_restart() {
    let mut house = House::with(earmarking()).await;
    let (_ann, _, _bob, of_bob) = busy(&house, 2, 1).await;
    let call = heavy(&house).await;
    house.advance(AFTER / 2).await;
    house.restart().await;
    let desks = (house.desk("ann").await, house.desk("bob").await);
    house.advance(AFTER / 2).await;
    assert_eq!(kept_for(&house, call).await, "bob");
    house.restart().await;
    drop(desks);
    assert_eq!(kept_for(&house, call).await, "", "who has no session cannot be kept");
    let light = house.chat(queue("help")).await;
    let _ann = house.desk("ann").await;
    assert_eq!(kept_for(&house, call).await, "ann", "she came first");
    let mut bob = house.desk("bob").await;
    assert_eq!(bob.take().await, light, "he is not kept");
    bob.end(of_bob[0]).await.expect("he is alone in it");
}

#[tokio::test]
async fn que_5_the_time_has_bounds() {
    let house = House::with(sample::directory()).await;
    let wrong = Queue { earmark_after_ms: -1, ..sample::queue("help") };
    invalid(house.put(Resource::Queue(wrong)).await, &["resource.queue.earmark_after_ms"]);
}
