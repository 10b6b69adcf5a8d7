//! API-3: where several refusals apply, the one with the lower number in `reasons.proto` wins.

use omniroute::wire::v1::{
    self, AgentSession, Channel, Console, CreateConversationRequest, RequestConferenceRequest,
    RequestTransferRequest,
};
use tonic::{Code, Status};

use crate::support::{
    Desk, House, ORG, agent, button, fresh, invalid, queue, reason, refused, sample, skill, to,
};

const NO: Code = Code::FailedPrecondition;

async fn create_as(
    house: &House,
    org_id: &str,
    request_id: &str,
    channel_id: &str,
    target: v1::target::Target,
) -> Result<v1::CreateConversationResponse, Status> {
    let request = CreateConversationRequest {
        org_id: org_id.into(),
        request_id: request_id.into(),
        channel_id: channel_id.into(),
        customer_id: "customer-1".into(),
        routing: Some(to(target)),
        ..Default::default()
    };
    Ok(house.conversations().create_conversation(request).await?.into_inner())
}

/// Asks for a conference in the name of any session.
async fn conference_as(
    house: &House,
    session: AgentSession,
    conversation_id: u64,
    target: v1::target::Target,
) -> Result<u64, Status> {
    let request = RequestConferenceRequest {
        org_id: ORG.into(),
        request_id: fresh(),
        session: Some(session),
        conversation_id,
        routing: Some(to(target)),
    };
    Ok(house.conversations().request_conference(request).await?.into_inner().routing_request_id)
}

async fn transfer_as(
    house: &House,
    session: AgentSession,
    conversation_id: u64,
    target: v1::target::Target,
) -> Result<u64, Status> {
    let request = RequestTransferRequest {
        org_id: ORG.into(),
        request_id: fresh(),
        session: Some(session),
        conversation_id,
        routing: Some(to(target)),
    };
    Ok(house.conversations().request_transfer(request).await?.into_inner().routing_request_id)
}

fn nobody() -> AgentSession {
    AgentSession { agent_id: "nobody".into(), epoch: 1 }
}

#[tokio::test]
async fn api_3_wrong_fields_then_the_org_then_the_request_id_then_what_is_not_there() {
    let house = House::with(sample::directory()).await;
    let mut ann = house.desk("ann").await;
    let chat = house.chat_with(&mut ann).await;
    // INVALID_FIELDS (3) before ORG_NOT_FOUND (4).
    let status = create_as(&house, "nowhere", "", "chat", queue("help")).await.expect_err("both are wrong");
    assert_eq!(reason(&status), "INVALID_FIELDS");
    let request = v1::ReadChatLogRequest { org_id: "nowhere".into(), ..Default::default() };
    invalid(house.conversations().read_chat_log(request).await, &["conversation_id"]);
    let request =
        v1::WatchEventsRequest { org_id: "nowhere".into(), conversation_ids: vec![0], ..Default::default() };
    invalid(house.events().watch_events(request).await, &["conversation_ids[0]"]);
    // ORG_NOT_FOUND (4) before QUEUE_NOT_FOUND (14).
    let answer = create_as(&house, "nowhere", &fresh(), "chat", queue("x")).await;
    refused(answer, Code::NotFound, "ORG_NOT_FOUND");
    // REQUEST_ID_REUSED (5) before INVITE_NOT_FOUND (40).
    ann.post(chat, "hello", false).await.expect("she may");
    let used = fresh();
    create_as(&house, ORG, &used, "chat", queue("sales")).await.expect("it is created");
    refused(ann.accept_as(9_999, used).await, NO, "REQUEST_ID_REUSED");
}

#[tokio::test]
async fn api_3_a_reused_request_id_goes_before_a_wrong_directory() {
    let house = House::with(sample::directory()).await;
    let used = fresh();
    create_as(&house, ORG, &used, "chat", queue("sales")).await.expect("it is created");
    let mut wrong = sample::directory();
    wrong.skills.clear();
    let request = v1::ApplyDirectoryRequest {
        org_id: ORG.into(),
        request_id: used,
        directory: Some(wrong),
        dry_run: false,
    };
    let status = house.directory().apply_directory(request).await.expect_err("both are wrong");
    // REQUEST_ID_REUSED (5) before DIRECTORY_INVALID (6).
    assert_eq!(reason(&status), "REQUEST_ID_REUSED");
}

