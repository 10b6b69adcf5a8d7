//! A message for every call of the proto, in the name of whom the test wants.

use omniroute::wire::v1::{self, Actor, AgentSession, submit_request};
use prost::Message;

use crate::support::{fresh, skill, to};

/// In whose name a message speaks, where it speaks in somebody's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Voice<'a> {
    Agent(&'a str),
    Supervisor(&'a str),
    Platform,
    Customer,
    Nobody,
}

impl Voice<'_> {
    fn session(self) -> Option<AgentSession> {
        match self {
            Self::Agent(it) => Some(AgentSession { agent_id: it.into(), epoch: 1 }),
            Self::Supervisor(_) | Self::Platform | Self::Customer => {
                Some(AgentSession { agent_id: "ann".into(), epoch: 1 })
            }
            Self::Nobody => None,
        }
    }

    fn actor(self) -> Option<Actor> {
        let actor = match self {
            Self::Agent(_) => v1::actor::Actor::Agent(self.session()?),
            Self::Supervisor(it) => {
                v1::actor::Actor::Supervisor(v1::actor::Supervisor { supervisor_id: it.into() })
            }
            Self::Platform => v1::actor::Actor::Platform(v1::actor::Platform {}),
            Self::Customer => v1::actor::Actor::Customer(v1::actor::Customer {}),
            Self::Nobody => return None,
        };
        Some(Actor { actor: Some(actor) })
    }

    fn agent_id(self) -> String {
        if let Self::Agent(it) = self { it.into() } else { "ann".into() }
    }

    fn supervisor_id(self) -> String {
        if let Self::Supervisor(it) = self { it.into() } else { "sue".into() }
    }
}

macro_rules! bytes {
    ($message:ident { $($field:ident $(: $value:expr)?),* $(,)? }) => {
        v1::$message { $($field $(: $value)?,)* ..Default::default() }.encode_to_vec()
    };
}

/// A message of a call.
pub fn message(call: &str, org: &str, voice: Voice<'_>) -> Vec<u8> {
    message_about(call, org, voice, 999)
}

