//! What random programs are made of. Small numbers of everything, so that commands meet.

use omniroute::engine::{
    command::Audience,
    directory::spec::{
        Agent, Button, CapacityProfile, Channel, Inactivity, OnSessionLoss, Overflow, PresenceKind,
        PresenceStatus, Queue, Reinvite, Resource, ResourceKind, RoutingModel, Skill,
    },
    dispatch::Layout,
    event::Console,
    limits,
    relaxation::Insist,
    routing::{Capacity, Mode, Waves},
};
use proptest::{collection::vec, option, prelude::*, sample::select};

use super::program::{Aim, Ask, Op, Program, RECORD_TYPES, Step, Stray};

const SKILLS: [&str; 3] = ["skill-b", "skill-a", "skill-c"];
const CHANNELS: [&str; 3] = ["chat", "voice", "case"];
/// By id the first is the one that takes everything.
const STATUSES: [&str; 5] = ["available", "chats", "lunch", "finishing", "gone"];
const PROFILES: [&str; 3] = ["small", "large", "odd"];
const QUEUES: [&str; 2] = ["sales", "help"];
const BUTTONS: [&str; 2] = ["red", "blue"];
/// Not in the order of the alphabet: the order of the ids is not that of the numbers.
const AGENTS: [&str; 8] = ["m", "c", "x", "a", "q", "b", "z", "k"];

fn level() -> impl Strategy<Value = u16> + Clone {
    prop_oneof![4 => Just(0_u16), 2 => Just(300), 2 => Just(500), 1 => Just(1_000)]
}

fn ids(of: &'static [&'static str], most: usize) -> impl Strategy<Value = Vec<Box<str>>> + Clone {
    proptest::sample::subsequence(of, 0..=most.min(of.len()))
        .prop_map(|it| it.into_iter().map(Box::from).collect())
}

fn model() -> impl Strategy<Value = RoutingModel> + Clone {
    prop_oneof![
        4 => Just(RoutingModel::LeastActive),
        4 => Just(RoutingModel::MostAvailable),
        4 => Just(RoutingModel::LongestIdle),
        4 => Just(RoutingModel::BestMatch),
        1 => Just(RoutingModel::External),
    ]
}

fn inactivity() -> impl Strategy<Value = Option<Inactivity>> + Clone {
    let of = (0_u32..=1, select(&[0_u64, 700, 2_000][..]), select(&[0_u64, 1_000, 5_000, 40_000][..]));
    option::weighted(
        0.6,
        of.prop_map(|(weight, after_ms, ends_after_ms)| Inactivity { weight, after_ms, ends_after_ms }),
    )
}

fn channel(id: &'static str) -> impl Strategy<Value = Resource> + Clone {
    let reinvite = prop_oneof![
        2 => Just(Reinvite::OnceEveryoneHas),
        1 => Just(Reinvite::Never),
        2 => select(&[1_u64, 700, 2_000][..]).prop_map(Reinvite::After),
    ];
    let status = || option::weighted(0.2, select(&STATUSES[..]).prop_map(Box::from));
    (
        (0_u32..=3, any::<bool>(), select(&[0_u64, 1_000, 5_000][..]), select(&[0_u64, 1_000, 3_000][..])),
        (
            prop::bool::weighted(0.2),
            prop::bool::weighted(0.9),
            prop_oneof![1 => Just(1_u32), 9 => 2_u32..=5],
            any::<bool>(),
        ),
        (reinvite, status(), status()),
        inactivity(),
    )
        .prop_map(move |((weight, interruptible, push_timeout_ms, wrap_up_ms), b, c, d)| {
            let d = d.map(|it| Inactivity { weight: it.weight.min(weight), ..it });
            Resource::Channel(Channel {
                id: id.into(),
                name: "".into(),
                weight,
                interruptible,
                push_timeout_ms,
                wrap_up_ms,
                auto_accept: b.0,
                conference_allowed: b.1,
                participants_max: b.2,
                on_session_loss: if b.3 { OnSessionLoss::Keep } else { OnSessionLoss::Requeue },
                reinvite: c.0,
                decline_status: c.1,
                expiry_status: c.2,
                inactivity: d,
            })
        })
}

