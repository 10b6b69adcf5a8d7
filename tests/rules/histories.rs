//! HIST: a customer's older conversations.

use omniroute::wire::v1::{
    self, AgentSession, CreateConversationRequest, History, HistoryPage, LoadHistoryRequest,
    load_history_response::Part, open_session_response::Notice,
};
use tonic::{Code, Status};

use crate::support::{Desk, House, ORG, START_MS, agent, fresh, invalid, refused, sample, to};

const NO: Code = Code::FailedPrecondition;

/// Bob was given the scope `sales`, the others none.
async fn house() -> House {
    let mut directory = sample::directory();
    directory.agents[1].access_scopes = vec!["sales".into()];
    House::with(directory).await
}

/// A chat of a customer for an agent, with an access scope.
async fn chat_of(house: &House, customer: &str, scope: &str, desk: &mut Desk) -> u64 {
    let request = CreateConversationRequest {
        org_id: ORG.into(),
        request_id: fresh(),
        channel_id: "chat".into(),
        customer_id: customer.into(),
        routing: Some(to(agent(&desk.session.agent_id))),
        access_scope: scope.into(),
    };
    let created = house.conversations().create_conversation(request).await.expect("it is created");
    let chat = created.into_inner().conversation_id;
    desk.take_only(chat).await;
    chat
}

/// One that is over, with a message in it.
async fn old_chat(house: &House, scope: &str, desk: &mut Desk) -> u64 {
    let chat = chat_of(house, "customer-1", scope, desk).await;
    desk.post(chat, &format!("this is {chat}"), false).await.expect("it is in");
    house.advance(1_000).await;
    desk.end(chat).await.expect("it is alone in it");
    chat
}

struct Loaded {
    history: Option<History>,
    pages: Vec<HistoryPage>,
}

impl Loaded {
    /// The conversations that were loaded, in their order.
    fn conversations(&self) -> Vec<u64> {
        let last = self.pages.iter().filter(|it| it.last);
        last.filter_map(|it| it.conversation.as_ref().map(|it| it.conversation_id)).collect()
    }
}

async fn load_as(house: &House, request: LoadHistoryRequest) -> Result<Loaded, Status> {
    let request = LoadHistoryRequest { org_id: ORG.into(), ..request };
    let mut stream = house.conversations().load_history(request).await?.into_inner();
    let mut loaded = Loaded { history: None, pages: Vec::new() };
    while let Some(told) = stream.message().await? {
        match told.part.expect("a part") {
            Part::History(it) => {
                assert!(loaded.pages.is_empty(), "what there is comes first");
                loaded.history = Some(it);
            }
            Part::Page(it) => loaded.pages.push(it),
        }
    }
    Ok(loaded)
}

async fn load(house: &House, desk: &Desk, conversation_id: u64) -> Result<Loaded, Status> {
    let session = Some(desk.session.clone());
    load_as(house, LoadHistoryRequest { session, conversation_id, ..Default::default() }).await
}

fn ids(history: &History) -> Vec<u64> {
    history.older.iter().map(|it| it.conversation_id).collect()
}

#[tokio::test]
async fn hist_1_who_joins_is_told_at_once_how_many_there_are_and_which() {
    let house = house().await;
    let mut ann = house.desk("ann").await;
    let first = old_chat(&house, "", &mut ann).await;
    let second = old_chat(&house, "", &mut ann).await;
    // That of another customer, and one that goes on, are none of them.
    let other = chat_of(&house, "customer-2", "", &mut ann).await;
    ann.end(other).await.expect("she is alone in it");
    let going_on = chat_of(&house, "customer-1", "", &mut ann).await;
    let history = loop {
        let history = ann.history().await;
        if history.conversation_id == going_on {
            break history;
        }
    };
    assert_eq!(
        (ids(&history), history.viewable_count, history.not_viewable_count),
        (vec![second, first], 2, 0)
    );
    let placeholder = history.older.first().expect("there are two");
    let span = placeholder.ended_at_ms - placeholder.created_at_ms;
    assert_eq!((&*placeholder.channel_id, span, placeholder.log_entries), ("chat", 1_000, 3));
    assert!(placeholder.created_at_ms >= i64::try_from(START_MS).expect("times are small"));
    let mut cid = house.desk("cid").await;
    ann.bring_in(going_on, &mut cid).await;
    let history = cid.history().await;
    assert_eq!((history.conversation_id, history.not_viewable_count), (going_on, 2));
}

#[tokio::test]
async fn hist_1_where_there_are_none_or_nobody_wants_them_nothing_is_said() {
    let house = house().await;
    let mut ann = house.desk("ann").await;
    let chat = chat_of(&house, "customer-1", "", &mut ann).await;
    assert!(load(&house, &ann, chat).await.expect("she is in").history.is_none());
    ann.end(chat).await.expect("she is alone in it");
    assert!(!ann.told().await.iter().any(|it| matches!(it, Notice::History(_))));
    let request = v1::OpenSessionRequest {
        org_id: ORG.into(),
        request_id: fresh(),
        agent_id: "bob".into(),
        console: v1::Console::Classic.into(),
        presence_status_id: "available".into(),
        without_history: true,
        ..Default::default()
    };
    let mut stream = house.agents().open_session(request).await.expect("it opens").into_inner();
    let opened = stream.message().await.expect("it is open").expect("it begins");
    let Some(Notice::Opened(opened)) = opened.notice else { panic!("{opened:?}") };
    let chat = house.chat(agent("bob")).await;
    let invite_id = house.agent("bob").await.invites[0].invite_id;
    let session = Some(AgentSession { agent_id: "bob".into(), epoch: opened.epoch });
    let (org_id, request_id) = (ORG.into(), fresh());
    let accept = v1::AcceptInviteRequest { org_id, request_id, session: session.clone(), invite_id };
    house.agents().accept_invite(accept).await.expect("it is pending");
    // What nobody is told can still be asked for.
    let request = LoadHistoryRequest { session, conversation_id: chat, ..Default::default() };
    let history = load_as(&house, request).await.expect("he is in").history.expect("there is one");
    assert_eq!(history.not_viewable_count, 1);
    for _ in 0..3 {
        let told = stream.message().await.expect("it is open").expect("it goes on");
        assert!(!matches!(told.notice, Some(Notice::History(_))), "{told:?}");
    }
}

