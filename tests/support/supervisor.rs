//! What a supervisor does in the house. Her name is Sue, and no directory knows her.

use omniroute::wire::v1;
use tonic::Status;

use super::{House, ORG, fresh};

/// The supervisor of most tests, as the platform names her.
pub const SUE: &str = "sue@example.org";

/// Sue, as an actor.
pub fn sue() -> v1::Actor {
    let supervisor = v1::actor::Supervisor { supervisor_id: SUE.into() };
    v1::Actor { actor: Some(v1::actor::Actor::Supervisor(supervisor)) }
}

impl House {
    /// Puts a conversation in an agent's hands.
    pub async fn assign(&self, conversation_id: u64, agent: &str) -> Result<(), Status> {
        let request = v1::AssignConversationRequest {
            org_id: ORG.into(),
            request_id: fresh(),
            supervisor_id: SUE.into(),
            conversation_id,
            agent_id: agent.into(),
        };
        self.supervisor().assign_conversation(request).await.map(|_| ())
    }

    /// Moves a conversation to a queue, and says the request by which it waits there.
    pub async fn move_to(&self, conversation_id: u64, queue: &str) -> Result<u64, Status> {
        let queue = v1::QueueTarget { queue_id: queue.into(), skills: Vec::new() };
        self.move_as(v1::MoveConversationRequest {
            conversation_id,
            queue: Some(queue),
            ..Default::default()
        })
        .await
    }

    /// Moves a conversation as a request says.
    pub async fn move_as(&self, request: v1::MoveConversationRequest) -> Result<u64, Status> {
        let request = v1::MoveConversationRequest {
            org_id: ORG.into(),
            request_id: fresh(),
            supervisor_id: SUE.into(),
            ..request
        };
        Ok(self.supervisor().move_conversation(request).await?.into_inner().routing_request_id)
    }

    /// Sets an agent's presence.
    pub async fn set_presence_of(&self, agent: &str, status: &str) -> Result<(), Status> {
        let request = v1::SetAgentPresenceRequest {
            org_id: ORG.into(),
            request_id: fresh(),
            supervisor_id: SUE.into(),
            agent_id: agent.into(),
            presence_status_id: status.into(),
        };
        self.supervisor().set_agent_presence(request).await.map(|_| ())
    }

    /// Writes in a conversation, or whispers.
    pub async fn sue_says(&self, conversation_id: u64, text: &str, whisper: bool) -> Result<u32, Status> {
        let request = v1::PostMessageRequest {
            org_id: ORG.into(),
            request_id: fresh(),
            actor: Some(sue()),
            conversation_id,
            text: text.into(),
            whisper,
        };
        Ok(self.conversations().post_message(request).await?.into_inner().number)
    }

    /// Lowers an agent's flag.
    pub async fn sue_lowers_flag(&self, conversation_id: u64, agent: &str) -> Result<(), Status> {
        let request = v1::LowerFlagRequest {
            org_id: ORG.into(),
            request_id: fresh(),
            actor: Some(sue()),
            conversation_id,
            agent_id: agent.into(),
        };
        self.agents().lower_flag(request).await.map(|_| ())
    }

    /// Ends a conversation.
    pub async fn sue_ends(&self, conversation_id: u64) -> Result<(), Status> {
        let request = v1::EndConversationRequest {
            org_id: ORG.into(),
            request_id: fresh(),
            actor: Some(sue()),
            conversation_id,
        };
        self.conversations().end_conversation(request).await.map(|_| ())
    }
}
