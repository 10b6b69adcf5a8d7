//! The calls of the API that change something, each with the request_id that it is given and the answer as text: two answers are the same
//! when their texts are.

use omniroute::wire::v1::{
    self, AgentSession, agent_service_client::AgentServiceClient,
    conversation_service_client::ConversationServiceClient, directory_service_client::DirectoryServiceClient,
    supervisor_service_client::SupervisorServiceClient,
};
use tonic::{Response, Status, transport::Channel};

use crate::support::{House, ORG, SUE};

/// What a call came to.
pub type Answer = Result<String, Status>;

/// What an agent, or somebody else, asks of the service.
#[derive(Debug, Clone)]
pub enum Call {
    Go(AgentSession, String),
    Accept(AgentSession, u64),
    Decline(AgentSession, u64, String),
    Bring { channel: String, customer: String, scope: String, routing: v1::Routing },
    Ask(AgentSession, u64, v1::Routing),
    Transfer(AgentSession, u64, v1::Routing),
    Cancel(AgentSession, u64),
    Pick(AgentSession, u64),
    Invite(u64, String),
    Leave(AgentSession, u64),
    End(v1::actor::Actor, u64),
    Inactivate(AgentSession, u64),
    Post { actor: v1::actor::Actor, conversation: u64, text: String, whisper: bool },
    CompleteWrapUp(AgentSession, u64),
    ExtendWrapUp(AgentSession, u64, i64),
    Attach(AgentSession, u64, v1::Record),
    Remove(AgentSession, u64, v1::Record),
    SetPresence(String, String),
    Assign(u64, String),
    Move(u64, String, Option<u32>),
    RaiseFlag(AgentSession, u64, String),
    LowerFlag(v1::actor::Actor, u64, String),
    Put(v1::resource::Resource),
    Delete(v1::ResourceKind, String),
}

/// Makes calls, each over the connection that the house has.
#[derive(Debug, Clone)]
pub struct Caller {
    agents: AgentServiceClient<Channel>,
    conversations: ConversationServiceClient<Channel>,
    directory: DirectoryServiceClient<Channel>,
    supervisor: SupervisorServiceClient<Channel>,
}

fn shown<T: std::fmt::Debug>(answer: Result<Response<T>, Status>) -> Answer {
    answer.map(|it| format!("{:?}", it.into_inner()))
}

impl Caller {
    pub fn new(house: &House) -> Self {
        Self {
            agents: house.agents(),
            conversations: house.conversations(),
            directory: house.directory(),
            supervisor: house.supervisor(),
        }
    }

    pub async fn call(&mut self, request_id: String, call: Call) -> Answer {
        let org_id = ORG.to_owned();
        match call {
            Call::Go(session, presence_status_id) => {
                let session = Some(session);
                let request = v1::SetPresenceRequest { org_id, request_id, session, presence_status_id };
                shown(self.agents.set_presence(request).await)
            }
            Call::Accept(session, invite_id) => {
                let session = Some(session);
                let request = v1::AcceptInviteRequest { org_id, request_id, session, invite_id };
                shown(self.agents.accept_invite(request).await)
            }
            Call::Decline(session, invite_id, reason) => {
                let session = Some(session);
                let request = v1::DeclineInviteRequest { org_id, request_id, session, invite_id, reason };
                shown(self.agents.decline_invite(request).await)
            }
            Call::RaiseFlag(session, conversation_id, reason) => {
                let session = Some(session);
                let request = v1::RaiseFlagRequest { org_id, request_id, session, conversation_id, reason };
                shown(self.agents.raise_flag(request).await)
            }
            Call::LowerFlag(actor, conversation_id, agent_id) => {
                let actor = Some(v1::Actor { actor: Some(actor) });
                let request = v1::LowerFlagRequest { org_id, request_id, actor, conversation_id, agent_id };
                shown(self.agents.lower_flag(request).await)
            }
            Call::SetPresence(..) | Call::Assign(..) | Call::Move(..) => {
                self.of_supervisors(org_id, request_id, call).await
            }
            Call::Put(resource) => {
                let resource = Some(v1::Resource { resource: Some(resource) });
                let request = v1::PutResourceRequest { org_id, request_id, resource };
                shown(self.directory.put_resource(request).await)
            }
            Call::Delete(kind, id) => {
                let kind = kind.into();
                let request = v1::DeleteResourceRequest { org_id, request_id, kind, id };
                shown(self.directory.delete_resource(request).await)
            }
            other => self.of_conversations(org_id, request_id, other).await,
        }
    }

