//! A house for tests: the whole service in this process, over real gRPC, with a clock that stands until the test sets it.
#![allow(dead_code, unreachable_pub, reason = "each test target uses its part")]
#![allow(clippy::expect_used, clippy::panic, reason = "what only tests call may panic as they may")]

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use omniroute::{
    clock::Clock,
    server::{self, Options, Running},
    wire::v1::{
        self, AgentSession, Console, agent_service_client::AgentServiceClient,
        conversation_service_client::ConversationServiceClient,
        directory_service_client::DirectoryServiceClient, event_service_client::EventServiceClient,
        open_session_response::Notice, supervisor_service_client::SupervisorServiceClient,
    },
};
use tempfile::TempDir;
use tonic::{Code, Status, Streaming, transport::Channel};
use tonic_types::StatusExt;

pub mod sample;
pub mod watch;

/// The org of most tests.
pub const ORG: &str = "acme";
/// When a manual clock begins.
pub const START_MS: u64 = 1_700_000_000_000;
/// How long a test waits for what must come. It never waits for what must not.
const PATIENCE: Duration = Duration::from_secs(20);

static REQUEST_IDS: AtomicU64 = AtomicU64::new(1);

/// A request_id that was not used before.
pub fn fresh() -> String {
    format!("test-{}", REQUEST_IDS.fetch_add(1, Ordering::Relaxed))
}

/// The running service and a connection to it.
pub struct House {
    pub clock: Clock,
    dir: TempDir,
    running: Option<Running>,
    pub channel: Channel,
}

impl House {
    /// A house with this directory for `ORG`.
    pub async fn with(directory: v1::Directory) -> Self {
        let house = Self::empty().await;
        house.apply(directory).await.expect("the test's directory is right");
        house
    }

    /// A house where no org is yet.
    pub async fn empty() -> Self {
        let (dir, clock) = (TempDir::new().expect("a temporary directory"), Clock::manual(START_MS));
        let (running, channel) = start(&dir, &clock).await;
        Self { clock, dir, running: Some(running), channel }
    }

    /// Stops the service in order and starts it again on the same data.
    pub async fn restart(&mut self) {
        self.running.take().expect("it runs").stop().await.expect("it stops in order");
        let (running, channel) = start(&self.dir, &self.clock).await;
        (self.running, self.channel) = (Some(running), channel);
    }

    /// Lets time pass, and does what was due.
    pub async fn advance(&self, ms: u64) {
        let Clock::Manual(now) = &self.clock else { unreachable!("tests have a manual clock") };
        now.fetch_add(ms, Ordering::SeqCst);
        self.running.as_ref().expect("it runs").wake().await;
    }

    pub fn directory(&self) -> DirectoryServiceClient<Channel> {
        DirectoryServiceClient::new(self.channel.clone())
    }

    pub fn agents(&self) -> AgentServiceClient<Channel> {
        AgentServiceClient::new(self.channel.clone())
    }

    pub fn conversations(&self) -> ConversationServiceClient<Channel> {
        ConversationServiceClient::new(self.channel.clone())
    }

    pub fn supervisor(&self) -> SupervisorServiceClient<Channel> {
        SupervisorServiceClient::new(self.channel.clone())
    }

    pub fn events(&self) -> EventServiceClient<Channel> {
        EventServiceClient::new(self.channel.clone())
    }

    /// Applies a directory to `ORG`.
    pub async fn apply(&self, directory: v1::Directory) -> Result<v1::ApplyDirectoryResponse, Status> {
        let request = v1::ApplyDirectoryRequest {
            org_id: ORG.into(),
            request_id: fresh(),
            directory: Some(directory),
            dry_run: false,
        };
        Ok(self.directory().apply_directory(request).await?.into_inner())
    }

    /// Puts one resource into the directory of `ORG`.
    pub async fn put(&self, resource: v1::resource::Resource) -> Result<(), Status> {
        let resource = Some(v1::Resource { resource: Some(resource) });
        let request = v1::PutResourceRequest { org_id: ORG.into(), request_id: fresh(), resource };
        self.directory().put_resource(request).await.map(|_| ())
    }

