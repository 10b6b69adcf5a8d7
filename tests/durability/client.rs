//! A client with a ledger: what it was answered, and the one call that it does not know the answer of.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use omniroute::wire::v1::{
    self, Actor, AgentSession, agent_service_client::AgentServiceClient,
    conversation_service_client::ConversationServiceClient, directory_service_client::DirectoryServiceClient,
    open_session_response::Notice,
};
use tonic::{Code, Status, transport::Channel};
use tonic_types::StatusExt;

use super::process::Process;

pub(crate) const ORG: &str = "durable";

/// How far a conversation has come, as far as was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    Created,
    Accepted,
    Posted,
    Ended,
}

#[derive(Debug, Clone)]
pub(crate) struct Conversation {
    pub(crate) id: u64,
    pub(crate) customer: String,
    pub(crate) stage: Stage,
    invite: u64,
}

/// A call, as it can be made again.
#[derive(Debug, Clone)]
enum Call {
    Create(v1::CreateConversationRequest),
    Accept(v1::AcceptInviteRequest),
    Post(v1::PostMessageRequest),
    End(v1::EndConversationRequest),
}

/// What a client knows.
#[derive(Debug)]
pub(crate) struct Ledger {
    agent: String,
    epoch: u64,
    calls: usize,
    pub(crate) conversations: Vec<Conversation>,
    in_doubt: Option<Call>,
    /// Why its client stopped.
    pub(crate) gone: Option<Status>,
}

impl Ledger {
    pub(crate) fn new(number: usize) -> Self {
        Self {
            agent: agent(number),
            epoch: 0,
            calls: 0,
            conversations: Vec::new(),
            in_doubt: None,
            gone: None,
        }
    }

    fn request_id(&mut self) -> String {
        self.calls += 1;
        format!("{}-{}", self.agent, self.calls)
    }

    fn session(&self) -> AgentSession {
        AgentSession { agent_id: self.agent.clone(), epoch: self.epoch }
    }

    /// The call that comes next: each conversation is created, accepted, written in, and every other one is ended.
    fn next(&mut self) -> Call {
        let last = self.conversations.last().cloned();
        let (org_id, request_id, session) = (ORG.into(), self.request_id(), self.session());
        let (actor, session) =
            (Some(Actor { actor: Some(v1::actor::Actor::Agent(session.clone())) }), Some(session));
        match last {
            Some(it) if it.stage == Stage::Created => {
                Call::Accept(v1::AcceptInviteRequest { org_id, request_id, session, invite_id: it.invite })
            }
            Some(it) if it.stage == Stage::Accepted => {
                let text = format!("a word of {}", it.customer);
                Call::Post(v1::PostMessageRequest {
                    org_id,
                    request_id,
                    actor,
                    conversation_id: it.id,
                    text,
                    whisper: false,
                })
            }
            Some(it) if it.stage == Stage::Posted && self.conversations.len().is_multiple_of(2) => {
                Call::End(v1::EndConversationRequest { org_id, request_id, actor, conversation_id: it.id })
            }
            Some(_) | None => {
                let customer_id = format!("customer-{}-{}", self.agent, self.conversations.len());
                Call::Create(v1::CreateConversationRequest {
                    org_id,
                    request_id,
                    channel_id: "chat".into(),
                    customer_id,
                    routing: Some(to_agent(&self.agent)),
                    ..Default::default()
                })
            }
        }
    }

    fn last(&mut self) -> &mut Conversation {
        self.conversations.last_mut().expect("there is one")
    }
}

fn to_agent(id: &str) -> v1::Routing {
    let target = v1::target::Target::AgentId(id.into());
    v1::Routing { target: Some(v1::Target { target: Some(target) }), ..Default::default() }
}

fn agent(number: usize) -> String {
    format!("agent-{number}")
}

