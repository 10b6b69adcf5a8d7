//! API-4: every id, list, text and stream has a stated bound.

use omniroute::wire::v1::{
    self, AgentSkill, Channel, ChannelMaximum, Directory, ListAgentsRequest, ListConversationsRequest,
    ListQueuesRequest, ListWaitingRequest, ReadChatLogRequest, WatchEventsRequest,
};
use tonic::Code;

use crate::support::{House, ORG, agent, invalid, queue, refused, sample, to};

const PAGE_MAX: u32 = 1_000;

#[tokio::test]
async fn api_4_a_text_may_be_as_long_as_is_stated() {
    let house = House::with(sample::directory()).await;
    let mut ann = house.desk("ann").await;
    let chat = house.chat_with(&mut ann).await;
    let text = "x".repeat(32_768);
    ann.post(chat, &text, false).await.expect("it is just not too long");
    // Bytes are counted, not characters.
    invalid(ann.post(chat, &"ü".repeat(16_385), false).await, &["text"]);
    let log = house.log(chat, v1::LogReader::Agent).await;
    assert_eq!(log.last().map(|it| it.text.len()), Some(32_768));
}

#[tokio::test]
async fn api_4_lists_of_a_directory_have_their_bounds() {
    type Spoil = fn(&mut Directory);
    let table: [(Spoil, &str); 9] = [
        (|it| it.skills = (0..4_097).map(|n| sample::skill(&format!("s{n}"))).collect(), "directory.skills"),
        (
            |it| it.channels = (0..65).map(|n| sample::channel(&format!("c{n}"))).collect(),
            "directory.channels",
        ),
        (|it| it.queues = (0..4_097).map(|n| sample::queue(&format!("q{n}"))).collect(), "directory.queues"),
        (
            |it| {
                let status = |n| sample::status(&format!("p{n}"), v1::PresenceKind::Away, &[]);
                it.presence_statuses = (0..257).map(status).collect();
            },
            "directory.presence_statuses",
        ),
        (
            |it| {
                it.skills = (0..65).map(|n| sample::skill(&format!("s{n}"))).collect();
                let has = |n| AgentSkill { skill_id: format!("s{n}"), level_hundredths: 0 };
                it.agents = vec![v1::AgentResource {
                    skills: (0..65).map(has).collect(),
                    ..sample::agent("ann", &[], &[])
                }];
            },
            "directory.agents[0].skills",
        ),
        (
            |it| it.agents[0].access_scopes = (0..65).map(|n| format!("s{n}")).collect(),
            "directory.agents[0].access_scopes",
        ),
        (
            |it| it.agents[0].record_types = (0..65).map(|n| format!("t{n}")).collect(),
            "directory.agents[0].record_types",
        ),
        (
            |it| {
                it.skills = (0..17).map(|n| sample::skill(&format!("s{n}"))).collect();
                it.buttons[0].skill_ids = (0..17).map(|n| format!("s{n}")).collect();
            },
            "directory.buttons[0].skill_ids",
        ),
        (
            |it| {
                let maximum = |n| ChannelMaximum { channel_id: format!("c{n}"), conversations: 1 };
                it.capacity_profiles[0].channel_maxima = (0..65).map(maximum).collect();
            },
            "directory.capacity_profiles[0].channel_maxima",
        ),
    ];
    let house = House::with(sample::directory()).await;
    for (spoil, path) in table {
        let mut directory = sample::directory();
        spoil(&mut directory);
        let status = house.apply(directory).await.expect_err(path);
        assert_eq!(status.code(), Code::InvalidArgument);
        let named = crate::support::violations(&status);
        assert!(named.iter().any(|it| it == path), "{path} is not in {named:?}");
    }
}

#[tokio::test]
async fn api_4_a_report_of_mistakes_is_bounded_and_says_how_many_more() {
    let house = House::with(sample::directory()).await;
    let mut directory = sample::directory();
    directory.agents = (0..10_000).map(|_| sample::agent("a b", &[("x", 0)], &["x"])).collect();
    let status = house.apply(directory).await.expect_err("all is wrong");
    assert_eq!(status.code(), Code::InvalidArgument);
    let named = crate::support::violations(&status);
    assert!((1..=101).contains(&named.len()), "{}", named.len());
}

