//! PipelineService.Submit: the wide door. Same rules, same answers, same refusals as the unary calls; order kept within an org.
#![allow(clippy::expect_used, clippy::panic, missing_docs, reason = "a test fails by panicking")]
#![allow(clippy::wildcard_enum_match_arm, reason = "it looks at four kinds of answers")]

mod support;

use std::collections::BTreeSet;

use omniroute::wire::v1::{
    self, SubmitRequest, pipeline_service_client::PipelineServiceClient, submit_request::Command,
    submit_response::Answer,
};
use prost::Message;
use support::{House, ORG, SUE, agent, fresh, queue, reason, sample, to};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming};
use tonic_types::StatusExt;

/// More than a stream has in flight.
const MANY: u64 = 10_000;

fn create(customer: &str, request_id: String, target: v1::target::Target) -> Command {
    Command::CreateConversation(Box::new(v1::CreateConversationRequest {
        org_id: ORG.into(),
        request_id,
        channel_id: "chat".into(),
        customer_id: customer.into(),
        routing: Some(to(target)),
        ..Default::default()
    }))
}

fn request(correlation_id: u64, command: Command) -> SubmitRequest {
    SubmitRequest { correlation_id, command: Some(command) }
}

async fn submit(house: &House, requests: Vec<SubmitRequest>) -> Streaming<v1::SubmitResponse> {
    let stream = tokio_stream::iter(requests);
    PipelineServiceClient::new(house.channel.clone())
        .submit(stream)
        .await
        .expect("the door is open")
        .into_inner()
}

async fn answers(mut stream: Streaming<v1::SubmitResponse>) -> Vec<(u64, Answer)> {
    let mut answers = Vec::new();
    while let Some(it) = stream.message().await.expect("the stream goes on") {
        answers.push((it.correlation_id, it.answer.expect("an answer says something")));
    }
    answers
}

