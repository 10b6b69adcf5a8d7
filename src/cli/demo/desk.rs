//! An agent's desk: a connection and a session of its own, what the agent does from it, and what it is told there.

use std::sync::Arc;

use tokio::sync::Mutex;

use super::{DemoError, inbox::Inbox, narration::Narrator, sentences};
use crate::{
    cli::{
        client::{CallError, Dial, Line, refused},
        request_ids::RequestIds,
    },
    wire::v1::{
        AcceptInviteRequest, Actor, Agent, AgentSession, CompleteWrapUpRequest, Console,
        DeclineInviteRequest, EndConversationRequest, GetAgentRequest, Invite, InviteOutcome,
        LeaveConversationRequest, LogEntry, LogEntryKind, OpenSessionRequest, OpenSessionResponse,
        PostMessageRequest, RequestConferenceRequest, RequestEnd, RequestTransferRequest, Routing,
        SetPresenceRequest, actor, agent_service_client::AgentServiceClient,
        conversation_service_client::ConversationServiceClient, open_session_response::Notice,
    },
};

/// What the desks of an org have in common.
#[derive(Debug, Clone)]
pub(super) struct Office {
    pub(super) dial: Dial,
    pub(super) org: String,
    pub(super) ids: Arc<RequestIds>,
    pub(super) narrator: Narrator,
}

/// An agent at work.
pub(super) struct Desk {
    pub(super) agent: &'static str,
    office: Office,
    epoch: u64,
    agents: AgentServiceClient<Line>,
    conversations: ConversationServiceClient<Line>,
    inbox: Mutex<Inbox<OpenSessionResponse>>,
}

type Refusable<T> = Result<T, Box<CallError>>;

impl Desk {
    /// Opens a session, which fences any other of the agent. Answers what the agent has in hand from before, too.
    pub(super) async fn open(
        office: &Office,
        agent: &'static str,
        console: Console,
        status: &str,
    ) -> Result<(Self, Agent), DemoError> {
        let channel = office.dial.connect().await?;
        let mut agents = AgentServiceClient::new(channel.clone());
        let request = OpenSessionRequest {
            org_id: office.org.clone(),
            request_id: office.ids.next(),
            agent_id: agent.to_owned(),
            console: console.into(),
            resume_epoch: 0,
            presence_status_id: status.to_owned(),
            ..Default::default()
        };
        let stream = agents.open_session(request).await.map_err(refused("OpenSession"))?.into_inner();
        let narrator = office.narrator.clone();
        let mut inbox = Inbox::open(agent, stream, move |it| {
            if let Some(sentence) = sentences::notice(it) {
                narrator.told(agent, sentence);
            }
        });
        let opened = inbox
            .take("the session to open", |it| {
                let Some(Notice::Opened(opened)) = &it.notice else {
                    return None;
                };
                Some((opened.epoch, opened.agent.clone()?))
            })
            .await?;
        let conversations = ConversationServiceClient::new(channel);
        let (epoch, state) = opened;
        let desk =
            Self { agent, office: office.clone(), epoch, agents, conversations, inbox: Mutex::new(inbox) };
        Ok((desk, state))
    }

    fn session(&self) -> AgentSession {
        AgentSession { agent_id: self.agent.to_owned(), epoch: self.epoch }
    }

    fn actor(&self) -> Actor {
        Actor { actor: Some(actor::Actor::Agent(self.session())) }
    }

    /// The agent as the engine sees it.
    pub(super) async fn state(&self) -> Refusable<Agent> {
        let request = GetAgentRequest { org_id: self.office.org.clone(), agent_id: self.agent.to_owned() };
        let answer = self.agents.clone().get_agent(request).await.map_err(refused("GetAgent"))?;
        Ok(answer.into_inner().agent.unwrap_or_default())
    }

    /// Says what the agent takes now, and waits until its stream has said so.
    pub(super) async fn set_presence(&self, status: &str) -> Result<(), DemoError> {
        let request = SetPresenceRequest {
            org_id: self.office.org.clone(),
            request_id: self.office.ids.next(),
            session: Some(self.session()),
            presence_status_id: status.to_owned(),
        };
        self.agents.clone().set_presence(request).await.map_err(refused("SetPresence"))?;
        self.take(&format!("presence {status}"), |notice| {
            let Notice::Presence(it) = notice else { return None };
            (it.presence_status_id == status).then_some(())
        })
        .await
    }

