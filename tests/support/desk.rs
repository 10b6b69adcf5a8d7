//! An agent at its desk: its session, what it is told, what it does.

use std::collections::VecDeque;

use omniroute::wire::v1::{
    self, AgentSession, agent_service_client::AgentServiceClient,
    conversation_service_client::ConversationServiceClient, open_session_response::Notice,
};
use tonic::{Status, Streaming, transport::Channel};

use super::{ORG, PATIENCE, agent, fresh, to};

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
    /// Invites that it found when it opened and has not looked at yet.
    found: VecDeque<v1::Invite>,
    agents: AgentServiceClient<Channel>,
    conversations: ConversationServiceClient<Channel>,
}

impl Desk {
    /// Opens a session.
    pub(super) async fn open(
        (agents, conversations): (AgentServiceClient<Channel>, ConversationServiceClient<Channel>),
        request: v1::OpenSessionRequest,
    ) -> Result<Self, Status> {
        let agent_id = request.agent_id.clone();
        let mut stream = agents.clone().open_session(request).await?.into_inner();
        let first = next(&mut stream).await?.expect("a session begins with `opened`");
        let Some(Notice::Opened(opened)) = first.notice else {
            panic!("a session begins with `opened`: {first:?}")
        };
        let session = AgentSession { agent_id, epoch: opened.epoch };
        let found = opened.agent.iter().flat_map(|it| it.invites.clone()).collect();
        Ok(Self { session, opened: *opened, stream, found, agents, conversations })
    }

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

    /// The next invite, at first those that it found when it opened; other notices before it are passed over.
    pub async fn invite(&mut self) -> v1::Invite {
        if let Some(found) = self.found.pop_front() {
            return found;
        }
        loop {
            if let Notice::Invited(invite) = self.notice().await {
                return invite;
            }
        }
    }

    /// The next invite to a conversation; other invites and notices before it are passed over.
    pub async fn invite_to(&mut self, conversation_id: u64) -> v1::Invite {
        loop {
            let invite = self.invite().await;
            if invite.conversation_id == conversation_id {
                return invite;
            }
        }
    }