#[tokio::test]
async fn api_3_what_is_not_there_goes_in_its_order() {
    let house = House::with(sample::directory()).await;
    let not = Code::NotFound;
    // AGENT (10), CHANNEL (11), SKILL (13), QUEUE (14).
    refused(create_as(&house, ORG, &fresh(), "x", agent("x")).await, not, "AGENT_NOT_FOUND");
    refused(create_as(&house, ORG, &fresh(), "x", skill("x")).await, not, "CHANNEL_NOT_FOUND");
    refused(create_as(&house, ORG, &fresh(), "x", button("x")).await, not, "CHANNEL_NOT_FOUND");
    let skills =
        vec![v1::SkillRequirement { skill_id: "x".into(), level_hundredths: 0, ..Default::default() }];
    let target = v1::target::Target::Queue(v1::QueueTarget { queue_id: "x".into(), skills });
    refused(create_as(&house, ORG, &fresh(), "chat", target).await, not, "SKILL_NOT_FOUND");
    // The actor (10), the target (13 to 15), the session (20, 21), the conversation (30 to 32).
    let ann = house.desk("ann").await;
    let absent = || AgentSession { agent_id: "bob".into(), epoch: 1 };
    refused(conference_as(&house, nobody(), 9, queue("x")).await, not, "AGENT_NOT_FOUND");
    refused(conference_as(&house, absent(), 9, queue("x")).await, not, "QUEUE_NOT_FOUND");
    refused(conference_as(&house, absent(), 9, queue("help")).await, NO, "SESSION_NOT_OPEN");
    refused(
        conference_as(&house, ann.session.clone(), 9, queue("help")).await,
        not,
        "CONVERSATION_NOT_FOUND",
    );
    refused(transfer_as(&house, nobody(), 9, skill("x")).await, not, "AGENT_NOT_FOUND");
    refused(transfer_as(&house, absent(), 9, skill("x")).await, not, "SKILL_NOT_FOUND");
    refused(transfer_as(&house, absent(), 9, skill("french")).await, NO, "SESSION_NOT_OPEN");
    // PRESENCE_STATUS_NOT_FOUND (12) before SESSION_NOT_OPEN (20) and SESSION_FENCED (21).
    let call = v1::SetPresenceRequest {
        org_id: ORG.into(),
        request_id: fresh(),
        session: Some(absent()),
        presence_status_id: "x".into(),
    };
    refused(house.agents().set_presence(call).await, not, "PRESENCE_STATUS_NOT_FOUND");
    let opened = house.open("nobody", Console::Lightning, "x", 0).await.map(|_| ());
    refused(opened, not, "AGENT_NOT_FOUND");
    let opened = house.open("ann", Console::Lightning, "x", 99).await.map(|_| ());
    refused(opened, not, "PRESENCE_STATUS_NOT_FOUND");
}

#[tokio::test]
async fn api_3_a_fenced_session_goes_before_what_is_wrong_with_what_it_asks() {
    let house = House::with(sample::directory()).await;
    let (mut older, mut newer) = (house.desk("ann").await, house.desk("ann").await);
    refused(older.accept(9).await, NO, "SESSION_FENCED");
    refused(newer.accept(9).await, Code::NotFound, "INVITE_NOT_FOUND");
    refused(older.cancel(9).await, NO, "SESSION_FENCED");
    refused(older.post(9, "hello", false).await, NO, "SESSION_FENCED");
    refused(older.complete_wrap_up(9).await, NO, "SESSION_FENCED");
}

/// Ann at an older console and Bob in a chat on such a channel, which Bob entered first.
async fn with_ann_at_classic(channel: Channel, target: v1::target::Target) -> (House, Desk, Desk, u64) {
    let house = House::with(sample::with_chat(channel)).await;
    let mut bob = house.desk("bob").await;
    let chat = house.chat(target).await;
    assert_eq!(bob.take().await, chat);
    let ann = house.desk_at("ann", Console::Classic, "available").await;
    (house, ann, bob, chat)
}

#[tokio::test]
async fn api_3_who_is_not_in_it_goes_before_what_the_channel_allows() {
    let no_conference = Channel { conference_allowed: false, ..sample::channel("") };
    let (_house, mut ann, mut bob, chat) = with_ann_at_classic(no_conference, queue("help")).await;
    refused(ann.conference(chat, to(agent("bob"))).await, NO, "NOT_A_PARTICIPANT");
    // CONFERENCE_NOT_ALLOWED (60) before CONSOLE_NOT_SUPPORTED (61) and ALREADY_A_PARTICIPANT (62).
    refused(bob.conference(chat, to(agent("ann"))).await, NO, "CONFERENCE_NOT_ALLOWED");
    refused(bob.conference(chat, to(agent("bob"))).await, NO, "CONFERENCE_NOT_ALLOWED");
}