fn status(id: &'static str) -> impl Strategy<Value = Resource> + Clone {
    let kind = match id {
        "available" | "chats" => Just(PresenceKind::Online).boxed(),
        "lunch" => Just(PresenceKind::Away).boxed(),
        "finishing" => Just(PresenceKind::Draining).boxed(),
        _ => select(&[PresenceKind::Online, PresenceKind::Offline][..]).boxed(),
    };
    let channels = match id {
        "available" => Just(CHANNELS.iter().map(|it| Box::from(*it)).collect()).boxed(),
        _ => ids(&CHANNELS, 2).boxed(),
    };
    (kind, channels).prop_map(move |(kind, channels)| {
        Resource::PresenceStatus(PresenceStatus { id: id.into(), name: "".into(), kind, channels })
    })
}

fn profile(id: &'static str) -> impl Strategy<Value = Resource> + Clone {
    let maxima = proptest::sample::subsequence(&CHANNELS[..], 0..=2)
        .prop_flat_map(|of| vec(0_u32..=2, of.len()).prop_map(move |it| of.clone().into_iter().zip(it)));
    let units = || prop_oneof![1 => Just(0_u32), 9 => 1_u32..=6];
    (units(), units(), option::weighted(0.3, maxima)).prop_map(move |(units, interruptible_units, maxima)| {
        Resource::CapacityProfile(CapacityProfile {
            id: id.into(),
            name: "".into(),
            units,
            interruptible_units,
            channel_maxima: maxima.into_iter().flatten().map(|(id, it)| (id.into(), it)).collect(),
        })
    })
}

/// Two of the agents are always there at the beginning.
fn overflow() -> impl Strategy<Value = Overflow> + Clone {
    prop_oneof![
        3 => select(&QUEUES[..]).prop_map(|id| Overflow::Queue(id.into())),
        1 => select(&SKILLS[..]).prop_map(|id| Overflow::Skill(id.into())),
        1 => select(&BUTTONS[..]).prop_map(|id| Overflow::Button(id.into())),
        1 => select(&AGENTS[..2]).prop_map(|id| Overflow::Agent(id.into())),
    ]
}

fn queue(id: &'static str) -> impl Strategy<Value = Resource> + Clone {
    let waiting_max = option::weighted(0.4, 0_u32..=2);
    (
        model(),
        98_u32..=101,
        option::weighted(0.3, 0_u32..=3),
        waiting_max,
        option::weighted(0.5, overflow()),
        any::<bool>(),
        select(&[0_u64, 1, 700, 2_000][..]),
    )
        .prop_map(
            move |(model, priority, weight, waiting_max, overflow, by_deadline, earmark_after_ms)| {
                let overflow = overflow.filter(|_| waiting_max.is_some());
                Resource::Queue(Queue {
                    id: id.into(),
                    name: "".into(),
                    model,
                    priority,
                    weight,
                    waiting_max,
                    overflow,
                    by_deadline,
                    earmark_after_ms,
                })
            },
        )
}

fn button(id: &'static str) -> impl Strategy<Value = Resource> + Clone {
    let model = prop_oneof![
        9 => Just(RoutingModel::LeastActive),
        9 => Just(RoutingModel::MostAvailable),
        6 => Just(RoutingModel::Choice),
        1 => Just(RoutingModel::BestMatch),
    ];
    (ids(&SKILLS, 2), any::<bool>(), model, option::of(0_u32..=2)).prop_map(
        move |(skills, all_skills, model, reroutes_max)| {
            Resource::Button(Button {
                id: id.into(),
                name: "".into(),
                skills,
                all_skills,
                model,
                reroutes_max,
            })
        },
    )
}