/// Makes a call and enters what is answered.
async fn make(channel: &Channel, ledger: &mut Ledger, call: Call) -> Result<(), Status> {
    let mut conversations = ConversationServiceClient::new(channel.clone());
    match call {
        Call::Create(request) => {
            let customer = request.customer_id.clone();
            let id = conversations.create_conversation(request).await?.into_inner().conversation_id;
            ledger.conversations.push(Conversation { id, customer, stage: Stage::Created, invite: 0 });
            ledger.last().invite = invite_of(channel, &ledger.agent.clone(), id).await?;
        }
        Call::Accept(request) => {
            let answer = AgentServiceClient::new(channel.clone()).accept_invite(request).await?.into_inner();
            assert_eq!(answer.conversation_id, ledger.last().id);
            ledger.last().stage = Stage::Accepted;
        }
        Call::Post(request) => {
            conversations.post_message(request).await?;
            ledger.last().stage = Stage::Posted;
        }
        Call::End(request) => {
            conversations.end_conversation(request).await?;
            ledger.last().stage = Stage::Ended;
        }
    }
    Ok(())
}

/// The agent's invite to a conversation; 0 where it is not there yet, because the agent is not.
async fn invite_of(channel: &Channel, agent_id: &str, conversation: u64) -> Result<u64, Status> {
    let found = get_agent(channel, agent_id).await?;
    Ok(found.invites.iter().find(|it| it.conversation_id == conversation).map_or(0, |it| it.invite_id))
}

async fn get_agent(channel: &Channel, agent_id: &str) -> Result<v1::Agent, Status> {
    let request = v1::GetAgentRequest { org_id: ORG.into(), agent_id: agent_id.into() };
    let found = AgentServiceClient::new(channel.clone()).get_agent(request).await?;
    Ok(found.into_inner().agent.expect("an agent"))
}

pub(crate) struct Client {
    channel: Channel,
    ledger: Ledger,
    /// Answers until the process is to be killed.
    left: Arc<AtomicUsize>,
}

/// Has a client work on each ledger, ends the process once so many answers have come, and gives the ledgers back when all have noticed.
pub(crate) async fn work_until(
    process: &mut Process,
    ledgers: Vec<Ledger>,
    answers: usize,
    end: impl FnOnce(&mut Process),
) -> Vec<Ledger> {
    let left = Arc::new(AtomicUsize::new(answers));
    let mut running = Vec::new();
    for ledger in ledgers {
        let (channel, left) = (process.connect().await, left.clone());
        running.push(tokio::spawn(async move { Client::new(channel, ledger, left).run().await }));
    }
    while left.load(Ordering::SeqCst) > 0 {
        tokio::task::yield_now().await;
    }
    end(process);
    let mut ledgers = Vec::new();
    for it in running {
        ledgers.push(it.await.expect("no client panics"));
    }
    ledgers
}

impl Client {
    pub(crate) fn new(channel: Channel, ledger: Ledger, left: Arc<AtomicUsize>) -> Self {
        Self { channel, ledger, left }
    }

    /// Works until the service is gone.
    pub(crate) async fn run(mut self) -> Ledger {
        let Ok(_session) = open(&self.channel, &mut self.ledger).await else { return self.ledger };
        loop {
            let call = self.ledger.next();
            self.ledger.in_doubt = Some(call.clone());
            if let Err(status) = make(&self.channel, &mut self.ledger, call).await {
                assert!(is_gone(&status), "{}: {status:?}", self.ledger.agent);
                self.ledger.gone = Some(status);
                return self.ledger;
            }
            self.ledger.in_doubt = None;
            // At 0 the process is being killed; it may still answer.
            self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |it| it.checked_sub(1)).unwrap_or(0);
        }
    }
}

fn is_gone(status: &Status) -> bool {
    matches!(status.code(), Code::Unavailable | Code::Unknown | Code::Cancelled | Code::Internal)
}

/// Comes back to the agent's session, or opens it.
async fn open(
    channel: &Channel,
    ledger: &mut Ledger,
) -> Result<tonic::Streaming<v1::OpenSessionResponse>, Status> {
    let request = v1::OpenSessionRequest {
        org_id: ORG.into(),
        request_id: ledger.request_id(),
        agent_id: ledger.agent.clone(),
        console: v1::Console::Lightning.into(),
        resume_epoch: ledger.epoch,
        presence_status_id: "available".into(),
        ..Default::default()
    };
    let mut stream = AgentServiceClient::new(channel.clone()).open_session(request).await?.into_inner();
    if let Some(Notice::Opened(opened)) = stream.message().await?.and_then(|it| it.notice) {
        assert_eq!(opened.resumed, ledger.epoch != 0, "a session survives its service within the lease");
        ledger.epoch = opened.epoch;
    }
    Ok(stream)
}