    /// Opens a session on the LIGHTNING console in the status `available`.
    pub async fn desk(&self, agent: &str) -> Desk {
        self.desk_at(agent, Console::Lightning, "available").await
    }

    /// Opens a session.
    pub async fn desk_at(&self, agent: &str, console: Console, status: &str) -> Desk {
        self.open(agent, console, status, 0).await.expect("the session opens")
    }

    /// Opens a session, or comes back to one.
    pub async fn open(
        &self,
        agent: &str,
        console: Console,
        status: &str,
        resume: u64,
    ) -> Result<Desk, Status> {
        let request = v1::OpenSessionRequest {
            org_id: ORG.into(),
            request_id: fresh(),
            agent_id: agent.into(),
            console: console.into(),
            resume_epoch: resume,
            presence_status_id: status.into(),
        };
        let mut stream = self.agents().open_session(request).await?.into_inner();
        let first = next(&mut stream).await?.expect("a session begins with `opened`");
        let Some(Notice::Opened(opened)) = first.notice else {
            panic!("a session begins with `opened`: {first:?}")
        };
        let session = AgentSession { agent_id: agent.into(), epoch: opened.epoch };
        Ok(Desk { session, opened, stream, agents: self.agents(), conversations: self.conversations() })
    }

    /// An agent as the engine sees it.
    pub async fn agent(&self, agent: &str) -> v1::Agent {
        let request = v1::GetAgentRequest { org_id: ORG.into(), agent_id: agent.into() };
        self.agents()
            .get_agent(request)
            .await
            .expect("the agent is there")
            .into_inner()
            .agent
            .expect("an agent")
    }

    /// A conversation.
    pub async fn conversation(&self, conversation_id: u64) -> v1::Conversation {
        let request = v1::GetConversationRequest { org_id: ORG.into(), conversation_id };
        let found = self.conversations().get_conversation(request).await.expect("the conversation is there");
        found.into_inner().conversation.expect("a conversation")
    }

    /// Who is in a conversation, the keeper first.
    pub async fn participants(&self, conversation_id: u64) -> Vec<String> {
        self.conversation(conversation_id).await.participants.into_iter().map(|it| it.agent_id).collect()
    }

    /// Creates a conversation.
    pub async fn create(
        &self,
        channel: &str,
        routing: v1::Routing,
    ) -> Result<v1::CreateConversationResponse, Status> {
        let request = v1::CreateConversationRequest {
            org_id: ORG.into(),
            request_id: fresh(),
            channel_id: channel.into(),
            customer_id: "customer-1".into(),
            routing: Some(routing),
        };
        Ok(self.conversations().create_conversation(request).await?.into_inner())
    }

    /// Creates a chat and says its number.
    pub async fn chat(&self, target: v1::target::Target) -> u64 {
        self.create("chat", to(target)).await.expect("the chat is created").conversation_id
    }

    /// Creates a chat for one agent, who takes it.
    pub async fn chat_with(&self, desk: &mut Desk) -> u64 {
        let chat = self.chat(agent(&desk.session.agent_id)).await;
        assert_eq!(desk.take().await, chat);
        chat
    }

    /// Writes for the customer.
    pub async fn customer_says(&self, conversation_id: u64, text: &str) -> Result<u32, Status> {
        let actor = v1::actor::Actor::Customer(v1::actor::Customer {});
        let request = v1::PostMessageRequest {
            org_id: ORG.into(),
            request_id: fresh(),
            actor: Some(v1::Actor { actor: Some(actor) }),
            conversation_id,
            text: text.into(),
            whisper: false,
        };
        Ok(self.conversations().post_message(request).await?.into_inner().number)
    }

    /// The conversations that wait in a queue, in the order in which they will be served.
    pub async fn waiting(&self, queue: &str) -> Vec<u64> {
        let request = v1::ListWaitingRequest { org_id: ORG.into(), queue_id: queue.into(), page_size: 0 };
        let found = self.supervisor().list_waiting(request).await.expect("the queue is there").into_inner();
        found.requests.into_iter().map(|it| it.conversation_id).collect()
    }

