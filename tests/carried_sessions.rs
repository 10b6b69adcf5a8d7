//! Sessions that a platform carries on its stream of the pipelined door: they are told what those with a stream of their own are told, end
//! for the same reasons, and keep their leases.
#![allow(clippy::expect_used, clippy::panic, missing_docs, reason = "a test fails by panicking")]

mod support;

use omniroute::{
    engine::limits::LEASE_MS,
    wire::v1::{
        self, AgentSession, Console, OpenSessionResponse, SubmitRequest, SubmitResponse, event::Event,
        open_session_response::Notice, pipeline_service_client::PipelineServiceClient,
        submit_request::Command, submit_response::Answer,
    },
};
use support::{House, ORG, PATIENCE, agent, fresh, queue, sample, skill, to};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Status, Streaming};
use tonic_types::StatusExt;

/// A platform with a stream.
struct Platform {
    commands: mpsc::Sender<SubmitRequest>,
    answers: Streaming<SubmitResponse>,
}

impl Platform {
    async fn connect(house: &House) -> Self {
        let (commands, outgoing) = mpsc::channel(2_048);
        let mut client = PipelineServiceClient::new(house.connect().await);
        let answers =
            client.submit(ReceiverStream::new(outgoing)).await.expect("the door is open").into_inner();
        Self { commands, answers }
    }

    async fn send(&self, correlation_id: u64, command: Command) {
        let request = SubmitRequest { correlation_id, command: Some(command) };
        self.commands.send(request).await.expect("it is read");
    }

    async fn open(&self, correlation_id: u64, agent_id: &str, resume_epoch: u64) {
        let call = v1::OpenSessionRequest {
            org_id: ORG.into(),
            request_id: fresh(),
            agent_id: agent_id.into(),
            console: Console::Lightning.into(),
            resume_epoch,
            presence_status_id: "available".into(),
            ..Default::default()
        };
        self.send(correlation_id, Command::OpenSession(call)).await;
    }

    /// The next answer, and to what.
    async fn answer(&mut self) -> (u64, Answer) {
        let next = tokio::time::timeout(PATIENCE, self.answers.message()).await.expect("it must come");
        let next = next.expect("the stream is open").expect("the stream goes on");
        (next.correlation_id, next.answer.expect("an answer says something"))
    }

    /// The next notice to a session, and to which.
    async fn notice(&mut self) -> (u64, Notice) {
        let (to, answer) = self.answer().await;
        let Answer::OpenSession(OpenSessionResponse { notice: Some(notice), .. }) = answer else {
            panic!("{to}: {answer:?}")
        };
        (to, notice)
    }

    async fn opened(&mut self) -> (u64, v1::SessionOpened) {
        let (to, notice) = self.notice().await;
        let Notice::Opened(opened) = notice else { panic!("{to}: {notice:?}") };
        (to, *opened)
    }

    async fn refused(&mut self) -> (u64, Code, String) {
        let (to, answer) = self.answer().await;
        let Answer::Refusal(it) = answer else { panic!("{to}: {answer:?}") };
        let status = Status::from(it);
        let reason = status.get_error_details().error_info().expect("it has a reason").reason.clone();
        (to, status.code(), reason)
    }
}

