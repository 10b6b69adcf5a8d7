//! The whole cycle with the embedded journal, without gRPC: letters to a shard, answered when they are durable. So many clients, each
//! with one conversation at a time; the invites reach the agents' sessions as they would over the wire.
#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    missing_docs,
    reason = "a bench prints its state and fails by panicking"
)]

mod floor;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use crossbeam_channel::bounded;
use floor::{COHORTS, Floor, acting, create, end};
use omniroute::{
    clock::Clock,
    engine::{
        command::Command,
        event::{Console, Event},
        ids::{AgentIx, ConversationId, InviteId, RequestKey},
        reply::Reply,
        routing::Target,
    },
    journal::{Embedded, Journal, Position},
    shard::{
        Hosted, Mailboxes, Parts, Shards,
        letter::{Letter, Notice, ReplyTo, SessionSink},
    },
    views::orgs::{Addressee, Org, Orgs},
};
use tokio::{
    runtime::Runtime,
    sync::{mpsc, oneshot},
};

const ORG: &str = "bench";
const SIZES: [u32; 4] = [100, 1_000, 10_000, 100_000];
/// Sessions that are opened at once while the bench is set up.
const AT_ONCE: usize = 1_000;
/// Notices that wait for the one reader of all sessions.
const NOTICES: usize = 65_536;

/// Where the letters of the one org go.
#[derive(Clone)]
struct Desk {
    mailboxes: Mailboxes,
    to: Addressee,
}

struct Service {
    desk: Desk,
    shards: Option<Shards>,
    runtime: Runtime,
    _dir: tempfile::TempDir,
}

impl Desk {
    fn post(&self, letter: Letter) {
        self.mailboxes.post(&self.to, letter).expect("there is room");
    }

    async fn decide(&self, command: Command) -> Reply {
        let (reply, answer) = oneshot::channel();
        let key = Some(RequestKey(rand_key()));
        let org = self.to.id.clone();
        self.post(Letter::Command { org, key, command, reply: ReplyTo::call(reply) });
        answer.await.expect("the service runs").expect("the rules allow it")
    }
}

/// Any number that was not there before.
fn rand_key() -> u128 {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(1);
    u128::from(NEXT.fetch_add(1, Ordering::Relaxed))
}

fn start(floor: Floor, clients: usize) -> (Service, Vec<mpsc::Receiver<(AgentIx, InviteId)>>) {
    let agents = floor.agents;
    let dir = tempfile::tempdir().expect("a temporary directory");
    let (journal, _) = Embedded::open(dir.path()).expect("a new journal");
    let orgs = Arc::new(Orgs::default());
    let org: Arc<str> = ORG.into();
    let state = floor.engine.into_state();
    orgs.insert(Org::new(org.clone(), state.registry.names().clone(), Position(0)));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().expect("a runtime");
    let (snapshots, _never) = bounded(1);
    let (views, _nobody) = bounded(1);
    let parts = Parts {
        shards: 1,
        clock: Clock::System,
        hosted: vec![Hosted { org: org.clone(), state, last: Position(0), snapshot: Position(0) }],
        journal: journal.writer().expect("a writer"),
        runtime: runtime.handle().clone(),
        orgs: orgs.clone(),
        snapshots,
        views,
    };
    let (failed, _) = oneshot::channel();
    let shards = Shards::start(parts, failed).expect("threads");
    let desk = Desk { mailboxes: shards.mailboxes(), to: orgs.addressee(ORG) };
    let (sender, mut notices) = mpsc::channel::<(u64, Notice)>(NOTICES);
    runtime.block_on(open_sessions(agents, &desk, sender, &mut notices));
    let (mut to, mut from) = (Vec::new(), Vec::new());
    for _ in 0..clients {
        let (sender, receiver) = mpsc::channel(16);
        to.push(sender);
        from.push(receiver);
    }
    // The agents' desks: whose customer it is says which client waits for the invite.
    runtime.spawn(async move {
        while let Some(told) = notices.recv().await {
            let (_, Notice::Event(told)) = told else { continue };
            let batch = told.batch.upgrade().expect("it is read at once");
            let Event::InvitesSent { first, agents, .. } = &batch.events[told.place] else { continue };
            let customer = told.invites_to.expect("invites are about something").customer;
            let client: usize = customer.parse().expect("the number of a client");
            to[client].send((agents[0], *first)).await.unwrap_or(());
        }
    });
    (Service { desk, shards: Some(shards), runtime, _dir: dir }, from)
}