fn agent(id: &'static str) -> impl Strategy<Value = Resource> + Clone {
    let skills = (ids(&SKILLS, 3), vec(level(), 3)).prop_map(|(of, it)| of.into_iter().zip(it).collect());
    (select(&PROFILES[..]), skills, ids(&QUEUES, 2), ids(&RECORD_TYPES, 2)).prop_map(
        move |(profile, skills, queues, record_types): (_, Vec<(Box<str>, u16)>, _, _)| {
            let (id, name, profile) = (id.into(), "".into(), profile.into());
            let access_scopes = Vec::new();
            Resource::Agent(Agent { id, name, profile, skills, queues, record_types, access_scopes })
        },
    )
}

fn skill(id: &'static str) -> impl Strategy<Value = Resource> + Clone {
    Just(Resource::Skill(Skill { id: id.into(), name: "".into() }))
}

/// A directory. Buttons without a skill and of a wrong model make it wrong; `right` has none.
pub(crate) fn directory(right: bool) -> impl Strategy<Value = Vec<Resource>> + Clone {
    let all = |of: Vec<BoxedStrategy<Resource>>| of;
    let fixed = all(SKILLS.iter().map(|id| skill(id).boxed()).collect())
        .into_iter()
        .chain(CHANNELS.iter().map(|id| channel(id).boxed()))
        .chain(STATUSES.iter().map(|id| status(id).boxed()))
        .chain(PROFILES.iter().map(|id| profile(id).boxed()))
        .chain(QUEUES.iter().map(|id| queue(id).boxed()))
        .chain(BUTTONS.iter().map(|id| button(id).boxed()))
        .collect::<Vec<_>>();
    let agents = (2_usize..=8, AGENTS.iter().map(|id| agent(id).boxed()).collect::<Vec<_>>())
        .prop_map(|(count, all)| all.into_iter().take(count).collect::<Vec<_>>());
    (fixed, agents).prop_map(move |(mut all, agents)| {
        all.extend(agents);
        if right {
            all.iter_mut().for_each(put_right);
        }
        all
    })
}

fn put_right(resource: &mut Resource) {
    if let Resource::Queue(it) = resource
        && (&*it.id == QUEUES[0] || it.overflow == Some(Overflow::Queue(it.id.clone())))
    {
        it.overflow = None;
    }
    if let Resource::Button(it) = resource {
        if it.skills.is_empty() {
            it.skills.push(SKILLS[0].into());
        }
        if it.model == RoutingModel::BestMatch {
            it.model = RoutingModel::LeastActive;
        }
    }
}

fn resource() -> impl Strategy<Value = Resource> + Clone {
    let wrong_level = agent("c").prop_map(|mut it| {
        if let Resource::Agent(agent) = &mut it {
            agent.skills = vec![(SKILLS[0].into(), limits::LEVEL_MAX + 1)];
        }
        it
    });
    let wrongly_inactive = channel("chat").prop_map(|mut it| {
        if let Resource::Channel(channel) = &mut it {
            let weight = channel.weight + 1;
            channel.inactivity = Some(Inactivity { weight, after_ms: 0, ends_after_ms: 0 });
        }
        it
    });
    prop_oneof![
        1 => wrongly_inactive,
        1 => select(&SKILLS[..]).prop_flat_map(skill),
        3 => select(&CHANNELS[..]).prop_flat_map(channel),
        3 => select(&STATUSES[..]).prop_flat_map(status),
        3 => select(&PROFILES[..]).prop_flat_map(profile),
        2 => select(&QUEUES[..]).prop_flat_map(queue),
        2 => select(&BUTTONS[..]).prop_flat_map(button),
        5 => select(&AGENTS[..]).prop_flat_map(agent),
        1 => wrong_level,
    ]
}

type Relaxed = (Vec<(u8, u16)>, Vec<(u64, u32, u16)>, Option<(u8, Insist)>, bool);

