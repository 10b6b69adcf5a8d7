//! ASYN-1 and CAP-6: conversations that go inactive, by the agent or after silence, and give their capacity back.

use omniroute::{
    engine::limits::LEASE_MS,
    wire::v1::{
        self, Author, CapacityProfile, Channel, ChannelMaximum, Console, ConversationState, HoldOwner,
        LogEntryKind, LogReader, OnSessionLoss, Queue, ResourceKind, RoutingModel, RoutingState,
        event::Event, open_session_response::Notice, resource::Resource,
    },
};
use tonic::Code;

use crate::support::{
    Desk, House, ORG, START_MS, agent, fresh, queue, refused, requirements, sample, skill, to,
};

const NO: Code = Code::FailedPrecondition;

/// A chat of two units that may go inactive, and would have a wrap-up.
fn messaging() -> Channel {
    Channel { weight: 2, wrap_up_ms: 700, asynchronous: true, ..sample::channel("chat") }
}

fn at(ms: u64) -> i64 {
    i64::try_from(START_MS + ms).expect("times are small")
}

async fn with_ann(chat: Channel) -> (House, Desk, u64) {
    let house = House::with(sample::with_chat(chat)).await;
    let mut ann = house.desk("ann").await;
    let chat = house.chat_with(&mut ann).await;
    (house, ann, chat)
}

async fn state(house: &House, conversation: u64) -> ConversationState {
    house.conversation(conversation).await.state()
}

/// What an agent holds as a participant: whether that is inactive, and how much it is.
async fn parts(house: &House, agent: &str) -> Vec<(HoldOwner, u32)> {
    house.agent(agent).await.holds.iter().map(|it| (it.owner(), it.units)).collect()
}

#[tokio::test]
async fn cap_6_an_inactive_conversation_takes_the_inactive_weight() {
    for inactive_weight in [0, 1] {
        let (house, mut ann, chat) = with_ann(Channel { inactive_weight, ..messaging() }).await;
        assert_eq!(parts(&house, "ann").await, [(HoldOwner::Participation, 2)]);
        ann.inactivate(chat).await.expect("it is hers");
        let seen = house.agent("ann").await;
        assert_eq!(parts(&house, "ann").await, [(HoldOwner::Inactive, inactive_weight)]);
        assert_eq!((seen.units_used, seen.conversation_ids.clone()), (inactive_weight, vec![chat]));
        let expected = if inactive_weight == 0 { RoutingState::Idle } else { RoutingState::Engaged };
        assert_eq!(seen.routing_state(), expected);
    }
}

#[tokio::test]
async fn cap_6_what_is_given_back_goes_to_what_waits_at_once() {
    let (house, mut ann, chat) = with_ann(Channel { inactive_weight: 1, ..messaging() }).await;
    let next = house.chat(agent("ann")).await;
    assert!(house.invited(next).await.is_empty(), "she has one unit, and it takes two");
    ann.inactivate(chat).await.expect("it is hers");
    assert_eq!(house.invited(next).await, ["ann"]);
}

#[tokio::test]
async fn cap_6_by_going_inactive_it_gets_no_heavier() {
    let mut directory = sample::with_chat(Channel { weight: 3, inactive_weight: 2, ..messaging() });
    directory.queues[0] = Queue { weight: Some(1), ..sample::queue("help") };
    let house = House::with(directory).await;
    let mut ann = house.desk("ann").await;
    let chat = house.chat(queue("help")).await;
    ann.take().await;
    ann.inactivate(chat).await.expect("it is hers");
    assert_eq!(parts(&house, "ann").await, [(HoldOwner::Inactive, 1)]);
    house.customer_says(chat, "hello?").await.expect("it may write");
    assert_eq!(parts(&house, "ann").await, [(HoldOwner::Participation, 1)]);
}

