//! The calls of the ConversationService that the engine answers. The chat log is the read models' to answer.

use super::{
    agents::{acting, session},
    check::Check,
    mutation::{Inquiry, Mutation, head, unfitting},
    names::{number_of, time},
    page, routing,
    supervisor::supervisor,
    v1, view,
};
use crate::engine::{
    command::{Actor, Audience, Command, Query},
    directory::names::Names,
    ids::{ConversationId, RequestId},
    limits,
    query::Answer,
    reply::Reply,
};

pub(super) fn actor(actor: Option<v1::Actor>, names: &Names, check: &mut Check) -> Actor {
    match check.required("actor", actor.and_then(|it| it.actor)) {
        Some(v1::actor::Actor::Agent(it)) => Actor::Agent(
            check.within("actor", |check| check.within("agent", |check| acting(&it, names, check))),
        ),
        Some(v1::actor::Actor::Customer(_)) => Actor::Customer,
        Some(v1::actor::Actor::Supervisor(it)) => Actor::Supervisor(check.within("actor", |check| {
            check.within("supervisor", |check| supervisor(it.supervisor_id, check))
        })),
        Some(v1::actor::Actor::Platform(_)) | None => Actor::Platform,
    }
}

pub(super) fn conversation(conversation_id: u64, check: &mut Check) -> ConversationId {
    ConversationId(check.given("conversation_id", conversation_id))
}

impl Mutation for v1::CreateConversationRequest {
    type Response = v1::CreateConversationResponse;

    fn into_command(self, names: &Names, check: &mut Check) -> Command {
        head(&self, check);
        check.bytes("customer_id", &self.customer_id, 1, limits::CUSTOMER_BYTES_MAX);
        Command::CreateConversation {
            channel: number_of(names, check, "channel_id", &self.channel_id),
            customer: self.customer_id.into(),
            routing: routing::ask(self.routing, names, check),
            access_scope: {
                if !self.access_scope.is_empty() {
                    check.id("access_scope", &self.access_scope);
                }
                self.access_scope.into()
            },
        }
    }

    fn respond(reply: Reply) -> Self::Response {
        let Reply::ConversationCreated { conversation, request } = reply else {
            unfitting("CreateConversation", &reply)
        };
        v1::CreateConversationResponse { conversation_id: conversation.0, routing_request_id: request.0 }
    }
}

impl Mutation for v1::RequestConferenceRequest {
    type Response = v1::RequestConferenceResponse;

    fn into_command(self, names: &Names, check: &mut Check) -> Command {
        head(&self, check);
        Command::RequestConference {
            session: session(self.session, names, check),
            conversation: conversation(self.conversation_id, check),
            routing: routing::ask(self.routing, names, check),
        }
    }

    fn respond(reply: Reply) -> Self::Response {
        let Reply::RequestOpened { request } = reply else { unfitting("RequestConference", &reply) };
        v1::RequestConferenceResponse { routing_request_id: request.0 }
    }
}

impl Mutation for v1::RequestTransferRequest {
    type Response = v1::RequestTransferResponse;

    fn into_command(self, names: &Names, check: &mut Check) -> Command {
        head(&self, check);
        Command::RequestTransfer {
            session: session(self.session, names, check),
            conversation: conversation(self.conversation_id, check),
            routing: routing::ask(self.routing, names, check),
        }
    }

    fn respond(reply: Reply) -> Self::Response {
        let Reply::RequestOpened { request } = reply else { unfitting("RequestTransfer", &reply) };
        v1::RequestTransferResponse { routing_request_id: request.0 }
    }
}

impl Mutation for v1::CancelRequestRequest {
    type Response = v1::CancelRequestResponse;

    fn into_command(self, names: &Names, check: &mut Check) -> Command {
        head(&self, check);
        Command::CancelRequest {
            session: session(self.session, names, check),
            request: RequestId(check.given("routing_request_id", self.routing_request_id)),
        }
    }

    fn respond(_: Reply) -> Self::Response {
        v1::CancelRequestResponse {}
    }
}

impl Mutation for v1::PickConversationRequest {
    type Response = v1::PickConversationResponse;

    fn into_command(self, names: &Names, check: &mut Check) -> Command {
        head(&self, check);
        Command::PickConversation {
            session: session(self.session, names, check),
            conversation: conversation(self.conversation_id, check),
        }
    }