fn relaxed() -> impl Strategy<Value = Relaxed> + Clone {
    let step = (select(&[1_u64, 300, 700, 1_000][..]), 0_u32..=2, select(&[0_u16, 200, 500][..]));
    let insist = prop_oneof![
        4 => select(&[0_u64, 1, 300, 1_000, 5_000][..]).prop_map(Insist::For),
        1 => Just(Insist::UntilAvailable),
    ];
    let some = (vec((any::<u8>(), level()), 0..=2), vec(step, 0..=3), any::<bool>());
    let some = prop_oneof![
        2 => Just((Vec::new(), Vec::new(), false)),
        1 => some,
    ];
    (some, option::weighted(0.2, (any::<u8>(), insist)))
        .prop_map(|((additional, steps, start_over), preferred)| (additional, steps, preferred, start_over))
}

fn ask() -> impl Strategy<Value = Ask> + Clone {
    let requirements = || vec((any::<u8>(), level()), 0..=2);
    let aim = prop_oneof![
        2 => any::<u8>().prop_map(Aim::Agent),
        2 => any::<u8>().prop_map(Aim::Skill),
        2 => requirements().prop_map(Aim::Requirements),
        3 => (any::<u8>(), vec((any::<u8>(), level()), 0..=1)).prop_map(|it| Aim::Queue(it.0, it.1)),
        2 => any::<u8>().prop_map(Aim::Button),
    ];
    (
        aim,
        option::weighted(0.4, select(&[Mode::Single, Mode::Broadcast, Mode::Waves][..])),
        (1_u32..=2, select(&[1_u64, 300, 1_000][..])),
        option::weighted(0.5, model()),
        option::weighted(0.3, 99_u32..=101),
        option::weighted(0.3, select(&[Capacity::Fit, Capacity::Exceed][..])),
        option::weighted(0.1, select(&[0_u64, 1, 700, 2_000][..])),
        option::weighted(0.3, select(&[1_u64, 500, 1_000][..])),
        relaxed(),
    )
        .prop_map(
            |(aim, mode, (size, interval), model, priority, capacity, not_before, accept_by, relaxed)| {
                let (additional, steps, preferred, start_over) = relaxed;
                Ask {
                    aim,
                    mode,
                    waves: Waves { size, interval },
                    model,
                    priority,
                    capacity,
                    not_before,
                    accept_by,
                    additional,
                    steps,
                    preferred,
                    start_over,
                }
            },
        )
}

/// A status: mostly one that takes work.
fn status_die() -> impl Strategy<Value = u8> + Clone {
    prop_oneof![8 => Just(0_u8), 2 => any::<u8>()]
}