#[tokio::test]
async fn cap_6_what_is_inactive_is_not_counted_against_the_bound_of_its_channel() {
    let maximum = ChannelMaximum { channel_id: "chat".into(), conversations: 1 };
    let mut directory = sample::with_chat(messaging());
    directory.capacity_profiles[0] =
        CapacityProfile { channel_maxima: vec![maximum], ..sample::profile("standard", 9) };
    let house = House::with(directory).await;
    let mut ann = house.desk("ann").await;
    let chat = house.chat_with(&mut ann).await;
    let next = house.chat(agent("ann")).await;
    assert!(house.invited(next).await.is_empty());
    ann.inactivate(chat).await.expect("it is hers");
    assert_eq!(ann.take().await, next);
    refused(ann.post(chat, "are you there?", false).await, NO, "AGENT_AT_CAPACITY");
    ann.end(next).await.expect("she is alone in it");
    ann.post(chat, "are you there?", false).await.expect("she may have one again");
}

#[tokio::test]
async fn cap_6_with_nothing_but_inactive_work_an_agent_is_idle_from_when_it_went_inactive() {
    let house = House::with(sample::with_chat(messaging())).await;
    let mut ann = house.desk("ann").await;
    let resting = house.chat_with(&mut ann).await;
    ann.inactivate(resting).await.expect("it is hers");
    let ends = house.chat_with(&mut ann).await;
    let longest_idle = || v1::Routing { model: RoutingModel::LongestIdle.into(), ..to(queue("help")) };
    house.advance(1_000).await;
    let _bob = house.desk("bob").await;
    house.advance(1_000).await;
    ann.inactivate(ends).await.expect("it is hers");
    house.advance(1_000).await;
    let _cid = house.desk("cid").await;
    // The end of what is inactive does not set her back behind Cid.
    house.advance(1_000).await;
    house.end(ends).await.expect("the platform may");
    assert_eq!(parts(&house, "ann").await, [(HoldOwner::Inactive, 0)]);
    for expected in ["bob", "ann", "cid"] {
        let next = house.create("voice", longest_idle()).await.expect("it is created").conversation_id;
        assert_eq!(house.invited(next).await, [expected]);
    }
}

#[tokio::test]
async fn cap_6_inactive_work_of_some_weight_is_in_hand() {
    let house = House::with(sample::with_chat(Channel { inactive_weight: 1, ..messaging() })).await;
    let mut ann = house.desk("ann").await;
    let chat = house.chat_with(&mut ann).await;
    ann.inactivate(chat).await.expect("it is hers");
    house.advance(1_000).await;
    let _bob = house.desk("bob").await;
    let longest_idle = v1::Routing { model: RoutingModel::LongestIdle.into(), ..to(queue("help")) };
    let next = house.create("case", longest_idle).await.expect("it is created").conversation_id;
    assert_eq!(house.invited(next).await, ["bob"]);
}

#[tokio::test]
async fn cap_6_a_change_of_the_weights_counts_for_what_goes_inactive_after_it() {
    let (house, mut ann, chat) = with_ann(Channel { weight: 1, ..messaging() }).await;
    let second = house.chat_with(&mut ann).await;
    ann.inactivate(chat).await.expect("it is hers");
    let changed = Channel { weight: 3, inactive_weight: 1, ..messaging() };
    house.put(Resource::Channel(changed)).await.expect("it is right");
    ann.inactivate(second).await.expect("it is hers");
    assert_eq!(parts(&house, "ann").await, [(HoldOwner::Inactive, 0), (HoldOwner::Inactive, 1)]);
    // What goes on takes what it took before.
    house.customer_says(chat, "hello?").await.expect("it may write");
    assert_eq!(parts(&house, "ann").await, [(HoldOwner::Participation, 1), (HoldOwner::Inactive, 1)]);
}

