//! Why a request went where it went, or why it waits; why an agent gets nothing. Computed when asked, by the code that decides: the
//! obstacles are `eligible`'s, the ranks are `supply`'s. There is no second copy of a rule, and no cost when nobody asks.

use crate::engine::{
    Engine,
    command::Actor,
    directory::spec::{ResourceKind, RoutingModel},
    dispatch::{
        eligible::{self, Class, Obstacle},
        supply::Rank,
    },
    event::RequestKind,
    ids::{AgentIx, ChannelIx, ConversationId, Millis, RequestId},
    query::{Answer, RequestView},
    rejection::Rejection,
    routing::{Routing, RoutingAsk},
    state::{Absence, State, conversation::Request},
};

/// On what an eligible agent lost against the one who is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LostOn {
    /// The other is the preferred agent (SKL-3).
    Preferred,
    /// The routing model prefers the other.
    Model,
    /// The other was given work longer ago.
    Given,
    /// The other has the lower id.
    Id,
}

/// How an agent stands to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It has a pending invite.
    Invited,
    /// It would be invited now.
    Chosen,
    /// It could take it, and another is preferred.
    Lost(LostOn),
    /// It could take it, and another is being asked. Why that one, the past says: what it holds by its invite is counted now.
    OtherInvited,
    /// It could take it, and will be asked when the request's time has come (QUE-4).
    NotYet,
    /// It may pick it (BTN-1), or the platform it (SEL-2).
    MayPick,
    /// It can be given nothing at all.
    Absent(Absence),
    /// It cannot be given this.
    Obstacle(Obstacle),
}

/// What keeps agents from a request, and how many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// How many agents are in the directory.
    pub agents: usize,
    /// How many of them could take it now, those who are invited too.
    pub eligible: usize,
    /// How the first so many stand, the best first, then those with an obstacle by their numbers.
    pub standings: Vec<(AgentIx, Standing)>,
    /// Of those with an obstacle, how many by which, the most frequent first.
    pub obstacles: Vec<(Standing, usize)>,
}

/// Why an agent gets nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentExplanation {
    /// Why it can be given nothing at all, if so.
    pub absence: Option<Absence>,
    /// How it stands to the requests that wait, the first so many in turn.
    pub waiting: Vec<(ConversationId, RequestId, Standing)>,
}

/// Why agents were invited for a request, asked of the state as it was the moment before. That state comes back.
pub fn explain_decision(
    state: State,
    at: Millis,
    request: RequestId,
    size: usize,
) -> (State, RequestView, Explanation) {
    let engine = Engine { now: at, ..Engine::new(state) };
    let row = engine.state.requests.at(request);
    let class = Class::of(&engine.state, row);
    let explanation = engine.explain(&class, &row.routing, Some(row), size);
    let view = engine.request_view(request);
    (engine.into_state(), view, explanation)
}

impl Engine {
    pub(super) fn explain_conversation(&self, id: ConversationId, size: usize) -> Result<Answer, Rejection> {
        // It must be there, as for anybody who acts on it.
        self.author(Actor::Platform, id)?;
        let requests = &self.state.conversations.at(id).requests;
        let explained = requests.iter().map(|&request| {
            let row = self.state.requests.at(request);
            let class = Class::of(&self.state, row);
            (self.request_view(request), self.explain(&class, &row.routing, Some(row), size))
        });
        Ok(Answer::Explanations(explained.collect()))
    }

    pub(super) fn explain_routing(
        &self,
        channel: ChannelIx,
        ask: &RoutingAsk,
        size: usize,
    ) -> Result<Answer, Rejection> {
        if !self.state.registry.is_live(ResourceKind::Channel, channel.0) {
            return Err(Rejection::ChannelNotFound);
        }
        let routing = self.fill_in(ask, RequestKind::New)?;
        let routing_type = routing.target.routing_type();
        let (work, relaxed) = ((channel, routing_type), routing.relaxation.at_first());
        let class = Class::new(&self.state.registry, work, RequestKind::New, &routing, relaxed);
        Ok(Answer::Explanation(Box::new(self.explain(&class, &routing, None, size))))
    }