/// A message of a call about the conversation, request or invite of that number. A call that is not here has to be put in.
#[allow(clippy::needless_update, reason = "of some messages all fields are given")]
#[rustfmt::skip]
pub fn message_about(call: &str, org: &str, voice: Voice<'_>, number: u64) -> Vec<u8> {
    let (org_id, request_id, conversation_id) = (org.to_owned(), fresh(), number);
    let (routing_request_id, invite_id, reason) = (number, number, "why".to_owned());
    let routing = Some(to(skill("billing")));
    let record = Some(v1::Record { record_type: "case".into(), record_id: "1".into(), title: "One".into() });
    let (session, actor, agent_id, supervisor_id) =
        (voice.session(), voice.actor(), voice.agent_id(), voice.supervisor_id());
    match call.rsplit('.').next().expect("a name") {
        "AgentService/OpenSession" => bytes!(OpenSessionRequest { org_id, request_id, agent_id, console: 1 }),
        "AgentService/SetPresence" => bytes!(SetPresenceRequest { org_id, request_id, session, presence_status_id: "available".into() }),
        "AgentService/AcceptInvite" => bytes!(AcceptInviteRequest { org_id, request_id, session, invite_id }),
        "AgentService/DeclineInvite" => bytes!(DeclineInviteRequest { org_id, request_id, session, invite_id }),
        "AgentService/RaiseFlag" => bytes!(RaiseFlagRequest { org_id, request_id, session, conversation_id, reason }),
        "AgentService/LowerFlag" => bytes!(LowerFlagRequest { org_id, request_id, actor, conversation_id }),
        "AgentService/GetAgent" => bytes!(GetAgentRequest { org_id, agent_id }),
        "AgentService/ListAgents" => bytes!(ListAgentsRequest { org_id }),
        "ConversationService/CreateConversation" => bytes!(CreateConversationRequest { org_id, request_id }),
        "ConversationService/GetConversation" => bytes!(GetConversationRequest { org_id, conversation_id }),
        "ConversationService/ListConversations" => bytes!(ListConversationsRequest { org_id }),
        "ConversationService/RequestConference" => bytes!(RequestConferenceRequest { org_id, request_id, session, conversation_id, routing }),
        "ConversationService/RequestTransfer" => bytes!(RequestTransferRequest { org_id, request_id, session, conversation_id, routing }),
        "ConversationService/PickConversation" => bytes!(PickConversationRequest { org_id, request_id, session, conversation_id }),
        "ConversationService/InviteAgent" => bytes!(InviteAgentRequest { org_id, request_id, agent_id }),
        "ConversationService/CancelRequest" => bytes!(CancelRequestRequest { org_id, request_id, session, routing_request_id }),
        "ConversationService/LeaveConversation" => bytes!(LeaveConversationRequest { org_id, request_id, session, conversation_id }),
        "ConversationService/EndConversation" => bytes!(EndConversationRequest { org_id, request_id, actor, conversation_id }),
        "ConversationService/InactivateConversation" => bytes!(InactivateConversationRequest { org_id, request_id, session, conversation_id }),
        "ConversationService/CompleteWrapUp" => bytes!(CompleteWrapUpRequest { org_id, request_id, session, conversation_id }),
        "ConversationService/ExtendWrapUp" => bytes!(ExtendWrapUpRequest { org_id, request_id, session, conversation_id, extend_by_ms: 1_000 }),
        "ConversationService/PostMessage" => bytes!(PostMessageRequest { org_id, request_id, actor, conversation_id, text: "hello".into() }),
        "ConversationService/ReadChatLog" => bytes!(ReadChatLogRequest { org_id, conversation_id }),
        "ConversationService/WatchChatLog" => bytes!(WatchChatLogRequest { org_id, conversation_id }),
        "ConversationService/AttachRecord" => bytes!(AttachRecordRequest { org_id, request_id, session, conversation_id, record }),
        "ConversationService/RemoveRecord" => bytes!(RemoveRecordRequest { org_id, request_id, session, conversation_id, record_type: "case".into(), record_id: "1".into() }),
        "ConversationService/ListRecords" => bytes!(ListRecordsRequest { org_id, conversation_id, agent_id }),
        "ConversationService/LoadHistory" => bytes!(LoadHistoryRequest { org_id, session, conversation_id }),
        "DirectoryService/ApplyDirectory" => bytes!(ApplyDirectoryRequest { org_id, request_id }),
        "DirectoryService/GetDirectory" => bytes!(GetDirectoryRequest { org_id }),
        "DirectoryService/PutResource" => bytes!(PutResourceRequest { org_id, request_id }),
        "DirectoryService/GetResource" => bytes!(GetResourceRequest { org_id, kind: 1, id: "none".into() }),
        "DirectoryService/ListResources" => bytes!(ListResourcesRequest { org_id, kind: 1 }),
        "DirectoryService/DeleteResource" => bytes!(DeleteResourceRequest { org_id, request_id }),
        "EventService/WatchEvents" => bytes!(WatchEventsRequest { org_id, from_position: 1 }),
        "PipelineService/Submit" => {
            let end = v1::EndConversationRequest { org_id, request_id, actor, conversation_id };
            let command = Some(submit_request::Command::EndConversation(end));
            bytes!(SubmitRequest { correlation_id: 1, command: command })
        }
        "SupervisorService/GetQueue" => bytes!(GetQueueRequest { org_id }),
        "SupervisorService/ListQueues" => bytes!(ListQueuesRequest { org_id }),
        "SupervisorService/ListWaiting" => bytes!(ListWaitingRequest { org_id }),
        "SupervisorService/ExplainConversation" => bytes!(ExplainConversationRequest { org_id, conversation_id }),
        "SupervisorService/ExplainDecisions" => bytes!(ExplainDecisionsRequest { org_id, conversation_id }),
        "SupervisorService/ExplainRouting" => bytes!(ExplainRoutingRequest { org_id }),
        "SupervisorService/ExplainAgent" => bytes!(ExplainAgentRequest { org_id, agent_id }),
        "SupervisorService/AssignConversation" => bytes!(AssignConversationRequest { org_id, request_id, supervisor_id, conversation_id, agent_id }),
        "SupervisorService/MoveConversation" => bytes!(MoveConversationRequest { org_id, request_id, supervisor_id, conversation_id }),
        "SupervisorService/SetAgentPresence" => bytes!(SetAgentPresenceRequest { org_id, request_id, supervisor_id, agent_id }),
        "ServerReflection/ServerReflectionInfo" => {
            // list_services = ""
            vec![0x3a, 0x00]
        }
        other => panic!("{other} has no message here"),
    }
}
