//! The figures of capacity against the public API, after random load: each gauge is worked out a second time, naively, from what
//! `ListAgents`, `ListConversations` and `GetQueue` answer.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

mod support;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, atomic::Ordering},
};

use omniroute::{
    clock::Clock,
    wire::v1::{self, PresenceKind, RequestState, RoutingState, target::Target},
};

use support::{
    Desk, House, ORG, agent, button,
    page::{Labels, Page},
    queue, requirements, sample, skill, to,
};

/// Agents of the directory: more than are asked at a time.
const AGENTS: usize = 700;
/// Of them those who log in.
const AT_WORK: usize = 24;
const QUEUES: [&str; 3] = ["help", "sales", "nobody"];
const SKILLS: [&str; 3] = ["french", "billing", "latin"];
const STATUSES: [&str; 5] = ["available", "chat-only", "lunch", "gone", "finishing"];

/// Chance from a seed.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % bound
    }

    fn of<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[self.below(all.len())]
    }
}

fn id(number: usize) -> String {
    format!("agent-{number:03}")
}

fn directory(chance: &mut Chance) -> v1::Directory {
    let mut directory = sample::directory();
    directory.skills.push(sample::skill("latin"));
    directory.queues.push(sample::queue("nobody"));
    directory.channels[0].push_timeout_ms = 20_000;
    directory.channels[0].wrap_up_ms = 5_000;
    directory.channels[1].interruptible = true;
    directory.capacity_profiles[0].interruptible_units = Some(2);
    directory.presence_statuses[4] = sample::status("finishing", PresenceKind::Draining, &[]);
    directory.agents = (0..AGENTS)
        .map(|number| {
            let skills: Vec<_> =
                SKILLS[..2].iter().filter(|_| chance.below(2) == 0).map(|it| (*it, 500)).collect();
            let queues: Vec<_> = QUEUES[..2].iter().filter(|_| chance.below(3) > 0).copied().collect();
            sample::agent(&id(number), &skills, &queues)
        })
        .collect();
    directory
}

fn any_target(chance: &mut Chance) -> Target {
    match chance.below(7) {
        0 => agent(&id(chance.below(AT_WORK))),
        1 => skill(chance.of(&SKILLS)),
        2 => requirements(&[(chance.of(&SKILLS), 100)]),
        3 => button("web"),
        4 => {
            let french = v1::SkillRequirement { skill_id: chance.of(&SKILLS).into(), ..Default::default() };
            Target::Queue(v1::QueueTarget { queue_id: chance.of(&QUEUES).into(), skills: vec![french] })
        }
        _ => queue(chance.of(&QUEUES)),
    }
}

/// Someone does something. What a rule refuses changes nothing, and that is as good.
async fn step(house: &House, desks: &mut [Desk], chats: &mut Vec<u64>, chance: &mut Chance) {
    let who = chance.below(desks.len());
    let desk = &mut desks[who];
    match chance.below(12) {
        0..=4 => {
            let now = house.clock.now();
            let later = if chance.below(6) == 0 { now + 3_000 } else { 0 };
            let routing = v1::Routing {
                priority: Some(u32::try_from(chance.below(3)).unwrap()),
                not_before_ms: i64::try_from(later).unwrap(),
                ..to(any_target(chance))
            };
            let created = house.create(chance.of(&["chat", "case", "voice"]), routing).await;
            chats.extend(created.map(|it| it.conversation_id));
        }
        5..=7 => {
            let invites = house.agent(&desk.session.agent_id).await.invites;
            if let Some(invite) = invites.first() {
                drop(desk.accept(invite.invite_id).await);
            }
        }
        8 => {
            let invites = house.agent(&desk.session.agent_id).await.invites;
            if let Some(invite) = invites.first() {
                desk.decline(invite.invite_id).await.unwrap_or(());
            }
        }
        9 => desk.presence(chance.of(&STATUSES)).await.unwrap_or(()),
        10 if !chats.is_empty() => {
            let chat = chats.swap_remove(chance.below(chats.len()));
            house.end(chat).await.unwrap_or(());
        }
        _ => house.advance(u64::try_from(chance.below(2_000)).unwrap()).await,
    }
}

/// Every gauge as it must be, by its series.
#[derive(Default)]
struct Expected(BTreeMap<(String, Labels), f64>);

impl Expected {
    fn add(&mut self, (whose, labels): &(&str, Labels), name: &str, by: f64) {
        *self.0.entry((format!("omniroute_{whose}{name}"), labels.clone())).or_default() += by;
    }

