//! The gRPC services. They check and convert, put a letter in the mailbox of the org's shard, and wait for what comes back. They never
//! block a task's thread and never decide.
//!
//! One file a service; what all calls have in common is `front`.

mod agent;
mod chat_log;
mod conversation;
mod directory;
mod event;
mod front;
mod gate;
mod history;
mod past;
mod pipeline;
mod session_stream;
mod sessions;
mod supervisor;
mod traced;
mod undecodable;

use std::sync::Arc;

use tonic::service::Routes;

use crate::wire::v1::{
    agent_service_server::{self, AgentServiceServer},
    conversation_service_server::{self, ConversationServiceServer},
    directory_service_server::{self, DirectoryServiceServer},
    event_service_server::{self, EventServiceServer},
    pipeline_service_server::{self, PipelineServiceServer},
    supervisor_service_server::{self, SupervisorServiceServer},
};
pub use front::{Access, Answers, Behind, Front, OPEN, ROWS, Right, Row, Sample};
pub use gate::Gate;
pub use traced::Traced;
pub use undecodable::typed;

/// Bytes of a message of the directory's service, in and out: a directory of 100,000 agents has about ten million.
const DIRECTORY_BYTES_MAX: usize = 256 << 20;
/// Bytes of any other message that comes in. The largest text is 32 KiB.
pub const MESSAGE_BYTES_MAX: usize = 128 << 10;

/// What the path of every call begins with.
pub const PATH: &str = "/omniroute.v1.";
/// The path of the call whose message may be large.
pub const APPLY_DIRECTORY: &str = "/omniroute.v1.DirectoryService/ApplyDirectory";
/// The path of the call that takes many messages.
pub const SUBMIT: &str = "/omniroute.v1.PipelineService/Submit";
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
pub fn routes(front: &Arc<Front>) -> Routes {
    let directory = DirectoryServiceServer::new(directory::Directories(front.clone()))
        .max_decoding_message_size(DIRECTORY_BYTES_MAX)
        .max_encoding_message_size(DIRECTORY_BYTES_MAX);
    let agent = AgentServiceServer::new(agent::Agents(front.clone()));
    let conversation = ConversationServiceServer::new(conversation::Conversations(front.clone()));
    let supervisor = SupervisorServiceServer::new(supervisor::Supervisors(front.clone()));
    let pipeline = PipelineServiceServer::new(pipeline::Pipelines(front.clone()));
    let event = EventServiceServer::new(event::Events(front.clone()));
    Routes::new(directory)
        .add_service(agent.max_decoding_message_size(MESSAGE_BYTES_MAX))
        .add_service(conversation.max_decoding_message_size(MESSAGE_BYTES_MAX))
        .add_service(supervisor.max_decoding_message_size(MESSAGE_BYTES_MAX))
        .add_service(pipeline.max_decoding_message_size(MESSAGE_BYTES_MAX))
        .add_service(event.max_decoding_message_size(MESSAGE_BYTES_MAX))
}