/// Settles what is in doubt, on a service that lives.
pub(crate) async fn settle(channel: &Channel, ledger: &mut Ledger) {
    let _session = open(channel, ledger).await.expect("the service lives");
    if let Some(call) = ledger.in_doubt.take() {
        let entered = ledger.conversations.len();
        // A conversation whose creation was answered and whose invite was not yet looked up is entered already.
        if let (Call::Create(request), Some(last)) = (&call, ledger.conversations.last())
            && last.customer == request.customer_id
        {
            ledger.conversations.pop();
        }
        make(channel, ledger, call).await.expect("what was in doubt can be repeated");
        assert!(ledger.conversations.len() >= entered);
    }
    // Invites of an agent that was not connected when the conversation came are sent now.
    let agent = ledger.agent.clone();
    if let Some(last) = ledger.conversations.last_mut().filter(|it| it.stage == Stage::Created) {
        last.invite = invite_of(channel, &agent, last.id).await.expect("the service lives");
        assert_ne!(last.invite, 0, "a connected agent with room is invited at once");
    }
}

/// Checks a ledger against what the service says.
pub(crate) async fn check(channel: &Channel, ledger: &Ledger) {
    let mut client = ConversationServiceClient::new(channel.clone());
    for it in &ledger.conversations {
        let request = v1::GetConversationRequest { org_id: ORG.into(), conversation_id: it.id };
        let found = client.get_conversation(request).await.expect("what was answered is there").into_inner();
        let found = found.conversation.expect("a conversation");
        assert_eq!(found.customer_id, it.customer);
        let expected = match it.stage {
            Stage::Created => v1::ConversationState::Waiting,
            Stage::Accepted | Stage::Posted => v1::ConversationState::Active,
            Stage::Ended => v1::ConversationState::Ended,
        };
        assert_eq!(found.state(), expected, "{it:?}");
        let request =
            v1::ReadChatLogRequest { org_id: ORG.into(), conversation_id: it.id, ..Default::default() };
        let log = client.read_chat_log(request).await.expect("its log is there").into_inner().entries;
        let numbers: Vec<u32> = log.iter().map(|it| it.number).collect();
        assert_eq!(numbers, (1..).take(log.len()).collect::<Vec<u32>>(), "a log has no gaps");
        assert_eq!(log.len(), it.stage as usize, "joined, posted, ended: each once: {log:?}");
    }
    let agent = get_agent(channel, &ledger.agent).await.expect("the agent is there");
    assert_eq!(agent.holds.iter().map(|it| it.units).sum::<u32>(), agent.units_used);
    let in_hand = ledger.conversations.iter().filter(|it| it.stage != Stage::Ended).count();
    assert_eq!(agent.holds.len(), in_hand, "one hold for each conversation that was not ended");
}

/// Creates and ends a conversation, so that a reader of the events knows where to stop.
pub(crate) async fn marker(channel: &Channel) -> u64 {
    use std::sync::atomic::AtomicU64;
    static MARKERS: AtomicU64 = AtomicU64::new(0);
    let request_id = format!("marker-{}", MARKERS.fetch_add(1, Ordering::Relaxed));
    let mut client = ConversationServiceClient::new(channel.clone());
    let conversation_id = waiting(channel, &request_id).await;
    let actor = Some(Actor { actor: Some(v1::actor::Actor::Platform(v1::actor::Platform {})) });
    let request = v1::EndConversationRequest {
        org_id: ORG.into(),
        request_id: request_id + "-end",
        actor,
        conversation_id,
    };
    client.end_conversation(request).await.expect("the service lives");
    conversation_id
}

/// Creates a conversation that nobody will serve.
pub(crate) fn create(name: &str) -> v1::CreateConversationRequest {
    v1::CreateConversationRequest {
        org_id: ORG.into(),
        request_id: name.into(),
        channel_id: "chat".into(),
        customer_id: name.into(),
        routing: Some(to_agent("nobody")),
        ..Default::default()
    }
}