    fn state(&mut self, (whose, labels): &(&str, Labels), state: &str, by: f64) {
        let mut labels = labels.clone();
        labels.insert("state".into(), state.into());
        *self.0.entry((format!("omniroute_{whose}agents"), labels)).or_default() += by;
    }

    fn oldest(&mut self, (whose, labels): &(&str, Labels), name: &str, at: f64) {
        let series = (format!("omniroute_{whose}{name}"), labels.clone());
        self.0.entry(series).and_modify(|it| *it = it.min(at)).or_insert(at);
    }
}

fn whole() -> (&'static str, Labels) {
    ("", Labels::from([("org".into(), ORG.into())]))
}

fn of_queue(id: &str) -> (&'static str, Labels) {
    ("queue_", Labels::from([("org".into(), ORG.into()), ("queue".into(), id.into())]))
}

fn of_skill(id: &str) -> (&'static str, Labels) {
    ("skill_", Labels::from([("org".into(), ORG.into()), ("skill".into(), id.into())]))
}

fn state_label(state: RoutingState) -> &'static str {
    match state {
        RoutingState::Unspecified => panic!("an agent has a state"),
        RoutingState::Offline => "offline",
        RoutingState::Idle => "idle",
        RoutingState::Engaged => "engaged",
        RoutingState::AtCapacity => "at_capacity",
        RoutingState::NotResponding => "not_responding",
        RoutingState::Draining => "draining",
    }
}

/// An agent as the API shows it counts for the org, its queues and its skills.
fn expect_agent(expected: &mut Expected, entry: &v1::AgentResource, agent: &v1::Agent) {
    let whom = [whole()].into_iter().chain(entry.queue_ids.iter().map(|it| of_queue(it)));
    let whom = whom.chain(entry.skills.iter().map(|it| of_skill(&it.skill_id)));
    let state = agent.routing_state();
    let units = |wanted: &dyn Fn(&v1::Hold) -> bool| -> i64 {
        agent.holds.iter().filter(|it| wanted(it)).map(|it| i64::from(it.units)).sum()
    };
    let has_room = [RoutingState::Idle, RoutingState::Engaged].contains(&state);
    let free = |units: u32, used: i64| if has_room { (i64::from(units) - used).max(0) } else { 0 };
    let figures = [
        ("units", if state == RoutingState::Offline { 0 } else { i64::from(agent.units) }),
        ("units_used", units(&|_| true)),
        ("units_free", free(agent.units, units(&|it| !it.interruptible))),
        ("interruptible_units_free", free(agent.interruptible_units, units(&|_| true))),
    ];
    for who in whom {
        expected.state(&who, state_label(state), 1.0);
        for (name, figure) in figures {
            expected.add(&who, name, f64::from(i32::try_from(figure).unwrap()));
        }
    }
    expected.add(&whole(), "sessions", f64::from(u8::from(agent.connected)));
    expected.add(&whole(), "invites_pending", f64::from(u32::try_from(agent.invites.len()).unwrap()));
}

/// The skills that a waiting request asks for.
fn skills_of(request: &v1::RoutingRequest) -> BTreeSet<String> {
    let target = request.routing.clone().and_then(|it| it.target).and_then(|it| it.target);
    match target.expect("a request has a target") {
        Target::SkillId(skill) => BTreeSet::from([skill]),
        Target::ButtonId(_) => BTreeSet::from(["french".into(), "billing".into()]),
        Target::AgentId(_) | Target::Requirements(_) | Target::Queue(_) => {
            request.required_now.iter().map(|it| it.skill_id.clone()).collect()
        }
    }
}

/// An open request as the API shows it.
fn expect_request(expected: &mut Expected, request: &v1::RoutingRequest, now: u64) {
    expected.add(&whole(), "requests_open", 1.0);
    let routing = request.routing.clone().expect("a request is routed");
    if request.state() != RequestState::Waiting || routing.not_before_ms > i64::try_from(now).unwrap() {
        return;
    }
    #[allow(clippy::cast_precision_loss, reason = "a time of this century")]
    let since = request.requested_at_ms as f64 / 1_000.0;
    expected.add(&whole(), "requests_waiting", 1.0);
    expected.oldest(&whole(), "requests_oldest_waiting_timestamp_seconds", since);
    let queue = match routing.target.and_then(|it| it.target) {
        Some(Target::Queue(it)) => Some(of_queue(&it.queue_id)),
        _ => None,
    };
    for who in queue.into_iter().chain(skills_of(request).iter().map(|it| of_skill(it))) {
        expected.add(&who, "waiting", 1.0);
        expected.oldest(&who, "oldest_waiting_timestamp_seconds", since);
    }
}

