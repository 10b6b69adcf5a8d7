//! CAP: capacity in whole units, each with an owner.

use omniroute::wire::v1::{
    Agent, CapacityProfile, Channel, ChannelMaximum, HoldOwner, Queue, RequestState, Routing, RoutingMode,
    RoutingState, resource::Resource,
};
use tonic::Code;

use crate::support::{Desk, House, agent, button, queue, refused, requirements, sample, skill, to};

async fn open(house: &House, channel: &str, routing: Routing) -> u64 {
    house.create(channel, routing).await.expect("it is created").conversation_id
}

/// The owners and units of an agent's holds; their sum is what is in use (CAP-2).
fn holds(agent: &Agent) -> Vec<(HoldOwner, u32)> {
    assert_eq!(agent.units_used, agent.holds.iter().map(|it| it.units).sum::<u32>());
    agent.holds.iter().map(|it| (it.owner(), it.units)).collect()
}

#[tokio::test]
async fn cap_1_a_channel_gives_the_weight_and_a_profile_the_units() {
    let house = House::with(sample::directory()).await;
    let mut ann = house.desk("ann").await;
    let call = open(&house, "voice", to(agent("ann"))).await;
    assert_eq!(ann.invite().await.weight, 3);
    let chat = house.chat(agent("ann")).await;
    let agent = house.agent("ann").await;
    assert_eq!((agent.units, agent.interruptible_units, agent.units_used), (3, 3, 3));
    assert_eq!(agent.routing_state(), RoutingState::AtCapacity);
    assert!(house.invited(chat).await.is_empty());
    house.end(call).await.expect("the platform may");
    assert_eq!(house.invited(chat).await, ["ann"]);
}

#[tokio::test]
async fn cap_1_a_queue_may_override_the_weight() {
    let house = House::with(sample::with_queue(Queue { weight: Some(2), ..sample::queue("help") })).await;
    let mut ann = house.desk("ann").await;
    house.chat(queue("help")).await;
    assert_eq!(ann.invite().await.weight, 2);
    assert_eq!(holds(&house.agent("ann").await), [(HoldOwner::Invite, 2)]);
    let second = house.chat(queue("help")).await;
    assert!(house.invited(second).await.is_empty());
}

#[tokio::test]
async fn cap_1_a_profile_may_bound_the_conversations_of_a_channel() {
    let channel_maxima = vec![ChannelMaximum { channel_id: "chat".into(), conversations: 1 }];
    let profile = CapacityProfile { channel_maxima, ..sample::profile("", 3) };
    let house = House::with(sample::with_profile(profile)).await;
    let mut ann = house.desk("ann").await;
    let first = house.chat_with(&mut ann).await;
    let second = house.chat(agent("ann")).await;
    let case = open(&house, "case", to(agent("ann"))).await;
    assert!(house.invited(second).await.is_empty());
    assert_eq!(house.invited(case).await, ["ann"]);
    ann.end(first).await.expect("she is alone in it");
    assert_eq!(house.invited(second).await, ["ann"]);
}

#[tokio::test]
async fn cap_1_work_without_weight_fits_who_is_full_but_not_above() {
    let house = House::with(sample::with_chat(Channel { weight: 0, ..sample::channel("") })).await;
    let mut ann = house.desk("ann").await;
    open(&house, "voice", to(agent("ann"))).await;
    ann.take().await;
    let chat = house.chat(agent("ann")).await;
    assert_eq!(house.invited(chat).await, ["ann"]);
}

#[tokio::test]
async fn cap_2_every_unit_in_use_has_an_owner() {
    let chat = Channel { wrap_up_ms: 1_000, ..sample::channel("chat") };
    let house = House::with(sample::with_chat(chat)).await;
    let mut ann = house.desk("ann").await;
    let chat = house.chat(agent("ann")).await;
    let invite = ann.invite().await.invite_id;
    let invited = house.agent("ann").await;
    assert_eq!(holds(&invited), [(HoldOwner::Invite, 1)]);
    assert_eq!((invited.holds[0].conversation_id, invited.holds[0].invite_id), (chat, invite));
    ann.accept(invite).await.expect("it is pending");
    assert_eq!(holds(&house.agent("ann").await), [(HoldOwner::Participation, 1)]);
    open(&house, "case", to(agent("ann"))).await;
    assert_eq!(holds(&house.agent("ann").await), [(HoldOwner::Participation, 1), (HoldOwner::Invite, 1)]);
    ann.end(chat).await.expect("she is alone in it");
    assert_eq!(holds(&house.agent("ann").await), [(HoldOwner::WrapUp, 1), (HoldOwner::Invite, 1)]);
    house.advance(1_000).await;
    assert_eq!(holds(&house.agent("ann").await), [(HoldOwner::Invite, 1)]);
}

