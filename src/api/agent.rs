//! AgentService.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use tokio::sync::{mpsc, oneshot};
use tonic::{Request, Response, Status, async_trait};

use super::{Front, session_stream::SessionStream};
use crate::{
    engine::{
        command::{Acting, Command},
        reply::Reply,
    },
    shard::letter::{Letter, NOTICES_WAITING_MAX, ReplyTo, SessionSink},
    wire::{
        check::Check,
        mutation::{open_session, request_key},
        v1::{
            AcceptInviteRequest, AcceptInviteResponse, DeclineInviteRequest, DeclineInviteResponse,
            GetAgentRequest, GetAgentResponse, ListAgentsRequest, ListAgentsResponse, LowerFlagRequest,
            LowerFlagResponse, OpenSessionRequest, RaiseFlagRequest, RaiseFlagResponse, SetPresenceRequest,
            SetPresenceResponse, agent_service_server::AgentService,
        },
    },
};

/// The service.
#[derive(Debug)]
pub(super) struct Agents {
    front: Arc<Front>,
    streams: AtomicU64,
}

impl Agents {
    /// The service.
    pub(super) fn new(front: Arc<Front>) -> Self {
        Self { front, streams: AtomicU64::new(0) }
    }
}

#[async_trait]
impl AgentService for Agents {
    type OpenSessionStream = SessionStream;

    async fn open_session(
        &self,
        request: Request<OpenSessionRequest>,
    ) -> Result<Response<SessionStream>, Status> {
        let call = request.into_inner();
        let org = Arc::<str>::from(&*call.org_id);
        let mut check = Check::new();
        let command = self.front.with_names(&org, |names| open_session(&call, names, &mut check));
        if !check.is_empty() {
            return Err(check.into_status());
        }
        let Command::OpenSession { agent, .. } = command else {
            return Err(Status::internal("an OpenSession is no other command"));
        };
        let stream = self.streams.fetch_add(1, Ordering::Relaxed);
        let (sender, notices) = mpsc::channel(NOTICES_WAITING_MAX);
        let (ending, ended) = oneshot::channel();
        let (reply, answer) = oneshot::channel();
        let sink = SessionSink { stream, notices: sender, ending };
        let key = Some(request_key(&call.request_id));
        self.front
            .post(&org, Letter::Open { org: org.clone(), key, command, sink, reply: ReplyTo::Call(reply) })?;
        let reply = self.front.settled(answer).await?;
        let Reply::SessionOpened { epoch, .. } = reply else {
            return Err(Status::internal("an OpenSession has no other answer"));
        };
        let (session, org) = (Acting { agent, epoch }, self.front.org(&org)?);
        let wants_history = !call.without_history;
        Ok(Response::new(SessionStream::new(
            (self.front.clone(), wants_history),
            org,
            session,
            stream,
            notices,
            ended,
        )))
    }

    async fn set_presence(
        &self,
        request: Request<SetPresenceRequest>,
    ) -> Result<Response<SetPresenceResponse>, Status> {
        self.front.mutate(request.into_inner()).await
    }

    async fn accept_invite(
        &self,
        request: Request<AcceptInviteRequest>,
    ) -> Result<Response<AcceptInviteResponse>, Status> {
        self.front.mutate(request.into_inner()).await
    }

    async fn decline_invite(
        &self,
        request: Request<DeclineInviteRequest>,
    ) -> Result<Response<DeclineInviteResponse>, Status> {
        self.front.mutate(request.into_inner()).await
    }

    async fn raise_flag(
        &self,
        request: Request<RaiseFlagRequest>,
    ) -> Result<Response<RaiseFlagResponse>, Status> {
        self.front.mutate(request.into_inner()).await
    }

    async fn lower_flag(
        &self,
        request: Request<LowerFlagRequest>,
    ) -> Result<Response<LowerFlagResponse>, Status> {
        self.front.mutate(request.into_inner()).await
    }

    async fn get_agent(
        &self,
        request: Request<GetAgentRequest>,
    ) -> Result<Response<GetAgentResponse>, Status> {
        self.front.inquire(request.into_inner()).await
    }

    async fn list_agents(
        &self,
        request: Request<ListAgentsRequest>,
    ) -> Result<Response<ListAgentsResponse>, Status> {
        self.front.inquire(request.into_inner()).await
    }
}
