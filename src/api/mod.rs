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
mod session_stream;
mod supervisor;

pub use agent::Agents;
pub use conversation::Conversations;
pub use directory::Directories;
pub use event::Events;
pub use front::Front;
pub use supervisor::Supervisors;