    /// An acceptance that can be repeated: the same request, whenever and how often it is sent.
    pub(super) fn acceptance(&self, invite: u64) -> AcceptInviteRequest {
        AcceptInviteRequest {
            org_id: self.office.org.clone(),
            request_id: self.office.ids.next(),
            session: Some(self.session()),
            invite_id: invite,
        }
    }

    /// Sends an acceptance; answers the conversation that the agent is in now. What it answers lives as long as anybody wants: it can
    /// be sent from another task.
    pub(super) fn send(
        &self,
        acceptance: AcceptInviteRequest,
    ) -> impl Future<Output = Refusable<u64>> + Send + 'static {
        let mut agents = self.agents.clone();
        async move {
            let answer = agents.accept_invite(acceptance).await.map_err(refused("AcceptInvite"))?;
            Ok(answer.into_inner().conversation_id)
        }
    }

    /// Accepts an invite and waits until the stream has said so.
    pub(super) async fn accept(&self, invite: &Invite) -> Result<(), DemoError> {
        self.does(format_args!("accepts invite {}", invite.invite_id));
        self.send(self.acceptance(invite.invite_id)).await?;
        self.invite_ended(invite.invite_id, InviteOutcome::Accepted).await
    }

    /// Declines an invite.
    pub(super) async fn decline(&self, invite: &Invite, reason: &str) -> Result<(), DemoError> {
        self.does(format_args!("declines invite {}: {reason}", invite.invite_id));
        let request = DeclineInviteRequest {
            org_id: self.office.org.clone(),
            request_id: self.office.ids.next(),
            session: Some(self.session()),
            invite_id: invite.invite_id,
            reason: reason.to_owned(),
        };
        self.agents.clone().decline_invite(request).await.map_err(refused("DeclineInvite"))?;
        self.invite_ended(invite.invite_id, InviteOutcome::Declined).await
    }

    /// Asks for one more agent; answers the request.
    pub(super) async fn request_conference(&self, conversation: u64, routing: Routing) -> Refusable<u64> {
        let request = RequestConferenceRequest {
            org_id: self.office.org.clone(),
            request_id: self.office.ids.next(),
            session: Some(self.session()),
            conversation_id: conversation,
            routing: Some(routing),
        };
        let answer = self.conversations.clone().request_conference(request).await;
        Ok(answer.map_err(refused("RequestConference"))?.into_inner().routing_request_id)
    }

    /// Asks for an agent in this one's place; answers the request.
    pub(super) async fn request_transfer(&self, conversation: u64, routing: Routing) -> Refusable<u64> {
        let request = RequestTransferRequest {
            org_id: self.office.org.clone(),
            request_id: self.office.ids.next(),
            session: Some(self.session()),
            conversation_id: conversation,
            routing: Some(routing),
        };
        let answer = self.conversations.clone().request_transfer(request).await;
        Ok(answer.map_err(refused("RequestTransfer"))?.into_inner().routing_request_id)
    }

    /// Leaves a conference.
    pub(super) async fn leave(&self, conversation: u64) -> Refusable<()> {
        let request = LeaveConversationRequest {
            org_id: self.office.org.clone(),
            request_id: self.office.ids.next(),
            session: Some(self.session()),
            conversation_id: conversation,
        };
        let answer = self.conversations.clone().leave_conversation(request).await;
        answer.map(drop).map_err(refused("LeaveConversation"))
    }

    /// Ends a conversation.
    pub(super) async fn end(&self, conversation: u64) -> Refusable<()> {
        let request = EndConversationRequest {
            org_id: self.office.org.clone(),
            request_id: self.office.ids.next(),
            actor: Some(self.actor()),
            conversation_id: conversation,
        };
        let answer = self.conversations.clone().end_conversation(request).await;
        answer.map(drop).map_err(refused("EndConversation"))
    }

    /// Writes to a conversation, for everyone.
    pub(super) async fn writes(&self, conversation: u64, text: &str) -> Result<(), DemoError> {
        self.does(format_args!("writes: {text}"));
        self.post(conversation, text, false).await
    }

    /// Writes to a conversation, for agents only.
    pub(super) async fn whispers(&self, conversation: u64, text: &str) -> Result<(), DemoError> {
        self.does(format_args!("whispers: {text}"));
        self.post(conversation, text, true).await
    }

    async fn post(&self, conversation: u64, text: &str, whisper: bool) -> Result<(), DemoError> {
        let request = PostMessageRequest {
            org_id: self.office.org.clone(),
            request_id: self.office.ids.next(),
            actor: Some(self.actor()),
            conversation_id: conversation,
            text: text.to_owned(),
            whisper,
        };
        self.conversations.clone().post_message(request).await.map_err(refused("PostMessage"))?;
        self.logged(conversation, LogEntryKind::Message, self.agent).await.map(drop)
    }

    /// Ends a wrap-up before its time.
    pub(super) async fn complete_wrap_up(&self, conversation: u64) -> Refusable<()> {
        let request = CompleteWrapUpRequest {
            org_id: self.office.org.clone(),
            request_id: self.office.ids.next(),
            session: Some(self.session()),
            conversation_id: conversation,
        };
        let answer = self.conversations.clone().complete_wrap_up(request).await;
        answer.map(drop).map_err(refused("CompleteWrapUp"))
    }

    /// Waits for an invite to a conversation.
    pub(super) async fn invited(&self, conversation: u64) -> Result<Invite, DemoError> {
        self.take(&format!("an invite to conversation {conversation}"), |notice| {
            let Notice::Invited(it) = notice else { return None };
            (it.conversation_id == conversation).then(|| it.clone())
        })
        .await
    }

    /// Waits until an invite has ended so.
    pub(super) async fn invite_ended(&self, invite: u64, outcome: InviteOutcome) -> Result<(), DemoError> {
        self.take(&format!("invite {invite} to end as {}", outcome.as_str_name()), |notice| {
            let Notice::InviteEnded(it) = notice else { return None };
            (it.invite_id == invite && it.outcome() == outcome).then_some(())
        })
        .await
    }

    /// Waits for an entry of the chat log about an agent, or by it.
    pub(super) async fn logged(
        &self,
        conversation: u64,
        kind: LogEntryKind,
        agent: &str,
    ) -> Result<LogEntry, DemoError> {
        self.take(&format!("the entry {} {agent}", kind.as_str_name()), |notice| {
            let Notice::Update(it) = notice else { return None };
            let entry = it.entry.as_ref().filter(|_| it.conversation_id == conversation)?;
            (entry.kind() == kind && entry.agent_id == agent).then(|| entry.clone())
        })
        .await
    }

    /// Waits to hear that an agent declined a request of this one; answers the reason.
    pub(super) async fn declined(&self, request: u64) -> Result<(String, String), DemoError> {
        self.take("a decline", |notice| {
            let Notice::InviteDeclined(it) = notice else { return None };
            (it.routing_request_id == request).then(|| (it.agent_id.clone(), it.reason.clone()))
        })
        .await
    }

    /// Waits to hear that a request of this one came to nothing; answers why.
    pub(super) async fn request_ended(&self, request: u64) -> Result<RequestEnd, DemoError> {
        self.take("the end of the request", |notice| {
            let Notice::RequestEnded(it) = notice else { return None };
            (it.routing_request_id == request).then(|| it.why())
        })
        .await
    }

    /// Waits to hear that the wrap-up of a conversation begins.
    pub(super) async fn wraps_up(&self, conversation: u64) -> Result<(), DemoError> {
        self.take(&format!("the wrap-up of conversation {conversation}"), |notice| {
            let Notice::WrapUp(it) = notice else { return None };
            (it.conversation_id == conversation && it.until_ms > 0).then_some(())
        })
        .await
    }

    /// Forgets what has come so far.
    pub(super) async fn forget(&self) {
        self.inbox.lock().await.forget();
    }

    /// Tells what the agent does.
    pub(super) fn does(&self, text: impl std::fmt::Display) {
        self.office.narrator.does(self.agent, text);
    }

    async fn take<R>(&self, what: &str, mut pick: impl FnMut(&Notice) -> Option<R>) -> Result<R, DemoError> {
        self.inbox.lock().await.take(what, |it| it.notice.as_ref().and_then(&mut pick)).await
    }
}