/// A conversation that nobody will serve.
pub(crate) async fn waiting(channel: &Channel, name: &str) -> u64 {
    let mut client = ConversationServiceClient::new(channel.clone());
    client.create_conversation(create(name)).await.expect("the service lives").into_inner().conversation_id
}

/// Has a customer write a text.
pub(crate) fn write(request_id: String, conversation_id: u64, text: String) -> v1::PostMessageRequest {
    let actor = Some(Actor { actor: Some(v1::actor::Actor::Customer(v1::actor::Customer {})) });
    v1::PostMessageRequest { org_id: ORG.into(), request_id, actor, conversation_id, text, whisper: false }
}

/// So many agents with room for everything that the test gives them.
pub(crate) async fn apply_directory(channel: &Channel, agents: usize) {
    let resource = |id: String| v1::AgentResource {
        id,
        capacity_profile_id: "all".into(),
        skills: vec![v1::AgentSkill { skill_id: "racing".into(), level_hundredths: 0 }],
        ..Default::default()
    };
    let directory = v1::Directory {
        skills: vec![v1::Skill { id: "racing".into(), name: String::new() }],
        channels: vec![v1::Channel { id: "chat".into(), weight: 1, ..Default::default() }],
        presence_statuses: vec![v1::PresenceStatus {
            id: "available".into(),
            kind: v1::PresenceKind::Online.into(),
            channel_ids: vec!["chat".into()],
            ..Default::default()
        }],
        capacity_profiles: vec![v1::CapacityProfile { id: "all".into(), units: 1_000, ..Default::default() }],
        agents: (0..agents).map(agent).chain(["nobody".to_owned()]).map(resource).collect(),
        ..Default::default()
    };
    let request = v1::ApplyDirectoryRequest {
        org_id: ORG.into(),
        request_id: "directory".into(),
        directory: Some(directory),
        dry_run: false,
    };
    DirectoryServiceClient::new(channel.clone())
        .apply_directory(request)
        .await
        .expect("the directory is right");
}

/// An agent's session, and its stream.
pub(crate) async fn session(
    channel: &Channel,
    number: usize,
) -> (AgentSession, tonic::Streaming<v1::OpenSessionResponse>) {
    let mut ledger = Ledger::new(number);
    let stream = open(channel, &mut ledger).await.expect("the service lives");
    (ledger.session(), stream)
}

/// A conversation that so many agents are asked for at once, and their invites.
pub(crate) async fn broadcast(channel: &Channel, agents: usize) -> (u64, Vec<u64>) {
    let target = v1::target::Target::SkillId("racing".into());
    let routing = v1::Routing {
        target: Some(v1::Target { target: Some(target) }),
        mode: v1::RoutingMode::Broadcast.into(),
        ..Default::default()
    };
    let request = v1::CreateConversationRequest {
        org_id: ORG.into(),
        request_id: "broadcast".into(),
        channel_id: "chat".into(),
        customer_id: "customer".into(),
        routing: Some(routing),
        ..Default::default()
    };
    let created = ConversationServiceClient::new(channel.clone()).create_conversation(request).await;
    let id = created.expect("the service lives").into_inner().conversation_id;
    let mut invites = Vec::new();
    for number in 0..agents {
        invites.push(invite_of(channel, &agent(number), id).await.expect("the service lives"));
    }
    assert!(invites.iter().all(|it| *it != 0), "all are invited: {invites:?}");
    (id, invites)
}

pub(crate) fn acceptance(session: &AgentSession, invite_id: u64) -> v1::AcceptInviteRequest {
    let request_id = format!("accept-{}", session.agent_id);
    v1::AcceptInviteRequest { org_id: ORG.into(), request_id, session: Some(session.clone()), invite_id }
}

/// Accepts: the conversation, or the reason of the refusal.
pub(crate) async fn accept(channel: &Channel, call: v1::AcceptInviteRequest) -> Result<u64, String> {
    match AgentServiceClient::new(channel.clone()).accept_invite(call).await {
        Ok(accepted) => Ok(accepted.into_inner().conversation_id),
        Err(status) => Err(status
            .get_error_details()
            .error_info()
            .map_or_else(|| status.to_string(), |it| it.reason.clone())),
    }
}
