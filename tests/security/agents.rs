//! An agent acts as itself and in its own conversations; of others it is told what it would be told if there were none.

use omniroute::{
    access::caller::Role,
    api::{ROWS, Right, Row},
    wire::v1::{
        self, AgentSession, Button, CreateConversationRequest, RoutingModel,
        agent_service_client::AgentServiceClient, conversation_service_client::ConversationServiceClient,
    },
};
use tonic::{Code, Status};

use crate::{
    guarded::{Guarded, Line, agents, conversations, supervisor},
    messages::{Voice, message_about},
    signers::claims,
    support::{ORG, START_MS, agent, button, fresh, reason, refused, sample, to},
    table::call,
};

/// An agent at a desk of its own, with a token of its own.
struct Own {
    line: Line,
    session: AgentSession,
    stream: tonic::Streaming<v1::OpenSessionResponse>,
}

impl Own {
    async fn sits_down(guarded: &Guarded, name: &str) -> Self {
        let line = guarded.agent(name);
        let request = v1::OpenSessionRequest {
            org_id: ORG.into(),
            request_id: fresh(),
            agent_id: name.into(),
            console: v1::Console::Lightning.into(),
            presence_status_id: "available".into(),
            ..Default::default()
        };
        let mut stream = agents(&line).open_session(request).await.expect("it may").into_inner();
        let first = stream.message().await.expect("it is open").expect("a session begins with `opened`");
        let Some(v1::open_session_response::Notice::Opened(opened)) = first.notice else {
            panic!("{first:?}")
        };
        Self { line, session: AgentSession { agent_id: name.into(), epoch: opened.epoch }, stream }
    }

    async fn invite(&mut self) -> v1::Invite {
        loop {
            let told = self.stream.message().await.expect("it is open").expect("it goes on");
            if let Some(v1::open_session_response::Notice::Invited(invite)) = told.notice {
                return invite;
            }
        }
    }

    async fn accept(&self, invite_id: u64, request_id: String) -> Result<u64, Status> {
        let session = Some(self.session.clone());
        let request = v1::AcceptInviteRequest { org_id: ORG.into(), request_id, session, invite_id };
        Ok(agents(&self.line).accept_invite(request).await?.into_inner().conversation_id)
    }

    async fn post(&self, conversation_id: u64) -> Result<(), Status> {
        let actor = v1::Actor { actor: Some(v1::actor::Actor::Agent(self.session.clone())) };
        let request = v1::PostMessageRequest {
            org_id: ORG.into(),
            request_id: fresh(),
            actor: Some(actor),
            conversation_id,
            text: "hello".into(),
            whisper: false,
        };
        conversations(&self.line).post_message(request).await.map(|_| ())
    }

    async fn end(&self, conversation_id: u64) -> Result<(), Status> {
        let actor = v1::Actor { actor: Some(v1::actor::Actor::Agent(self.session.clone())) };
        let request = v1::EndConversationRequest {
            org_id: ORG.into(),
            request_id: fresh(),
            actor: Some(actor),
            conversation_id,
        };
        conversations(&self.line).end_conversation(request).await.map(|_| ())
    }

    async fn log(&self, conversation_id: u64) -> Result<usize, Status> {
        let request = v1::ReadChatLogRequest { org_id: ORG.into(), conversation_id, ..Default::default() };
        Ok(conversations(&self.line).read_chat_log(request).await?.into_inner().entries.len())
    }

    async fn look(&self, conversation_id: u64) -> Result<v1::Conversation, Status> {
        let request = v1::GetConversationRequest { org_id: ORG.into(), conversation_id };
        let found = conversations(&self.line).get_conversation(request).await?.into_inner();
        Ok(found.conversation.expect("a conversation"))
    }

    async fn pick(&self, conversation_id: u64) -> Result<(), Status> {
        let request = v1::PickConversationRequest {
            org_id: ORG.into(),
            request_id: fresh(),
            session: Some(self.session.clone()),
            conversation_id,
        };
        conversations(&self.line).pick_conversation(request).await.map(|_| ())
    }

    async fn waiting(&self, button: &str) -> Result<Vec<u64>, Status> {
        let request =
            v1::ListWaitingRequest { org_id: ORG.into(), button_id: button.into(), ..Default::default() };
        let found = supervisor(&self.line).list_waiting(request).await?.into_inner();
        Ok(found.requests.into_iter().map(|it| it.conversation_id).collect())
    }
}

/// The platform creates a chat.
async fn chat(guarded: &Guarded, target: v1::target::Target, access_scope: &str) -> u64 {
    let request = CreateConversationRequest {
        org_id: ORG.into(),
        request_id: fresh(),
        channel_id: "chat".into(),
        customer_id: "customer-1".into(),
        routing: Some(to(target)),
        access_scope: access_scope.into(),
    };
    let created = conversations(&guarded.platform()).create_conversation(request).await;
    created.expect("the platform may").into_inner().conversation_id
}

