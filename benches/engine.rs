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

use criterion::{
    BenchmarkGroup, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main,
    measurement::WallTime,
};
use floor::{COHORTS, Floor, accept, all_invited, create, create_by, created, drawn, end, invited};
use omniroute::engine::{
    apply::{Touched, apply},
    command::Command,
    directory::spec::RoutingModel,
    ids::{AgentIx, ConversationId, RequestKey},
    limits,
    routing::{Capacity, Mode, RoutingAsk, Target},
    state::State,
};

const SIZES: [u32; 4] = [100, 1_000, 10_000, 100_000];
/// A size that takes half a minute to build: not where each bench is only tried once.
const LARGEST: u32 = 1_000_000;
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

/// Whether each bench is run once, to see that it works.
fn only_tried() -> bool {
    std::env::args().any(|it| it == "--test")
}

/// The sizes, with the largest where there is time for it.
fn sizes() -> impl Iterator<Item = u32> {
    SIZES.into_iter().chain(Some(LARGEST).filter(|_| !only_tried()))
}

type Group<'a> = BenchmarkGroup<'a, WallTime>;

/// A conversation comes in: it is created, the best of all eligible agents is chosen and invited. Two hundred classes are asked for.
fn choose_on(group: &mut Group<'_>, id: BenchmarkId, floor: &mut Floor, model: RoutingModel) {
    let targets: Vec<Target> = (0..COHORTS).map(|seed| floor.requirements(seed)).collect();
    // Who can serve a class is worked out when it first appears, and who is free longest once somebody asks for that: neither is measured.
    for target in &targets {
        let reply = floor.decide(create_by(target.clone(), Some(model)));
        floor.decide(end(created(reply)));
        floor.engine.take_outbox();
    }
    group.bench_function(id, |bencher| {
        bencher.iter_custom(|rounds| {
            timed(rounds, |round| {
                let target = &targets[usize::try_from(round).unwrap_or(0) % targets.len()];
                let command = create_by(target.clone(), Some(model));
                let (took, reply) = clock(|| floor.decide(command));
                floor.decide(end(created(reply)));
                floor.engine.take_outbox();
                took
            })
        });
    });
}

fn choose(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("choose");
    for agents in sizes() {
        let mut alike = Floor::new(agents, COHORTS, 90);
        println!("choose: {alike}");
        for (name, model) in MODELS {
            choose_on(&mut group, BenchmarkId::new(name, agents), &mut alike, model);
        }
    }
    group.finish();
    let mut group = criterion.benchmark_group("choose_no_two_alike");
    for agents in sizes() {
        let mut differing = Floor::new(agents, agents, 90);
        println!("choose_no_two_alike: {differing}");
        for (name, model) in MODELS {
            choose_on(&mut group, BenchmarkId::new(name, agents), &mut differing, model);
        }
    }
    group.finish();
    let mut group = criterion.benchmark_group("choose_busy");
    for busy_percent in [5, 99] {
        for cohorts in [COHORTS, 100_000] {
            let mut floor = Floor::new(100_000, cohorts, busy_percent);
            println!("choose_busy: {floor}");
            for (name, model) in MODELS {
                let id = BenchmarkId::new(format!("{name}/{cohorts}_cohorts"), busy_percent);
                choose_on(&mut group, id, &mut floor, model);
            }
        }
    }
    group.finish();
}

/// The same while a backlog waits that nobody can serve: it costs the others nothing.
fn hopeless(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("hopeless");
    let backlogs = [0, 1_000, 1_000_000];
    for waiting in backlogs.into_iter().filter(|it| *it < 1_000_000 || !only_tried()) {
        let mut floor = Floor::new(10_000, COHORTS, 90);
        for seed in 0..waiting {
            let target = floor.hopeless(seed % 1_000);
            floor.decide(create(target));
            floor.engine.take_outbox();
        }
        println!("hopeless: {floor}, {waiting} waiting in 1,000 classes that nobody can serve");
        choose_on(&mut group, BenchmarkId::new("choose", waiting), &mut floor, RoutingModel::LeastActive);
    }
    group.finish();
}

