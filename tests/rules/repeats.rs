//! API-1: a repeat with the same `request_id` gets the first answer and changes nothing.

use omniroute::{
    engine::limits::ANSWER_KEPT_MS,
    wire::v1::{self, Console, CreateConversationRequest, OpenSessionRequest, PostMessageRequest},
};
use tonic::{Code, Status};

use crate::support::{Desk, House, ORG, agent, fresh, queue, refused, sample, to};

const NO: Code = Code::FailedPrecondition;

fn creation(request_id: &str) -> CreateConversationRequest {
    CreateConversationRequest {
        org_id: ORG.into(),
        request_id: request_id.into(),
        channel_id: "chat".into(),
        customer_id: "customer-1".into(),
        routing: Some(to(queue("help"))),
        ..Default::default()
    }
}

async fn create(house: &House, id: &str) -> Result<v1::CreateConversationResponse, Status> {
    Ok(house.conversations().create_conversation(creation(id)).await?.into_inner())
}

async fn last_position(house: &House) -> u64 {
    let mut watch = house.watch(0).await;
    house.chat(agent("dee")).await;
    watch.event().await.position
}

fn message(desk: &Desk, conversation_id: u64, request_id: &str) -> PostMessageRequest {
    PostMessageRequest {
        org_id: ORG.into(),
        request_id: request_id.into(),
        actor: Some(v1::Actor { actor: Some(v1::actor::Actor::Agent(desk.session.clone())) }),
        conversation_id,
        text: "hello".into(),
        whisper: false,
    }
}

#[tokio::test]
async fn api_1_a_repeat_gets_the_first_answer_and_changes_nothing() {
    let house = House::with(sample::directory()).await;
    let first = create(&house, "once").await.expect("it is created");
    let before = last_position(&house).await;
    for _ in 0..3 {
        assert_eq!(create(&house, "once").await.expect("a repeat"), first);
    }
    // One conversation is made of two events at rest: nothing came between.
    let after = last_position(&house).await;
    assert_eq!(after, before + 1);
    assert_ne!(create(&house, "twice").await.expect("another"), first);
}

#[tokio::test]
async fn api_1_a_repeat_after_a_restart_gets_the_first_answer_and_changes_nothing() {
    let mut house = House::with(sample::directory()).await;
    let first = create(&house, "once").await.expect("it is created");
    house.restart().await;
    assert_eq!(create(&house, "once").await.expect("a repeat"), first);
    assert_eq!(house.waiting("help").await, [first.conversation_id]);
    house.restart().await;
    assert_eq!(create(&house, "once").await.expect("a repeat"), first);
    let mut ann = house.desk("ann").await;
    assert_eq!(ann.take().await, first.conversation_id);
    assert!(house.waiting("help").await.is_empty());
}

#[tokio::test]
async fn api_1_a_repeated_message_stands_in_the_log_once() {
    let mut house = House::with(sample::directory()).await;
    let mut ann = house.desk("ann").await;
    let chat = house.chat_with(&mut ann).await;
    let post = async |house: &House| -> u32 {
        let request = message(&ann, chat, "said-once");
        house.conversations().post_message(request).await.expect("she may").into_inner().number
    };
    let first = post(&house).await;
    assert_eq!(post(&house).await, first);
    house.restart().await;
    assert_eq!(post(&house).await, first);
    assert_eq!(house.log(chat, v1::LogReader::Agent).await.len(), 2);
    // Also when the conversation has ended meanwhile: it was said.
    house.end(chat).await.expect("the platform may");
    assert_eq!(post(&house).await, first);
}

#[tokio::test]
async fn api_1_a_repeated_directory_says_what_the_first_did() {
    let house = House::empty().await;
    let request = || v1::ApplyDirectoryRequest {
        org_id: ORG.into(),
        request_id: "set-up".into(),
        directory: Some(sample::directory()),
        dry_run: false,
    };
    let first = house.directory().apply_directory(request()).await.expect("it is right").into_inner();
    let again = house.directory().apply_directory(request()).await.expect("it is right").into_inner();
    assert_eq!((first.created_count, &again), (19, &first));
}

#[tokio::test]
async fn api_1_a_repeated_open_session_comes_back_to_the_session_it_opened() {
    let house = House::with(sample::directory()).await;
    let request = || OpenSessionRequest {
        org_id: ORG.into(),
        request_id: "log-in".into(),
        agent_id: "ann".into(),
        console: Console::Lightning.into(),
        resume_epoch: 0,
        presence_status_id: "available".into(),
        ..Default::default()
    };
    let mut epochs = Vec::new();
    for _ in 0..2 {
        let mut stream = house.agents().open_session(request()).await.expect("it opens").into_inner();
        let first = stream.message().await.expect("it is open").expect("it begins");
        let Some(v1::open_session_response::Notice::Opened(opened)) = first.notice else {
            panic!("{first:?}")
        };
        epochs.push((opened.epoch, opened.resumed));
    }
    assert_eq!(epochs, [(1, false), (1, true)]);
    let _newer = house.desk("ann").await;
    refused(house.agents().open_session(request()).await.map(|_| ()), NO, "SESSION_FENCED");
}