    /// Accepts the next invite to a conversation.
    pub async fn take_only(&mut self, conversation_id: u64) {
        let invite = self.invite_to(conversation_id).await;
        self.accept(invite.invite_id).await.expect("the invite is pending");
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

    /// What it was given of the records of a conversation that it joined, next; other notices before it are passed over.
    pub async fn records_given(&mut self) -> v1::RecordsGiven {
        loop {
            if let Notice::RecordsGiven(given) = self.notice().await {
                return given;
            }
        }
    }

    /// What it is told of older conversations, next; other notices before it are passed over.
    pub async fn history(&mut self) -> v1::History {
        loop {
            if let Notice::History(history) = self.notice().await {
                return history;
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

    /// The next flag that was raised or lowered; other notices before it are passed over.
    pub async fn flag_changed(&mut self) -> v1::FlagChanged {
        loop {
            if let Notice::Flag(flag) = self.notice().await {
                return flag;
            }
        }
    }

    pub async fn raise_flag(&mut self, conversation_id: u64, reason: &str) -> Result<(), Status> {
        let request = v1::RaiseFlagRequest {
            org_id: ORG.into(),
            request_id: fresh(),
            session: Some(self.session.clone()),
            conversation_id,
            reason: reason.into(),
        };
        self.agents.raise_flag(request).await.map(|_| ())
    }

    pub async fn lower_flag(&mut self, conversation_id: u64) -> Result<(), Status> {
        let actor = v1::actor::Actor::Agent(self.session.clone());
        let request = v1::LowerFlagRequest {
            org_id: ORG.into(),
            request_id: fresh(),
            actor: Some(v1::Actor { actor: Some(actor) }),
            conversation_id,
            agent_id: String::new(),
        };
        self.agents.lower_flag(request).await.map(|_| ())
    }

    /// All that it was told until now and has not read: it says `available` again and reads until it is told that.
    pub async fn told(&mut self) -> Vec<Notice> {
        self.presence("available").await.expect("it may say so");
        let mut told = Vec::new();
        loop {
            let notice = self.notice().await;
            if matches!(&notice, Notice::Presence(it) if it.presence_status_id == "available") {
                return told;
            }
            told.push(notice);
        }
    }

    pub async fn presence(&mut self, status: &str) -> Result<(), Status> {
        let request = v1::SetPresenceRequest {
            org_id: ORG.into(),
            request_id: fresh(),
            session: Some(self.session.clone()),
            presence_status_id: status.into(),
        };
        self.agents.set_presence(request).await.map(|_| ())
    }

    pub async fn accept(&mut self, invite_id: u64) -> Result<u64, Status> {
        self.accept_as(invite_id, fresh()).await
    }

    pub async fn accept_as(&mut self, invite_id: u64, request_id: String) -> Result<u64, Status> {
        let session = Some(self.session.clone());
        let request = v1::AcceptInviteRequest { org_id: ORG.into(), request_id, session, invite_id };
        Ok(self.agents.accept_invite(request).await?.into_inner().conversation_id)
    }

    pub async fn decline(&mut self, invite_id: u64) -> Result<(), Status> {
        let request = v1::DeclineInviteRequest {
            org_id: ORG.into(),
            request_id: fresh(),
            session: Some(self.session.clone()),
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
            session: Some(self.session.clone()),
            conversation_id,
            routing: Some(routing),
        };
        Ok(self.conversations.request_conference(request).await?.into_inner().routing_request_id)
    }

    pub async fn transfer(&mut self, conversation_id: u64, routing: v1::Routing) -> Result<u64, Status> {
        let request = v1::RequestTransferRequest {
            org_id: ORG.into(),
            request_id: fresh(),
            session: Some(self.session.clone()),
            conversation_id,
            routing: Some(routing),
        };
        Ok(self.conversations.request_transfer(request).await?.into_inner().routing_request_id)
    }

    pub async fn cancel(&mut self, routing_request_id: u64) -> Result<(), Status> {
        let request = v1::CancelRequestRequest {
            org_id: ORG.into(),
            request_id: fresh(),
            session: Some(self.session.clone()),
            routing_request_id,
        };
        self.conversations.cancel_request(request).await.map(|_| ())
    }

    pub async fn pick(&mut self, conversation_id: u64) -> Result<(), Status> {
        let request = v1::PickConversationRequest {
            org_id: ORG.into(),
            request_id: fresh(),
            session: Some(self.session.clone()),
            conversation_id,
        };
        self.conversations.pick_conversation(request).await.map(|_| ())
    }

    pub async fn leave(&mut self, conversation_id: u64) -> Result<(), Status> {
        let request = v1::LeaveConversationRequest {
            org_id: ORG.into(),
            request_id: fresh(),
            session: Some(self.session.clone()),
            conversation_id,
        };
        self.conversations.leave_conversation(request).await.map(|_| ())
    }

    pub async fn inactivate(&mut self, conversation_id: u64) -> Result<(), Status> {
        let request = v1::InactivateConversationRequest {
            org_id: ORG.into(),
            request_id: fresh(),
            session: Some(self.session.clone()),
            conversation_id,
        };
        self.conversations.inactivate_conversation(request).await.map(|_| ())
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
            session: Some(self.session.clone()),
            conversation_id,
            extend_by_ms,
        };
        Ok(self.conversations.extend_wrap_up(request).await?.into_inner().until_ms)
    }

    /// Asks another agent in, who comes.
    pub async fn bring_in(&mut self, conversation_id: u64, other: &mut Desk) {
        let target = agent(&other.session.agent_id);
        self.conference(conversation_id, to(target)).await.expect("it may ask");
        other.take_only(conversation_id).await;
    }

    /// Attaches a record: its type, its id, its title.
    pub async fn attach(
        &mut self,
        conversation_id: u64,
        (record_type, record_id, title): (&str, &str, &str),
    ) -> Result<(), Status> {
        let (record_type, record_id, title) = (record_type.into(), record_id.into(), title.into());
        let request = v1::AttachRecordRequest {
            org_id: ORG.into(),
            request_id: fresh(),
            session: Some(self.session.clone()),
            conversation_id,
            record: Some(v1::Record { record_type, record_id, title }),
        };
        self.conversations.attach_record(request).await.map(|_| ())
    }

    pub async fn remove(
        &mut self,
        conversation_id: u64,
        record_type: &str,
        record_id: &str,
    ) -> Result<(), Status> {
        let request = v1::RemoveRecordRequest {
            org_id: ORG.into(),
            request_id: fresh(),
            session: Some(self.session.clone()),
            conversation_id,
            record_type: record_type.into(),
            record_id: record_id.into(),
        };
        self.conversations.remove_record(request).await.map(|_| ())
    }

    /// The titles of the records that it has in a conversation, by type and id.
    pub async fn records(&mut self, conversation_id: u64) -> Vec<String> {
        let agent_id = self.session.agent_id.clone();
        let request = v1::ListRecordsRequest { org_id: ORG.into(), conversation_id, agent_id };
        let found = self.conversations.list_records(request).await.expect("it is in").into_inner();
        found.records.into_iter().map(|it| it.title).collect()
    }

    pub async fn complete_wrap_up(&mut self, conversation_id: u64) -> Result<(), Status> {
        let request = v1::CompleteWrapUpRequest {
            org_id: ORG.into(),
            request_id: fresh(),
            session: Some(self.session.clone()),
            conversation_id,
        };
        self.conversations.complete_wrap_up(request).await.map(|_| ())
    }
}