/// The status that the unary call would have had.
fn status_of(refusal: &v1::Refusal) -> Status {
    refusal.clone().into()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_is_answered_once_and_order_is_kept() {
    let house = House::with(sample::directory()).await;
    let requests =
        (1..=MANY).map(|it| request(it, create(&format!("c{it}"), fresh(), queue("help")))).collect();
    let answers = answers(submit(&house, requests).await).await;
    let ids: BTreeSet<u64> = answers.iter().map(|it| it.0).collect();
    assert_eq!((answers.len() as u64, ids.len() as u64), (MANY, MANY));
    for (correlation, answer) in answers {
        let Answer::CreateConversation(created) = answer else { panic!("{answer:?}") };
        assert_eq!(
            created.conversation_id, correlation,
            "they were decided in the order in which they were sent"
        );
    }
}

#[tokio::test]
async fn a_whole_cycle_and_its_refusals_are_those_of_the_unary_calls() {
    let chat = v1::Channel { asynchronous: true, ..sample::channel("chat") };
    let house = House::with(sample::with_chat(chat)).await;
    let mut ann = house.desk("ann").await;
    let (commands, stream) = mpsc::channel(16);
    let mut client = PipelineServiceClient::new(house.channel.clone());
    let mut stream = client.submit(ReceiverStream::new(stream)).await.expect("the door is open").into_inner();
    let twice = fresh();
    commands.send(request(7, create("maria", twice.clone(), agent("ann")))).await.expect("it is read");
    let invite = ann.invite().await;
    commands.send(request(7, create("maria", twice, agent("ann")))).await.expect("it is read");
    let accept = v1::AcceptInviteRequest {
        org_id: ORG.into(),
        request_id: fresh(),
        session: Some(ann.session.clone()),
        invite_id: invite.invite_id,
    };
    commands.send(request(8, Command::AcceptInvite(accept.clone()))).await.expect("it is read");
    let late = v1::AcceptInviteRequest { request_id: fresh(), ..accept };
    commands.send(request(9, Command::AcceptInvite(late))).await.expect("it is read");
    commands.send(request(10, create("", String::new(), agent("ann")))).await.expect("it is read");
    commands.send(SubmitRequest { correlation_id: 11, command: None }).await.expect("it is read");
    commands.send(request(12, create("tom", fresh(), agent("nobody")))).await.expect("it is read");
    let inactivate = v1::InactivateConversationRequest {
        org_id: ORG.into(),
        request_id: fresh(),
        session: Some(ann.session.clone()),
        conversation_id: 1,
    };
    commands
        .send(request(13, Command::InactivateConversation(inactivate.clone())))
        .await
        .expect("it is read");
    let again = v1::InactivateConversationRequest { request_id: fresh(), ..inactivate };
    commands.send(request(14, Command::InactivateConversation(again))).await.expect("it is read");
    drop(commands);
    let mut inactive = Vec::new();
    let (mut created, mut accepted, mut refused) = (Vec::new(), Vec::new(), Vec::new());
    while let Some(it) = stream.message().await.expect("the stream goes on") {
        match it.answer.expect("an answer says something") {
            Answer::CreateConversation(answer) => created.push((it.correlation_id, answer.conversation_id)),
            Answer::AcceptInvite(answer) => accepted.push((it.correlation_id, answer.conversation_id)),
            Answer::InactivateConversation(_) => inactive.push(it.correlation_id),
            Answer::Refusal(refusal) => refused.push((it.correlation_id, reason(&status_of(&refusal)))),
            other => panic!("{other:?}"),
        }
    }
    refused.sort();
    assert_eq!(created, [(7, 1), (7, 1)], "to repeat is to get the same answer");
    assert_eq!(accepted, [(8, 1)]);
    let reasons: Vec<(u64, &str)> = refused.iter().map(|(id, reason)| (*id, reason.as_str())).collect();
    let expected = [
        (9, "INVITE_ACCEPTED"),
        (10, "INVALID_FIELDS"),
        (11, "INVALID_FIELDS"),
        (12, "AGENT_NOT_FOUND"),
        (14, "CONVERSATION_INACTIVE"),
    ];
    assert_eq!(reasons, expected);
    assert_eq!(inactive, [13]);
    assert_eq!(house.participants(1).await, ["ann"]);
}

#[tokio::test]
async fn supervisors_and_flags_come_by_this_door_too() {
    let house = House::with(sample::directory()).await;
    let (ann, _bob) = (house.desk("ann").await, house.desk("bob").await);
    let supervisor = v1::actor::Actor::Supervisor(v1::actor::Supervisor { supervisor_id: SUE.into() });
    let commands = [
        create("maria", fresh(), agent("bob")),
        Command::AssignConversation(v1::AssignConversationRequest {
            org_id: ORG.into(),
            request_id: fresh(),
            supervisor_id: SUE.into(),
            conversation_id: 1,
            agent_id: "ann".into(),
        }),
        Command::RaiseFlag(v1::RaiseFlagRequest {
            org_id: ORG.into(),
            request_id: fresh(),
            session: Some(ann.session.clone()),
            conversation_id: 1,
            reason: "he shouts".into(),
        }),
        Command::LowerFlag(v1::LowerFlagRequest {
            org_id: ORG.into(),
            request_id: fresh(),
            actor: Some(v1::Actor { actor: Some(supervisor) }),
            conversation_id: 1,
            agent_id: "ann".into(),
        }),
        Command::SetAgentPresence(v1::SetAgentPresenceRequest {
            org_id: ORG.into(),
            request_id: fresh(),
            supervisor_id: SUE.into(),
            agent_id: "ann".into(),
            presence_status_id: "lunch".into(),
        }),
        Command::MoveConversation(Box::new(v1::MoveConversationRequest {
            org_id: ORG.into(),
            request_id: fresh(),
            supervisor_id: SUE.into(),
            conversation_id: 1,
            queue: Some(v1::QueueTarget { queue_id: "sales".into(), skills: Vec::new() }),
            priority: None,
        })),
    ];
    let requests = (1..).zip(commands).map(|(id, command)| request(id, command)).collect();
    let mut answers = answers(submit(&house, requests).await).await;
    answers.sort_by_key(|it| it.0);
    let answers: Vec<Answer> = answers.into_iter().map(|it| it.1).collect();
    assert!(
        matches!(
            &answers[..],
            [
                Answer::CreateConversation(_),
                Answer::AssignConversation(_),
                Answer::RaiseFlag(_),
                Answer::LowerFlag(_),
                Answer::SetAgentPresence(_),
                Answer::MoveConversation(_),
            ]
        ),
        "{answers:?}"
    );
    assert_eq!(house.invited(1).await, ["bob"]);
    assert_eq!(house.agent("ann").await.presence_status_id, "lunch");
}

#[tokio::test]
async fn the_fields_of_a_refusal_are_named_as_in_the_unary_call() {
    let house = House::with(sample::directory()).await;
    let answers = answers(submit(&house, vec![request(1, create("", fresh(), agent("ann")))]).await).await;
    let [(1, Answer::Refusal(refusal))] = &answers[..] else { panic!("{answers:?}") };
    let details = status_of(refusal).get_error_details();
    let fields = &details.bad_request().expect("it names the fields").field_violations;
    assert_eq!(fields.iter().map(|it| it.field.as_str()).collect::<Vec<_>>(), ["customer_id"]);
    tonic_types::pb::Status::decode(&*refusal.status).expect("it is a google.rpc.Status");
}

#[tokio::test]
async fn the_stream_ends_when_the_service_stops_and_what_was_answered_stands() {
    let mut house = House::with(sample::directory()).await;
    let (commands, stream) = mpsc::channel(16);
    let mut client = PipelineServiceClient::new(house.channel.clone());
    let mut stream = client.submit(ReceiverStream::new(stream)).await.expect("the door is open").into_inner();
    commands.send(request(1, create("maria", fresh(), queue("help")))).await.expect("it is read");
    let first = stream.message().await.expect("the stream goes on").expect("an answer");
    assert!(matches!(first.answer, Some(Answer::CreateConversation(_))));
    house.restart().await;
    assert!(stream.message().await.is_ok_and(|it| it.is_none()), "it ends in order");
    assert_eq!(house.conversation(1).await.customer_id, "maria");
}

#[tokio::test]
async fn the_platform_picks_through_the_wide_door_too() {
    let house = House::with(sample::directory()).await;
    let _bob = house.desk("bob").await;
    let routing = v1::Routing { model: v1::RoutingModel::External.into(), ..to(queue("help")) };
    let created = house.create("chat", routing).await.expect("it is created");
    let pick = |agent: &str| {
        Command::InviteAgent(v1::InviteAgentRequest {
            org_id: ORG.into(),
            request_id: fresh(),
            routing_request_id: created.routing_request_id,
            agent_id: agent.into(),
        })
    };
    let stream = submit(&house, vec![request(1, pick("ann")), request(2, pick("bob"))]).await;
    let answers = answers(stream).await;
    let [(1, Answer::Refusal(refusal)), (2, Answer::InviteAgent(invited))] = &answers[..] else {
        panic!("{answers:?}")
    };
    assert_eq!(reason(&status_of(refusal)), "AGENT_NOT_ELIGIBLE");
    assert_eq!(house.agent("bob").await.invites[0].invite_id, invited.invite_id);
}

#[tokio::test]
async fn what_is_picked_and_its_records_come_by_this_door_too() {
    let by_choice =
        v1::Button { model: v1::RoutingModel::Choice.into(), ..sample::button("web", &["french"]) };
    let house = House::with(sample::with_button(by_choice)).await;
    let mut ann = house.desk("ann").await;
    let chat = house.chat(support::button("web")).await;
    let (session, org_id) = (Some(ann.session.clone()), String::from(ORG));
    let pick = Command::PickConversation(v1::PickConversationRequest {
        org_id: org_id.clone(),
        request_id: fresh(),
        session: session.clone(),
        conversation_id: chat,
    });
    let (record_type, record_id) = (String::from("order"), String::from("o-7"));
    let record =
        v1::Record { record_type: record_type.clone(), record_id: record_id.clone(), title: "Seven".into() };
    let attach = Command::AttachRecord(Box::new(v1::AttachRecordRequest {
        org_id: org_id.clone(),
        request_id: fresh(),
        session: session.clone(),
        conversation_id: chat,
        record: Some(record),
    }));
    let given = answers(submit(&house, vec![request(1, pick), request(2, attach)]).await).await;
    assert!(
        matches!(&given[..], [(1, Answer::PickConversation(_)), (2, Answer::AttachRecord(_))]),
        "{given:?}"
    );
    assert_eq!(ann.records(chat).await, ["Seven"]);
    let remove = Command::RemoveRecord(Box::new(v1::RemoveRecordRequest {
        org_id,
        request_id: fresh(),
        session,
        conversation_id: chat,
        record_type,
        record_id,
    }));
    let given = answers(submit(&house, vec![request(3, remove)]).await).await;
    assert!(matches!(&given[..], [(3, Answer::RemoveRecord(_))]), "{given:?}");
    assert!(ann.records(chat).await.is_empty());
}

/// What changes a directory is large, and waits for nobody's stream.
const BY_UNARY_CALL_ALONE: [&str; 3] =
    ["ApplyDirectoryRequest", "PutResourceRequest", "DeleteResourceRequest"];

#[test]
fn every_call_that_changes_something_comes_by_this_door() {
    let heads = include_str!("../src/wire/heads.rs");
    let list =
        heads.split("\nchanges! {").nth(1).and_then(|it| it.split('}').next()).expect("there is a list");
    let calls: Vec<&str> = list.lines().filter_map(|it| it.split_whitespace().nth(1)).collect();
    assert!(calls.len() > 20, "{calls:?}");
    let proto = include_str!("../proto/omniroute/v1/pipeline_service.proto");
    for call in calls.iter().filter(|it| !BY_UNARY_CALL_ALONE.contains(it)) {
        assert!(proto.contains(&format!(" {call} ")), "{call} is not carried");
    }
}