    fn respond(_: Reply) -> Self::Response {
        v1::PickConversationResponse {}
    }
}

impl Mutation for v1::LeaveConversationRequest {
    type Response = v1::LeaveConversationResponse;

    fn into_command(self, names: &Names, check: &mut Check) -> Command {
        head(&self, check);
        Command::LeaveConversation {
            session: session(self.session, names, check),
            conversation: conversation(self.conversation_id, check),
        }
    }

    fn respond(_: Reply) -> Self::Response {
        v1::LeaveConversationResponse {}
    }
}

impl Mutation for v1::EndConversationRequest {
    type Response = v1::EndConversationResponse;

    fn into_command(self, names: &Names, check: &mut Check) -> Command {
        head(&self, check);
        Command::EndConversation {
            actor: actor(self.actor, names, check),
            conversation: conversation(self.conversation_id, check),
        }
    }

    fn respond(_: Reply) -> Self::Response {
        v1::EndConversationResponse {}
    }
}

impl Mutation for v1::CompleteWrapUpRequest {
    type Response = v1::CompleteWrapUpResponse;

    fn into_command(self, names: &Names, check: &mut Check) -> Command {
        head(&self, check);
        Command::CompleteWrapUp {
            session: session(self.session, names, check),
            conversation: conversation(self.conversation_id, check),
        }
    }

    fn respond(_: Reply) -> Self::Response {
        v1::CompleteWrapUpResponse {}
    }
}

impl Mutation for v1::ExtendWrapUpRequest {
    type Response = v1::ExtendWrapUpResponse;

    fn into_command(self, names: &Names, check: &mut Check) -> Command {
        head(&self, check);
        Command::ExtendWrapUp {
            session: session(self.session, names, check),
            conversation: conversation(self.conversation_id, check),
            extend_by: check.span("extend_by_ms", self.extend_by_ms, 1, limits::SPAN_MS_MAX),
        }
    }

    fn respond(reply: Reply) -> Self::Response {
        let Reply::WrapUpExtended { until } = reply else { unfitting("ExtendWrapUp", &reply) };
        v1::ExtendWrapUpResponse { until_ms: time(until) }
    }
}

impl Mutation for v1::PostMessageRequest {
    type Response = v1::PostMessageResponse;

    fn into_command(self, names: &Names, check: &mut Check) -> Command {
        head(&self, check);
        let actor = actor(self.actor, names, check);
        check.bytes("text", &self.text, 1, limits::TEXT_BYTES_MAX);
        if self.whisper && !matches!(actor, Actor::Agent(_) | Actor::Supervisor(_)) {
            check.say("whisper", "is for agents and supervisors alone");
        }
        Command::PostMessage {
            actor,
            conversation: conversation(self.conversation_id, check),
            text: self.text.into(),
            audience: if self.whisper { Audience::Agents } else { Audience::Everyone },
        }
    }

    fn respond(reply: Reply) -> Self::Response {
        let Reply::MessagePosted { number } = reply else { unfitting("PostMessage", &reply) };
        v1::PostMessageResponse { number }
    }
}

impl Inquiry for v1::GetConversationRequest {
    type Response = v1::GetConversationResponse;

    fn into_query(self, _names: &Names, check: &mut Check) -> Query {
        check.org(&self.org_id);
        Query::Conversation(conversation(self.conversation_id, check))
    }

    fn respond(answer: Answer, names: &Names) -> Self::Response {
        let Answer::Conversation(it) = answer else { unfitting("GetConversation", &answer) };
        v1::GetConversationResponse { conversation: Some(view::conversation(&it, names)) }
    }
}

impl Inquiry for v1::ListConversationsRequest {
    type Response = v1::ListConversationsResponse;

    fn into_query(self, _names: &Names, check: &mut Check) -> Query {
        check.org(&self.org_id);
        let page = page::by_number(self.page_size, &self.page_token, check);
        Query::Conversations { page, flagged: self.flagged }
    }

    fn respond(answer: Answer, names: &Names) -> Self::Response {
        let Answer::Conversations(all, more) = answer else { unfitting("ListConversations", &answer) };
        v1::ListConversationsResponse {
            next_page_token: page::token(more, all.last().map(|it| it.conversation.0.to_string())),
            conversations: all.iter().map(|it| view::conversation(it, names)).collect(),
        }
    }
}
