//! QUE-3: how many may wait, and where the others go.

use omniroute::wire::v1::{
    Directory, Overflow, Queue, RoutingType, event, overflow::Target as Of, resource::Resource,
};
use tonic::Code;
use tonic_types::StatusExt;

use crate::support::{Desk, House, agent, button, invalid, queue, refused, sample, skill, to};

async fn served(desk: &mut Desk, count: usize) -> Vec<u64> {
    let mut served = Vec::new();
    for _ in 0..count {
        served.push(desk.take().await);
    }
    served
}

/// The sample in which so many may wait for `help`, and what is too much goes elsewhere.
fn with_bound(waiting_max: u32, overflow: Option<Of>) -> Directory {
    let overflow = overflow.map(|it| Overflow { target: Some(it) });
    sample::with_queue(Queue { waiting_max: Some(waiting_max), overflow, ..sample::queue("") })
}

fn to_sales() -> Of {
    Of::QueueId("sales".into())
}

#[tokio::test]
async fn que_3_so_many_may_wait_and_no_more() {
    let house = House::with(with_bound(2, None)).await;
    let (first, second) = (house.chat(queue("help")).await, house.chat(queue("help")).await);
    let third = house.create("chat", to(queue("help"))).await;
    let status = third.as_ref().expect_err("the queue is full");
    let delay = status.get_error_details().retry_info().and_then(|it| it.retry_delay);
    assert!(delay.is_some_and(|it| !it.is_zero()), "{status:?}");
    refused(third, Code::ResourceExhausted, "QUEUE_FULL");
    assert_eq!(house.waiting("help").await, [first, second]);
    house.end(first).await.expect("it is live");
    let third = house.chat(queue("help")).await;
    refused(house.create("chat", to(queue("help"))).await, Code::ResourceExhausted, "QUEUE_FULL");
    assert_eq!(house.waiting("help").await, [second, third]);
}

#[tokio::test]
async fn que_3_where_an_agent_is_free_nobody_has_to_wait() {
    let house = House::with(with_bound(0, None)).await;
    refused(house.create("chat", to(queue("help"))).await, Code::ResourceExhausted, "QUEUE_FULL");
    let mut ann = house.desk("ann").await;
    for _ in 0..3 {
        let chat = house.chat(queue("help")).await;
        assert_eq!(ann.take().await, chat);
    }
    refused(house.create("chat", to(queue("help"))).await, Code::ResourceExhausted, "QUEUE_FULL");
    assert!(house.create("voice", to(queue("sales"))).await.is_ok(), "other queues have their own bounds");
}

#[tokio::test]
async fn que_3_what_passes_over_heavy_work_needs_no_place() {
    let house = House::with(with_bound(1, None)).await;
    let mut ann = house.desk("ann").await;
    house.chat_with(&mut ann).await;
    let heavy = house.create("voice", to(queue("help"))).await.expect("one may wait").conversation_id;
    let light = house.chat(queue("help")).await;
    assert_eq!(ann.take().await, light);
    refused(house.create("voice", to(queue("help"))).await, Code::ResourceExhausted, "QUEUE_FULL");
    assert_eq!(house.waiting("help").await, [heavy]);
}

#[tokio::test]
async fn que_3_what_is_in_comes_back_to_wait_unasked() {
    let house = House::with(with_bound(1, None)).await;
    let mut ann = house.desk("ann").await;
    let old = house.chat(queue("help")).await;
    let invite = ann.invite().await.invite_id;
    ann.presence("finishing").await.expect("there is such a status");
    assert_eq!(house.waiting("help").await, [old]);
    refused(ann.accept(invite).await, Code::FailedPrecondition, "INVITE_REVOKED");
    ann.presence("available").await.expect("there is such a status");
    ann.invite().await;
    let young = house.create("voice", to(queue("help"))).await.expect("one may wait").conversation_id;
    ann.presence("finishing").await.expect("there is such a status");
    assert_eq!(house.waiting("help").await, [old, young]);
}

#[tokio::test]
async fn que_3_what_is_too_much_goes_to_the_overflow() {
    let mut directory = with_bound(1, Some(to_sales()));
    directory.queues[1] = Queue { priority: Some(7), ..sample::queue("sales") };
    let house = House::with(directory).await;
    let mut events = house.watch(1).await;
    let first = house.chat(queue("help")).await;
    let second = house.chat(queue("help")).await;
    assert_eq!((house.waiting("help").await, house.waiting("sales").await), (vec![first], vec![second]));
    let routing = house.conversation(second).await.requests[0].routing.clone().expect("a routing");
    assert_eq!((routing.target, routing.priority), (to(queue("sales")).target, Some(7)));
    for from in ["", "help"] {
        let told = events.until(|it| matches!(it, event::Event::ConversationCreated(_))).await;
        let Some(event::Event::ConversationCreated(created)) = told.event else { unreachable!("it is") };
        assert_eq!(created.overflowed_from_queue_id, from);
    }
}