#[tokio::test]
async fn api_3_that_it_is_inactive_goes_before_what_the_channel_allows() {
    let chat = Channel { asynchronous: true, conference_allowed: false, ..sample::channel("chat") };
    let house = House::with(sample::with_chat(chat)).await;
    let (mut ann, bob) = (house.desk("ann").await, house.desk("bob").await);
    let chat = house.chat_with(&mut ann).await;
    refused(ann.conference(chat, to(agent("ann"))).await, NO, "CONFERENCE_NOT_ALLOWED");
    ann.inactivate(chat).await.expect("it is hers");
    refused(conference_as(&house, bob.session.clone(), chat, agent("ann")).await, NO, "NOT_A_PARTICIPANT");
    refused(ann.conference(chat, to(agent("ann"))).await, NO, "CONVERSATION_INACTIVE");
    refused(ann.transfer(chat, to(agent("ann"))).await, NO, "CONVERSATION_INACTIVE");
    // Where several keep it from going inactive: first the channel, then what is asked, then who is in.
    let case = house.create("case", to(agent("ann"))).await.expect("it is created").conversation_id;
    ann.take_only(case).await;
    ann.conference(case, to(agent("bob"))).await.expect("she may ask");
    refused(ann.inactivate(case).await, NO, "NOT_ASYNCHRONOUS");
}

#[tokio::test]
async fn api_3_the_console_goes_before_who_is_in_it_and_that_before_how_many_may() {
    let alone = Channel { participants_max: 1, ..sample::channel("") };
    let (house, mut ann, mut bob, chat) = with_ann_at_classic(alone, queue("help")).await;
    let hers = house.chat_with(&mut ann).await;
    // CONSOLE_NOT_SUPPORTED (61) before ALREADY_A_PARTICIPANT (62).
    refused(ann.conference(hers, to(agent("ann"))).await, NO, "CONSOLE_NOT_SUPPORTED");
    // ALREADY_A_PARTICIPANT (62) before PARTICIPANTS_FULL (63).
    refused(bob.conference(chat, to(agent("bob"))).await, NO, "ALREADY_A_PARTICIPANT");
    refused(bob.conference(chat, to(skill("french"))).await, NO, "PARTICIPANTS_FULL");
}

#[tokio::test]
async fn api_3_how_many_may_goes_before_an_open_transfer() {
    let alone = Channel { participants_max: 1, ..sample::channel("") };
    let (house, _ann, mut bob, chat) = with_ann_at_classic(alone, button("web")).await;
    let _cid = house.desk("cid").await;
    bob.transfer(chat, to(agent("cid"))).await.expect("he is alone in it");
    // PARTICIPANTS_FULL (63) before TRANSFER_OPEN (65).
    refused(bob.conference(chat, to(agent("ann"))).await, NO, "PARTICIPANTS_FULL");
}

#[tokio::test]
async fn api_3_of_a_transfer_who_is_in_it_goes_before_how_it_came_in() {
    let (_house, mut ann, mut bob, chat) = with_ann_at_classic(sample::channel(""), button("web")).await;
    bob.bring_in(chat, &mut ann).await;
    // ALREADY_A_PARTICIPANT (62) before CONFERENCE_BUTTON_SKILLS_NOT_TRANSFERABLE (64).
    refused(bob.transfer(chat, to(agent("ann"))).await, NO, "ALREADY_A_PARTICIPANT");
    refused(bob.transfer(chat, to(agent("cid"))).await, NO, "CONFERENCE_BUTTON_SKILLS_NOT_TRANSFERABLE");
}

#[tokio::test]
async fn api_3_of_an_acceptance_what_became_of_it_goes_before_room() {
    let house = House::with(sample::directory()).await;
    let (mut ann, mut bob) = (house.desk("ann").await, house.desk("bob").await);
    let everyone = v1::Routing { mode: v1::RoutingMode::Broadcast.into(), ..to(queue("help")) };
    house.create("voice", everyone).await.expect("it is created");
    let (to_ann, to_bob) = (ann.invite().await.invite_id, bob.invite().await.invite_id);
    for _ in 0..3 {
        house.chat_with(&mut ann).await;
    }
    refused(ann.accept(to_ann).await, NO, "AGENT_AT_CAPACITY");
    bob.accept(to_bob).await.expect("he has room");
    refused(ann.accept(to_ann).await, NO, "INVITE_RESCINDED");
}

#[tokio::test]
async fn api_3_of_a_cancel_that_it_is_over_goes_before_whose_it_was() {
    let house = House::with(sample::directory()).await;
    let (mut ann, mut bob) = (house.desk("ann").await, house.desk("bob").await);
    let chat = house.chat_with(&mut ann).await;
    let request = ann.conference(chat, to(agent("bob"))).await.expect("she may ask");
    refused(bob.cancel(request).await, NO, "NOT_THE_REQUESTER");
    ann.cancel(request).await.expect("it is hers");
    refused(bob.cancel(request).await, NO, "REQUEST_CLOSED");
}