#[tokio::test]
async fn cap_3_a_single_invite_holds_its_weight_until_it_is_settled() {
    let chat = Channel { push_timeout_ms: 1_000, ..sample::channel("chat") };
    let house = House::with(sample::with_chat(chat)).await;
    let mut ann = house.desk("ann").await;
    // Declined.
    let chat = house.chat(agent("ann")).await;
    let invite = ann.invite().await.invite_id;
    assert_eq!(holds(&house.agent("ann").await), [(HoldOwner::Invite, 1)]);
    ann.presence("chat-only").await.expect("there is such a status");
    assert_eq!(holds(&house.agent("ann").await), [(HoldOwner::Invite, 1)]);
    house.end(chat).await.expect("the platform may");
    refused(ann.accept(invite).await, Code::FailedPrecondition, "INVITE_REVOKED");
    assert_eq!(holds(&house.agent("ann").await), []);
    let (_, mut bob) = (house.chat(queue("help")).await, house.desk("bob").await);
    let invite = ann.invite().await.invite_id;
    ann.decline(invite).await.expect("it is pending");
    assert_eq!(holds(&house.agent("ann").await), []);
    // Expired.
    bob.invite().await;
    assert_eq!(holds(&house.agent("bob").await), [(HoldOwner::Invite, 1)]);
    house.advance(1_000).await;
    assert_eq!(holds(&house.agent("bob").await), []);
}

#[tokio::test]
async fn cap_3_broadcast_invites_hold_nothing_and_room_is_checked_at_the_acceptance() {
    let house = House::with(sample::directory()).await;
    let mut ann = house.desk("ann").await;
    let everyone = Routing { mode: RoutingMode::Broadcast.into(), ..to(queue("help")) };
    let first = open(&house, "voice", everyone.clone()).await;
    let second = open(&house, "voice", everyone).await;
    let (invite, other) = (ann.invite().await.invite_id, ann.invite().await.invite_id);
    assert_eq!(holds(&house.agent("ann").await), []);
    assert_eq!(ann.accept(invite).await.expect("there is room"), first);
    refused(ann.accept(other).await, Code::FailedPrecondition, "AGENT_AT_CAPACITY");
    assert_eq!(house.invited(second).await, ["ann"]);
    ann.end(first).await.expect("she is alone in it");
    assert_eq!(ann.accept(other).await.expect("there is room again"), second);
    assert_eq!(holds(&house.agent("ann").await), [(HoldOwner::Participation, 3)]);
}

/// Dee in a chat, Ann with all her units in use.
async fn ann_is_full() -> (House, Desk, Desk, u64) {
    let house = House::with(sample::directory()).await;
    let (mut ann, mut dee) = (house.desk("ann").await, house.desk("dee").await);
    open(&house, "voice", to(agent("ann"))).await;
    ann.take().await;
    let chat = house.chat_with(&mut dee).await;
    (house, ann, dee, chat)
}

#[tokio::test]
async fn cap_4_requests_to_an_agent_or_a_skill_may_exceed_capacity_others_may_not() {
    for (target, exceeds) in [
        (agent("ann"), true),
        (skill("french"), true),
        (requirements(&[("french", 0)]), false),
        (queue("help"), false),
        (button("web"), false),
    ] {
        let (house, _ann, mut dee, chat) = ann_is_full().await;
        dee.conference(chat, to(target.clone())).await.expect("she may ask");
        let invited = house.invited(chat).await;
        assert_eq!(invited == ["ann"], exceeds, "conference to {target:?}: {invited:?}");
        let (house, _ann, mut dee, chat) = ann_is_full().await;
        dee.transfer(chat, to(target.clone())).await.expect("she may ask");
        assert_eq!(house.invited(chat).await == ["ann"], exceeds, "transfer to {target:?}");
    }
}

#[tokio::test]
async fn cap_4_a_new_conversation_does_not_exceed_capacity_whomever_it_addresses() {
    let (house, _ann, _dee, _) = ann_is_full().await;
    for target in [agent("ann"), skill("french")] {
        let chat = house.chat(target).await;
        assert!(house.invited(chat).await.is_empty());
    }
}

