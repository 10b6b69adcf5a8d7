//! Who may call what: the one table. A call that is not in it is denied to everybody. `docs/security.md` shows the same table, and
//! `tests/security.rs` walks it and holds it against the proto.

use std::sync::LazyLock;

use rustc_hash::FxHashMap;

use crate::access::caller::Role;

/// What a role may do with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Right {
    /// Nothing.
    No,
    /// Call it as itself, about itself, and about conversations of its own.
    Own,
    /// Call it in its org.
    Yes,
}

/// How long an answer goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answers {
    /// It is one message.
    Once,
    /// It is a stream, which ends with its caller's token.
    Streams,
}

/// What every role may do with one call.
#[derive(Debug)]
pub struct Row {
    /// The service and the method, as in the path.
    pub call: &'static str,
    /// How long its answer goes on.
    pub answers: Answers,
    /// By role, in the order of `Role::ALL`.
    pub rights: [Right; 4],
}

impl Row {
    /// What a role may do with it.
    pub fn right(&self, role: Role) -> Right {
        self.rights[role as usize]
    }
}

/// Calls that need no token: whether the service is there is no secret, and who asks has none.
pub const OPEN: [&str; 3] =
    ["grpc.health.v1.Health/Check", "grpc.health.v1.Health/List", "grpc.health.v1.Health/Watch"];

const fn row(call: &'static str, answers: Answers, rights: [Right; 4]) -> Row {
    Row { call, answers, rights }
}

use Answers::{Once, Streams};
use Right::{No, Own, Yes};

/// All other calls.
#[rustfmt::skip]
pub const ROWS: &[Row] = &[
    //                                                       platform supervisor agent read-only
    row("omniroute.v1.AgentService/OpenSession", Streams,                  [Yes, No,  Own, No]),
    row("omniroute.v1.AgentService/SetPresence", Once,                     [Yes, No,  Own, No]),
    row("omniroute.v1.AgentService/AcceptInvite", Once,                    [Yes, No,  Own, No]),
    row("omniroute.v1.AgentService/DeclineInvite", Once,                   [Yes, No,  Own, No]),
    row("omniroute.v1.AgentService/RaiseFlag", Once,                       [Yes, No,  Own, No]),
    row("omniroute.v1.AgentService/LowerFlag", Once,                       [Yes, Own, Own, No]),
    row("omniroute.v1.AgentService/GetAgent", Once,                        [Yes, Yes, Own, Yes]),
    row("omniroute.v1.AgentService/ListAgents", Once,                      [Yes, Yes, No,  Yes]),
    row("omniroute.v1.ConversationService/CreateConversation", Once,       [Yes, No,  No,  No]),
    row("omniroute.v1.ConversationService/GetConversation", Once,          [Yes, Yes, Own, Yes]),
    row("omniroute.v1.ConversationService/ListConversations", Once,        [Yes, Yes, No,  Yes]),
    row("omniroute.v1.ConversationService/RequestConference", Once,        [Yes, No,  Own, No]),
    row("omniroute.v1.ConversationService/RequestTransfer", Once,          [Yes, No,  Own, No]),
    row("omniroute.v1.ConversationService/PickConversation", Once,         [Yes, No,  Own, No]),
    row("omniroute.v1.ConversationService/InviteAgent", Once,              [Yes, No,  No,  No]),
    row("omniroute.v1.ConversationService/CancelRequest", Once,            [Yes, No,  Own, No]),
    row("omniroute.v1.ConversationService/LeaveConversation", Once,        [Yes, No,  Own, No]),
    row("omniroute.v1.ConversationService/EndConversation", Once,          [Yes, Own, Own, No]),
    row("omniroute.v1.ConversationService/InactivateConversation", Once,   [Yes, No,  Own, No]),
    row("omniroute.v1.ConversationService/CompleteWrapUp", Once,           [Yes, No,  Own, No]),
    row("omniroute.v1.ConversationService/ExtendWrapUp", Once,             [Yes, No,  Own, No]),
    row("omniroute.v1.ConversationService/PostMessage", Once,              [Yes, Own, Own, No]),
    row("omniroute.v1.ConversationService/ReadChatLog", Once,              [Yes, Yes, Own, Yes]),
    row("omniroute.v1.ConversationService/WatchChatLog", Streams,          [Yes, Yes, Own, Yes]),
    row("omniroute.v1.ConversationService/AttachRecord", Once,             [Yes, No,  Own, No]),
    row("omniroute.v1.ConversationService/RemoveRecord", Once,             [Yes, No,  Own, No]),
    row("omniroute.v1.ConversationService/ListRecords", Once,              [Yes, Yes, Own, Yes]),
    row("omniroute.v1.ConversationService/LoadHistory", Streams,           [Yes, No,  Own, No]),
    row("omniroute.v1.DirectoryService/ApplyDirectory", Once,              [Yes, No,  No,  No]),
    row("omniroute.v1.DirectoryService/GetDirectory", Once,                [Yes, Yes, No,  Yes]),
    row("omniroute.v1.DirectoryService/PutResource", Once,                 [Yes, No,  No,  No]),
    row("omniroute.v1.DirectoryService/GetResource", Once,                 [Yes, Yes, Yes, Yes]),
    row("omniroute.v1.DirectoryService/ListResources", Once,               [Yes, Yes, Yes, Yes]),
    row("omniroute.v1.DirectoryService/DeleteResource", Once,              [Yes, No,  No,  No]),
    row("omniroute.v1.EventService/WatchEvents", Streams,                  [Yes, Yes, No,  Yes]),
    row("omniroute.v1.PipelineService/Submit", Streams,                    [Yes, Own, No,  No]),
    row("omniroute.v1.SupervisorService/GetQueue", Once,                   [Yes, Yes, No,  Yes]),
    row("omniroute.v1.SupervisorService/ListQueues", Once,                 [Yes, Yes, No,  Yes]),
    row("omniroute.v1.SupervisorService/ListWaiting", Once,                [Yes, Yes, Own, Yes]),
    row("omniroute.v1.SupervisorService/ExplainConversation", Once,        [Yes, Yes, No,  Yes]),
    row("omniroute.v1.SupervisorService/ExplainDecisions", Once,           [Yes, Yes, No,  Yes]),
    row("omniroute.v1.SupervisorService/ExplainRouting", Once,             [Yes, Yes, No,  Yes]),
    row("omniroute.v1.SupervisorService/ExplainAgent", Once,               [Yes, Yes, No,  Yes]),
    row("omniroute.v1.SupervisorService/AssignConversation", Once,         [Yes, Own, No,  No]),
    row("omniroute.v1.SupervisorService/MoveConversation", Once,           [Yes, Own, No,  No]),
    row("omniroute.v1.SupervisorService/SetAgentPresence", Once,           [Yes, Own, No,  No]),
    row("grpc.reflection.v1.ServerReflection/ServerReflectionInfo", Streams, [Yes, Yes, Yes, Yes]),
];

static BY_CALL: LazyLock<FxHashMap<&str, &Row>> =
    LazyLock::new(|| ROWS.iter().map(|row| (row.call, row)).collect());

/// The row of a call.
pub(in crate::api) fn find(call: &str) -> Option<&'static Row> {
    BY_CALL.get(call).copied()
}
