//! The calls of the SupervisorService.

use super::{
    check::Check,
    conversations::conversation,
    mutation::{Inquiry, Mutation, head, unfitting},
    names::{id_of, number_of},
    page, routing, v1, view,
};
use crate::engine::{
    command::{Command, Query, WaitingRoom},
    directory::names::Names,
    limits,
    query::Answer,
    reply::Reply,
};

/// A supervisor's id: the platform's, so any text.
pub(super) fn supervisor(supervisor_id: String, check: &mut Check) -> Box<str> {
    check.bytes("supervisor_id", &supervisor_id, 1, limits::SUPERVISOR_BYTES_MAX);
    supervisor_id.into()
}

impl Mutation for v1::AssignConversationRequest {
    type Response = v1::AssignConversationResponse;

    fn into_command(self, names: &Names, check: &mut Check) -> Command {
        head(&self, check);
        Command::AssignConversation {
            supervisor: supervisor(self.supervisor_id, check),
            conversation: conversation(self.conversation_id, check),
            agent: number_of(names, check, "agent_id", &self.agent_id),
        }
    }

    fn respond(_: Reply) -> Self::Response {
        v1::AssignConversationResponse {}
    }
}

impl Mutation for v1::MoveConversationRequest {
    type Response = v1::MoveConversationResponse;

    fn into_command(self, names: &Names, check: &mut Check) -> Command {
        head(&self, check);
        if let Some(priority) = self.priority {
            check.number("priority", priority, 0, limits::PRIORITY_MAX);
        }
        // Nothing drops without steps, and a move has none: what is additional is required as well.
        let (queue, (skills, additional)) = routing::queue(self.queue, names, check);
        let mut skills: Vec<_> = skills.iter().copied().chain(additional).collect();
        skills.sort_unstable();
        Command::MoveConversation {
            supervisor: supervisor(self.supervisor_id, check),
            conversation: conversation(self.conversation_id, check),
            queue,
            skills: skills.into(),
            priority: self.priority,
        }
    }

    fn respond(reply: Reply) -> Self::Response {
        let Reply::RequestOpened { request } = reply else { unfitting("MoveConversation", &reply) };
        v1::MoveConversationResponse { routing_request_id: request.0 }
    }
}

impl Mutation for v1::SetAgentPresenceRequest {
    type Response = v1::SetAgentPresenceResponse;

    fn into_command(self, names: &Names, check: &mut Check) -> Command {
        head(&self, check);
        Command::SetAgentPresence {
            supervisor: supervisor(self.supervisor_id, check),
            agent: number_of(names, check, "agent_id", &self.agent_id),
            status: number_of(names, check, "presence_status_id", &self.presence_status_id),
        }
    }

    fn respond(_: Reply) -> Self::Response {
        v1::SetAgentPresenceResponse {}
    }
}

impl Inquiry for v1::GetQueueRequest {
    type Response = v1::GetQueueResponse;

    fn into_query(self, names: &Names, check: &mut Check) -> Query {
        check.org(&self.org_id);
        Query::Queue(number_of(names, check, "queue_id", &self.queue_id))
    }

    fn respond(answer: Answer, names: &Names) -> Self::Response {
        let Answer::Queue(it) = answer else { unfitting("GetQueue", &answer) };
        v1::GetQueueResponse { queue: Some(view::queue(&it, names)) }
    }
}

impl Inquiry for v1::ListQueuesRequest {
    type Response = v1::ListQueuesResponse;

    fn into_query(self, _names: &Names, check: &mut Check) -> Query {
        check.org(&self.org_id);
        Query::Queues(page::by_id(self.page_size, self.page_token, check))
    }

    fn respond(answer: Answer, names: &Names) -> Self::Response {
        let Answer::Queues(all, more) = answer else { unfitting("ListQueues", &answer) };
        v1::ListQueuesResponse {
            next_page_token: page::token(more, all.last().map(|it| id_of(names, it.queue))),
            queues: all.iter().map(|it| view::queue(it, names)).collect(),
        }
    }
}

impl Inquiry for v1::ListWaitingRequest {
    type Response = v1::ListWaitingResponse;

    fn into_query(self, names: &Names, check: &mut Check) -> Query {
        check.org(&self.org_id);
        let size = page::size(self.page_size, check);
        let place = if self.button_id.is_empty() {
            WaitingRoom::Queue(number_of(names, check, "queue_id", &self.queue_id))
        } else {
            if !self.queue_id.is_empty() {
                check.say("button_id", "stands beside a queue_id; name one of them");
            }
            WaitingRoom::Button(number_of(names, check, "button_id", &self.button_id))
        };
        Query::Waiting { place, size, seen_by: None }
    }

    fn respond(answer: Answer, names: &Names) -> Self::Response {
        let Answer::Waiting(all) = answer else { unfitting("ListWaiting", &answer) };
        v1::ListWaitingResponse { requests: all.iter().map(|it| view::waiting(it, names)).collect() }
    }
}
