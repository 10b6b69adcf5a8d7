//! ASYN-2: what is inactive goes on when its customer writes, with the same agent if that can take it, else it is routed like new; and
//! it ends by itself after the channel's time.

use omniroute::wire::v1::{
    self, Author, Channel, ConversationState, HoldOwner, LogEntryKind, LogReader, Queue, RequestKind,
    RoutingType, event::Event, open_session_response::Notice,
};
use tonic::Code;

use crate::support::{Desk, House, START_MS, agent, button, queue, refused, sample, to};

const NO: Code = Code::FailedPrecondition;

fn messaging() -> Channel {
    Channel { weight: 2, asynchronous: true, ..sample::channel("chat") }
}

fn at(ms: u64) -> i64 {
    i64::try_from(START_MS + ms).expect("times are small")
}

/// An inactive conversation of Ann's that came in for the queue `help`.
async fn resting(chat: Channel) -> (House, Desk, u64) {
    let house = House::with(sample::with_chat(chat)).await;
    let mut ann = house.desk("ann").await;
    let chat = house.chat(queue("help")).await;
    ann.take_only(chat).await;
    ann.inactivate(chat).await.expect("it is hers");
    ann.told().await;
    (house, ann, chat)
}

async fn state(house: &House, conversation: u64) -> ConversationState {
    house.conversation(conversation).await.state()
}

fn kinds(told: &[Notice]) -> Vec<(LogEntryKind, String)> {
    let entry = |it: &Notice| {
        let Notice::Update(update) = it else { panic!("{it:?}") };
        let entry = update.entry.as_ref().expect("an update has an entry");
        (entry.kind(), entry.agent_id.clone())
    };
    told.iter().map(entry).collect()
}

#[tokio::test]
async fn asyn_2_when_the_customer_writes_it_goes_on_with_the_same_agent() {
    let (house, mut ann, chat) = resting(Channel { inactive_weight: 1, ..messaging() }).await;
    let mut watch = house.watch(0).await;
    assert_eq!(house.customer_says(chat, "are you there?").await.expect("it may write"), 2);
    assert_eq!(state(&house, chat).await, ConversationState::Active);
    assert_eq!(house.conversation(chat).await.inactive_since_ms, 0);
    let hold = house.agent("ann").await.holds[0];
    assert_eq!((hold.owner(), hold.units), (HoldOwner::Participation, 2));
    let resumed = watch.until(|it| matches!(it, Event::ConversationResumed(_))).await;
    let Some(Event::ConversationResumed(it)) = resumed.event else { unreachable!("it is one") };
    assert_eq!((it.conversation_id, &*it.agent_id, it.held_units), (chat, "ann", 2));
    let told = kinds(&ann.told().await);
    assert_eq!(told, [(LogEntryKind::Message, String::new()), (LogEntryKind::Resumed, "ann".into())]);
    // The customer sees its message and nothing else.
    let seen = house.log(chat, LogReader::Customer).await;
    assert_eq!(
        seen.iter().map(v1::LogEntry::kind).collect::<Vec<_>>(),
        [LogEntryKind::AgentJoined, LogEntryKind::Message]
    );
}