#[tokio::test]
async fn many_sessions_share_a_stream_and_each_is_told_its_own() {
    let house = House::with(sample::directory()).await;
    let mut platform = Platform::connect(&house).await;
    platform.open(1, "ann", 0).await;
    platform.open(2, "bob", 0).await;
    let (first, ann) = platform.opened().await;
    let (second, bob) = platform.opened().await;
    assert_eq!((first, second), (1, 2));
    assert!(!ann.resumed && ann.epoch != 0 && bob.agent.expect("his state").connected);

    let chat = house.chat(agent("ann")).await;
    let (told, Notice::Invited(invite)) = platform.notice().await else { panic!("she is invited") };
    assert_eq!((told, invite.conversation_id), (1, chat));
    let accept = v1::AcceptInviteRequest {
        org_id: ORG.into(),
        request_id: fresh(),
        session: Some(AgentSession { agent_id: "ann".into(), epoch: ann.epoch }),
        invite_id: invite.invite_id,
    };
    platform.send(3, Command::AcceptInvite(accept)).await;
    let (mut accepted, mut told) = (0, Vec::new());
    for _ in 0..3 {
        match platform.answer().await {
            (3, Answer::AcceptInvite(it)) => accepted = it.conversation_id,
            (1, Answer::OpenSession(it)) => told.push(it.notice.expect("a notice says something")),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(accepted, chat);
    assert!(matches!(&told[..], [Notice::InviteEnded(_), Notice::Update(_)]), "{told:?}");

    let race = v1::Routing { mode: v1::RoutingMode::Broadcast.into(), ..to(skill("french")) };
    let raced = house.create("chat", race).await.expect("it is created").conversation_id;
    for _ in 0..2 {
        let (_, notice) = platform.notice().await;
        assert!(matches!(&notice, Notice::Invited(it) if it.conversation_id == raced), "{notice:?}");
    }
}

#[tokio::test]
async fn what_is_closed_has_its_lease_and_comes_back_by_either_door() {
    let house = House::with(sample::directory()).await;
    let mut watch = house.watch(0).await;
    let mut platform = Platform::connect(&house).await;
    platform.open(7, "ann", 0).await;
    let (_, opened) = platform.opened().await;
    platform.send(8, Command::CloseSession(v1::CloseSessionRequest { opened_by: 7 })).await;
    assert!(matches!(platform.answer().await, (8, Answer::CloseSession(_))));
    watch.until(|it| matches!(it, Event::SessionDropped(_))).await;
    house.advance(LEASE_MS - 1).await;
    // By the same number: it is free again.
    platform.open(7, "ann", opened.epoch).await;
    let (_, again) = platform.opened().await;
    assert_eq!((again.epoch, again.resumed), (opened.epoch, true));

    drop(platform);
    watch.until(|it| matches!(it, Event::SessionDropped(_))).await;
    let ann = house.open("ann", Console::Lightning, "", opened.epoch).await.expect("she may come back");
    assert!(ann.opened.resumed, "a stream that breaks begins the leases of all its sessions");
}

#[tokio::test]
async fn a_newer_session_elsewhere_fences_the_one_here() {
    let house = House::with(sample::directory()).await;
    let mut platform = Platform::connect(&house).await;
    platform.open(1, "ann", 0).await;
    platform.open(2, "bob", 0).await;
    let (_, first) = platform.opened().await;
    platform.opened().await;
    let newer = house.desk("ann").await;
    assert_eq!(platform.refused().await, (1, Code::FailedPrecondition, "SESSION_FENCED".into()));
    assert!(newer.session.epoch > first.epoch);
    // The other goes on.
    let chat = house.chat(agent("bob")).await;
    let (to, notice) = platform.notice().await;
    assert!(to == 2 && matches!(&notice, Notice::Invited(it) if it.conversation_id == chat), "{notice:?}");
}

#[tokio::test]
async fn what_cannot_be_opened_or_closed_is_refused_as_a_call_of_its_own_is() {
    let house = House::with(sample::directory()).await;
    let mut platform = Platform::connect(&house).await;
    platform.open(1, "nobody", 0).await;
    assert_eq!(platform.refused().await, (1, Code::NotFound, "AGENT_NOT_FOUND".into()));
    platform.open(1, "ann", 0).await;
    platform.opened().await;
    platform.open(1, "bob", 0).await;
    assert_eq!(platform.refused().await, (1, Code::InvalidArgument, "INVALID_FIELDS".into()));
    platform.send(2, Command::CloseSession(v1::CloseSessionRequest { opened_by: 9 })).await;
    assert_eq!(platform.refused().await, (2, Code::InvalidArgument, "INVALID_FIELDS".into()));
    let bad = v1::OpenSessionRequest { org_id: ORG.into(), ..Default::default() };
    platform.send(3, Command::OpenSession(bad)).await;
    assert_eq!(platform.refused().await, (3, Code::InvalidArgument, "INVALID_FIELDS".into()));
    let other = v1::OpenSessionRequest {
        org_id: "elsewhere".into(),
        request_id: fresh(),
        agent_id: "ann".into(),
        console: Console::Lightning.into(),
        ..Default::default()
    };
    platform.send(4, Command::OpenSession(other)).await;
    assert_eq!(platform.refused().await, (4, Code::NotFound, "ORG_NOT_FOUND".into()));
}

/// A stop of the service ends the stream; what the sessions had stands, and they come back.
#[tokio::test]
async fn a_stop_says_so_and_the_sessions_come_back_after_it() {
    let mut house = House::with(sample::directory()).await;
    let mut platform = Platform::connect(&house).await;
    platform.open(1, "ann", 0).await;
    let (_, opened) = platform.opened().await;
    let chat = house.chat(queue("help")).await;
    assert!(matches!(platform.notice().await, (1, Notice::Invited(_))));
    house.restart().await;
    let last = platform.answers.message().await;
    assert_eq!(last.expect_err("it says why").code(), Code::Unavailable);
    let mut platform = Platform::connect(&house).await;
    platform.open(1, "ann", opened.epoch).await;
    let (_, again) = platform.opened().await;
    assert!(again.resumed);
    let invites = again.agent.expect("her state").invites;
    assert_eq!(invites.iter().map(|it| it.conversation_id).collect::<Vec<_>>(), [chat]);
}
