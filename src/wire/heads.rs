//! What every call says first: the org it is for and, where it changes something, what makes a repeat of it harmless.

use super::v1;

/// A call to an org.
pub trait Addressed {
    /// The org it is for.
    fn org_id(&self) -> &str;
}

/// A call that changes something.
pub trait Repeatable: Addressed {
    /// What makes a repeat harmless.
    fn request_id(&self) -> &str;
}

macro_rules! addressed {
    ($($call:ident),* $(,)?) => {
        $(impl Addressed for v1::$call {
            fn org_id(&self) -> &str {
                &self.org_id
            }
        })*
    };
}

macro_rules! repeatable {
    ($($call:ident),* $(,)?) => {
        addressed! { $($call),* }
        $(impl Repeatable for v1::$call {
            fn request_id(&self) -> &str {
                &self.request_id
            }
        })*
    };
}

repeatable! {
    AcceptInviteRequest,
    ApplyDirectoryRequest,
    AssignConversationRequest,
    AttachRecordRequest,
    CancelRequestRequest,
    CompleteWrapUpRequest,
    CreateConversationRequest,
    DeclineInviteRequest,
    DeleteResourceRequest,
    EndConversationRequest,
    ExtendWrapUpRequest,
    LeaveConversationRequest,
    LowerFlagRequest,
    MoveConversationRequest,
    PickConversationRequest,
    PostMessageRequest,
    PutResourceRequest,
    RaiseFlagRequest,
    RemoveRecordRequest,
    RequestConferenceRequest,
    RequestTransferRequest,
    SetAgentPresenceRequest,
    SetPresenceRequest,
}

addressed! {
    ExplainAgentRequest,
    ExplainConversationRequest,
    ExplainRoutingRequest,
    GetAgentRequest,
    GetConversationRequest,
    GetQueueRequest,
    GetResourceRequest,
    ListAgentsRequest,
    ListConversationsRequest,
    ListQueuesRequest,
    ListRecordsRequest,
    ListResourcesRequest,
    ListWaitingRequest,
}
