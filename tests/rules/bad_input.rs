//! API-2: what is wrong with a call is named, and nothing that is sent stops the service.

use omniroute::wire::v1::{
    self, Actor, AgentSession, Console, PresenceStatus, QueueTarget, Routing, SkillRequirement, actor,
    target::Target,
};
use tonic::{Code, Request, Status, codegen::http::uri::PathAndQuery};

use crate::support::{
    House, ORG, agent, fresh, invalid, queue, raw::Raw, reason, refused, sample, skill, to, violations,
};

async fn empty_calls(house: &House) -> Vec<(&'static str, Status, Vec<&'static str>)> {
    let (mut directory, mut agents, mut conversations) =
        (house.directory(), house.agents(), house.conversations());
    let (mut supervisor, mut events) = (house.supervisor(), house.events());
    macro_rules! row {
        ($client:ident.$call:ident($request:ident $($org:expr)?) names $fields:expr) => {{
            let request = v1::$request { $(org_id: $org.into(),)? ..v1::$request::default() };
            let answered = $client.$call(request).await.map(|_| ());
            (stringify!($call), answered.expect_err(stringify!($call)), $fields.to_vec())
        }};
    }
    vec![
        row!(directory.apply_directory(ApplyDirectoryRequest) names ["org_id", "request_id", "directory"]),
        row!(directory.get_directory(GetDirectoryRequest) names ["org_id"]),
        row!(directory.put_resource(PutResourceRequest) names ["org_id", "request_id", "resource"]),
        row!(directory.get_resource(GetResourceRequest) names ["org_id", "id", "kind"]),
        row!(directory.list_resources(ListResourcesRequest) names ["org_id", "kind"]),
        row!(directory.delete_resource(DeleteResourceRequest) names ["org_id", "request_id", "id", "kind"]),
        row!(agents.open_session(OpenSessionRequest) names ["org_id", "request_id", "agent_id", "console"]),
        row!(agents.set_presence(SetPresenceRequest)
            names ["org_id", "request_id", "session", "presence_status_id"]),
        row!(agents.accept_invite(AcceptInviteRequest) names ["org_id", "request_id", "session", "invite_id"]),
        row!(agents.decline_invite(DeclineInviteRequest) names ["org_id", "request_id", "session", "invite_id"]),
        row!(agents.raise_flag(RaiseFlagRequest) names ["org_id", "request_id", "session", "conversation_id"]),
        row!(agents.lower_flag(LowerFlagRequest) names ["org_id", "request_id", "actor", "conversation_id"]),
        row!(agents.get_agent(GetAgentRequest) names ["org_id", "agent_id"]),
        row!(agents.list_agents(ListAgentsRequest) names ["org_id"]),
        row!(conversations.create_conversation(CreateConversationRequest)
            names ["org_id", "request_id", "customer_id", "channel_id", "routing"]),
        row!(conversations.get_conversation(GetConversationRequest) names ["org_id", "conversation_id"]),
        row!(conversations.list_conversations(ListConversationsRequest) names ["org_id"]),
        row!(conversations.request_conference(RequestConferenceRequest)
            names ["org_id", "request_id", "session", "conversation_id", "routing"]),
        row!(conversations.request_transfer(RequestTransferRequest)
            names ["org_id", "request_id", "session", "conversation_id", "routing"]),
        row!(conversations.cancel_request(CancelRequestRequest)
            names ["org_id", "request_id", "session", "routing_request_id"]),
        row!(conversations.leave_conversation(LeaveConversationRequest)
            names ["org_id", "request_id", "session", "conversation_id"]),
        row!(conversations.end_conversation(EndConversationRequest)
            names ["org_id", "request_id", "actor", "conversation_id"]),
        row!(conversations.complete_wrap_up(CompleteWrapUpRequest)
            names ["org_id", "request_id", "session", "conversation_id"]),
        row!(conversations.extend_wrap_up(ExtendWrapUpRequest)
            names ["org_id", "request_id", "extend_by_ms", "session", "conversation_id"]),
        row!(conversations.pick_conversation(PickConversationRequest)
            names ["org_id", "request_id", "session", "conversation_id"]),
        row!(conversations.inactivate_conversation(InactivateConversationRequest)
            names ["org_id", "request_id", "session", "conversation_id"]),
        row!(conversations.invite_agent(InviteAgentRequest)
            names ["org_id", "request_id", "routing_request_id", "agent_id"]),
        row!(conversations.post_message(PostMessageRequest)
            names ["org_id", "request_id", "actor", "text", "conversation_id"]),
        row!(conversations.read_chat_log(ReadChatLogRequest) names ["org_id", "conversation_id"]),
        row!(conversations.watch_chat_log(WatchChatLogRequest) names ["org_id", "conversation_id"]),
        row!(conversations.attach_record(AttachRecordRequest)
            names ["org_id", "request_id", "session", "conversation_id", "record"]),
        row!(conversations.remove_record(RemoveRecordRequest)
            names ["org_id", "request_id", "record_type", "record_id", "session", "conversation_id"]),
        row!(conversations.load_history(LoadHistoryRequest) names ["org_id", "session", "conversation_id"]),
        row!(conversations.list_records(ListRecordsRequest) names ["org_id", "conversation_id"]),
        row!(supervisor.get_queue(GetQueueRequest) names ["org_id", "queue_id"]),
        row!(supervisor.list_queues(ListQueuesRequest) names ["org_id"]),
        row!(supervisor.list_waiting(ListWaitingRequest) names ["org_id", "queue_id"]),
        row!(supervisor.assign_conversation(AssignConversationRequest)
            names ["org_id", "request_id", "supervisor_id", "conversation_id", "agent_id"]),
        row!(supervisor.move_conversation(MoveConversationRequest)
            names ["org_id", "request_id", "queue", "supervisor_id", "conversation_id"]),
        row!(supervisor.set_agent_presence(SetAgentPresenceRequest)
            names ["org_id", "request_id", "supervisor_id", "agent_id", "presence_status_id"]),
        row!(events.watch_events(WatchEventsRequest) names ["org_id"]),
    ]
}