async fn expected(house: &House, directory: &v1::Directory) -> Expected {
    let mut expected = Expected::default();
    let places = [whole()].into_iter().chain(QUEUES.map(of_queue)).chain(SKILLS.map(of_skill));
    for who in places {
        for state in ["offline", "idle", "engaged", "at_capacity", "not_responding", "draining"] {
            expected.state(&who, state, 0.0);
        }
        for name in ["units", "units_used", "units_free", "interruptible_units_free"] {
            expected.add(&who, name, 0.0);
        }
        expected.add(&who, if who.0.is_empty() { "requests_waiting" } else { "waiting" }, 0.0);
    }
    for name in ["sessions", "conversations", "requests_open", "invites_pending"] {
        expected.add(&whole(), name, 0.0);
    }
    let request = v1::ListAgentsRequest { org_id: ORG.into(), page_size: 1_000, ..Default::default() };
    let agents = house.agents().list_agents(request).await.expect("they are there").into_inner().agents;
    assert_eq!(agents.len(), AGENTS);
    for (entry, agent) in directory.agents.iter().zip(&agents) {
        assert_eq!(entry.id, agent.agent_id);
        expect_agent(&mut expected, entry, agent);
    }
    let request = v1::ListConversationsRequest { org_id: ORG.into(), page_size: 1_000, ..Default::default() };
    let found = house.conversations().list_conversations(request).await.expect("they are there").into_inner();
    assert!(found.next_page_token.is_empty());
    for conversation in &found.conversations {
        expected.add(&whole(), "conversations", 1.0);
        conversation.requests.iter().for_each(|it| expect_request(&mut expected, it, house.clock.now()));
    }
    expected
}

/// What `GetQueue` and `GetAgent` say themselves, beside what was summed up from lists.
async fn single_calls_agree(house: &House, page: &Page) {
    for queue_id in QUEUES {
        let request = v1::GetQueueRequest { org_id: ORG.into(), queue_id: queue_id.into() };
        let found = house.supervisor().get_queue(request).await.expect("it is there").into_inner();
        let queue = found.queue.expect("a queue");
        let labels = [("org", ORG), ("queue", queue_id)];
        assert_eq!(page.value("omniroute_queue_waiting", &labels), Some(f64::from(queue.waiting_count)));
        #[allow(clippy::cast_precision_loss, reason = "a time of this century")]
        let oldest = Some(queue.oldest_requested_at_ms as f64 / 1_000.0).filter(|it| *it > 0.0);
        assert_eq!(page.value("omniroute_queue_oldest_waiting_timestamp_seconds", &labels), oldest);
        let states = ["offline", "idle", "engaged", "at_capacity", "not_responding", "draining"];
        let count = |state| {
            let labels = [("org", ORG), ("queue", queue_id), ("state", state)];
            page.value("omniroute_queue_agents", &labels).expect("each state is there")
        };
        let members: f64 = states.into_iter().map(count).sum();
        assert!((members - f64::from(queue.member_count)).abs() < 0.5, "{members}");
    }
    let mut used = 0;
    for number in 0..AT_WORK {
        used += house.agent(&id(number)).await.units_used;
    }
    assert_eq!(page.value("omniroute_units_used", &[("org", ORG)]), Some(f64::from(used)));
}

/// Some of everything was there to agree about, over all seeds.
fn see(page: &Page, seen: &mut BTreeSet<String>) {
    let some = page.samples.iter().filter(|(_, value)| **value > 0.0);
    seen.extend(some.map(|((name, labels), _)| {
        let state = labels.get("state").map(String::as_str).unwrap_or_default();
        format!("{name} {state}")
    }));
}