fn op() -> impl Strategy<Value = Op> + Clone {
    let die = any::<u8>;
    let console = prop_oneof![4 => Just(Console::Lightning), 1 => Just(Console::Classic)];
    let audience = select(&[Audience::Everyone, Audience::Agents][..]);
    let kind = prop_oneof![
        1 => select(&ResourceKind::ALL[..]),
        1 => select(&[ResourceKind::Agent, ResourceKind::Queue, ResourceKind::Button][..]),
    ];
    prop_oneof![
        1 => directory(false).prop_map(Op::Apply),
        8 => resource().prop_map(Op::Put),
        6 => (kind, die()).prop_map(|(kind, die)| Op::Delete(kind, die)),
        20 => (die(), console, option::weighted(0.3, 0_u8..=2), option::weighted(0.7, status_die()))
            .prop_map(|(agent, console, resume, status)| Op::Open { agent, console, resume, status }),
        8 => die().prop_map(Op::Drop),
        1 => Just(Op::DropAll),
        30 => (die(), status_die()).prop_map(|(agent, status)| Op::Presence(agent, status)),
        100 => die().prop_map(Op::Accept),
        50 => die().prop_map(Op::Decline),
        110 => (die(), ask()).prop_map(|(channel, ask)| Op::Create(channel, ask)),
        50 => (die(), ask()).prop_map(|(seat, ask)| Op::Conference(seat, ask)),
        40 => (die(), ask()).prop_map(|(seat, ask)| Op::Transfer(seat, ask)),
        8 => die().prop_map(Op::Cancel),
        20 => die().prop_map(Op::Leave),
        40 => (die(), die()).prop_map(|it| Op::Pick(it.0, it.1)),
        25 => (die(), die()).prop_map(|it| Op::InviteAgent(it.0, it.1)),
        15 => die().prop_map(Op::EndByAgent),
        6 => die().prop_map(Op::EndByPlatform),
        40 => die().prop_map(Op::Inactivate),
        12 => die().prop_map(Op::Complete),
        10 => (die(), select(&[0_u64, 1, 1_000, 2_000][..])).prop_map(|it| Op::Extend(it.0, it.1)),
        20 => (die(), audience.clone()).prop_map(|(seat, audience)| Op::PostByAgent(seat, audience)),
        30 => die().prop_map(Op::PostByCustomer),
        4 => die().prop_map(Op::PostByPlatform),
        2 => die().prop_map(Op::EndBySupervisor),
        3 => (die(), audience).prop_map(|(room, audience)| Op::PostBySupervisor(room, audience)),
        8 => (die(), status_die()).prop_map(|(agent, status)| Op::PresenceBySupervisor(agent, status)),
        15 => (die(), die()).prop_map(|(agent, room)| Op::Assign(agent, room)),
        12 => die().prop_map(Op::Raise),
        3 => die().prop_map(Op::LowerByAgent),
        3 => die().prop_map(Op::LowerBySupervisor),
        15 => (die(), die(), vec((die(), level()), 0..=1), option::weighted(0.3, 99_u32..=101)).prop_map(
            |(room, queue, skills, priority)| Op::MoveTo { room, queue, skills, priority }
        ),
        20 => (die(), die()).prop_map(|(keeper, record)| Op::Attach(keeper, record)),
        8 => (die(), die()).prop_map(|(keeper, record)| Op::Remove(keeper, record)),
        8 => Just(Op::Wait),
    ]
}

/// A step.
pub(crate) fn step() -> impl Strategy<Value = Step> + Clone {
    // Nothing, a moment, the spans of the channels, a lease and more, and beyond the window of the answers.
    let after = prop_oneof![
        60 => Just(0_u64),
        30 => 1_u64..50,
        12 => select(&[700_u64, 1_000, 2_000, 3_000, 5_000][..]),
        1 => select(&[limits::LEASE_MS - 1, limits::LEASE_MS, 31_000, limits::ANSWER_KEPT_MS + 1][..]),
    ];
    let stray = prop_oneof![
        40 => Just(Stray::No),
        1 => (0_u64..5).prop_map(Stray::Epoch),
        1 => any::<u8>().prop_map(Stray::Agent),
        1 => (0_u64..12).prop_map(Stray::Thing),
    ];
    (after, option::weighted(0.15, 0_u8..12), stray, op(), prop::bool::weighted(0.05))
        .prop_map(|(after, key, stray, op, snapshot)| Step { after, key, stray, op, snapshot })
}

/// A random program of at most so many steps.
pub(crate) fn program(steps: usize) -> impl Strategy<Value = Program> {
    // Most of the agents are there from the beginning.
    let there = vec(any::<u8>(), 0..=8).prop_map(|dice| {
        let status = Some(0);
        let open = |agent| Op::Open { agent, console: Console::Lightning, resume: None, status };
        dice.into_iter().map(|it| Step::plain(open(it))).collect::<Vec<_>>()
    });
    // As in use, and so small that a few agents and classes are many.
    let small = (1_usize..=4, 1_usize..=4).prop_map(|(crowd_from, step)| Layout { crowd_from, step });
    let layout = prop_oneof![1 => Just(Layout::default()), 3 => small];
    (directory(true), there, vec(step(), 1..=steps), layout).prop_map(
        |(directory, mut steps, more, layout)| {
            steps.extend(more);
            Program { directory, steps, layout }
        },
    )
}