#[tokio::test]
async fn api_2_an_empty_call_of_any_kind_names_every_field_that_it_lacks() {
    let house = House::with(sample::directory()).await;
    for (call, status, mut expected) in empty_calls(&house).await {
        let mut named = violations(&status);
        named.sort_unstable();
        expected.sort_unstable();
        assert_eq!((status.code(), &*reason(&status)), (Code::InvalidArgument, "INVALID_FIELDS"), "{call}");
        assert_eq!(named, expected, "{call}");
        assert!(!status.message().is_empty());
    }
}

async fn created(house: &House, routing: Routing) -> Result<v1::CreateConversationResponse, Status> {
    house.create("chat", routing).await
}

#[tokio::test]
async fn api_2_each_wrong_part_of_a_routing_is_named_by_its_path() {
    let house = House::with(sample::directory()).await;
    let required = |skill_id: &str, level_hundredths| SkillRequirement {
        skill_id: skill_id.into(),
        level_hundredths,
        ..Default::default()
    };
    let requirements = |skills| to(Target::Requirements(v1::Requirements { skills }));
    let seventeen = (0..17).map(|it| required(&format!("s{it}"), 0)).collect();
    let table: [(Routing, &[&str]); 10] = [
        (Routing::default(), &["routing.target"]),
        (to(agent("not an id")), &["routing.target.agent_id"]),
        (to(skill("")), &["routing.target.skill_id"]),
        (to(Target::ButtonId("x".repeat(65))), &["routing.target.button_id"]),
        (to(queue("ä")), &["routing.target.queue.queue_id"]),
        (requirements(Vec::new()), &["routing.target.requirements.skills"]),
        (requirements(seventeen), &["routing.target.requirements.skills"]),
        (
            requirements(vec![required("french", 1_001), required("french", 0)]),
            &[
                "routing.target.requirements.skills[0].level_hundredths",
                "routing.target.requirements.skills[1].skill_id",
            ],
        ),
        (
            to(Target::Queue(QueueTarget { queue_id: String::new(), skills: vec![required("", 0)] })),
            &["routing.target.queue.queue_id", "routing.target.queue.skills[0].skill_id"],
        ),
        (
            Routing { mode: 9, model: -1, priority: Some(1_000_001), ..to(queue("help")) },
            &["routing.priority", "routing.mode", "routing.model"],
        ),
    ];
    for (routing, paths) in table {
        invalid(created(&house, routing).await, paths);
    }
    assert!(house.waiting("help").await.is_empty());
}

