//! The services by their names. The path of a call says which service, and nothing else is to be found: a general router has patterns,
//! parameters and a box of its own around each answer, and by unary calls that was a tenth of what the gRPC threads did.

use std::{
    convert::Infallible,
    future::ready,
    sync::Arc,
    task::{Context, Poll},
};

use tonic::{
    Status,
    body::Body,
    codegen::{
        BoxFuture,
        http::{Request, Response},
    },
};
use tower::Service;

use super::{
    Front, agent::Agents, conversation::Conversations, directory::Directories, event::Events,
    pipeline::Pipelines, supervisor::Supervisors,
};
use crate::wire::v1::{
    agent_service_server::{self, AgentServiceServer},
    conversation_service_server::{self, ConversationServiceServer},
    directory_service_server::{self, DirectoryServiceServer},
    event_service_server::{self, EventServiceServer},
    pipeline_service_server::{self, PipelineServiceServer},
    supervisor_service_server::{self, SupervisorServiceServer},
};

/// Bytes of a message of the directory's service, in and out: a directory of 100,000 agents has about ten million.
const DIRECTORY_BYTES_MAX: usize = 256 << 20;
/// Bytes of any other message that comes in. The largest text is 32 KiB.
pub const MESSAGE_BYTES_MAX: usize = 128 << 10;

/// The names of all services.
pub const SERVICES: [&str; 6] = [
    agent_service_server::SERVICE_NAME,
    conversation_service_server::SERVICE_NAME,
    directory_service_server::SERVICE_NAME,
    event_service_server::SERVICE_NAME,
    pipeline_service_server::SERVICE_NAME,
    supervisor_service_server::SERVICE_NAME,
];

/// All services, each with the bound of its messages.
#[derive(Debug, Clone)]
pub struct Services(Arc<All>);

#[derive(Debug)]
struct All {
    agent: AgentServiceServer<Agents>,
    conversation: ConversationServiceServer<Conversations>,
    directory: DirectoryServiceServer<Directories>,
    event: EventServiceServer<Events>,
    pipeline: PipelineServiceServer<Pipelines>,
    supervisor: SupervisorServiceServer<Supervisors>,
}

impl Services {
    /// The services, over what they have in common.
    pub fn new(front: &Arc<Front>) -> Self {
        Self(Arc::new(All {
            agent: AgentServiceServer::new(Agents(front.clone()))
                .max_decoding_message_size(MESSAGE_BYTES_MAX),
            conversation: ConversationServiceServer::new(Conversations(front.clone()))
                .max_decoding_message_size(MESSAGE_BYTES_MAX),
            directory: DirectoryServiceServer::new(Directories(front.clone()))
                .max_decoding_message_size(DIRECTORY_BYTES_MAX)
                .max_encoding_message_size(DIRECTORY_BYTES_MAX),
            event: EventServiceServer::new(Events(front.clone()))
                .max_decoding_message_size(MESSAGE_BYTES_MAX),
            pipeline: PipelineServiceServer::new(Pipelines(front.clone()))
                .max_decoding_message_size(MESSAGE_BYTES_MAX),
            supervisor: SupervisorServiceServer::new(Supervisors(front.clone()))
                .max_decoding_message_size(MESSAGE_BYTES_MAX),
        }))
    }
}

impl Service<Request<Body>> for Services {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<Response<Body>, Infallible>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // As those that are generated are.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let all = &*self.0;
        let path = request.uri().path().trim_start_matches('/');
        match path.split_once('/').map_or(path, |(service, _)| service) {
            agent_service_server::SERVICE_NAME => all.agent.clone().call(request),
            conversation_service_server::SERVICE_NAME => all.conversation.clone().call(request),
            directory_service_server::SERVICE_NAME => all.directory.clone().call(request),
            event_service_server::SERVICE_NAME => all.event.clone().call(request),
            pipeline_service_server::SERVICE_NAME => all.pipeline.clone().call(request),
            supervisor_service_server::SERVICE_NAME => all.supervisor.clone().call(request),
            _ => Box::pin(ready(Ok(Status::unimplemented("").into_http()))),
        }
    }
}
