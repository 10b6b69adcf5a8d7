//! What every call says of itself: which it is, the org it is for, in whose name it speaks, what it shows, and, where it changes
//! something, what makes a repeat of it harmless. Whether a caller may is `api::rights`' to say.

use super::v1;

/// In whose name a call speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaker<'a> {
    /// Nobody is named: in the caller's own.
    Caller,
    /// An agent's.
    Agent(&'a str),
    /// A supervisor's.
    Supervisor(&'a str),
    /// The customer's.
    Customer,
    /// The platform's.
    Platform,
    /// Somebody should be named, and is not.
    Nobody,
}

impl<'a> Speaker<'a> {
    fn session(session: Option<&'a v1::AgentSession>) -> Self {
        session.map_or(Self::Nobody, |it| Self::Agent(&it.agent_id))
    }

    fn actor(actor: Option<&'a v1::Actor>) -> Self {
        match actor.and_then(|it| it.actor.as_ref()) {
            Some(v1::actor::Actor::Agent(it)) => Self::Agent(&it.agent_id),
            Some(v1::actor::Actor::Supervisor(it)) => Self::Supervisor(&it.supervisor_id),
            Some(v1::actor::Actor::Customer(_)) => Self::Customer,
            Some(v1::actor::Actor::Platform(_)) => Self::Platform,
            None => Self::Nobody,
        }
    }
}

/// A call to an org.
pub trait Addressed {
    /// Which call: the service and the method, as in its path.
    const CALL: &'static str;

    /// The org it is for.
    fn org_id(&self) -> &str;

    /// In whose name.
    fn speaker(&self) -> Speaker<'_>;

    /// The agent whose affairs it shows.
    fn shown_agent(&self) -> Option<&str> {
        None
    }

    /// The conversation whose content it shows.
    fn shown_conversation(&self) -> Option<u64> {
        None
    }
}

/// A call that changes something.
pub trait Repeatable: Addressed {
    /// What makes a repeat harmless.
    fn request_id(&self) -> &str;
}

macro_rules! speaker {
    ($call:ident caller) => {{ Speaker::Caller }};
    ($call:ident session) => {
        Speaker::session($call.session.as_ref())
    };
    ($call:ident actor) => {
        Speaker::actor($call.actor.as_ref())
    };
    ($call:ident agent_id) => {
        Speaker::Agent(&$call.agent_id)
    };
    ($call:ident supervisor_id) => {
        Speaker::Supervisor(&$call.supervisor_id)
    };
}

macro_rules! shown {
    (agent_id) => {
        fn shown_agent(&self) -> Option<&str> {
            Some(&self.agent_id)
        }
    };
    (conversation_id) => {
        fn shown_conversation(&self) -> Option<u64> {
            Some(self.conversation_id)
        }
    };
}

macro_rules! asks {
    ($($call:literal $message:ident by $who:ident $(shows $($shown:ident)+)?),* $(,)?) => {
        $(impl Addressed for v1::$message {
            const CALL: &'static str = $call;

            fn org_id(&self) -> &str {
                &self.org_id
            }

            fn speaker(&self) -> Speaker<'_> {
                speaker!(self $who)
            }

            $($(shown! { $shown })+)?
        })*
    };
}

macro_rules! changes {
    ($($call:literal $message:ident by $who:ident),* $(,)?) => {
        asks! { $($call $message by $who),* }
        $(impl Repeatable for v1::$message {
            fn request_id(&self) -> &str {
                &self.request_id
            }
        })*
    };
}