async fn agrees_after_random_load(seed: u64, met: &mut BTreeSet<String>) {
    let mut chance = Chance(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let directory = directory(&mut chance);
    let house = House::with(directory.clone()).await;
    let (mut desks, mut chats) = (Vec::new(), Vec::new());
    for number in 0..AT_WORK {
        desks.push(house.desk(&id(number)).await);
    }
    for round in 0..6 {
        for _ in 0..50 {
            step(&house, &mut desks, &mut chats, &mut chance).await;
        }
        house.advance(if round % 2 == 0 { 0 } else { 3_000 }).await;
        let page = Page::read(&house.figures().within(support::PATIENCE).await);
        let expected = expected(&house, &directory).await;
        assert_eq!(page.samples, expected.0, "seed {seed}, round {round}");
        single_calls_agree(&house, &page).await;
        see(&page, met);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_gauges_are_the_state_after_random_load() {
    let mut seen = BTreeSet::new();
    for seed in [1, 77, 4_242] {
        agrees_after_random_load(seed, &mut seen).await;
    }
    for state in ["offline", "idle", "engaged", "at_capacity", "not_responding", "draining"] {
        assert!(seen.contains(&format!("omniroute_queue_agents {state}")), "{state} never came up");
    }
    for name in
        ["queue_waiting", "skill_waiting", "units_free", "interruptible_units_free", "invites_pending"]
    {
        assert!(seen.contains(&format!("omniroute_{name} ")), "{name} was never more than 0");
    }
}

#[tokio::test]
async fn what_leaves_the_directory_leaves_the_page() {
    let house = House::with(sample::directory()).await;
    let page = Page::read(&house.figures().within(support::PATIENCE).await);
    assert_eq!(page.value("omniroute_queue_waiting", &[("org", ORG), ("queue", "sales")]), Some(0.0));
    let mut smaller = sample::directory();
    smaller.queues.retain(|it| it.id != "sales");
    smaller.agents.iter_mut().for_each(|it| it.queue_ids.retain(|it| it != "sales"));
    house.apply(smaller).await.expect("it is right");
    let page = Page::read(&house.figures().within(support::PATIENCE).await);
    assert!(page.samples.keys().all(|(_, labels)| labels.get("queue").is_none_or(|it| it != "sales")));
    assert_eq!(page.value("omniroute_queue_waiting", &[("org", ORG), ("queue", "help")]), Some(0.0));
}

#[tokio::test]
async fn time_alone_brings_a_request_into_line() {
    let house = House::with(sample::directory()).await;
    let later = i64::try_from(house.clock.now() + 3_000).unwrap();
    let routing = v1::Routing { not_before_ms: later, ..to(queue("help")) };
    house.create("chat", routing).await.expect("it may come later");
    for (waiting, advance_ms) in [(0.0, 2_999), (0.0, 1), (1.0, 0)] {
        let page = Page::read(&house.figures().within(support::PATIENCE).await);
        let labels = [("org", ORG), ("queue", "help")];
        assert_eq!(page.value("omniroute_queue_waiting", &labels), Some(waiting));
        // Nothing happens when its time comes: there is no event to go by.
        house.advance(advance_ms).await;
    }
}

#[tokio::test]
async fn what_waits_is_counted_once_however_many_slices_it_takes() {
    let house = House::with(sample::directory()).await;
    let mut conversations = house.conversations();
    // A priority each, so that one line takes several slices; the oldest is the last in turn.
    for number in 0..1_300 {
        let routing = v1::Routing { priority: Some(2_000 - number), ..to(queue("help")) };
        let request = v1::CreateConversationRequest {
            org_id: ORG.into(),
            request_id: support::fresh(),
            channel_id: "chat".into(),
            customer_id: "customer-1".into(),
            routing: Some(routing),
            ..Default::default()
        };
        conversations.create_conversation(request).await.expect("it may come");
        let Clock::Manual(now) = &house.clock else { unreachable!("tests have a manual clock") };
        now.fetch_add(1, Ordering::SeqCst);
    }
    let page = Page::read(&house.figures().within(support::PATIENCE).await);
    let labels = [("org", ORG), ("queue", "help")];
    assert_eq!(page.value("omniroute_queue_waiting", &labels), Some(1_300.0));
    let oldest = page.value("omniroute_queue_oldest_waiting_timestamp_seconds", &labels);
    assert_eq!(oldest, Some(1_700_000_000.0), "the first that came waits longest");
}

#[tokio::test]
async fn at_rest_nobody_is_asked() {
    let house = House::with(sample::directory()).await;
    let first = house.figures().within(support::PATIENCE).await;
    let second = house.figures().within(support::PATIENCE).await;
    assert!(Arc::ptr_eq(&first, &second), "the same page, not one that says the same");
    house.desk("ann").await;
    let third = house.figures().within(support::PATIENCE).await;
    assert_ne!(first, third, "and a new one once something happened");
}