#[tokio::test]
async fn api_4_pages_have_a_bound_and_a_token() {
    let house = House::with(sample::directory()).await;
    let (org_id, page_size) = (ORG.to_owned(), PAGE_MAX + 1);
    let agents = ListAgentsRequest { org_id: org_id.clone(), page_size, ..Default::default() };
    invalid(house.agents().list_agents(agents).await, &["page_size"]);
    let conversations = ListConversationsRequest { org_id: org_id.clone(), page_size, ..Default::default() };
    invalid(house.conversations().list_conversations(conversations).await, &["page_size"]);
    let queues = ListQueuesRequest { org_id: org_id.clone(), page_size, ..Default::default() };
    invalid(house.supervisor().list_queues(queues).await, &["page_size"]);
    let waiting = ListWaitingRequest {
        org_id: org_id.clone(),
        queue_id: "help".into(),
        page_size,
        ..Default::default()
    };
    invalid(house.supervisor().list_waiting(waiting).await, &["page_size"]);
    let log =
        ReadChatLogRequest { org_id: org_id.clone(), conversation_id: 1, page_size, ..Default::default() };
    invalid(house.conversations().read_chat_log(log).await, &["page_size"]);
    let token = ListConversationsRequest { org_id, page_token: "x".into(), ..Default::default() };
    invalid(house.conversations().list_conversations(token).await, &["page_token"]);
}

#[tokio::test]
async fn api_4_pages_together_are_the_whole_list() {
    let house = House::with(sample::directory()).await;
    let mut chats = Vec::new();
    for _ in 0..5 {
        chats.push(house.chat(queue("help")).await);
    }
    let (mut listed, mut page_token) = (Vec::new(), String::new());
    loop {
        let request =
            ListConversationsRequest { org_id: ORG.into(), page_size: 2, page_token, ..Default::default() };
        let page = house.conversations().list_conversations(request).await.expect("a page").into_inner();
        assert!(page.conversations.len() <= 2);
        listed.extend(page.conversations.into_iter().map(|it| it.conversation_id));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(listed, chats);
    let (mut listed, mut page_token) = (Vec::new(), String::new());
    loop {
        let request =
            ListAgentsRequest { org_id: ORG.into(), page_size: 3, page_token, ..Default::default() };
        let page = house.agents().list_agents(request).await.expect("a page").into_inner();
        listed.extend(page.agents.into_iter().map(|it| it.agent_id));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(listed, ["ann", "bob", "cid", "dee"]);
    let request = ListWaitingRequest {
        org_id: ORG.into(),
        queue_id: "help".into(),
        page_size: 2,
        ..Default::default()
    };
    let first = house.supervisor().list_waiting(request).await.expect("a page").into_inner().requests;
    assert_eq!(first.iter().map(|it| it.conversation_id).collect::<Vec<_>>(), chats[..2]);
}

#[tokio::test]
async fn api_4_filters_of_a_watch_have_a_bound() {
    let house = House::with(sample::directory()).await;
    let many = WatchEventsRequest { conversation_ids: (1..=101).collect(), ..Default::default() };
    invalid(house.watch_as(many).await.map(|_| ()), &["conversation_ids"]);
    let many = WatchEventsRequest { agent_ids: vec!["ann".into(); 101], ..Default::default() };
    invalid(house.watch_as(many).await.map(|_| ()), &["agent_ids"]);
}

#[tokio::test]
async fn api_4_a_conversation_has_so_many_open_requests() {
    let chat = Channel { participants_max: 32, ..sample::channel("") };
    let house = House::with(sample::with_chat(chat)).await;
    let mut ann = house.desk("ann").await;
    let chat = house.chat_with(&mut ann).await;
    for _ in 0..31 {
        ann.conference(chat, to(queue("sales"))).await.expect("there is a place");
    }
    refused(ann.conference(chat, to(queue("sales"))).await, Code::FailedPrecondition, "PARTICIPANTS_FULL");
    ann.transfer(chat, to(queue("sales"))).await.expect("one transfer beside them");
    assert_eq!(house.conversation(chat).await.requests.len(), 32);
}

#[tokio::test]
async fn api_4_by_default_eight_agents_are_in_a_conversation_at_most() {
    let house = House::with(sample::directory()).await;
    let mut ann = house.desk("ann").await;
    let chat = house.chat(agent("ann")).await;
    ann.take().await;
    for _ in 0..7 {
        ann.conference(chat, to(queue("sales"))).await.expect("there is a place");
    }
    refused(ann.conference(chat, to(queue("sales"))).await, Code::FailedPrecondition, "PARTICIPANTS_FULL");
}