#[tokio::test]
async fn asyn_1_an_agent_makes_its_conversation_inactive() {
    let (house, mut ann, chat) = with_ann(Channel { inactive_ends_after_ms: 5_000, ..messaging() }).await;
    let filter = v1::WatchEventsRequest {
        conversation_ids: vec![chat],
        agent_ids: vec!["ann".into()],
        ..Default::default()
    };
    let mut watch = house.watch_as(filter).await.expect("the org is there");
    house.advance(300).await;
    ann.told().await;
    ann.inactivate(chat).await.expect("it is hers");
    let found = house.conversation(chat).await;
    assert_eq!(found.state(), ConversationState::Inactive);
    assert_eq!((found.inactive_since_ms, found.inactive_ends_at_ms), (at(300), at(5_300)));
    assert_eq!(house.participants(chat).await, ["ann"]);
    let event = watch.until(|it| matches!(it, Event::ConversationInactivated(_))).await;
    let Some(Event::ConversationInactivated(it)) = event.event else { unreachable!("it is one") };
    assert_eq!((&*it.agent_id, it.by(), it.held_units, it.ends_at_ms), ("ann", Author::Agent, 0, at(5_300)));
    // Agents are told, the customer is not, and there is no wrap-up.
    let told = ann.told().await;
    let [Notice::Update(update)] = &told[..] else { panic!("{told:?}") };
    let entry = update.entry.as_ref().expect("an entry");
    assert_eq!(
        (entry.kind(), entry.author(), &*entry.agent_id),
        (LogEntryKind::Inactivated, Author::Agent, "ann")
    );
    let log = house.log(chat, LogReader::Agent).await;
    assert_eq!(log.last().map(|it| (it.kind(), it.number)), Some((LogEntryKind::Inactivated, entry.number)));
    let seen = house.log(chat, LogReader::Customer).await;
    assert_eq!(seen.iter().map(v1::LogEntry::kind).collect::<Vec<_>>(), [LogEntryKind::AgentJoined]);
    refused(ann.complete_wrap_up(chat).await, NO, "NO_WRAP_UP");
}

#[tokio::test]
async fn asyn_1_a_repeat_is_harmless() {
    let (house, ann, chat) = with_ann(messaging()).await;
    let request = v1::InactivateConversationRequest {
        org_id: ORG.into(),
        request_id: fresh(),
        session: Some(ann.session.clone()),
        conversation_id: chat,
    };
    for _ in 0..2 {
        house.conversations().inactivate_conversation(request.clone()).await.expect("it is a repeat");
    }
    let log = house.log(chat, LogReader::Agent).await;
    assert_eq!(log.iter().filter(|it| it.kind() == LogEntryKind::Inactivated).count(), 1);
}

#[tokio::test]
async fn asyn_1_by_silence_it_goes_inactive_when_customer_and_agent_have_not_written() {
    let (house, mut ann, chat) = with_ann(Channel { inactive_after_ms: 1_000, ..messaging() }).await;
    house.advance(600).await;
    house.customer_says(chat, "hello").await.expect("it may write");
    house.advance(600).await;
    ann.post(chat, "hello", false).await.expect("she is in");
    // What the customer does not see, and what the platform writes, breaks no silence.
    house.advance(600).await;
    ann.post(chat, "psst", true).await.expect("she is in");
    house.platform_says(chat, "ticket 7 opened").await.expect("it may write");
    house.advance(399).await;
    assert_eq!(state(&house, chat).await, ConversationState::Active);
    house.advance(1).await;
    assert_eq!(state(&house, chat).await, ConversationState::Inactive);
    let log = house.log(chat, LogReader::Agent).await;
    let last = log.last().expect("it is an entry");
    assert_eq!(
        (last.kind(), last.author(), &*last.agent_id),
        (LogEntryKind::Inactivated, Author::Service, "ann")
    );
    assert_eq!(house.agent("ann").await.units_used, 0);
}

#[tokio::test]
async fn asyn_1_without_a_silence_of_the_channel_only_the_agent_does_it() {
    let (house, _ann, chat) = with_ann(messaging()).await;
    house.advance(86_400_000).await;
    assert_eq!(state(&house, chat).await, ConversationState::Active);
}

#[tokio::test]
async fn asyn_1_silence_is_while_one_agent_is_in_and_nobody_else_is_asked_for() {
    let chat = Channel { inactive_after_ms: 1_000, ..messaging() };
    let (house, mut ann, chat) = with_ann(chat).await;
    let mut bob = house.desk("bob").await;
    // Nobody is in what waits.
    let waiting = house.chat(requirements(&[("billing", 0)])).await;
    house.advance(600).await;
    let asked = ann.conference(chat, to(agent("bob"))).await.expect("she may ask");
    house.advance(2_000).await;
    assert_eq!(state(&house, chat).await, ConversationState::Active, "somebody is asked for");
    ann.cancel(asked).await.expect("it is hers");
    bob.told().await;
    house.advance(999).await;
    ann.bring_in(chat, &mut bob).await;
    house.advance(2_000).await;
    assert_eq!(state(&house, chat).await, ConversationState::Active, "it is a conference");
    bob.leave(chat).await.expect("Ann is still in");
    house.advance(999).await;
    assert_eq!(state(&house, chat).await, ConversationState::Active);
    house.advance(1).await;
    assert_eq!(state(&house, chat).await, ConversationState::Inactive);
    assert_eq!(state(&house, waiting).await, ConversationState::Waiting);
}