    async fn of_supervisors(&mut self, org_id: String, request_id: String, call: Call) -> Answer {
        let (it, supervisor_id) = (&mut self.supervisor, SUE.to_owned());
        match call {
            Call::SetPresence(agent_id, presence_status_id) => {
                let request = v1::SetAgentPresenceRequest {
                    org_id,
                    request_id,
                    supervisor_id,
                    agent_id,
                    presence_status_id,
                };
                shown(it.set_agent_presence(request).await)
            }
            Call::Assign(conversation_id, agent_id) => {
                let request = v1::AssignConversationRequest {
                    org_id,
                    request_id,
                    supervisor_id,
                    conversation_id,
                    agent_id,
                };
                shown(it.assign_conversation(request).await)
            }
            Call::Move(conversation_id, queue_id, priority) => {
                let request = v1::MoveConversationRequest {
                    org_id,
                    request_id,
                    supervisor_id,
                    conversation_id,
                    queue: Some(v1::QueueTarget { queue_id, skills: Vec::new() }),
                    priority,
                };
                shown(it.move_conversation(request).await)
            }
            other => unreachable!("{other:?} is sent elsewhere"),
        }
    }

    async fn of_conversations(&mut self, org_id: String, request_id: String, call: Call) -> Answer {
        let it = &mut self.conversations;
        match call {
            Call::Bring { channel, customer, scope, routing } => {
                let request = v1::CreateConversationRequest {
                    org_id,
                    request_id,
                    channel_id: channel,
                    customer_id: customer,
                    routing: Some(routing),
                    access_scope: scope,
                };
                it.create_conversation(request).await.map(|it| it.into_inner().conversation_id.to_string())
            }
            Call::Ask(session, conversation_id, routing) => {
                let (session, routing) = (Some(session), Some(routing));
                let request =
                    v1::RequestConferenceRequest { org_id, request_id, session, conversation_id, routing };
                it.request_conference(request).await.map(|it| it.into_inner().routing_request_id.to_string())
            }
            Call::Transfer(session, conversation_id, routing) => {
                let (session, routing) = (Some(session), Some(routing));
                let request =
                    v1::RequestTransferRequest { org_id, request_id, session, conversation_id, routing };
                it.request_transfer(request).await.map(|it| it.into_inner().routing_request_id.to_string())
            }
            Call::Cancel(session, routing_request_id) => {
                let session = Some(session);
                let request = v1::CancelRequestRequest { org_id, request_id, session, routing_request_id };
                shown(it.cancel_request(request).await)
            }
            Call::Pick(session, conversation_id) => {
                let session = Some(session);
                let request = v1::PickConversationRequest { org_id, request_id, session, conversation_id };
                shown(it.pick_conversation(request).await)
            }
            Call::Invite(routing_request_id, agent_id) => {
                let request = v1::InviteAgentRequest { org_id, request_id, routing_request_id, agent_id };
                shown(it.invite_agent(request).await)
            }
            Call::Leave(session, conversation_id) => {
                let session = Some(session);
                let request = v1::LeaveConversationRequest { org_id, request_id, session, conversation_id };
                shown(it.leave_conversation(request).await)
            }
            Call::End(actor, conversation_id) => {
                let actor = Some(v1::Actor { actor: Some(actor) });
                let request = v1::EndConversationRequest { org_id, request_id, actor, conversation_id };
                shown(it.end_conversation(request).await)
            }
            other => self.inside(org_id, request_id, other).await,
        }
    }

    async fn inside(&mut self, org_id: String, request_id: String, call: Call) -> Answer {
        let it = &mut self.conversations;
        match call {
            Call::Post { actor, conversation, text, whisper } => {
                let request = v1::PostMessageRequest {
                    org_id,
                    request_id,
                    actor: Some(v1::Actor { actor: Some(actor) }),
                    conversation_id: conversation,
                    text,
                    whisper,
                };
                shown(it.post_message(request).await)
            }
            Call::Inactivate(session, conversation_id) => {
                let session = Some(session);
                let request =
                    v1::InactivateConversationRequest { org_id, request_id, session, conversation_id };
                shown(it.inactivate_conversation(request).await)
            }
            Call::CompleteWrapUp(session, conversation_id) => {
                let session = Some(session);
                let request = v1::CompleteWrapUpRequest { org_id, request_id, session, conversation_id };
                shown(it.complete_wrap_up(request).await)
            }
            Call::ExtendWrapUp(session, conversation_id, extend_by_ms) => {
                let session = Some(session);
                let request =
                    v1::ExtendWrapUpRequest { org_id, request_id, session, conversation_id, extend_by_ms };
                shown(it.extend_wrap_up(request).await)
            }
            Call::Attach(session, conversation_id, record) => {
                let (session, record) = (Some(session), Some(record));
                let request =
                    v1::AttachRecordRequest { org_id, request_id, session, conversation_id, record };
                shown(it.attach_record(request).await)
            }
            Call::Remove(session, conversation_id, record) => {
                let request = v1::RemoveRecordRequest {
                    org_id,
                    request_id,
                    session: Some(session),
                    conversation_id,
                    record_type: record.record_type,
                    record_id: record.record_id,
                };
                shown(it.remove_record(request).await)
            }
            other => unreachable!("{other:?} is sent elsewhere"),
        }
    }
}