/// A chat with an agent who has taken it.
async fn chat_with(guarded: &Guarded, own: &mut Own) -> u64 {
    let chat = chat(guarded, agent(&own.session.agent_id), "").await;
    let invite = own.invite().await;
    own.accept(invite.invite_id, fresh()).await.expect("it is pending");
    chat
}

/// All that a refusal says.
fn said(status: &Status) -> (Code, String, Vec<u8>) {
    (status.code(), status.message().to_owned(), status.details().to_vec())
}

#[tokio::test]
async fn an_agent_is_told_nothing_of_conversations_that_are_not_its_own() {
    let guarded = Guarded::new().await;
    let (ann, mut bob) = (Own::sits_down(&guarded, "ann").await, Own::sits_down(&guarded, "bob").await);
    let ended = chat_with(&guarded, &mut bob).await;
    bob.end(ended).await.expect("he is alone in it");
    let live = chat_with(&guarded, &mut bob).await;
    // Nobody is there for it.
    let waiting = chat(&guarded, agent("dee"), "").await;
    let nowhere = 999_999;

    let about = |row: &&Row| {
        let of = |number| message_about(row.call, ORG, Voice::Agent("ann"), number).len();
        // Numbers of other lengths make messages of other lengths, whatever their request_id.
        row.right(Role::Agent) == Right::Own && of(u64::MAX) > of(1) + 4
    };
    let mut rows = 0;
    for row in ROWS.iter().filter(about) {
        rows += 1;
        let attempt = async |number| {
            let message = message_about(row.call, ORG, Voice::Agent("ann"), number);
            call(&ann.line, row.call, message).await.expect_err(row.call)
        };
        let of_none = attempt(nowhere).await;
        // Of wrap-ups an agent has its own alone, and that there is none is all that there is to say.
        let says_none = reason(&of_none).ends_with("_NOT_FOUND") || reason(&of_none) == "NO_WRAP_UP";
        assert!(says_none, "{}: {of_none:?}", row.call);
        for number in [ended, live, waiting] {
            assert_eq!(said(&attempt(number).await), said(&of_none), "{} of {number}", row.call);
        }
    }
    assert!(rows >= 20, "{rows} calls are about a conversation, a request or an invite");
}

#[tokio::test]
async fn an_agent_sees_what_it_is_in_what_it_is_invited_to_and_what_it_was_in() {
    let guarded = Guarded::new().await;
    let (mut ann, bob) = (Own::sits_down(&guarded, "ann").await, Own::sits_down(&guarded, "bob").await);
    let chat = chat(&guarded, agent("ann"), "").await;
    let invite = ann.invite().await;
    assert_eq!(ann.look(chat).await.expect("she is invited").conversation_id, chat);
    assert_eq!(ann.log(chat).await.expect("she is invited"), 0);
    refused(bob.look(chat).await, Code::NotFound, "CONVERSATION_NOT_FOUND");

    ann.accept(invite.invite_id, fresh()).await.expect("it is pending");
    assert_eq!(ann.look(chat).await.expect("she is in").participants.len(), 1);
    ann.post(chat).await.expect("she is in");
    refused(bob.post(chat).await, Code::NotFound, "CONVERSATION_NOT_FOUND");

    ann.end(chat).await.expect("she is alone in it");
    assert!(ann.log(chat).await.expect("she was in") >= 3);
    assert!(ann.look(chat).await.expect("she was in").ended_at_ms > 0);
    refused(bob.log(chat).await, Code::NotFound, "CONVERSATION_NOT_FOUND");
    // What became of her own she is told as ever.
    refused(ann.post(chat).await, Code::FailedPrecondition, "CONVERSATION_ENDED");
    refused(bob.post(chat).await, Code::NotFound, "CONVERSATION_NOT_FOUND");
}

#[tokio::test]
async fn an_agent_sees_an_ended_conversation_whose_scope_it_was_given() {
    let guarded = Guarded::bare(omniroute::clock::Clock::manual(START_MS), None, None).await;
    let mut directory = sample::directory();
    directory.agents[1].access_scopes = vec!["sales".into()];
    guarded.apply_to(ORG, directory).await;
    let (mut ann, bob) = (Own::sits_down(&guarded, "ann").await, Own::sits_down(&guarded, "bob").await);
    let chat = chat(&guarded, agent("ann"), "sales").await;
    let invite = ann.invite().await;
    ann.accept(invite.invite_id, fresh()).await.expect("it is pending");
    refused(bob.log(chat).await, Code::NotFound, "CONVERSATION_NOT_FOUND");
    ann.end(chat).await.expect("she is alone in it");
    assert!(bob.log(chat).await.expect("it is over, and he has its scope") > 0);
}

