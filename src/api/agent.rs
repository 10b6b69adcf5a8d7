//! AgentService.

use std::sync::Arc;

use tonic::{Request, Response, Status, async_trait};

use super::{Front, session_stream::SessionStream};
use crate::wire::v1::{
    AcceptInviteRequest, AcceptInviteResponse, DeclineInviteRequest, DeclineInviteResponse, GetAgentRequest,
    GetAgentResponse, ListAgentsRequest, ListAgentsResponse, LowerFlagRequest, LowerFlagResponse,
    OpenSessionRequest, RaiseFlagRequest, RaiseFlagResponse, SetPresenceRequest, SetPresenceResponse,
    agent_service_server::AgentService,
};

/// The service.
#[derive(Debug)]
pub(super) struct Agents(pub Arc<Front>);

#[async_trait]
impl AgentService for Agents {
    type OpenSessionStream = SessionStream;

    async fn open_session(
        &self,
        request: Request<OpenSessionRequest>,
    ) -> Result<Response<SessionStream>, Status> {
        let (visit, call) = self.0.admit(request).await?;
        Ok(Response::new(SessionStream::open(visit, &call).await?))
    }

    async fn set_presence(
        &self,
        request: Request<SetPresenceRequest>,
    ) -> Result<Response<SetPresenceResponse>, Status> {
        self.0.mutate(request).await
    }

    async fn accept_invite(
        &self,
        request: Request<AcceptInviteRequest>,
    ) -> Result<Response<AcceptInviteResponse>, Status> {
        self.0.mutate(request).await
    }

    async fn decline_invite(
        &self,
        request: Request<DeclineInviteRequest>,
    ) -> Result<Response<DeclineInviteResponse>, Status> {
        self.0.mutate(request).await
    }

    async fn raise_flag(
        &self,
        request: Request<RaiseFlagRequest>,
    ) -> Result<Response<RaiseFlagResponse>, Status> {
        self.0.mutate(request).await
    }

    async fn lower_flag(
        &self,
        request: Request<LowerFlagRequest>,
    ) -> Result<Response<LowerFlagResponse>, Status> {
        self.0.mutate(request).await
    }

    async fn get_agent(
        &self,
        request: Request<GetAgentRequest>,
    ) -> Result<Response<GetAgentResponse>, Status> {
        self.0.inquire(request).await
    }

    async fn list_agents(
        &self,
        request: Request<ListAgentsRequest>,
    ) -> Result<Response<ListAgentsResponse>, Status> {
        self.0.inquire(request).await
    }
}