/// An agent's conversation ends, and it is invited to what has waited longest of all that it can do.
fn free(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("free");
    // So much waiting for ten thousand agents, and ten thousand waiting for so many agents.
    let backlogs = SIZES.map(|waiting| ("backlog", 10_000, waiting, COHORTS));
    let agents = SIZES.map(|agents| ("agents", agents, 10_000, COHORTS));
    let most = [("million", 10_000, 1_000_000, 1_000)].into_iter().filter(|_| !only_tried());
    for (name, agents, waiting, cohorts) in backlogs.into_iter().chain(agents).chain(most) {
        // Each class is what one of the kinds of agents can do, at half its levels, and perhaps some others can too.
        let classes = cohorts.min(agents);
        let mut floor = Floor::new(agents, cohorts, 100);
        for seed in 0..waiting {
            let target = floor.requirements(seed % classes);
            floor.decide(create(target));
            floor.engine.take_outbox();
        }
        println!("free/{name}: {floor}, {waiting} waiting in {classes} classes");
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
                            floor.requirements(turn % classes)
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
        let mut floor = Floor::new(agents, COHORTS, 90);
        println!("cycle/engine: {floor}");
        let targets: Vec<Target> = (0..COHORTS).map(|seed| floor.requirements(seed)).collect();
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

/// The same as it is on a day when nothing is alike: no two agents, one to three skills drawn by lot, every answer remembered, and the
/// conversation that ends is any that somebody has in hand.
fn cycle_by_lot(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("cycle_by_lot");
    group.throughput(Throughput::Elements(1));
    for agents in SIZES {
        let mut floor = Floor::new(agents, agents, 85);
        println!("cycle_by_lot: {floor}");
        let state = floor.engine.state();
        let in_hand = (0..agents).flat_map(|it| state.agent(AgentIx(it)).conversations());
        let mut in_hand: Vec<ConversationId> = in_hand.collect();
        let mut lot = 0;
        group.bench_function(BenchmarkId::new("engine", agents), |bencher| {
            bencher.iter_custom(|rounds| {
                timed(rounds, |_| {
                    lot += 1;
                    let place = usize::try_from(drawn(lot << 1)).unwrap_or(0) % in_hand.len();
                    let ends = end(in_hand.swap_remove(place));
                    let creates = create(floor.requirements_by_lot(lot));
                    let (mut took, _) = clock(|| {
                        floor.decide_once(ends);
                        floor.decide_once(creates)
                    });
                    // What waited for the agent who is free now, and what came in.
                    for (agent, invite, conversation) in all_invited(&floor.engine.take_outbox()) {
                        took += clock(|| floor.decide_once(accept(agent, invite))).0;
                        in_hand.push(conversation);
                    }
                    floor.engine.take_outbox();
                    took
                })
            });
        });
    }
    group.finish();
}

/// Recovery: what happened in many cycles is applied to the state, as after a start.
fn replay(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("replay");
    let mut floor = Floor::new(10_000, COHORTS, 90);
    let before = postcard::to_stdvec(floor.engine.state()).expect("a state can be encoded");
    let mut events = Vec::new();
    for seed in 0..10_000 {
        let target = floor.requirements(seed % 200);
        let conversation = created(floor.decide(create(target)));
        let mut outbox = floor.engine.take_outbox();
        if let Some((agent, invite)) = invited(&outbox) {
            floor.decide(accept(agent, invite));
        }
        floor.decide(end(conversation));
        outbox.extend(floor.engine.take_outbox());
        events.extend(outbox.into_iter().map(|it| (it.at, it.event)));
    }
    // Every first event of a command has its key, as the journal has it; here, as often: every third.
    let keys: Vec<Option<RequestKey>> =
        (0..events.len() as u128).map(|it| (it % 3 == 0).then_some(RequestKey(it << 64))).collect();
    println!("replay: {floor}, {} events", events.len());
    group.throughput(Throughput::Elements(events.len() as u64));
    group.bench_function("apply", |bencher| {
        bencher.iter_custom(|rounds| {
            timed(rounds, |_| {
                let mut state: State = postcard::from_bytes(&before).expect("it was encoded");
                state.reindex();
                let mut touched = Touched::default();
                let (took, ()) = clock(|| {
                    for ((at, event), key) in events.iter().zip(&keys) {
                        apply(&mut state, *at, *key, event, &mut touched);
                        touched.clear();
                    }
                });
                took
            })
        });
    });
    group.finish();
}

/// What a shard does for a snapshot: it gives the state as it is.
fn snapshot(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("snapshot");
    for agents in sizes().filter(|it| *it >= 10_000) {
        let mut floor = Floor::new(agents, COHORTS, 90);
        println!("snapshot: {floor}");
        group.bench_function(BenchmarkId::new("as_it_is", agents), |bencher| {
            bencher.iter_custom(|rounds| timed(rounds, |_| clock(|| floor.engine.state_as_it_is()).0));
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20).warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2));
    // The largest floors last: what they leave of the heap would be measured with the others.
    targets = cycle, cycle_by_lot, replay, race, free, hopeless, choose, snapshot
}
criterion_main!(benches);
