//! The calls of the AgentService.

use super::{
    check::Check,
    mutation::{Inquiry, Mutation, head, unfitting},
    names::{id_of, number_of},
    page, v1, view,
};
use crate::engine::{
    command::{Acting, Command, Query},
    directory::names::Names,
    event::Console,
    ids::{ConversationId, Epoch, InviteId},
    limits,
    query::Answer,
    reply::Reply,
};

/// Conversations whose content one `LoadHistory` streams at most.
const HISTORY_CONVERSATIONS_MAX: u32 = 100;

/// The session that an agent acts from. Its path is `session` unless the caller has stepped elsewhere.
pub(super) fn session(session: Option<v1::AgentSession>, names: &Names, check: &mut Check) -> Acting {
    match check.required("session", session) {
        Some(it) => check.within("session", |check| acting(&it, names, check)),
        None => Acting { agent: super::UNKNOWN.into(), epoch: Epoch(0) },
    }
}

/// Who wants a customer's older conversations, and from where.
pub fn load_history(request: &v1::LoadHistoryRequest, names: &Names, check: &mut Check) -> Query {
    check.org(&request.org_id);
    check.number("conversation_count", request.conversation_count, 0, HISTORY_CONVERSATIONS_MAX);
    Query::History {
        session: session(request.session.clone(), names, check),
        conversation: ConversationId(check.given("conversation_id", request.conversation_id)),
    }
}

pub(super) fn acting(session: &v1::AgentSession, names: &Names, check: &mut Check) -> Acting {
    let agent = number_of(names, check, "agent_id", &session.agent_id);
    if session.epoch == 0 {
        check.say("epoch", "is required: the epoch that OpenSession answered");
    }
    Acting { agent, epoch: Epoch(session.epoch) }
}

/// The command of an `OpenSession`. Its answer is a stream, so it is no `Mutation`.
pub fn open_session(request: &v1::OpenSessionRequest, names: &Names, check: &mut Check) -> Command {
    check.org(&request.org_id);
    check.request_id(&request.request_id);
    let status_id = &request.presence_status_id;
    Command::OpenSession {
        agent: number_of(names, check, "agent_id", &request.agent_id),
        console: check.choice::<v1::Console>("console", request.console).unwrap_or(Console::Lightning),
        resume: (request.resume_epoch != 0).then_some(Epoch(request.resume_epoch)),
        status: (!status_id.is_empty()).then(|| number_of(names, check, "presence_status_id", status_id)),
    }
}

impl Mutation for v1::SetPresenceRequest {
    type Response = v1::SetPresenceResponse;

    fn into_command(self, names: &Names, check: &mut Check) -> Command {
        head(&self, check);
        Command::SetPresence {
            session: session(self.session, names, check),
            status: number_of(names, check, "presence_status_id", &self.presence_status_id),
        }
    }

    fn respond(_: Reply) -> Self::Response {
        v1::SetPresenceResponse {}
    }
}

impl Mutation for v1::AcceptInviteRequest {
    type Response = v1::AcceptInviteResponse;

    fn into_command(self, names: &Names, check: &mut Check) -> Command {
        head(&self, check);
        Command::AcceptInvite {
            session: session(self.session, names, check),
            invite: InviteId(check.given("invite_id", self.invite_id)),
        }
    }

    fn respond(reply: Reply) -> Self::Response {
        let Reply::InviteAccepted { conversation } = reply else { unfitting("AcceptInvite", &reply) };
        v1::AcceptInviteResponse { conversation_id: conversation.0 }
    }
}

impl Mutation for v1::DeclineInviteRequest {
    type Response = v1::DeclineInviteResponse;

    fn into_command(self, names: &Names, check: &mut Check) -> Command {
        head(&self, check);
        check.bytes("reason", &self.reason, 0, limits::DECLINE_REASON_BYTES_MAX);
        Command::DeclineInvite {
            session: session(self.session, names, check),
            invite: InviteId(check.given("invite_id", self.invite_id)),
            reason: self.reason.into(),
        }
    }

    fn respond(_: Reply) -> Self::Response {
        v1::DeclineInviteResponse {}
    }
}

impl Inquiry for v1::GetAgentRequest {
    type Response = v1::GetAgentResponse;

    fn into_query(self, names: &Names, check: &mut Check) -> Query {
        check.org(&self.org_id);
        Query::Agent(number_of(names, check, "agent_id", &self.agent_id))
    }

    fn respond(answer: Answer, names: &Names) -> Self::Response {
        let Answer::Agent(it) = answer else { unfitting("GetAgent", &answer) };
        v1::GetAgentResponse { agent: Some(view::agent(&it, names)) }
    }
}

impl Inquiry for v1::ListAgentsRequest {
    type Response = v1::ListAgentsResponse;

    fn into_query(self, names: &Names, check: &mut Check) -> Query {
        check.org(&self.org_id);
        let queue = &self.queue_id;
        Query::Agents {
            queue: (!queue.is_empty()).then(|| number_of(names, check, "queue_id", queue)),
            state: check.choice_or_open::<v1::RoutingState>("routing_state", self.routing_state),
            page: page::by_id(self.page_size, self.page_token, check),
        }
    }

    fn respond(answer: Answer, names: &Names) -> Self::Response {
        let Answer::Agents(all, more) = answer else { unfitting("ListAgents", &answer) };
        v1::ListAgentsResponse {
            next_page_token: page::token(more, all.last().map(|it| id_of(names, it.agent))),
            agents: all.iter().map(|it| view::agent(it, names)).collect(),
        }
    }
}
