//! A house for tests: the whole service in this process, over real gRPC, with a clock that stands until the test sets it.
#![allow(dead_code, unreachable_pub, unused_imports, reason = "each test target uses its part")]
#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::{
    net::SocketAddr,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use omniroute::{
    access::Security,
    clock::Clock,
    metrics::figures::Figures,
    server::{self, Bounds, Options, Running},
    wire::v1::{
        self, Console, agent_service_client::AgentServiceClient,
        conversation_service_client::ConversationServiceClient,
        directory_service_client::DirectoryServiceClient, event_service_client::EventServiceClient,
        supervisor_service_client::SupervisorServiceClient,
    },
};
use tempfile::TempDir;
use tonic::{Status, transport::Channel};

mod desk;
pub mod page;
pub mod raw;
mod refusals;
pub mod sample;
mod supervisor;
pub mod watch;

pub use desk::Desk;
pub use refusals::{invalid, reason, refused, violations};
pub use supervisor::{SUE, sue};

/// The org of most tests.
pub const ORG: &str = "acme";
/// When a manual clock begins.
pub const START_MS: u64 = 1_700_000_000_000;
/// How long a test waits for what must come. It never waits for what must not.
pub const PATIENCE: Duration = Duration::from_secs(20);

static REQUEST_IDS: AtomicU64 = AtomicU64::new(1);

/// A request_id that was not used before.
pub fn fresh() -> String {
    format!("test-{}", REQUEST_IDS.fetch_add(1, Ordering::Relaxed))
}

/// The running service and a connection to it.
pub struct House {
    pub clock: Clock,
    dir: TempDir,
    security: Security,
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
        Self::bounded(Bounds::default()).await
    }

    /// A house where no org is yet, whose port has these bounds.
    pub async fn bounded(bounds: Bounds) -> Self {
        Self::made(temporary(), Clock::manual(START_MS), bounds, Security::default()).await
    }

    /// A house where no org is yet, that is particular about its callers.
    pub async fn guarded(clock: Clock, security: Security) -> Self {
        Self::made(temporary(), clock, Bounds::default(), security).await
    }

    async fn made(dir: TempDir, clock: Clock, bounds: Bounds, security: Security) -> Self {
        let (running, channel) = start(&dir, &clock, bounds, &security).await;
        Self { clock, dir, security, running: Some(running), channel }
    }

    /// Stops the service in order and starts it again on the same data.
    pub async fn restart(&mut self) {
        self.running.take().expect("it runs").stop().await.expect("it stops in order");
        let (running, channel) = start(&self.dir, &self.clock, Bounds::default(), &self.security).await;
        (self.running, self.channel) = (Some(running), channel);
    }

    /// Stops the service in order, for good.
    pub async fn stop(&mut self) {
        self.running.take().expect("it runs").stop().await.expect("it stops in order");
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.running.as_ref().expect("it runs").grpc_addr
    }

    /// Where its figures of capacity are asked for.
    pub fn figures(&self) -> Figures {
        self.running.as_ref().expect("it runs").figures()
    }

    /// One more connection.
    pub async fn connect(&self) -> Channel {
        connect(self.running.as_ref().expect("it runs").grpc_addr).await
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
            ..Default::default()
        };
        Desk::open((self.agents(), self.conversations()), request).await
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
            ..Default::default()
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
        desk.take_only(chat).await;
        chat
    }

    /// Writes for the customer.
    pub async fn customer_says(&self, conversation_id: u64, text: &str) -> Result<u32, Status> {
        self.says(v1::actor::Actor::Customer(v1::actor::Customer {}), conversation_id, text).await
    }

    /// Writes for the platform.
    pub async fn platform_says(&self, conversation_id: u64, text: &str) -> Result<u32, Status> {
        self.says(v1::actor::Actor::Platform(v1::actor::Platform {}), conversation_id, text).await
    }

    async fn says(&self, actor: v1::actor::Actor, conversation_id: u64, text: &str) -> Result<u32, Status> {
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
        let request =
            v1::ListWaitingRequest { org_id: ORG.into(), queue_id: queue.into(), ..Default::default() };
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

/// A directory for the journal, in memory where the machine has a place for that: these tests are about rules, not about disks.
fn temporary() -> TempDir {
    let memory = std::path::Path::new("/dev/shm");
    let made = if memory.is_dir() { TempDir::new_in(memory) } else { TempDir::new() };
    made.or_else(|_| TempDir::new()).expect("a temporary directory")
}

async fn connect(addr: SocketAddr) -> Channel {
    let endpoint = Channel::from_shared(format!("http://{addr}")).expect("an address");
    endpoint.connect().await.expect("the service listens")
}

async fn start(dir: &TempDir, clock: &Clock, bounds: Bounds, security: &Security) -> (Running, Channel) {
    let options = Options {
        data_dir: dir.path().into(),
        grpc_addr: ([127, 0, 0, 1], 0).into(),
        shards: 1,
        clock: clock.clone(),
        sample: None,
        bounds,
        security: security.clone(),
    };
    let running = server::start(options).await.expect("the service starts");
    let channel = connect(running.grpc_addr).await;
    (running, channel)
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
    let skills = skills.iter().map(|(id, level)| v1::SkillRequirement {
        skill_id: (*id).into(),
        level_hundredths: *level,
        additional: false,
    });
    v1::target::Target::Requirements(v1::Requirements { skills: skills.collect() })
}