    /// Who has a pending invite of any request of a conversation.
    pub async fn invited(&self, conversation_id: u64) -> Vec<String> {
        let requests = self.conversation(conversation_id).await.requests;
        requests.into_iter().flat_map(|it| it.invited_agent_ids).collect()
    }

    /// Ends a conversation for the platform.
    pub async fn end(&self, conversation_id: u64) -> Result<(), Status> {
        let actor = v1::actor::Actor::Platform(v1::actor::Platform {});
        let request = v1::EndConversationRequest {
            org_id: ORG.into(),
            request_id: fresh(),
            actor: Some(v1::Actor { actor: Some(actor) }),
            conversation_id,
        };
        self.conversations().end_conversation(request).await.map(|_| ())
    }

    /// The chat log of a conversation.
    pub async fn log(&self, conversation_id: u64, reader: v1::LogReader) -> Vec<v1::LogEntry> {
        let request = v1::ReadChatLogRequest {
            org_id: ORG.into(),
            conversation_id,
            reader: reader.into(),
            from_number: 0,
            page_size: 0,
        };
        self.conversations().read_chat_log(request).await.expect("the log can be read").into_inner().entries
    }
}

async fn start(dir: &TempDir, clock: &Clock) -> (Running, Channel) {
    let options = Options {
        data_dir: dir.path().into(),
        grpc_addr: ([127, 0, 0, 1], 0).into(),
        shards: 1,
        clock: clock.clone(),
        sample: None,
    };
    let running = server::start(options).await.expect("the service starts");
    let endpoint = Channel::from_shared(format!("http://{}", running.grpc_addr)).expect("an address");
    let channel = endpoint.connect().await.expect("the service listens");
    (running, channel)
}

async fn next(
    stream: &mut Streaming<v1::OpenSessionResponse>,
) -> Result<Option<v1::OpenSessionResponse>, Status> {
    tokio::time::timeout(PATIENCE, stream.message()).await.expect("the notice must come")
}

/// An agent's session.
pub struct Desk {
    pub session: AgentSession,
    pub opened: v1::SessionOpened,
    pub stream: Streaming<v1::OpenSessionResponse>,
    agents: AgentServiceClient<Channel>,
    conversations: ConversationServiceClient<Channel>,
}

impl Desk {
    /// The next notice.
    pub async fn notice(&mut self) -> Notice {
        let told = next(&mut self.stream).await.expect("the stream is open").expect("the stream goes on");
        told.notice.expect("a notice says something")
    }

    /// How the stream ends; notices before it are passed over.
    pub async fn end_of_stream(&mut self) -> Option<Status> {
        loop {
            match next(&mut self.stream).await {
                Ok(Some(_)) => {}
                Ok(None) => return None,
                Err(status) => return Some(status),
            }
        }
    }

    /// The next invite; other notices before it are passed over.
    pub async fn invite(&mut self) -> v1::Invite {
        loop {
            if let Notice::Invited(invite) = self.notice().await {
                return invite;
            }
        }
    }

    /// How the next invite that is settled ended; other notices before it are passed over.
    pub async fn invite_ended(&mut self) -> v1::InviteEnded {
        loop {
            if let Notice::InviteEnded(ended) = self.notice().await {
                return ended;
            }
        }
    }

    /// The next entry of a chat log; other notices before it are passed over.
    pub async fn update(&mut self) -> v1::LogEntry {
        loop {
            if let Notice::Update(update) = self.notice().await {
                return update.entry.expect("an update has an entry");
            }
        }
    }

    /// The next request of this agent that ended without an agent; other notices before it are passed over.
    pub async fn request_ended(&mut self) -> v1::RequestEnded {
        loop {
            if let Notice::RequestEnded(ended) = self.notice().await {
                return ended;
            }
        }
    }

    /// The next message about a wrap-up; other notices before it are passed over.
    pub async fn wrap_up(&mut self) -> v1::WrapUp {
        loop {
            if let Notice::WrapUp(wrap_up) = self.notice().await {
                return wrap_up;
            }
        }
    }

