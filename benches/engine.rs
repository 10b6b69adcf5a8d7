//! The engine alone, on one core: choosing an agent, an agent becoming free with a backlog, the broadcast race, the whole cycle.
#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    missing_docs,
    reason = "a bench prints its state and fails by panicking"
)]

mod floor;

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use floor::{COHORTS, Floor, accept, create, create_by, created, end};
use omniroute::engine::{
    command::Command,
    directory::spec::RoutingModel,
    ids::{AgentIx, ConversationId},
    limits,
    routing::{Capacity, Mode, RoutingAsk, Target},
};

const SIZES: [u32; 4] = [100, 1_000, 10_000, 100_000];
const MODELS: [(&str, RoutingModel); 4] = [
    ("least_active", RoutingModel::LeastActive),
    ("most_available", RoutingModel::MostAvailable),
    ("longest_idle", RoutingModel::LongestIdle),
    ("best_match", RoutingModel::BestMatch),
];

/// Times a part of each round; what sets the round up and clears it away is not timed.
#[allow(clippy::disallowed_methods, reason = "a bench measures time")]
fn timed(rounds: u64, mut round: impl FnMut(u64) -> Duration) -> Duration {
    (0..rounds).map(&mut round).sum()
}

#[allow(clippy::disallowed_methods, reason = "a bench measures time")]
fn clock<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let start = Instant::now();
    let done = work();
    (start.elapsed(), black_box(done))
}

/// A conversation comes in: it is created, the best of all eligible agents is chosen and invited.
fn choose(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("choose");
    for agents in SIZES {
        for (name, model) in MODELS {
            let mut floor = Floor::new(agents, COHORTS.min(agents), 90);
            println!("choose/{name}: {floor}");
            group.bench_function(BenchmarkId::new(name, agents), |bencher| {
                bencher.iter_custom(|rounds| {
                    timed(rounds, |round| {
                        let seed = u32::try_from(round % 1_000).unwrap_or(0);
                        let command = create_by(floor.requirements(seed), Some(model));
                        let (took, reply) = clock(|| floor.decide(command));
                        floor.decide(end(created(reply)));
                        floor.engine.take_outbox();
                        took
                    })
                });
            });
        }
    }
    group.finish();
}

/// An agent's conversation ends, and it is invited to what has waited longest of all that it can do.
fn free(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("free");
    // So much waiting for ten thousand agents, and ten thousand waiting for so many agents.
    let backlogs = SIZES.map(|waiting| ("backlog", 10_000, waiting));
    let agents = SIZES.map(|agents| ("agents", agents, 10_000));
    for (name, agents, waiting) in backlogs.into_iter().chain(agents) {
        let mut floor = Floor::new(agents, COHORTS.min(agents), 100);
        for seed in 0..waiting {
            let target = floor.requirements(seed);
            floor.decide(create(target));
        }
        floor.engine.take_outbox();
        println!("free/{name}: {floor}, {waiting} waiting in {} classes", floor.cohorts);
        let mut turn = 0;
        group.bench_function(
            BenchmarkId::new(name, if name == "agents" { agents } else { waiting }),
            |bencher| {
                bencher.iter_custom(|rounds| {
                    timed(rounds, |_| {
                        turn = (turn + 1) % floor.agents;
                        let conversation = in_hand(&floor, AgentIx(turn));
                        let (took, _) = clock(|| floor.decide(end(conversation)));
                        // The freed agent takes what it is offered, and as much comes in anew; else it gets work of its own.
                        let offered = floor.invited();
                        let target = if offered.is_some() {
                            floor.requirements(turn)
                        } else {
                            Target::Agent(AgentIx(turn))
                        };
                        floor.decide(create(target));
                        let (agent, invite) =
                            offered.or_else(|| floor.invited()).expect("the freed agent is invited");
                        floor.decide(accept(agent, invite));
                        floor.engine.take_outbox();
                        took
                    })
                });
            },
        );
    }
    group.finish();
}

fn in_hand(floor: &Floor, agent: AgentIx) -> ConversationId {
    floor.engine.state().agent(agent).conversations().next().expect("a busy agent is in a conversation")
}

/// All agents with a skill are invited at once, as many as a broadcast may invite; the first accepts, the others are rescinded.
fn race(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("race");
    for agents in SIZES {
        let mut floor = Floor::new(agents, 1, 0);
        println!("race: {floor}");
        let width = u64::from(agents).min(limits::BROADCAST_MAX as u64);
        group.throughput(Throughput::Elements(width));
        group.bench_function(BenchmarkId::new("broadcast", agents), |bencher| {
            bencher.iter_custom(|rounds| {
                timed(rounds, |_| {
                    let Target::Requirements(requirements) = floor.requirements(0) else {
                        unreachable!("as built")
                    };
                    let routing = RoutingAsk {
                        mode: Some(Mode::Broadcast),
                        capacity: Some(Capacity::Fit),
                        ..RoutingAsk::to(Target::Skill(requirements[0].skill))
                    };
                    let command = Command::CreateConversation {
                        channel: omniroute::engine::ids::ChannelIx(0),
                        customer: "c".into(),
                        access_scope: "".into(),
                        routing,
                    };
                    let (invited, reply) = clock(|| floor.decide(command));
                    let (agent, invite) = floor.invited().expect("everyone is invited");
                    let (settled, _) = clock(|| floor.decide(accept(agent, invite)));
                    floor.decide(end(created(reply)));
                    floor.engine.take_outbox();
                    invited + settled
                })
            });
        });
    }
    group.finish();
}

/// The whole life of a conversation: created, routed to the best agent, accepted, ended.
fn cycle(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("cycle");
    group.throughput(Throughput::Elements(1));
    for agents in SIZES {
        let mut floor = Floor::new(agents, COHORTS.min(agents), 90);
        println!("cycle/engine: {floor}");
        let targets: Vec<Target> = (0..1_000).map(|seed| floor.requirements(seed)).collect();
        let mut turn = 0;
        group.bench_function(BenchmarkId::new("engine", agents), |bencher| {
            bencher.iter(|| {
                turn = (turn + 1) % targets.len();
                let conversation = created(floor.decide(create(targets[turn].clone())));
                if let Some((agent, invite)) = floor.invited() {
                    floor.decide(accept(agent, invite));
                }
                floor.decide(end(conversation));
                floor.engine.take_outbox();
            });
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20).warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2));
    targets = choose, free, race, cycle
}
criterion_main!(benches);
