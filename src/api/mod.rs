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
mod services;
mod session_stream;
mod sessions;
mod supervisor;
mod traced;
mod undecodable;

pub use front::{Access, Answers, Behind, Front, OPEN, ROWS, Right, Row, Sample};
pub use gate::Gate;
pub use services::{MESSAGE_BYTES_MAX, SERVICES, Services};
pub use traced::Traced;
pub use undecodable::typed;

/// What the path of every call begins with.
pub const PATH: &str = "/omniroute.v1.";
/// The path of the call whose message may be large.
pub const APPLY_DIRECTORY: &str = "/omniroute.v1.DirectoryService/ApplyDirectory";
/// The path of the call that takes many messages.
pub const SUBMIT: &str = "/omniroute.v1.PipelineService/Submit";