#[tokio::test]
async fn who_was_only_invited_sees_no_more_of_it_once_it_is_not() {
    let guarded = Guarded::new().await;
    let mut ann = Own::sits_down(&guarded, "ann").await;
    let chat = chat(&guarded, agent("ann"), "").await;
    let invite = ann.invite().await;
    let request = v1::WatchChatLogRequest { org_id: ORG.into(), conversation_id: chat, ..Default::default() };
    let watching = conversations(&ann.line).watch_chat_log(request).await;
    let mut watching = watching.expect("she is invited").into_inner();
    let decline = v1::DeclineInviteRequest {
        org_id: ORG.into(),
        request_id: fresh(),
        session: Some(ann.session.clone()),
        invite_id: invite.invite_id,
        reason: String::new(),
    };
    agents(&ann.line).decline_invite(decline).await.expect("it is pending");
    // Another takes it and writes: that is none of her business.
    let mut bob = Own::sits_down(&guarded, "bob").await;
    let moved = v1::AssignConversationRequest {
        org_id: ORG.into(),
        request_id: fresh(),
        supervisor_id: "sue".into(),
        conversation_id: chat,
        agent_id: "bob".into(),
    };
    let sue = guarded.line(ORG, "supervisor", "sue");
    supervisor(&sue).assign_conversation(moved).await.expect("a supervisor may");
    bob.post(chat).await.expect("he is in");
    let end = watching.message().await.expect_err("the stream ends, typed");
    assert_eq!((end.code(), &*reason(&end)), (Code::NotFound, "CONVERSATION_NOT_FOUND"));
    refused(ann.log(chat).await, Code::NotFound, "CONVERSATION_NOT_FOUND");
    drop(bob.stream.message().await);
}

#[tokio::test]
async fn an_agent_is_shown_what_it_may_pick_and_no_other_work() {
    let guarded = Guarded::bare(omniroute::clock::Clock::manual(START_MS), None, None).await;
    let web = Button { model: RoutingModel::Choice.into(), ..sample::button("", &["billing"]) };
    guarded.apply_to(ORG, sample::with_button(web)).await;
    let (ann, dee) = (Own::sits_down(&guarded, "ann").await, Own::sits_down(&guarded, "dee").await);
    let chat = chat(&guarded, button("web"), "").await;
    // Ann knows no billing.
    assert_eq!(ann.waiting("web").await.expect("she may ask"), [0; 0]);
    assert_eq!(dee.waiting("web").await.expect("she may ask"), [chat]);
    refused(ann.pick(chat).await, Code::NotFound, "CONVERSATION_NOT_FOUND");
    refused(ann.pick(999_999).await, Code::NotFound, "CONVERSATION_NOT_FOUND");
    refused(ann.look(chat).await, Code::NotFound, "CONVERSATION_NOT_FOUND");
    assert_eq!(dee.look(chat).await.expect("it is on offer").conversation_id, chat);
    dee.pick(chat).await.expect("she may");
    refused(ann.pick(chat).await, Code::NotFound, "CONVERSATION_NOT_FOUND");
}

#[tokio::test]
async fn callers_do_not_meet_in_their_request_ids() {
    let guarded = Guarded::new().await;
    let (mut ann, mut bob) = (Own::sits_down(&guarded, "ann").await, Own::sits_down(&guarded, "bob").await);
    let (first, second) = (chat(&guarded, agent("ann"), "").await, chat(&guarded, agent("bob"), "").await);
    let (of_ann, of_bob) = (ann.invite().await, bob.invite().await);
    assert_eq!(ann.accept(of_ann.invite_id, "mine".into()).await.expect("it is hers"), first);
    // Were they the same command, he would be told of her conversation and have none.
    assert_eq!(bob.accept(of_bob.invite_id, "mine".into()).await.expect("it is his"), second);
    assert_eq!(ann.accept(of_ann.invite_id, "mine".into()).await.expect("a repeat"), first);
}

#[tokio::test]
async fn an_agent_who_is_not_in_the_directory_sees_nothing() {
    let guarded = Guarded::new().await;
    let chat = chat(&guarded, agent("ann"), "").await;
    let stranger = guarded.with(&guarded.signer.sign(&claims(ORG, "agent", "nobody", START_MS / 1_000 + 60)));
    let request = v1::GetConversationRequest { org_id: ORG.into(), conversation_id: chat };
    let found = ConversationServiceClient::new(stranger.clone()).get_conversation(request).await;
    refused(found, Code::NotFound, "AGENT_NOT_FOUND");
    let request = v1::GetAgentRequest { org_id: ORG.into(), agent_id: "nobody".into() };
    refused(AgentServiceClient::new(stranger).get_agent(request).await, Code::NotFound, "AGENT_NOT_FOUND");
}