#[tokio::test]
async fn que_3_an_overflow_may_be_a_skill_a_button_or_an_agent() {
    for (overflow, target, by) in [
        (Of::SkillId("billing".into()), skill("billing"), RoutingType::OmniChannel),
        (Of::ButtonId("web".into()), button("web"), RoutingType::ButtonSkills),
        (Of::AgentId("dee".into()), agent("dee"), RoutingType::OmniChannel),
    ] {
        let house = House::with(with_bound(0, Some(overflow))).await;
        let chat = house.conversation(house.chat(queue("help")).await).await;
        let routing = chat.requests[0].routing.clone().expect("a routing");
        assert_eq!((routing.target, chat.routing_type()), (to(target).target, by));
    }
}

#[tokio::test]
async fn que_3_an_overflow_may_overflow_in_its_turn() {
    let mut directory = with_bound(1, Some(to_sales()));
    directory.queues[1] = Queue { waiting_max: Some(1), ..sample::queue("sales") };
    let house = House::with(directory).await;
    let first = house.chat(queue("help")).await;
    let second = house.chat(queue("help")).await;
    refused(house.create("chat", to(queue("help"))).await, Code::ResourceExhausted, "QUEUE_FULL");
    assert_eq!((house.waiting("help").await, house.waiting("sales").await), (vec![first], vec![second]));
    let mut bob = house.desk("bob").await;
    assert_eq!(served(&mut bob, 2).await, [first, second]);
}

#[tokio::test]
async fn que_3_a_transfer_to_a_full_queue_overflows_or_is_refused() {
    let house = House::with(with_bound(0, None)).await;
    let mut ann = house.desk("ann").await;
    let chat = house.chat_with(&mut ann).await;
    refused(ann.transfer(chat, to(queue("help"))).await, Code::ResourceExhausted, "QUEUE_FULL");
    house.apply(with_bound(0, Some(to_sales()))).await.expect("it is right");
    ann.transfer(chat, to(queue("help"))).await.expect("it overflows");
    assert_eq!(house.waiting("sales").await, [chat]);
    let mut bob = house.desk("bob").await;
    assert_eq!(bob.take().await, chat);
    assert_eq!(house.participants(chat).await, ["bob"]);
}

#[tokio::test]
async fn que_3_an_agent_who_is_in_the_conversation_is_no_overflow() {
    let house = House::with(with_bound(0, Some(Of::AgentId("ann".into())))).await;
    let mut ann = house.desk("ann").await;
    let chat = house.chat_with(&mut ann).await;
    refused(ann.transfer(chat, to(queue("help"))).await, Code::ResourceExhausted, "QUEUE_FULL");
}

#[tokio::test]
async fn que_3_an_overflow_in_a_circle_is_a_mistake_with_its_path() {
    let mut directory = with_bound(1, Some(to_sales()));
    let back = Overflow { target: Some(Of::QueueId("help".into())) };
    directory.queues[1] =
        Queue { waiting_max: Some(1), overflow: Some(back.clone()), ..sample::queue("sales") };
    let house = House::empty().await;
    let mistakes = ["directory.queues[0].overflow", "directory.queues[1].overflow"];
    invalid(house.apply(directory.clone()).await, &mistakes);
    directory.queues[1].overflow = None;
    house.apply(directory.clone()).await.expect("it is right");
    directory.queues[1].overflow = Some(back);
    let sales = Resource::Queue(directory.queues[1].clone());
    invalid(house.put(sales).await, &["resource.queue.overflow"]);
    let unbounded = Queue { overflow: Some(Overflow { target: Some(to_sales()) }), ..sample::queue("help") };
    invalid(house.put(Resource::Queue(unbounded)).await, &["resource.queue.overflow"]);
    let nowhere = Overflow { target: Some(Of::SkillId("greek".into())) };
    let nowhere = Queue { waiting_max: Some(1), overflow: Some(nowhere), ..sample::queue("help") };
    invalid(house.put(Resource::Queue(nowhere)).await, &["resource.queue.overflow.skill_id"]);
}