    /// Who was asked by this agent and said no, next; other notices before it are passed over.
    pub async fn invite_declined(&mut self) -> v1::InviteDeclined {
        loop {
            if let Notice::InviteDeclined(declined) = self.notice().await {
                return declined;
            }
        }
    }

    /// The next presence that was set; other notices before it are passed over.
    pub async fn presence_changed(&mut self) -> v1::PresenceChanged {
        loop {
            if let Notice::Presence(presence) = self.notice().await {
                return presence;
            }
        }
    }

    /// All that it was told until now and has not read: it says `available` again and reads until it is told that.
    pub async fn told(&mut self) -> Vec<Notice> {
        self.presence("available").await.expect("it may say so");
        let mut told = Vec::new();
        loop {
            match self.notice().await {
                Notice::Presence(it) if it.presence_status_id == "available" => return told,
                notice => told.push(notice),
            }
        }
    }

    fn session(&self) -> Option<AgentSession> {
        Some(self.session.clone())
    }

    pub async fn presence(&mut self, status: &str) -> Result<(), Status> {
        let request = v1::SetPresenceRequest {
            org_id: ORG.into(),
            request_id: fresh(),
            session: self.session(),
            presence_status_id: status.into(),
        };
        self.agents.set_presence(request).await.map(|_| ())
    }

    pub async fn accept(&mut self, invite_id: u64) -> Result<u64, Status> {
        self.accept_as(invite_id, fresh()).await
    }

    pub async fn accept_as(&mut self, invite_id: u64, request_id: String) -> Result<u64, Status> {
        let session = self.session();
        let request = v1::AcceptInviteRequest { org_id: ORG.into(), request_id, session, invite_id };
        Ok(self.agents.accept_invite(request).await?.into_inner().conversation_id)
    }

    pub async fn decline(&mut self, invite_id: u64) -> Result<(), Status> {
        let request = v1::DeclineInviteRequest {
            org_id: ORG.into(),
            request_id: fresh(),
            session: self.session(),
            invite_id,
            reason: "at lunch".into(),
        };
        self.agents.decline_invite(request).await.map(|_| ())
    }

    /// Accepts the next invite and says the conversation.
    pub async fn take(&mut self) -> u64 {
        let invite = self.invite().await;
        self.accept(invite.invite_id).await.expect("the invite is pending")
    }

    pub async fn conference(&mut self, conversation_id: u64, routing: v1::Routing) -> Result<u64, Status> {
        let request = v1::RequestConferenceRequest {
            org_id: ORG.into(),
            request_id: fresh(),
            session: self.session(),
            conversation_id,
            routing: Some(routing),
        };
        Ok(self.conversations.request_conference(request).await?.into_inner().routing_request_id)
    }

    pub async fn transfer(&mut self, conversation_id: u64, routing: v1::Routing) -> Result<u64, Status> {
        let request = v1::RequestTransferRequest {
            org_id: ORG.into(),
            request_id: fresh(),
            session: self.session(),
            conversation_id,
            routing: Some(routing),
        };
        Ok(self.conversations.request_transfer(request).await?.into_inner().routing_request_id)
    }

    pub async fn cancel(&mut self, routing_request_id: u64) -> Result<(), Status> {
        let request = v1::CancelRequestRequest {
            org_id: ORG.into(),
            request_id: fresh(),
            session: self.session(),
            routing_request_id,
        };
        self.conversations.cancel_request(request).await.map(|_| ())
    }

    pub async fn leave(&mut self, conversation_id: u64) -> Result<(), Status> {
        let request = v1::LeaveConversationRequest {
            org_id: ORG.into(),
            request_id: fresh(),
            session: self.session(),
            conversation_id,
        };
        self.conversations.leave_conversation(request).await.map(|_| ())
    }

