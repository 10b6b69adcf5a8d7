//! Whether the engine and the model hold the same to be true.

use omniroute::engine::{
    Engine,
    command::Query,
    directory::spec::ResourceKind,
    ids::{AgentIx, QueueIx},
    query::Answer,
    rejection::Rejection,
    reply::Reply,
};

use super::world::World;

/// The first difference between two things that must be the same, as text.
pub(crate) fn same<T: PartialEq + std::fmt::Debug + ?Sized>(
    what: impl FnOnce() -> String,
    engine: &T,
    model: &T,
) -> Result<(), String> {
    if engine == model {
        Ok(())
    } else {
        Err(format!("{}\n  engine: {engine:?}\n  model:  {model:?}", what()))
    }
}

/// What was answered. Which mistakes a directory has is not the model's business.
pub(crate) fn same_answer(
    engine: &Result<Reply, Rejection>,
    model: &Result<Reply, Rejection>,
) -> Result<(), String> {
    match (engine, model) {
        (Err(Rejection::DirectoryInvalid(_)), Err(Rejection::DirectoryInvalid(_))) => Ok(()),
        _ => same(|| "the answer".into(), engine, model),
    }
}

/// All that both keep.
pub(crate) fn same_state(engine: &Engine, world: &World) -> Result<(), String> {
    let state = engine.state();
    same(|| "how many agents".into(), &state.agents.len(), &world.agents.len())?;
    for agent in world.every_agent() {
        same_agent(engine, world, agent)?;
    }
    same(
        || "live conversations".into(),
        &state.conversations.ids(),
        &world.conversations.keys().copied().collect(),
    )?;
    for (id, row) in &world.conversations {
        let it = state.conversations.at(*id);
        let who = it.participants.iter().map(|it| it.agent).collect();
        same(|| format!("who is in {id:?}"), &who, &row.participants)?;
        same(|| format!("requests of {id:?}"), &it.requests[..], &world.requests_of(*id)[..])?;
        let flags = it.participants.iter().filter_map(|it| it.flag.clone().map(|flag| (it.agent, flag)));
        let flags = flags.map(|(agent, flag)| (agent, (flag.raised_at, flag.reason))).collect();
        same(|| format!("the flags in {id:?}"), &flags, &row.flags)?;
        same(|| format!("the origin of {id:?}"), &*it.origin, &row.origin)?;
        same(|| format!("whether {id:?} is inactive"), &it.inactive, &row.inactive)?;
        same(|| format!("when {id:?} falls silent"), &it.silent_at, &world.silent_at(*id))?;
        let entries = (it.log_entries, it.customer_log_entries);
        same(|| format!("the log of {id:?}"), &entries, &(row.log_entries, row.customer_log_entries))?;
        for agent in world.every_agent() {
            let mut records: Vec<_> = it.records.of(Some(agent)).cloned().collect();
            records.sort();
            same(|| format!("records of {agent:?} in {id:?}"), &records, &world.records(*id, agent))?;
        }
    }
    same(|| "open requests".into(), &state.requests.ids(), &world.requests.keys().copied().collect())?;
    for (id, row) in &world.requests {
        let it = state.requests.at(*id);
        same(|| format!("invites of {id:?}"), &it.sent.pending[..], &row.pending[..])?;
        same(|| format!("who said no to {id:?}"), &it.declined, &row.declined)?;
        same(|| format!("the round of {id:?}"), &it.round, &row.round)?;
        same(|| format!("how far {id:?} has given way"), &it.relaxed, &row.how_far())?;
        same(|| format!("who is kept for {id:?}"), &it.earmarked, &row.earmarked)?;
    }
    for queue in (0..world.directory.count(ResourceKind::Queue)).map(QueueIx) {
        if let Ok(Answer::Queue(view)) = engine.query(world.now, Query::Queue(queue)) {
            let wait = world.expected_wait(queue);
            same(|| format!("the expected wait of {queue:?}"), &view.expected_wait, &wait)?;
        }
    }
    same(|| "when to wake".into(), &engine.next_wake(), &world.next_wake())
}

fn same_agent(engine: &Engine, world: &World, agent: AgentIx) -> Result<(), String> {
    let (it, row) = (engine.state().agent(agent), world.agent(agent));
    let of =
        |what: &str| format!("{what} of {agent:?} {}", world.directory.name(ResourceKind::Agent, agent.0));
    same(|| of("the session"), &it.session, &row.session)?;
    same(|| of("the status"), &it.status, &row.status)?;
    same(|| of("whether it answers"), &it.not_responding, &row.not_responding)?;
    same(|| of("the holds"), &it.holds(), &row.holds.as_slice())?;
    same(|| of("what it is kept for"), &it.earmark(), &row.earmark)?;
    same(|| of("the invites"), &it.invites[..], &world.invites_of(agent)[..])?;
    let routing_state = engine.agent_view(agent).routing_state;
    same(|| of("the routing state"), &routing_state, &world.routing_state(agent))?;
    same(|| of("since when free"), &it.free_since, &row.free_since)?;
    same(|| of("when given work"), &it.given, &row.given)
}
