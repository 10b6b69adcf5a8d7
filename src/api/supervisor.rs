//! SupervisorService.

use std::sync::Arc;

use tonic::{Request, Response, Status, async_trait};

use super::{Front, past};
use crate::wire::v1::{
    AssignConversationRequest, AssignConversationResponse, ExplainAgentRequest, ExplainAgentResponse,
    ExplainConversationRequest, ExplainConversationResponse, ExplainDecisionsRequest,
    ExplainDecisionsResponse, ExplainRoutingRequest, ExplainRoutingResponse, GetQueueRequest,
    GetQueueResponse, ListQueuesRequest, ListQueuesResponse, ListWaitingRequest, ListWaitingResponse,
    MoveConversationRequest, MoveConversationResponse, SetAgentPresenceRequest, SetAgentPresenceResponse,
    supervisor_service_server::SupervisorService,
};

/// The service.
#[derive(Debug)]
pub(super) struct Supervisors(pub Arc<Front>);

#[async_trait]
impl SupervisorService for Supervisors {
    async fn get_queue(
        &self,
        request: Request<GetQueueRequest>,
    ) -> Result<Response<GetQueueResponse>, Status> {
        self.0.inquire(request).await
    }

    async fn list_queues(
        &self,
        request: Request<ListQueuesRequest>,
    ) -> Result<Response<ListQueuesResponse>, Status> {
        self.0.inquire(request).await
    }

    async fn list_waiting(
        &self,
        request: Request<ListWaitingRequest>,
    ) -> Result<Response<ListWaitingResponse>, Status> {
        self.0.inquire(request).await
    }

    async fn explain_conversation(
        &self,
        request: Request<ExplainConversationRequest>,
    ) -> Result<Response<ExplainConversationResponse>, Status> {
        self.0.inquire(request).await
    }

    async fn explain_decisions(
        &self,
        request: Request<ExplainDecisionsRequest>,
    ) -> Result<Response<ExplainDecisionsResponse>, Status> {
        let (visit, call) = self.0.admit(request).await?;
        past::explain_decisions(&visit, call).await.map(Response::new)
    }

    async fn explain_routing(
        &self,
        request: Request<ExplainRoutingRequest>,
    ) -> Result<Response<ExplainRoutingResponse>, Status> {
        self.0.inquire(request).await
    }

    async fn explain_agent(
        &self,
        request: Request<ExplainAgentRequest>,
    ) -> Result<Response<ExplainAgentResponse>, Status> {
        self.0.inquire(request).await
    }

    async fn assign_conversation(
        &self,
        request: Request<AssignConversationRequest>,
    ) -> Result<Response<AssignConversationResponse>, Status> {
        self.0.mutate(request).await
    }

    async fn move_conversation(
        &self,
        request: Request<MoveConversationRequest>,
    ) -> Result<Response<MoveConversationResponse>, Status> {
        self.0.mutate(request).await
    }

    async fn set_agent_presence(
        &self,
        request: Request<SetAgentPresenceRequest>,
    ) -> Result<Response<SetAgentPresenceResponse>, Status> {
        self.0.mutate(request).await
    }
}