async fn open_sessions(
    agents: u32,
    desk: &Desk,
    sender: mpsc::Sender<(u64, Notice)>,
    notices: &mut mpsc::Receiver<(u64, Notice)>,
) {
    let (endings, _) = mpsc::channel(1);
    for some in (0..agents).collect::<Vec<u32>>().chunks(AT_ONCE) {
        let mut answers = Vec::new();
        for agent in some.iter().copied().map(AgentIx) {
            let (stream, endings) = (u64::from(agent.0), endings.clone());
            let sink = SessionSink { stream, notices: sender.clone(), endings };
            let (reply, answer) = oneshot::channel();
            let resume = Some(acting(agent).epoch);
            let command = Command::OpenSession { agent, console: Console::Lightning, resume, status: None };
            let reply = ReplyTo::call(reply);
            let letter = Letter::Open { org: desk.to.id.clone(), key: None, command, sink, reply };
            desk.post(letter);
            answers.push(answer);
        }
        for answer in answers {
            answer.await.expect("the service runs").expect("the session is there");
            notices.recv().await.expect("it opens");
        }
    }
}

/// One client: a conversation for one of its agents, accepted, ended; so many times.
async fn client(
    agents: u32,
    desk: Desk,
    number: usize,
    clients: usize,
    cycles: u64,
    mut invites: mpsc::Receiver<(AgentIx, InviteId)>,
) -> mpsc::Receiver<(AgentIx, InviteId)> {
    let mine = usize::try_from(agents).unwrap_or(1) / clients;
    for cycle in 0..cycles {
        let agent =
            u32::try_from(number + clients * (usize::try_from(cycle).unwrap_or(0) % mine)).unwrap_or(0);
        let Command::CreateConversation { channel, routing, .. } = create(Target::Agent(AgentIx(agent)))
        else {
            unreachable!("as built")
        };
        let customer = format!("{number}").into();
        let command = Command::CreateConversation { channel, customer, routing, access_scope: "".into() };
        let Reply::ConversationCreated { conversation, .. } = desk.decide(command).await else {
            unreachable!("a conversation is created")
        };
        let (agent, invite) = invites.recv().await.expect("an invite");
        desk.decide(floor::accept(agent, invite)).await;
        desk.decide(end(ConversationId(conversation.0))).await;
    }
    invites
}

#[allow(clippy::disallowed_methods, reason = "a bench measures time")]
fn cycle(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("cycle");
    group.throughput(Throughput::Elements(1));
    let by_clients = [1_usize, 8, 64, 256].map(|clients| ("durable_clients", 10_000, clients));
    let by_agents = SIZES.map(|agents| ("durable_agents", agents, 64));
    for (name, agents, clients) in by_clients.into_iter().chain(by_agents) {
        let floor = Floor::new(agents, COHORTS.min(agents), 0);
        println!("cycle/{name}: {floor}, {clients} clients with one conversation each at a time");
        let (mut service, invites) = start(floor, clients);
        let mut invites = Some(invites);
        group.bench_function(
            BenchmarkId::new(name, if name == "durable_agents" { u64::from(agents) } else { clients as u64 }),
            |bencher| {
                bencher.iter_custom(|rounds| {
                    let each = rounds.div_ceil(clients as u64);
                    let begin = Instant::now();
                    let receivers = invites.take().expect("they come back");
                    let tasks: Vec<_> = receivers
                        .into_iter()
                        .enumerate()
                        .map(|(number, invites)| {
                            service.runtime.spawn(client(
                                agents,
                                service.desk.clone(),
                                number,
                                clients,
                                each,
                                invites,
                            ))
                        })
                        .collect();
                    let back =
                        tasks.into_iter().map(|it| service.runtime.block_on(it).expect("no client fails"));
                    invites = Some(back.collect());
                    let total = begin.elapsed();
                    #[allow(clippy::cast_precision_loss, reason = "a ratio")]
                    total.mul_f64(rounds as f64 / (each * clients as u64) as f64)
                });
            },
        );
        if let Some(shards) = service.shards.take() {
            shards.stop().expect("it stops in order");
        }
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10).warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(3));
    targets = cycle
}
criterion_main!(benches);