#[tokio::test]
async fn api_2_each_wrong_field_of_an_agents_call_is_named_by_its_path() {
    let house = House::with(sample::directory()).await;
    let session = |id: &str, epoch| Some(AgentSession { agent_id: id.into(), epoch });
    let (org_id, request_id) = (ORG.to_owned(), "x".repeat(129));
    let call =
        v1::LeaveConversationRequest { org_id, request_id, session: session("a b", 0), conversation_id: 1 };
    let answer = house.conversations().leave_conversation(call).await;
    invalid(answer, &["request_id", "session.agent_id", "session.epoch"]);
    let call = v1::EndConversationRequest {
        org_id: "a b".into(),
        request_id: fresh(),
        actor: Some(Actor { actor: session("", 0).map(actor::Actor::Agent) }),
        conversation_id: 1,
    };
    let answer = house.conversations().end_conversation(call).await;
    invalid(answer, &["org_id", "actor.agent.agent_id", "actor.agent.epoch"]);
    let call = v1::OpenSessionRequest {
        org_id: ORG.into(),
        request_id: fresh(),
        agent_id: "ann".into(),
        console: 7,
        resume_epoch: 0,
        presence_status_id: "a b".into(),
        ..Default::default()
    };
    invalid(house.agents().open_session(call).await.map(|_| ()), &["console", "presence_status_id"]);
}

#[tokio::test]
async fn api_2_texts_that_are_too_long_are_named() {
    let house = House::with(sample::directory()).await;
    let mut ann = house.desk("ann").await;
    let chat = house.chat_with(&mut ann).await;
    invalid(ann.post(chat, &"x".repeat(32_769), false).await, &["text"]);
    invalid(ann.post(chat, "", false).await, &["text"]);
    house.chat(agent("ann")).await;
    let invite_id = ann.invite().await.invite_id;
    let decline = v1::DeclineInviteRequest {
        org_id: ORG.into(),
        request_id: fresh(),
        session: Some(ann.session.clone()),
        invite_id,
        reason: "x".repeat(257),
    };
    invalid(house.agents().decline_invite(decline).await, &["reason"]);
    let create = v1::CreateConversationRequest {
        org_id: ORG.into(),
        request_id: fresh(),
        channel_id: "chat".into(),
        customer_id: "x".repeat(129),
        routing: Some(to(queue("help"))),
        ..Default::default()
    };
    invalid(house.conversations().create_conversation(create).await, &["customer_id"]);
    invalid(ann.extend_wrap_up(chat, 0).await, &["extend_by_ms"]);
    invalid(ann.extend_wrap_up(chat, -5).await, &["extend_by_ms"]);
    invalid(ann.extend_wrap_up(chat, 86_400_001).await, &["extend_by_ms"]);
}

#[tokio::test]
async fn api_2_a_message_beyond_every_bound_is_refused_and_the_service_lives_on() {
    let house = House::with(sample::directory()).await;
    let mut ann = house.desk("ann").await;
    let chat = house.chat_with(&mut ann).await;
    let status = ann.post(chat, &"x".repeat(1 << 20), false).await.expect_err("it is too long");
    assert_eq!((status.code(), reason(&status).as_str()), (Code::InvalidArgument, "INVALID_FIELDS"));
    ann.post(chat, "shorter", false).await.expect("the service lives");
}

#[tokio::test]
async fn api_2_what_is_not_there_is_not_found() {
    let house = House::with(sample::directory()).await;
    let mut ann = house.desk("ann").await;
    let not = Code::NotFound;
    refused(created(&house, to(agent("x"))).await, not, "AGENT_NOT_FOUND");
    refused(created(&house, to(skill("x"))).await, not, "SKILL_NOT_FOUND");
    refused(created(&house, to(queue("x"))).await, not, "QUEUE_NOT_FOUND");
    refused(created(&house, to(Target::ButtonId("x".into()))).await, not, "BUTTON_NOT_FOUND");
    refused(house.create("x", to(queue("help"))).await, not, "CHANNEL_NOT_FOUND");
    refused(ann.presence("x").await, not, "PRESENCE_STATUS_NOT_FOUND");
    refused(house.open("x", Console::Lightning, "", 0).await.map(|_| ()), not, "AGENT_NOT_FOUND");
    refused(
        house.open("bob", Console::Lightning, "x", 0).await.map(|_| ()),
        not,
        "PRESENCE_STATUS_NOT_FOUND",
    );
    assert_eq!(house.agent("bob").await.session_epoch, 0);
    refused(ann.accept(1).await, not, "INVITE_NOT_FOUND");
    refused(ann.cancel(1).await, not, "REQUEST_NOT_FOUND");
    refused(ann.post(1, "hello", false).await, not, "CONVERSATION_NOT_FOUND");
    refused(house.end(1).await, not, "CONVERSATION_NOT_FOUND");
    let (org_id, conversation_id) = (ORG.to_owned(), 1);
    let get = v1::GetConversationRequest { org_id: org_id.clone(), conversation_id };
    refused(house.conversations().get_conversation(get).await, not, "CONVERSATION_NOT_FOUND");
    let watched = house.watch_log(1, v1::LogReader::Agent, 0).await.map(|_| ());
    refused(watched, not, "CONVERSATION_NOT_FOUND");
    let get = v1::GetQueueRequest { org_id: org_id.clone(), queue_id: "x".into() };
    refused(house.supervisor().get_queue(get).await, not, "QUEUE_NOT_FOUND");
    let nowhere = v1::GetAgentRequest { org_id: "nowhere".into(), agent_id: "ann".into() };
    refused(house.agents().get_agent(nowhere).await, not, "ORG_NOT_FOUND");
    let nowhere = v1::WatchEventsRequest { org_id: "nowhere".into(), ..Default::default() };
    refused(house.events().watch_events(nowhere).await.map(|_| ()), not, "ORG_NOT_FOUND");
}