#[tokio::test]
async fn asyn_1_the_silence_is_that_of_the_channel_as_it_is_now() {
    let (house, _ann, chat) = with_ann(messaging()).await;
    house.advance(1_000).await;
    let silent_after = |ms| Channel { inactive_after_ms: ms, ..messaging() };
    house.put(Resource::Channel(silent_after(2_000))).await.expect("it is right");
    house.advance(999).await;
    assert_eq!(state(&house, chat).await, ConversationState::Active);
    house
        .put(Resource::Channel(Channel { weight: 2, ..sample::channel("chat") }))
        .await
        .expect("it is right");
    house.advance(9_000).await;
    assert_eq!(state(&house, chat).await, ConversationState::Active, "the channel is not asynchronous");
    house.put(Resource::Channel(silent_after(5_000))).await.expect("it is right");
    house.advance(0).await;
    assert_eq!(state(&house, chat).await, ConversationState::Inactive, "it was quiet for longer than that");
}

#[tokio::test]
async fn asyn_1_the_silence_goes_on_over_a_restart() {
    let (mut house, _ann, chat) = with_ann(Channel { inactive_after_ms: 1_000, ..messaging() }).await;
    house.advance(600).await;
    house.restart().await;
    house.advance(399).await;
    assert_eq!(state(&house, chat).await, ConversationState::Active);
    house.advance(1).await;
    assert_eq!(state(&house, chat).await, ConversationState::Inactive);
}

#[tokio::test]
async fn asyn_1_what_cannot_go_inactive_is_refused_by_reason() {
    let house = House::with(sample::with_chat(messaging())).await;
    let (mut ann, mut bob) = (house.desk("ann").await, house.desk("bob").await);
    let case = house.create("case", to(agent("ann"))).await.expect("it is created").conversation_id;
    ann.take_only(case).await;
    refused(ann.inactivate(case).await, NO, "NOT_ASYNCHRONOUS");
    ann.end(case).await.expect("she is alone in it");
    refused(ann.inactivate(case).await, NO, "CONVERSATION_ENDED");
    let chat = house.chat_with(&mut ann).await;
    refused(bob.inactivate(chat).await, NO, "NOT_A_PARTICIPANT");
    let transfer = ann.transfer(chat, to(agent("bob"))).await.expect("she may ask");
    let conference = ann.conference(chat, to(agent("bob"))).await.expect("she may ask");
    refused(ann.inactivate(chat).await, NO, "TRANSFER_OPEN");
    ann.cancel(transfer).await.expect("it is hers");
    refused(ann.inactivate(chat).await, NO, "CONFERENCE_OPEN");
    ann.cancel(conference).await.expect("it is hers");
    bob.told().await;
    ann.bring_in(chat, &mut bob).await;
    let conference = ann.conference(chat, to(skill("billing"))).await;
    conference.expect("she may ask, and nobody is there");
    refused(ann.inactivate(chat).await, NO, "CONFERENCE_IN_PROGRESS");
    bob.leave(chat).await.expect("Ann is still in");
    ann.inactivate(chat).await.expect("it is hers");
    refused(ann.inactivate(chat).await, NO, "CONVERSATION_INACTIVE");
    // Also where the channel would no longer let it go inactive.
    house.put(Resource::Channel(sample::channel("chat"))).await.expect("it is right");
    refused(ann.inactivate(chat).await, NO, "CONVERSATION_INACTIVE");
}

