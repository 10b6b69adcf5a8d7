//! What must hold of the engine's state whatever happened, asked of the state alone.

use std::collections::BTreeSet;

use omniroute::engine::{
    Engine,
    event::Event,
    ids::{AgentIx, RequestId},
    state::agent::HoldOwner,
};

fn ensure(holds: bool, what: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(what()) }
}

/// CAP-2, CAP-3, INV-2: holds, invites and participants agree.
pub(crate) fn hold(engine: &Engine) -> Result<(), String> {
    let state = engine.state();
    let mut invites = BTreeSet::new();
    for (agent, row) in (0..).map(AgentIx).zip(state.agents.iter()) {
        let total: u32 = row.holds().iter().map(|it| it.units).sum();
        let primary: u32 = row.holds().iter().filter(|it| !it.interruptible).map(|it| it.units).sum();
        let load = row.load();
        ensure((load.total, load.primary) == (total, primary), || {
            format!("{agent:?}: the sum of holds {total}, {primary} is not the load {load:?}")
        })?;
        for &id in &row.invites {
            ensure(invites.insert(id), || format!("{id:?} is pending twice"))?;
            let invite = state.invites.get(id).ok_or(format!("{id:?} of {agent:?} is not there"))?;
            ensure(invite.agent == agent, || format!("{id:?} is not that of {agent:?}"))?;
            let request = state.requests.get(invite.request).ok_or(format!("{id:?} has no request"))?;
            ensure(request.sent.pending.contains(&(id, agent)), || format!("{id:?} is not its request's"))?;
            let holding =
                row.holds().iter().filter(|it| it.owner == HoldOwner::Invite(id)).collect::<Vec<_>>();
            ensure(holding.len() == usize::from(request.sent.held), || {
                format!("{id:?} of {agent:?} holds {holding:?}")
            })?;
            ensure(holding.iter().all(|it| it.units == request.sent.units), || {
                format!("{id:?} holds too much")
            })?;
        }
        for hold in row.holds() {
            let is_owned = match hold.owner {
                HoldOwner::Invite(id) => row.invites.contains(&id),
                HoldOwner::Participation | HoldOwner::Inactive => {
                    state.conversations.get(hold.conversation).is_some_and(|it| {
                        it.has(agent) && it.inactive.is_some() == (hold.owner == HoldOwner::Inactive)
                    })
                }
                HoldOwner::WrapUp(until) => {
                    until > state.now || engine.next_wake().is_some_and(|it| it <= until)
                }
            };
            ensure(is_owned, || format!("{agent:?} has {hold:?} for nothing"))?;
        }
    }
    let pending = state.requests.ids().into_iter().flat_map(|it| state.requests.at(it).sent.pending.clone());
    let pending: Vec<_> = pending.map(|it| it.0).collect();
    ensure(pending.len() == invites.len() && pending.iter().all(|it| invites.contains(it)), || {
        format!("requests have {pending:?} out, agents have {invites:?}")
    })?;
    ensure(state.invites.len() == invites.len(), || "invites that nobody has".into())?;
    for id in state.conversations.ids() {
        let participants: Vec<AgentIx> =
            state.conversations.at(id).participants.iter().map(|it| it.agent).collect();
        let row = state.conversations.at(id);
        ensure(row.inactive.is_some() || !participants.is_empty() || !row.requests.is_empty(), || {
            format!("{id:?} is forgotten")
        })?;
        ensure(row.inactive.is_none() || (participants.len() <= 1 && row.requests.is_empty()), || {
            format!("{id:?} is inactive, and yet {row:?}")
        })?;
        let distinct: BTreeSet<_> = participants.iter().collect();
        ensure(distinct.len() == participants.len(), || format!("{id:?} has {participants:?}"))?;
        for agent in participants {
            let holds = state.agent(agent).conversations().filter(|it| *it == id).count();
            ensure(holds == 1, || format!("{agent:?} holds {id:?} {holds} times"))?;
        }
    }
    Ok(())
}

/// INV-3: at most one acceptance a request, ever.
#[derive(Debug, Default)]
pub(crate) struct Winners(BTreeSet<RequestId>);

impl Winners {
    pub(crate) fn see(&mut self, event: &Event) -> Result<(), String> {
        if let Event::InviteAccepted { request, .. } = event {
            ensure(self.0.insert(*request), || format!("{request:?} has two winners"))?;
        }
        Ok(())
    }
}