changes! {
    "omniroute.v1.AgentService/AcceptInvite" AcceptInviteRequest by session,
    "omniroute.v1.AgentService/DeclineInvite" DeclineInviteRequest by session,
    "omniroute.v1.AgentService/LowerFlag" LowerFlagRequest by actor,
    "omniroute.v1.AgentService/OpenSession" OpenSessionRequest by agent_id,
    "omniroute.v1.AgentService/RaiseFlag" RaiseFlagRequest by session,
    "omniroute.v1.AgentService/SetPresence" SetPresenceRequest by session,
    "omniroute.v1.ConversationService/AttachRecord" AttachRecordRequest by session,
    "omniroute.v1.ConversationService/CancelRequest" CancelRequestRequest by session,
    "omniroute.v1.ConversationService/CompleteWrapUp" CompleteWrapUpRequest by session,
    "omniroute.v1.ConversationService/CreateConversation" CreateConversationRequest by caller,
    "omniroute.v1.ConversationService/EndConversation" EndConversationRequest by actor,
    "omniroute.v1.ConversationService/ExtendWrapUp" ExtendWrapUpRequest by session,
    "omniroute.v1.ConversationService/InactivateConversation" InactivateConversationRequest by session,
    "omniroute.v1.ConversationService/InviteAgent" InviteAgentRequest by caller,
    "omniroute.v1.ConversationService/LeaveConversation" LeaveConversationRequest by session,
    "omniroute.v1.ConversationService/PickConversation" PickConversationRequest by session,
    "omniroute.v1.ConversationService/PostMessage" PostMessageRequest by actor,
    "omniroute.v1.ConversationService/RemoveRecord" RemoveRecordRequest by session,
    "omniroute.v1.ConversationService/RequestConference" RequestConferenceRequest by session,
    "omniroute.v1.ConversationService/RequestTransfer" RequestTransferRequest by session,
    "omniroute.v1.DirectoryService/ApplyDirectory" ApplyDirectoryRequest by caller,
    "omniroute.v1.DirectoryService/DeleteResource" DeleteResourceRequest by caller,
    "omniroute.v1.DirectoryService/PutResource" PutResourceRequest by caller,
    "omniroute.v1.SupervisorService/AssignConversation" AssignConversationRequest by supervisor_id,
    "omniroute.v1.SupervisorService/MoveConversation" MoveConversationRequest by supervisor_id,
    "omniroute.v1.SupervisorService/SetAgentPresence" SetAgentPresenceRequest by supervisor_id,
}

asks! {
    "omniroute.v1.AgentService/GetAgent" GetAgentRequest by caller shows agent_id,
    "omniroute.v1.AgentService/ListAgents" ListAgentsRequest by caller,
    "omniroute.v1.ConversationService/GetConversation" GetConversationRequest by caller shows conversation_id,
    "omniroute.v1.ConversationService/ListConversations" ListConversationsRequest by caller,
    "omniroute.v1.ConversationService/ListRecords" ListRecordsRequest by caller shows agent_id conversation_id,
    "omniroute.v1.ConversationService/LoadHistory" LoadHistoryRequest by session shows conversation_id,
    "omniroute.v1.ConversationService/ReadChatLog" ReadChatLogRequest by caller shows conversation_id,
    "omniroute.v1.ConversationService/WatchChatLog" WatchChatLogRequest by caller shows conversation_id,
    "omniroute.v1.DirectoryService/GetDirectory" GetDirectoryRequest by caller,
    "omniroute.v1.DirectoryService/GetResource" GetResourceRequest by caller,
    "omniroute.v1.DirectoryService/ListResources" ListResourcesRequest by caller,
    "omniroute.v1.EventService/WatchEvents" WatchEventsRequest by caller,
    "omniroute.v1.SupervisorService/ExplainAgent" ExplainAgentRequest by caller shows agent_id,
    "omniroute.v1.SupervisorService/ExplainConversation" ExplainConversationRequest by caller shows conversation_id,
    "omniroute.v1.SupervisorService/ExplainDecisions" ExplainDecisionsRequest by caller shows conversation_id,
    "omniroute.v1.SupervisorService/ExplainRouting" ExplainRoutingRequest by caller,
    "omniroute.v1.SupervisorService/GetQueue" GetQueueRequest by caller,
    "omniroute.v1.SupervisorService/ListQueues" ListQueuesRequest by caller,
    "omniroute.v1.SupervisorService/ListWaiting" ListWaitingRequest by caller,
}
