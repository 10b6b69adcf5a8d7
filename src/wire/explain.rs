//! The explaining calls of the SupervisorService.

use super::{
    check::Check,
    mutation::{Inquiry, unfitting},
    names::{count, id_of, number_of, time},
    page, routing, v1, view,
};
use crate::engine::{
    command::Query,
    directory::names::Names,
    dispatch::eligible::Obstacle,
    explain::{Explanation, LostOn, Standing},
    ids::{AgentIx, ConversationId, Millis, SkillIx},
    query::{Answer, INVITED_SHOWN, RequestView},
    state::Absence,
};

impl Inquiry for v1::ExplainConversationRequest {
    type Response = v1::ExplainConversationResponse;

    fn into_query(self, _names: &Names, check: &mut Check) -> Query {
        check.org(&self.org_id);
        Query::ExplainConversation {
            conversation: ConversationId(check.given("conversation_id", self.conversation_id)),
            size: page::size(self.page_size, check),
        }
    }

    fn respond(answer: Answer, names: &Names) -> Self::Response {
        let Answer::Explanations(all) = answer else { unfitting("ExplainConversation", &answer) };
        let shown = |(request, explanation): &(_, Explanation)| v1::RequestExplanation {
            request: Some(view::request(request, names)),
            explanation: Some(shown(explanation, names)),
        };
        v1::ExplainConversationResponse { requests: all.iter().map(shown).collect() }
    }
}

impl Inquiry for v1::ExplainRoutingRequest {
    type Response = v1::ExplainRoutingResponse;

    fn into_query(self, names: &Names, check: &mut Check) -> Query {
        check.org(&self.org_id);
        Query::ExplainRouting {
            channel: number_of(names, check, "channel_id", &self.channel_id),
            routing: routing::ask(self.routing, names, check),
            size: page::size(self.page_size, check),
        }
    }

    fn respond(answer: Answer, names: &Names) -> Self::Response {
        let Answer::Explanation(it) = answer else { unfitting("ExplainRouting", &answer) };
        v1::ExplainRoutingResponse { explanation: Some(shown(&it, names)) }
    }
}

impl Inquiry for v1::ExplainAgentRequest {
    type Response = v1::ExplainAgentResponse;

    fn into_query(self, names: &Names, check: &mut Check) -> Query {
        check.org(&self.org_id);
        Query::ExplainAgent {
            agent: number_of(names, check, "agent_id", &self.agent_id),
            size: page::size(self.page_size, check),
        }
    }

    fn respond(answer: Answer, names: &Names) -> Self::Response {
        let Answer::AgentExplanation(it) = answer else { unfitting("ExplainAgent", &answer) };
        let waiting = it.waiting.iter().map(|(conversation, request, standing)| v1::WaitingVerdict {
            conversation_id: conversation.0,
            routing_request_id: request.0,
            verdict: Some(verdict(None, *standing, 1, names)),
        });
        v1::ExplainAgentResponse {
            absence: it.absence.map_or(v1::Standing::Unspecified, absent).into(),
            waiting: waiting.collect(),
        }
    }
}

/// How many agents an `ExplainDecisions` shows of each decision.
pub fn decisions_asked(call: &v1::ExplainDecisionsRequest, check: &mut Check) -> usize {
    check.org(&call.org_id);
    check.given("conversation_id", call.conversation_id);
    page::size(call.page_size, check)
}

/// A decision of the past: where its event stands and when, and how it was decided.
pub fn decision(
    (position, at): (u64, Millis),
    request: &RequestView,
    explanation: &Explanation,
    invited: &[AgentIx],
    names: &Names,
) -> v1::Decision {
    v1::Decision {
        position,
        at_ms: time(at),
        request: Some(view::request(request, names)),
        explanation: Some(shown(explanation, names)),
        invited_agent_ids: invited.iter().take(INVITED_SHOWN).map(|it| id_of(names, *it)).collect(),
        invited_count: count(invited.len()),
    }
}

fn shown(it: &Explanation, names: &Names) -> v1::Explanation {
    v1::Explanation {
        agent_count: count(it.agents),
        eligible_count: count(it.eligible),
        agents: it
            .standings
            .iter()
            .map(|(agent, standing)| verdict(Some(*agent), *standing, 1, names))
            .collect(),
        obstacles: it
            .obstacles
            .iter()
            .map(|(standing, agents)| verdict(None, *standing, *agents, names))
            .collect(),
    }
}

fn verdict(agent: Option<AgentIx>, standing: Standing, agents: usize, names: &Names) -> v1::Verdict {
    let (shown, skill, units_short) = match standing {
        Standing::Invited => (v1::Standing::Invited, None, 0),
        Standing::Chosen => (v1::Standing::Chosen, None, 0),
        Standing::Lost(LostOn::Preferred) => (v1::Standing::LostOnPreferred, None, 0),
        Standing::Lost(LostOn::Model) => (v1::Standing::LostOnModel, None, 0),
        Standing::Lost(LostOn::Given) => (v1::Standing::LostOnGiven, None, 0),
        Standing::Lost(LostOn::Id) => (v1::Standing::LostOnId, None, 0),
        Standing::OtherInvited => (v1::Standing::OtherInvited, None, 0),
        Standing::NotYet => (v1::Standing::NotYet, None, 0),
        Standing::MayPick => (v1::Standing::MayPick, None, 0),
        Standing::Absent(absence) => (absent(absence), None, 0),
        Standing::Obstacle(obstacle) => in_the_way(obstacle),
    };
    v1::Verdict {
        agent_id: agent.map_or_else(String::new, |it| id_of(names, it)),
        standing: shown.into(),
        skill_id: skill.map_or_else(String::new, |it| id_of(names, it)),
        units_short,
        agent_count: count(agents),
    }
}

fn absent(absence: Absence) -> v1::Standing {
    match absence {
        Absence::NoSession => v1::Standing::NoSession,
        Absence::StreamBroken => v1::Standing::StreamBroken,
        Absence::NotResponding => v1::Standing::NotResponding,
        Absence::NotOnline => v1::Standing::NotOnline,
        Absence::NotInDirectory => v1::Standing::NotInDirectory,
    }
}

fn in_the_way(obstacle: Obstacle) -> (v1::Standing, Option<SkillIx>, u32) {
    match obstacle {
        Obstacle::NotAddressed => (v1::Standing::NotAddressed, None, 0),
        Obstacle::NotInQueue => (v1::Standing::NotInQueue, None, 0),
        Obstacle::SkillMissing(skill) => (v1::Standing::SkillMissing, Some(skill), 0),
        Obstacle::SkillTooLow(skill) => (v1::Standing::SkillTooLow, Some(skill), 0),
        Obstacle::NoButtonSkill => (v1::Standing::NoButtonSkill, None, 0),
        Obstacle::ChannelNotTaken => (v1::Standing::ChannelNotTaken, None, 0),
        Obstacle::Console => (v1::Standing::ConsoleNotSupported, None, 0),
        Obstacle::ChannelFull => (v1::Standing::ChannelFull, None, 0),
        Obstacle::Earmarked => (v1::Standing::Earmarked, None, 0),
        Obstacle::RoomShortBy(units) => (v1::Standing::RoomShort, None, units),
        Obstacle::InConversation => (v1::Standing::InConversation, None, 0),
        Obstacle::Declined => (v1::Standing::Declined, None, 0),
    }
}