#[tokio::test]
async fn api_2_an_agent_without_a_session_is_told_so() {
    let house = House::with(sample::directory()).await;
    let call = v1::SetPresenceRequest {
        org_id: ORG.into(),
        request_id: fresh(),
        session: Some(AgentSession { agent_id: "ann".into(), epoch: 1 }),
        presence_status_id: "available".into(),
    };
    refused(house.agents().set_presence(call).await, Code::FailedPrecondition, "SESSION_NOT_OPEN");
}

async fn send_raw(house: &House, path: &'static str, bytes: Vec<u8>) -> Result<(), Status> {
    let mut grpc = tonic::client::Grpc::new(house.channel.clone());
    grpc.ready().await.expect("the service listens");
    grpc.unary(Request::new(bytes), PathAndQuery::from_static(path), Raw).await.map(|_| ())
}

#[tokio::test]
async fn api_2_garbage_gets_a_typed_status_and_the_service_lives_on() {
    let house = House::with(sample::directory()).await;
    let create = "/omniroute.v1.ConversationService/CreateConversation";
    let garbage: [Vec<u8>; 5] = [
        vec![0xff; 64],
        // A length that goes beyond the end.
        vec![0x0a, 0x7f, 0x61],
        // An org_id that is no UTF-8.
        vec![0x0a, 0x02, 0xc3, 0x28],
        // A field of the wrong wire type.
        vec![0x08, 0x01],
        // A varint without end.
        vec![0x80; 32],
    ];
    for bytes in garbage {
        let status = send_raw(&house, create, bytes.clone()).await.expect_err("it is garbage");
        let said = (status.code(), reason(&status));
        assert_eq!(said, (Code::InvalidArgument, "INVALID_FIELDS".into()), "{bytes:?}: {status:?}");
    }
    // Unknown fields are let through; what is missing is named.
    let status = send_raw(&house, create, vec![0xf8, 0x07, 0x01]).await.expect_err("it is empty");
    assert_eq!(status.code(), Code::InvalidArgument);
    let status = send_raw(&house, "/omniroute.v1.ConversationService/Nothing", Vec::new()).await;
    assert_eq!(status.expect_err("there is no such call").code(), Code::Unimplemented);
    let chat = house.chat(queue("help")).await;
    assert_eq!(house.waiting("help").await, [chat]);
}

#[tokio::test]
async fn api_2_ids_may_look_odd_but_not_too_odd() {
    let house = House::with(sample::directory()).await;
    for id in ["a", "A.b_c:d@e-f", &"x".repeat(64)] {
        let status = PresenceStatus {
            kind: v1::PresenceKind::Away.into(),
            ..sample::status(id, v1::PresenceKind::Away, &[])
        };
        house.put(v1::resource::Resource::PresenceStatus(status)).await.expect(id);
    }
    for id in ["", " ", "a b", "ü", "a/b", "a\0", &"x".repeat(65)] {
        let status = sample::status(id, v1::PresenceKind::Away, &[]);
        let answer = house.put(v1::resource::Resource::PresenceStatus(status)).await;
        invalid(answer, &["resource.presence_status.id"]);
    }
}