/// What becomes of Ann before her customer writes.
#[derive(Debug, Clone, Copy)]
enum Ann {
    Full,
    Says(&'static str),
    BrokeOff,
    LetExpire,
}

/// How her customer's conversation goes on then, with Bob at his desk.
async fn goes_on_without(what: Ann) {
    let chat = Channel { push_timeout_ms: 1_000, inactive_weight: 1, ..messaging() };
    let (house, mut ann, chat) = resting(chat).await;
    let mut watch = house.watch(0).await;
    house.advance(5_000).await;
    match what {
        Ann::Full => {
            let case = house.create("case", to(agent("ann"))).await.expect("it is created").conversation_id;
            ann.take_only(case).await;
            let case = house.create("case", to(agent("ann"))).await.expect("it is created").conversation_id;
            ann.take_only(case).await;
        }
        Ann::Says(status) => ann.presence(status).await.expect("she may say so"),
        Ann::BrokeOff => house.break_off(ann).await,
        Ann::LetExpire => {
            house.chat(agent("ann")).await;
            let next = house.chat(agent("ann")).await;
            house.end(next).await.expect("the platform may");
            ann.invite().await;
            house.advance(1_000).await;
        }
    }
    let mut bob = house.desk("bob").await;
    house.customer_says(chat, "are you there?").await.expect("it may write");
    let left = watch.until(|it| matches!(it, Event::ParticipantLeft(_))).await;
    let Some(Event::ParticipantLeft(it)) = left.event else { unreachable!("it is one") };
    assert_eq!((&*it.agent_id, it.could_not_resume, it.session_lost), ("ann", true, false), "{what:?}");
    assert_eq!(it.wrap_up_until_ms, 0);
    let found = house.conversation(chat).await;
    assert_eq!(found.state(), ConversationState::Waiting, "{what:?}");
    let [request] = &found.requests[..] else { panic!("{found:?}") };
    assert_eq!((request.kind(), request.requested_at_ms), (RequestKind::New, at(0)));
    assert_eq!(request.invited_agent_ids, ["bob"]);
    bob.take_only(chat).await;
    let log: Vec<_> = house.log(chat, LogReader::Agent).await.into_iter().map(|it| it.kind()).collect();
    assert_eq!(
        log,
        [
            LogEntryKind::AgentJoined,
            LogEntryKind::Inactivated,
            LogEntryKind::Message,
            LogEntryKind::AgentLeft,
            LogEntryKind::Resumed,
            LogEntryKind::AgentJoined,
        ]
    );
}

#[tokio::test]
async fn asyn_2_an_agent_who_cannot_take_it_is_out_and_it_is_routed_like_new_with_its_age() {
    for what in [
        Ann::Full,
        Ann::Says("lunch"),
        Ann::Says("finishing"),
        Ann::Says("gone"),
        Ann::BrokeOff,
        Ann::LetExpire,
    ] {
        goes_on_without(what).await;
    }
}

#[tokio::test]
async fn asyn_2_a_status_without_the_channel_does_not_take_it() {
    let mut directory = sample::with_chat(messaging());
    directory.presence_statuses[1].channel_ids = vec!["case".into()];
    let house = House::with(directory).await;
    let mut ann = house.desk("ann").await;
    let chat = house.chat_with(&mut ann).await;
    ann.inactivate(chat).await.expect("it is hers");
    ann.presence("chat-only").await.expect("she may say so");
    house.customer_says(chat, "hello?").await.expect("it may write");
    assert!(house.participants(chat).await.is_empty());
}

#[tokio::test]
async fn asyn_2_the_agent_who_is_out_is_told_and_takes_it_back_when_it_can() {
    let (house, mut ann, chat) = resting(messaging()).await;
    let voice = house.create("voice", to(agent("ann"))).await.expect("it is created").conversation_id;
    ann.take_only(voice).await;
    ann.told().await;
    house.customer_says(chat, "hello?").await.expect("it may write");
    let told = kinds(&ann.told().await);
    assert_eq!(told, [(LogEntryKind::Message, String::new()), (LogEntryKind::AgentLeft, "ann".into())]);
    assert_eq!(house.waiting("help").await, [chat]);
    ann.end(voice).await.expect("she is alone in it");
    ann.take_only(chat).await;
    assert_eq!(house.participants(chat).await, ["ann"]);
}

#[tokio::test]
async fn asyn_2_it_comes_back_to_a_full_queue_and_before_what_is_younger() {
    let mut directory = sample::with_chat(messaging());
    directory.queues[0] = Queue { waiting_max: Some(1), ..sample::queue("help") };
    let house = House::with(directory).await;
    let mut ann = house.desk("ann").await;
    let chat = house.chat(queue("help")).await;
    ann.take_only(chat).await;
    ann.inactivate(chat).await.expect("it is hers");
    house.advance(1_000).await;
    ann.presence("lunch").await.expect("she may say so");
    let younger = house.chat(queue("help")).await;
    house.customer_says(chat, "hello?").await.expect("it may write");
    assert_eq!(house.waiting("help").await, [chat, younger]);
}

#[tokio::test]
async fn asyn_2_what_came_by_a_button_is_routed_by_it_again() {
    let house = House::with(sample::with_chat(messaging())).await;
    let mut ann = house.desk("ann").await;
    let chat = house.chat(button("web")).await;
    ann.take_only(chat).await;
    ann.inactivate(chat).await.expect("it is hers");
    ann.presence("lunch").await.expect("she may say so");
    let _dee = house.desk("dee").await;
    house.customer_says(chat, "hello?").await.expect("it may write");
    assert_eq!(house.invited(chat).await, ["dee"]);
    assert_eq!(house.conversation(chat).await.routing_type(), RoutingType::ButtonSkills);
}

#[tokio::test]
async fn asyn_2_what_it_holds_while_it_is_inactive_does_not_stand_in_its_way() {
    let (house, _ann, chat) = resting(Channel { weight: 3, inactive_weight: 3, ..messaging() }).await;
    assert_eq!(house.agent("ann").await.units_used, 3);
    house.customer_says(chat, "hello?").await.expect("it may write");
    assert_eq!(house.participants(chat).await, ["ann"]);
    assert_eq!(house.agent("ann").await.units_used, 3);
}

#[tokio::test]
async fn asyn_2_what_may_exceed_capacity_goes_on_above_it() {
    let house = House::with(sample::with_chat(messaging())).await;
    let mut ann = house.desk("ann").await;
    let over = v1::Routing { over_capacity: Some(true), ..to(agent("ann")) };
    let chat = house.create("chat", over).await.expect("it is created").conversation_id;
    ann.take_only(chat).await;
    ann.inactivate(chat).await.expect("it is hers");
    let voice = house.create("voice", to(agent("ann"))).await.expect("it is created").conversation_id;
    ann.take_only(voice).await;
    house.customer_says(chat, "hello?").await.expect("it may write");
    assert_eq!(house.participants(chat).await, ["ann"]);
    assert_eq!(house.agent("ann").await.units_used, 5);
}

#[tokio::test]
async fn asyn_2_whispers_and_the_platform_let_it_rest() {
    let (house, mut ann, chat) = resting(messaging()).await;
    ann.post(chat, "to be continued", true).await.expect("she is in");
    house.platform_says(chat, "ticket 7 opened").await.expect("it may write");
    assert_eq!(state(&house, chat).await, ConversationState::Inactive);
}

#[tokio::test]
async fn asyn_2_what_its_agent_writes_lets_it_go_on_in_its_own_hands_if_it_has_room() {
    let (house, mut ann, chat) = resting(messaging()).await;
    let voice = house.create("voice", to(agent("ann"))).await.expect("it is created").conversation_id;
    ann.take_only(voice).await;
    refused(ann.post(chat, "one more thing", false).await, NO, "AGENT_AT_CAPACITY");
    let log = house.log(chat, LogReader::Customer).await;
    assert!(log.iter().all(|it| it.kind() != LogEntryKind::Message), "nothing was written: {log:?}");
    ann.end(voice).await.expect("she is alone in it");
    // Her room alone counts: it is she who takes it up.
    ann.presence("lunch").await.expect("she may say so");
    ann.post(chat, "one more thing", false).await.expect("she has room");
    assert_eq!(state(&house, chat).await, ConversationState::Active);
    assert_eq!(house.agent("ann").await.units_used, 2);
    let log = house.log(chat, LogReader::Agent).await;
    let last: Vec<_> = log.iter().rev().take(2).map(v1::LogEntry::kind).collect();
    assert_eq!(last, [LogEntryKind::Resumed, LogEntryKind::Message]);
    ann.end(chat).await.expect("she is alone in it");
    refused(ann.post(chat, "one more thing", false).await, NO, "CONVERSATION_ENDED");
}

#[tokio::test]
async fn asyn_2_to_go_on_is_to_be_given_work() {
    let (house, _ann, chat) = resting(Channel { weight: 0, ..messaging() }).await;
    let mut bob = house.desk("bob").await;
    let next = house.chat(queue("help")).await;
    bob.take_only(next).await;
    house.customer_says(chat, "hello?").await.expect("it may write");
    // Both have nothing in use, and it is Bob whom work was given to longer ago.
    let case = house.create("case", to(queue("help"))).await.expect("it is created").conversation_id;
    assert_eq!(house.invited(case).await, ["bob"]);
}

#[tokio::test]
async fn asyn_2_it_ends_by_itself_after_the_channels_time() {
    let (house, mut ann, chat) = resting(Channel { inactive_ends_after_ms: 5_000, ..messaging() }).await;
    house.advance(4_999).await;
    // What goes on does not end, and has all of the time when it goes inactive again.
    house.customer_says(chat, "hello?").await.expect("it may write");
    house.advance(5_000).await;
    assert_eq!(state(&house, chat).await, ConversationState::Active);
    ann.inactivate(chat).await.expect("it is hers");
    // The time is the one that was said when it went inactive.
    let sooner = Channel { inactive_ends_after_ms: 1, ..messaging() };
    house.put(v1::resource::Resource::Channel(sooner)).await.expect("it is right");
    house.advance(4_999).await;
    assert_eq!(state(&house, chat).await, ConversationState::Inactive);
    ann.told().await;
    house.advance(1).await;
    assert_eq!(state(&house, chat).await, ConversationState::Ended);
    let ended = ann.update().await;
    assert_eq!((ended.kind(), ended.author()), (LogEntryKind::Ended, Author::Service));
    assert!(house.agent("ann").await.holds.is_empty());
}

#[tokio::test]
async fn asyn_2_without_a_time_of_the_channel_it_waits_for_ever() {
    let (house, _ann, chat) = resting(messaging()).await;
    house.advance(365 * 86_400_000).await;
    assert_eq!(state(&house, chat).await, ConversationState::Inactive);
}

#[tokio::test]
async fn asyn_2_it_goes_on_and_ends_over_a_restart_too() {
    let (mut house, ann, chat) = resting(Channel { inactive_ends_after_ms: 5_000, ..messaging() }).await;
    let epoch = ann.session.epoch;
    house.advance(1_000).await;
    house.restart().await;
    let mut ann =
        house.open("ann", v1::Console::Lightning, "available", epoch).await.expect("she may come back");
    assert_eq!(ann.opened.agent.as_ref().map(|it| it.conversation_ids.clone()), Some(vec![chat]));
    house.customer_says(chat, "hello?").await.expect("it may write");
    assert_eq!(house.participants(chat).await, ["ann"]);
    ann.inactivate(chat).await.expect("it is hers");
    house.restart().await;
    house.advance(4_999).await;
    assert_eq!(state(&house, chat).await, ConversationState::Inactive);
    house.advance(1).await;
    assert_eq!(state(&house, chat).await, ConversationState::Ended);
}
