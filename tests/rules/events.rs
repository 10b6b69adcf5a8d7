//! The stream of events: ordered, dense, resumable (LOG-3 for the whole org).

use omniroute::wire::v1::{self, WatchEventsRequest, event::Event};
use tonic::Code;

use crate::support::{Desk, House, ORG, agent, invalid, queue, reason, sample, skill, to};

/// Some work: Ann in a chat, Bob in another which he ends.
async fn some_work() -> (House, [Desk; 2], [u64; 2]) {
    let house = House::with(sample::directory()).await;
    let (mut ann, mut bob) = (house.desk("ann").await, house.desk("bob").await);
    let (hers, his) = (house.chat_with(&mut ann).await, house.chat_with(&mut bob).await);
    bob.end(his).await.expect("he is alone in it");
    (house, [ann, bob], [hers, his])
}

/// The last event of a house: one that is made now.
async fn last_position(house: &House) -> u64 {
    let mut watch = house.watch(0).await;
    house.chat(agent("dee")).await;
    watch.event().await.position
}

#[tokio::test]
async fn log_3_events_are_ordered_and_their_positions_are_dense_from_1() {
    let (house, ..) = some_work().await;
    let last = last_position(&house).await;
    let mut watch = house.watch(1).await;
    let (mut before, mut kinds) = (0, Vec::new());
    for position in 1..=last {
        let event = watch.event().await;
        assert_eq!(event.position, position);
        assert!(event.at_ms >= before);
        before = event.at_ms;
        assert_eq!(watch.next_position, position + 1);
        kinds.extend(event.event);
    }
    assert!(matches!(kinds[0], Event::DirectoryChanged(_)));
    let order: Vec<usize> = [
        kinds.iter().position(|it| matches!(it, Event::SessionStarted(_))),
        kinds.iter().position(|it| matches!(it, Event::ConversationCreated(_))),
        kinds.iter().position(|it| matches!(it, Event::InvitesSent(_))),
        kinds.iter().position(|it| matches!(it, Event::InviteAccepted(_))),
        kinds.iter().position(|it| matches!(it, Event::ConversationEnded(_))),
    ]
    .into_iter()
    .flatten()
    .collect();
    assert!(order.len() == 5 && order.is_sorted(), "{order:?}");
}

#[tokio::test]
async fn log_3_events_resume_from_any_position_also_after_a_restart() {
    let (mut house, ..) = some_work().await;
    let last = last_position(&house).await;
    let mut watch = house.watch(1).await;
    let mut all = Vec::new();
    for _ in 1..=last {
        all.push(watch.event().await);
    }
    drop(watch);
    house.restart().await;
    for from in [1, 2, last / 2, last] {
        let mut watch = house.watch(from).await;
        let place = usize::try_from(from).expect("it is small") - 1;
        for expected in &all[place..] {
            assert_eq!(&watch.event().await, expected);
        }
    }
}

#[tokio::test]
async fn log_3_from_position_0_is_what_is_new() {
    let (house, ..) = some_work().await;
    let last = last_position(&house).await;
    let mut watch = house.watch(0).await;
    let chat = house.chat(queue("sales")).await;
    // Of the chat that told us the last position.
    let event = watch.event().await;
    assert!(event.position > last);
    assert!(matches!(event.event, Some(Event::ConversationCreated(it)) if it.conversation_id == chat));
}

#[tokio::test]
async fn log_3_a_position_that_is_not_yet_is_refused() {
    let (house, ..) = some_work().await;
    let request = WatchEventsRequest { from_position: 1_000_000, ..Default::default() };
    invalid(house.watch_as(request).await.map(|_| ()), &["from_position"]);
}

#[tokio::test]
async fn log_3_filters_let_through_what_they_name_and_the_position_moves_on() {
    let (house, [mut ann, _bob], [hers, his]) = some_work().await;
    let his_alone =
        WatchEventsRequest { from_position: 1, conversation_ids: vec![his], ..Default::default() };
    let mut watch = house.watch_as(his_alone).await.expect("the org is there");
    let mut kinds = Vec::new();
    loop {
        let event = watch.event().await.event.expect("it says what");
        let ended = matches!(event, Event::ConversationEnded(_));
        kinds.push(event);
        if ended {
            break;
        }
    }
    assert!(
        matches!(
            &kinds[..],
            [
                Event::ConversationCreated(_),
                Event::InvitesSent(_),
                Event::InviteAccepted(_),
                Event::ConversationEnded(_)
            ]
        ),
        "{kinds:?}"
    );
    // What does not pass moves the position on.
    let before = watch.next_position;
    ann.post(hers, "hello", false).await.expect("she may");
    let response = watch.response().await;
    assert!(response.event.is_none() && response.next_position > before, "{response:?}");
}

#[tokio::test]
async fn log_3_filters_by_agent_and_by_both() {
    let (house, [mut ann, mut bob], [hers, _]) = some_work().await;
    let of_bob = WatchEventsRequest { agent_ids: vec!["bob".into()], ..Default::default() };
    let both = WatchEventsRequest { conversation_ids: vec![hers], ..of_bob.clone() };
    let mut of_bob = house.watch_as(of_bob).await.expect("the org is there");
    let mut both = house.watch_as(both).await.expect("the org is there");
    ann.post(hers, "only Ann", false).await.expect("she may");
    bob.presence("chat-only").await.expect("there is such a status");
    ann.conference(hers, to(skill("french"))).await.expect("she may ask");
    let event = of_bob.event().await.event;
    assert!(matches!(&event, Some(Event::PresenceSet(it)) if it.agent_id == "bob"), "{event:?}");
    let event = of_bob.event().await.event;
    assert!(matches!(&event, Some(Event::InvitesSent(_))), "{event:?}");
    let event = both.event().await.event;
    assert!(matches!(&event, Some(Event::InvitesSent(it)) if it.conversation_id == hers), "{event:?}");
}

#[tokio::test]
async fn api_2_open_streams_are_told_that_the_service_stops() {
    let mut house = House::with(sample::directory()).await;
    let mut ann = house.desk("ann").await;
    let chat = house.chat(agent("ann")).await;
    let watch = v1::WatchEventsRequest { org_id: ORG.into(), from_position: 1, ..Default::default() };
    let mut events = house.events().watch_events(watch).await.expect("events can be watched").into_inner();
    let watch = v1::WatchChatLogRequest { org_id: ORG.into(), conversation_id: chat, ..Default::default() };
    let mut log =
        house.conversations().watch_chat_log(watch).await.expect("logs can be watched").into_inner();
    house.restart().await;
    let stopped = ann.end_of_stream().await.expect("a stream ends with a reason");
    assert_eq!((stopped.code(), reason(&stopped).as_str()), (Code::Unavailable, "SHUTTING_DOWN"));
    let stopped = log.message().await.expect_err("nothing was written");
    assert_eq!(reason(&stopped), "SHUTTING_DOWN");
    let stopped = loop {
        if let Err(status) = events.message().await {
            break status;
        }
    };
    assert_eq!(reason(&stopped), "SHUTTING_DOWN");
}