#[tokio::test]
async fn asyn_1_while_it_is_inactive_nobody_is_asked_for_and_its_agent_does_not_leave() {
    let (house, mut ann, chat) = with_ann(Channel { conference_allowed: false, ..messaging() }).await;
    let _bob = house.desk("bob").await;
    ann.inactivate(chat).await.expect("it is hers");
    // Before what the channel allows.
    refused(ann.conference(chat, to(agent("bob"))).await, NO, "CONVERSATION_INACTIVE");
    refused(ann.transfer(chat, to(agent("bob"))).await, NO, "CONVERSATION_INACTIVE");
    refused(ann.leave(chat).await, NO, "LAST_AGENT_MUST_END");
    let explain =
        v1::ExplainConversationRequest { org_id: ORG.into(), conversation_id: chat, ..Default::default() };
    let explained = house.supervisor().explain_conversation(explain).await.expect("it is live").into_inner();
    assert!(explained.requests.is_empty());
}

#[tokio::test]
async fn asyn_1_agent_customer_and_platform_may_end_it_and_no_wrap_up_follows() {
    let (house, mut ann, first) = with_ann(messaging()).await;
    let mut chats = vec![first];
    for _ in 0..3 {
        ann.inactivate(chats[chats.len() - 1]).await.expect("it is hers");
        chats.push(house.chat_with(&mut ann).await);
    }
    let mut watch = house.watch(0).await;
    ann.end(chats[0]).await.expect("she is alone in it");
    house.end(chats[1]).await.expect("the platform may");
    let actor = v1::actor::Actor::Customer(v1::actor::Customer {});
    let request = v1::EndConversationRequest {
        org_id: ORG.into(),
        request_id: fresh(),
        actor: Some(v1::Actor { actor: Some(actor) }),
        conversation_id: chats[2],
    };
    house.conversations().end_conversation(request).await.expect("the customer may");
    for chat in &chats[..3] {
        let ended = watch.until(|it| matches!(it, Event::ConversationEnded(_))).await;
        let Some(Event::ConversationEnded(it)) = ended.event else { unreachable!("it is one") };
        assert_eq!((it.conversation_id, it.wrap_up_until_ms), (*chat, 0));
    }
    assert_eq!(parts(&house, "ann").await, [(HoldOwner::Participation, 2)]);
    ann.end(chats[3]).await.expect("she is alone in it");
    assert_eq!(parts(&house, "ann").await, [(HoldOwner::WrapUp, 2)]);
}

#[tokio::test]
async fn asyn_1_nobody_waits_in_what_is_inactive_so_a_lost_session_queues_nothing() {
    let chat = Channel { on_session_loss: OnSessionLoss::Requeue.into(), ..messaging() };
    let (house, mut ann, chat) = with_ann(chat).await;
    let _bob = house.desk("bob").await;
    ann.inactivate(chat).await.expect("it is hers");
    house.break_off(ann).await;
    house.advance(LEASE_MS).await;
    let found = house.conversation(chat).await;
    assert_eq!((found.state(), found.requests.len()), (ConversationState::Inactive, 0));
    assert_eq!(house.participants(chat).await, ["ann"]);
    // Who comes back finds it.
    let mut ann = house.open("ann", Console::Lightning, "available", 0).await.expect("she may");
    house.customer_says(chat, "hello?").await.expect("it may write");
    assert_eq!(ann.update().await.kind(), LogEntryKind::Message);
    assert_eq!(house.participants(chat).await, ["ann"]);
}

#[tokio::test]
async fn asyn_1_that_of_an_agent_who_is_removed_is_nobodys_until_its_customer_writes() {
    let (house, mut ann, chat) = with_ann(messaging()).await;
    let _bob = house.desk("bob").await;
    ann.inactivate(chat).await.expect("it is hers");
    let (kind, id) = (ResourceKind::Agent.into(), "ann".into());
    let request = v1::DeleteResourceRequest { org_id: ORG.into(), request_id: fresh(), kind, id };
    house.directory().delete_resource(request).await.expect("nothing refers to her");
    let found = house.conversation(chat).await;
    assert_eq!((found.state(), found.requests.len()), (ConversationState::Inactive, 0));
    assert!(found.participants.is_empty());
    house.customer_says(chat, "hello?").await.expect("it may write");
    assert_eq!(state(&house, chat).await, ConversationState::Waiting);
    assert_eq!(house.conversation(chat).await.requests.len(), 1);
}