#[tokio::test]
async fn hist_1_the_content_comes_newest_first_in_pages() {
    let house = house().await;
    let mut ann = house.desk("ann").await;
    let first = old_chat(&house, "", &mut ann).await;
    let long = chat_of(&house, "customer-1", "", &mut ann).await;
    for number in 0..120 {
        ann.post(long, &format!("line {number}"), number == 7).await.expect("she is in");
    }
    ann.end(long).await.expect("she is alone in it");
    let third = old_chat(&house, "", &mut ann).await;
    let present = chat_of(&house, "customer-1", "", &mut ann).await;
    let loaded = load(&house, &ann, present).await.expect("she is in");
    assert_eq!(loaded.conversations(), [third, long, first]);
    assert_eq!(loaded.history.map(|it| ids(&it)), Some(vec![third, long, first]));
    let pages: Vec<usize> = loaded.pages.iter().map(|it| it.entries.len()).collect();
    // Joined, 120 lines, ended: 122 entries.
    assert_eq!(pages, [3, 50, 50, 22, 3]);
    let numbers: Vec<u32> =
        loaded.pages[1..4].iter().flat_map(|it| &it.entries).map(|it| it.number).collect();
    assert_eq!(numbers, (1..=122).collect::<Vec<_>>());
    assert_eq!(loaded.pages[0].entries[1].text, format!("this is {third}"));
    let session = Some(ann.session.clone());
    let request = LoadHistoryRequest {
        session,
        conversation_id: present,
        before_conversation_id: third,
        conversation_count: 1,
        ..Default::default()
    };
    assert_eq!(load_as(&house, request.clone()).await.expect("she is in").conversations(), [long]);
    let too_many = LoadHistoryRequest { conversation_count: 101, ..request };
    invalid(load_as(&house, too_many).await.map(|_| ()), &["conversation_count"]);
}

#[tokio::test]
async fn hist_1_only_who_is_in_the_present_conversation_may_ask() {
    let house = house().await;
    let (mut ann, bob) = (house.desk("ann").await, house.desk("bob").await);
    old_chat(&house, "sales", &mut ann).await;
    let present = chat_of(&house, "customer-1", "", &mut ann).await;
    refused(load(&house, &bob, present).await.map(|_| ()), NO, "NOT_A_PARTICIPANT");
    ann.end(present).await.expect("she is alone in it");
    refused(load(&house, &ann, present).await.map(|_| ()), NO, "CONVERSATION_ENDED");
}

#[tokio::test]
async fn hist_2_what_may_not_be_seen_is_counted_and_not_sent() {
    let mut house = house().await;
    let mut ann = house.desk("ann").await;
    old_chat(&house, "service", &mut ann).await;
    let shared = old_chat(&house, "sales", &mut ann).await;
    old_chat(&house, "", &mut ann).await;
    let mut bob = house.desk("bob").await;
    let present = chat_of(&house, "customer-1", "", &mut bob).await;
    let history = bob.history().await;
    assert_eq!((ids(&history), history.viewable_count, history.not_viewable_count), (vec![shared], 1, 2));
    assert_eq!(load(&house, &bob, present).await.expect("he is in").conversations(), [shared]);
    // It is in the logbook, not in memory.
    drop((ann, bob));
    house.restart().await;
    let bob = house.desk("bob").await;
    let loaded = load(&house, &bob, present).await.expect("he is in");
    assert_eq!(loaded.conversations(), [shared]);
}

#[tokio::test]
async fn hist_3_it_may_see_what_it_took_part_in_and_the_scopes_that_it_was_given() {
    let house = house().await;
    let (mut ann, mut bob) = (house.desk("ann").await, house.desk("bob").await);
    let (mut cid, mut dee) = (house.desk("cid").await, house.desk("dee").await);
    let scoped = old_chat(&house, "sales", &mut ann).await;
    // Cid was brought in and has left; Dee received it in a transfer.
    let shared = chat_of(&house, "customer-1", "", &mut ann).await;
    ann.bring_in(shared, &mut cid).await;
    cid.leave(shared).await.expect("Ann is still in");
    ann.transfer(shared, to(agent("dee"))).await.expect("she may ask");
    dee.take_only(shared).await;
    dee.end(shared).await.expect("she is alone in it");
    let present = chat_of(&house, "customer-1", "", &mut ann).await;
    for desk in [&mut bob, &mut cid, &mut dee] {
        ann.bring_in(present, desk).await;
    }
    for (desk, may_see) in
        [(&ann, vec![shared, scoped]), (&bob, vec![scoped]), (&cid, vec![shared]), (&dee, vec![shared])]
    {
        let loaded = load(&house, desk, present).await.expect("it is in");
        assert_eq!(loaded.conversations(), may_see, "{}", desk.session.agent_id);
    }
    // A scope that is given later counts from then on.
    let mut knows = sample::agent("cid", &[], &[]);
    knows.access_scopes = vec!["sales".into()];
    house.put(sample::resource_of_agent(knows)).await.expect("it is right");
    let loaded = load(&house, &cid, present).await.expect("he is in");
    assert_eq!(loaded.conversations(), [shared, scoped]);
}