    fn explain(
        &self,
        class: &Class,
        routing: &Routing,
        request: Option<&Request>,
        size: usize,
    ) -> Explanation {
        let (mut ranks, mut barred) = (Vec::new(), Vec::new());
        let mut agents = 0;
        for agent in (0..).take(self.state.agents.len()).map(AgentIx) {
            if self.state.registry.is_live(ResourceKind::Agent, agent.0) {
                agents += 1;
                match self.rank(agent, class, routing.model, request) {
                    Ok(rank) => ranks.push(rank),
                    Err(standing) => barred.push((agent, standing)),
                }
            }
        }
        let goes_first = |rank: &Rank| routing.goes_first() == Some(rank.1.agent);
        let in_turn = |rank: &Rank| (!goes_first(rank), *rank);
        ranks.sort_unstable_by_key(in_turn);
        let invited =
            |agent| request.is_some_and(|it| it.sent.pending.iter().any(|(_, whose)| *whose == agent));
        let is_out = request.is_some_and(|it| !it.sent.pending.is_empty() && !it.wave_is_due(self.now));
        let at_once = if is_out { 0 } else { routing.at_once(request.map_or(0, |it| it.sent.wave)) };
        let is_early = routing.not_before > self.now;
        let chosen = ranks.iter().filter(|it| !invited(it.1.agent)).take(at_once).last().copied();
        let mut standings: Vec<(AgentIx, Standing)> = ranks
            .iter()
            .map(|rank| {
                let standing = match chosen {
                    _ if invited(rank.1.agent) => Standing::Invited,
                    _ if class.picked => Standing::MayPick,
                    _ if is_early => Standing::NotYet,
                    Some(last) if in_turn(rank) <= in_turn(&last) => Standing::Chosen,
                    Some(last) if goes_first(&last) => Standing::Lost(LostOn::Preferred),
                    Some(last) => Standing::Lost(lost_on(last, *rank)),
                    None => Standing::OtherInvited,
                };
                (rank.1.agent, standing)
            })
            .collect();
        // An invite that holds its units may leave its agent no room for it a second time.
        barred.iter_mut().filter(|(agent, _)| invited(*agent)).for_each(|it| it.1 = Standing::Invited);
        let eligible = ranks.len() + barred.iter().filter(|it| it.1 == Standing::Invited).count();
        let obstacles = counted(&barred);
        barred.sort_by_key(|(_, standing)| *standing != Standing::Invited);
        standings.extend(barred);
        standings.truncate(size);
        Explanation { agents, eligible, standings, obstacles }
    }

    /// How good an agent is for a class, or how it stands otherwise.
    pub(super) fn rank(
        &self,
        agent: AgentIx,
        class: &Class,
        model: RoutingModel,
        request: Option<&Request>,
    ) -> Result<Rank, Standing> {
        self.state.presence(agent).map_err(Standing::Absent)?;
        if class.addressed.is_some_and(|addressed| addressed != agent) {
            return Err(Standing::Obstacle(Obstacle::NotAddressed));
        }
        if let Some(request) = request {
            let conversation = self.state.conversation_of(request);
            eligible::bars(conversation, request, agent, self.now).map_err(Standing::Obstacle)?;
        }
        match self.dispatch.supply().standing(&self.state.registry, agent, class, model) {
            Some(standing) => standing.map_err(Standing::Obstacle),
            None => unreachable!("whoever is present is in the index"),
        }
    }

    pub(super) fn explain_agent(&self, agent: AgentIx, size: usize) -> AgentExplanation {
        let waiting = self.dispatch.demand().first(size).into_iter().map(|turn| {
            let row = self.state.requests.at(turn.request);
            let class = Class::of(&self.state, row);
            let standing = self.rank(agent, &class, row.routing.model, Some(row));
            let free = if class.picked { Standing::MayPick } else { Standing::Chosen };
            (row.conversation, turn.request, standing.map_or_else(|it| it, |_| free))
        });
        AgentExplanation { absence: self.state.presence(agent).err(), waiting: waiting.collect() }
    }
}

fn lost_on(best: Rank, rank: Rank) -> LostOn {
    if best.0 != rank.0 {
        LostOn::Model
    } else if rank.1.was_given() {
        LostOn::Given
    } else {
        LostOn::Id
    }
}

/// How many stand in each way, the most frequent first.
fn counted(barred: &[(AgentIx, Standing)]) -> Vec<(Standing, usize)> {
    let mut counts: Vec<(Standing, usize)> = Vec::new();
    for (_, standing) in barred.iter().filter(|it| it.1 != Standing::Invited) {
        match counts.iter_mut().find(|it| it.0 == *standing) {
            Some(count) => count.1 += 1,
            None => counts.push((*standing, 1)),
        }
    }
    counts.sort_by_key(|it| std::cmp::Reverse(it.1));
    counts
}