    pub async fn end(&mut self, conversation_id: u64) -> Result<(), Status> {
        let actor = v1::actor::Actor::Agent(self.session.clone());
        let request = v1::EndConversationRequest {
            org_id: ORG.into(),
            request_id: fresh(),
            actor: Some(v1::Actor { actor: Some(actor) }),
            conversation_id,
        };
        self.conversations.end_conversation(request).await.map(|_| ())
    }

    pub async fn post(&mut self, conversation_id: u64, text: &str, whisper: bool) -> Result<u32, Status> {
        let actor = v1::actor::Actor::Agent(self.session.clone());
        let request = v1::PostMessageRequest {
            org_id: ORG.into(),
            request_id: fresh(),
            actor: Some(v1::Actor { actor: Some(actor) }),
            conversation_id,
            text: text.into(),
            whisper,
        };
        Ok(self.conversations.post_message(request).await?.into_inner().number)
    }

    pub async fn extend_wrap_up(&mut self, conversation_id: u64, extend_by_ms: i64) -> Result<i64, Status> {
        let request = v1::ExtendWrapUpRequest {
            org_id: ORG.into(),
            request_id: fresh(),
            session: self.session(),
            conversation_id,
            extend_by_ms,
        };
        Ok(self.conversations.extend_wrap_up(request).await?.into_inner().until_ms)
    }

    /// Asks another agent in, who comes.
    pub async fn bring_in(&mut self, conversation_id: u64, other: &mut Desk) {
        let target = agent(&other.session.agent_id);
        self.conference(conversation_id, to(target)).await.expect("it may ask");
        assert_eq!(other.take().await, conversation_id);
    }

    pub async fn complete_wrap_up(&mut self, conversation_id: u64) -> Result<(), Status> {
        let request = v1::CompleteWrapUpRequest {
            org_id: ORG.into(),
            request_id: fresh(),
            session: self.session(),
            conversation_id,
        };
        self.conversations.complete_wrap_up(request).await.map(|_| ())
    }
}

/// A routing to a target, all else by default.
pub fn to(target: v1::target::Target) -> v1::Routing {
    v1::Routing { target: Some(v1::Target { target: Some(target) }), ..v1::Routing::default() }
}

pub fn agent(id: &str) -> v1::target::Target {
    v1::target::Target::AgentId(id.into())
}

pub fn skill(id: &str) -> v1::target::Target {
    v1::target::Target::SkillId(id.into())
}

pub fn queue(id: &str) -> v1::target::Target {
    v1::target::Target::Queue(v1::QueueTarget { queue_id: id.into(), skills: Vec::new() })
}

pub fn button(id: &str) -> v1::target::Target {
    v1::target::Target::ButtonId(id.into())
}

pub fn requirements(skills: &[(&str, u32)]) -> v1::target::Target {
    let skills = skills
        .iter()
        .map(|(id, level)| v1::SkillRequirement { skill_id: (*id).into(), level_hundredths: *level });
    v1::target::Target::Requirements(v1::Requirements { skills: skills.collect() })
}

/// The machine-readable reason of a refusal.
pub fn reason(status: &Status) -> String {
    status.get_error_details().error_info().map_or_else(String::new, |it| it.reason.clone())
}

/// The paths of the fields that a call was refused for.
pub fn violations(status: &Status) -> Vec<String> {
    let named = |it: &tonic_types::BadRequest| it.field_violations.iter().map(|it| it.field.clone()).collect();
    status.get_error_details().bad_request().map(named).unwrap_or_default()
}

/// Asserts that a call was refused for these fields, all of them and no other.
#[track_caller]
pub fn invalid<T: std::fmt::Debug>(result: Result<T, Status>, expected: &[&str]) {
    let status = result.expect_err("the fields are wrong");
    assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
    assert_eq!(violations(&status), expected, "{status:?}");
}

/// Asserts that a call was refused for a reason, with the code that goes with it.
#[track_caller]
pub fn refused<T: std::fmt::Debug>(result: Result<T, Status>, code: Code, expected: &str) {
    let status = result.expect_err("the rule says no");
    assert_eq!((status.code(), reason(&status).as_str()), (code, expected), "{status:?}");
}