/// Calls one of the mutations of an agent with a `request_id`.
async fn call(house: &House, desk: &Desk, chat: u64, kind: usize, request_id: &str) -> Result<(), Status> {
    let (org_id, request_id) = (ORG.to_owned(), request_id.to_owned());
    let (session, conversation_id) = (Some(desk.session.clone()), chat);
    let (mut agents, mut conversations) = (house.agents(), house.conversations());
    let (routing, actor) = (Some(to(agent("bob"))), message(desk, chat, "").actor);
    match kind {
        0 => {
            let presence_status_id = "available".into();
            let call = v1::SetPresenceRequest { org_id, request_id, session, presence_status_id };
            agents.set_presence(call).await.map(|_| ())
        }
        1 => {
            let call = v1::RequestConferenceRequest { org_id, request_id, session, conversation_id, routing };
            conversations.request_conference(call).await.map(|_| ())
        }
        2 => {
            let call = v1::RequestTransferRequest { org_id, request_id, session, conversation_id, routing };
            conversations.request_transfer(call).await.map(|_| ())
        }
        3 => conversations.create_conversation(creation(&request_id)).await.map(|_| ()),
        4 => conversations.post_message(message(desk, chat, &request_id)).await.map(|_| ()),
        5 => {
            let resource = v1::resource::Resource::Skill(sample::skill("latin"));
            let resource = Some(v1::Resource { resource: Some(resource) });
            let call = v1::PutResourceRequest { org_id, request_id, resource };
            house.directory().put_resource(call).await.map(|_| ())
        }
        6 => {
            let (kind, id) = (v1::ResourceKind::Skill.into(), "latin".into());
            let call = v1::DeleteResourceRequest { org_id, request_id, kind, id };
            house.directory().delete_resource(call).await.map(|_| ())
        }
        _ => {
            let call = v1::EndConversationRequest { org_id, request_id, actor, conversation_id };
            conversations.end_conversation(call).await.map(|_| ())
        }
    }
}

const KINDS: usize = 8;

#[tokio::test]
async fn api_1_a_request_id_that_is_reused_for_another_kind_of_command_is_refused() {
    for first in 0..KINDS {
        let house = House::with(sample::directory()).await;
        let (mut ann, _bob) = (house.desk("ann").await, house.desk("bob").await);
        let chat = house.chat_with(&mut ann).await;
        if first == 6 {
            let latin = v1::resource::Resource::Skill(sample::skill("latin"));
            house.put(latin).await.expect("it is right");
        }
        call(&house, &ann, chat, first, "mine").await.expect("it is carried out");
        for other in (0..KINDS).filter(|it| *it != first) {
            let again = call(&house, &ann, chat, other, "mine").await;
            let status = again.expect_err(&format!("{first} was another kind than {other}"));
            refused::<()>(Err(status), NO, "REQUEST_ID_REUSED");
        }
        call(&house, &ann, chat, first, "mine").await.expect("a repeat");
    }
}

#[tokio::test]
async fn api_1_what_was_refused_is_not_remembered() {
    let house = House::with(sample::directory()).await;
    let mut ann = house.desk("ann").await;
    let chat = house.chat_with(&mut ann).await;
    let mut cid = house.desk("cid").await;
    let invite = {
        ann.conference(chat, to(agent("cid"))).await.expect("she may ask");
        cid.invite().await.invite_id
    };
    let id = fresh();
    refused(ann.accept_as(invite, id.clone()).await, Code::NotFound, "INVITE_NOT_FOUND");
    assert_eq!(cid.accept_as(invite, id).await.expect("nothing was done by that id"), chat);
}

#[tokio::test]
async fn api_1_an_answer_is_remembered_for_the_window_and_not_for_ever() {
    let house = House::with(sample::directory()).await;
    let first = create(&house, "once").await.expect("it is created");
    house.advance(ANSWER_KEPT_MS).await;
    create(&house, "later").await.expect("it is created");
    assert_eq!(create(&house, "once").await.expect("a repeat"), first);
    house.advance(1).await;
    create(&house, "still later").await.expect("it is created");
    assert_ne!(create(&house, "once").await.expect("it is another now"), first);
}

#[tokio::test]
async fn api_1_request_ids_of_different_orgs_never_meet() {
    let house = House::with(sample::directory()).await;
    let first = create(&house, "once").await.expect("it is created");
    let other = v1::ApplyDirectoryRequest {
        org_id: "other".into(),
        request_id: "once".into(),
        directory: Some(sample::directory()),
        dry_run: false,
    };
    house.directory().apply_directory(other).await.expect("another org, another id");
    assert_eq!(create(&house, "once").await.expect("a repeat"), first);
}