#[tokio::test]
async fn cap_4_a_request_may_say_otherwise() {
    let (house, _ann, mut dee, chat) = ann_is_full().await;
    let fit = Routing { over_capacity: Some(false), ..to(agent("ann")) };
    let request = dee.conference(chat, fit).await.expect("she may ask");
    let waiting = &house.conversation(chat).await.requests[0];
    assert_eq!((waiting.routing_request_id, waiting.state()), (request, RequestState::Waiting));
    let exceed = Routing { over_capacity: Some(true), ..to(requirements(&[("french", 0)])) };
    let over = open(&house, "chat", exceed).await;
    assert_eq!(house.invited(over).await, ["ann"]);
    assert_eq!(house.agent("ann").await.units_used, 4);
}

#[tokio::test]
async fn cap_4_who_is_above_capacity_gets_no_routed_work_until_below() {
    let (house, mut ann, mut dee, chat) = ann_is_full().await;
    dee.bring_in(chat, &mut ann).await;
    let over = house.agent("ann").await;
    assert_eq!((over.units_used, over.units, over.routing_state()), (4, 3, RoutingState::AtCapacity));
    let next = house.chat(agent("ann")).await;
    ann.leave(chat).await.expect("Dee is still in");
    assert_eq!(house.agent("ann").await.units_used, 3);
    assert!(house.invited(next).await.is_empty());
    house.end(over.conversation_ids[0]).await.expect("the platform may");
    assert_eq!(house.invited(next).await, ["ann"]);
}

#[tokio::test]
async fn cap_4_exceeding_capacity_exceeds_the_bounds_of_channels_too() {
    let channel_maxima = vec![ChannelMaximum { channel_id: "chat".into(), conversations: 0 }];
    let profile = CapacityProfile { channel_maxima, ..sample::profile("", 3) };
    let house = House::with(sample::with_profile(profile)).await;
    let _ann = house.desk("ann").await;
    let chat = house.chat(agent("ann")).await;
    assert!(house.invited(chat).await.is_empty());
    let exceed = Routing { over_capacity: Some(true), ..to(agent("ann")) };
    let over = open(&house, "chat", exceed).await;
    assert_eq!(house.invited(over).await, ["ann"]);
}

/// The sample in which cases are interruptible.
async fn with_interruptible_cases(interruptible_units: Option<u32>) -> House {
    let profile = CapacityProfile { interruptible_units, ..sample::profile("", 3) };
    let house = House::with(sample::with_profile(profile)).await;
    let case = Channel { interruptible: true, ..sample::channel("case") };
    house.put(Resource::Channel(case)).await.expect("it is right");
    house
}

#[tokio::test]
async fn cap_5_a_case_never_keeps_a_chat_away() {
    let house = with_interruptible_cases(None).await;
    let mut ann = house.desk("ann").await;
    for _ in 0..3 {
        open(&house, "case", to(agent("ann"))).await;
        ann.take().await;
    }
    let fourth = open(&house, "case", to(agent("ann"))).await;
    assert!(house.invited(fourth).await.is_empty());
    for _ in 0..3 {
        house.chat_with(&mut ann).await;
    }
    let full = house.agent("ann").await;
    assert_eq!((full.units_used, full.routing_state()), (6, RoutingState::AtCapacity));
    assert_eq!(full.holds.iter().filter(|it| it.interruptible).count(), 3);
}

#[tokio::test]
async fn cap_5_a_chat_keeps_a_case_away() {
    let house = with_interruptible_cases(None).await;
    let mut ann = house.desk("ann").await;
    let chat = house.chat_with(&mut ann).await;
    house.chat_with(&mut ann).await;
    house.chat_with(&mut ann).await;
    let case = open(&house, "case", to(agent("ann"))).await;
    assert!(house.invited(case).await.is_empty());
    ann.end(chat).await.expect("she is alone in it");
    assert_eq!(house.invited(case).await, ["ann"]);
}

#[tokio::test]
async fn cap_5_interruptible_work_takes_interruptible_units_only() {
    let house = with_interruptible_cases(Some(1)).await;
    let mut ann = house.desk("ann").await;
    open(&house, "case", to(agent("ann"))).await;
    ann.take().await;
    let second = open(&house, "case", to(agent("ann"))).await;
    assert!(house.invited(second).await.is_empty());
    let chat = house.chat(agent("ann")).await;
    assert_eq!(house.invited(chat).await, ["ann"]);
}
