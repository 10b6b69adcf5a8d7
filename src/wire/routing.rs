//! Targets and how a request is routed, in both directions.

use super::{
    check::Check,
    names::{id_of, number_of, time},
    v1,
};
use crate::engine::{
    directory::names::Names,
    ids::{AgentIx, QueueIx},
    limits,
    routing::{Capacity, Requirement, Routing, RoutingAsk, Target, Waves},
};

/// What a caller asks for. What it leaves open stays open: the engine fills it in from the directory.
pub(super) fn ask(routing: Option<v1::Routing>, names: &Names, check: &mut Check) -> RoutingAsk {
    let routing = check.required("routing", routing).unwrap_or_else(|| v1::Routing {
        // One violation for one mistake: the target is not missed as well.
        target: Some(v1::Target { target: Some(v1::target::Target::AgentId("-".into())) }),
        ..v1::Routing::default()
    });
    check.within("routing", |check| {
        if let Some(priority) = routing.priority {
            check.number("priority", priority, 0, limits::PRIORITY_MAX);
        }
        if routing.model == i32::from(v1::RoutingModel::Choice) {
            check.say("model", "CHOICE is a button's own model, said in the directory");
        }
        let over = |it| if it { Capacity::Exceed } else { Capacity::Fit };
        let size_max = u32::try_from(limits::BROADCAST_MAX).unwrap_or(u32::MAX);
        check.number("wave_size", routing.wave_size, 0, size_max);
        let interval = check.span("wave_interval_ms", routing.wave_interval_ms, 0, limits::SPAN_MS_MAX);
        RoutingAsk {
            waves: Waves { size: routing.wave_size, interval },
            mode: check.choice_or_open::<v1::RoutingMode>("mode", routing.mode),
            model: check.choice_or_open::<v1::RoutingModel>("model", routing.model),
            priority: routing.priority,
            capacity: routing.over_capacity.map(over),
            not_before: check.span("not_before_ms", routing.not_before_ms, 0, limits::TIME_MS_MAX),
            accept_by: check.span("accept_by_ms", routing.accept_by_ms, 0, limits::TIME_MS_MAX),
            target: target(routing.target, names, check),
        }
    })
}

fn target(target: Option<v1::Target>, names: &Names, check: &mut Check) -> Target {
    let Some(target) = check.required("target", target.and_then(|it| it.target)) else {
        return Target::Agent(AgentIx(super::UNKNOWN));
    };
    check.within("target", |check| match target {
        v1::target::Target::AgentId(id) => Target::Agent(number_of(names, check, "agent_id", &id)),
        v1::target::Target::SkillId(id) => Target::Skill(number_of(names, check, "skill_id", &id)),
        v1::target::Target::Requirements(it) => Target::Requirements(
            check.within("requirements", |check| requirements(&it.skills, 1, names, check)),
        ),
        v1::target::Target::Queue(it) => {
            let (queue, skills) = queue(Some(it), names, check);
            Target::Queue { queue, skills }
        }
        v1::target::Target::ButtonId(id) => Target::Button(number_of(names, check, "button_id", &id)),
    })
}

/// A queue that must be named, with the skills beside the membership.
pub(super) fn queue(
    queue: Option<v1::QueueTarget>,
    names: &Names,
    check: &mut Check,
) -> (QueueIx, Box<[Requirement]>) {
    let Some(it) = check.required("queue", queue) else {
        return (QueueIx(super::UNKNOWN), Box::default());
    };
    check.within("queue", |check| {
        let queue = number_of(names, check, "queue_id", &it.queue_id);
        (queue, requirements(&it.skills, 0, names, check))
    })
}

/// Each skill once, in the order of the skills' numbers.
fn requirements(
    skills: &[v1::SkillRequirement],
    least: usize,
    names: &Names,
    check: &mut Check,
) -> Box<[Requirement]> {
    check.count("skills", skills.len(), least, limits::REQUIREMENTS_MAX);
    let mut all: Vec<Requirement> = Vec::with_capacity(skills.len().min(limits::REQUIREMENTS_MAX));
    for (place, wanted) in skills.iter().take(limits::REQUIREMENTS_MAX).enumerate() {
        check.item("skills", place, |check| {
            if skills[..place].iter().any(|before| before.skill_id == wanted.skill_id) {
                check.say("skill_id", "stands here twice");
            }
            check.number("level_hundredths", wanted.level_hundredths, 0, limits::LEVEL_MAX.into());
            all.push(Requirement {
                skill: number_of(names, check, "skill_id", &wanted.skill_id),
                level: u16::try_from(wanted.level_hundredths).unwrap_or(limits::LEVEL_MAX),
            });
        });
    }
    all.sort_unstable();
    all.into()
}

/// How a request is routed, with every default filled in.
pub(super) fn shown(routing: &Routing, names: &Names) -> v1::Routing {
    v1::Routing {
        target: Some(v1::Target { target: Some(shown_target(&routing.target, names)) }),
        mode: v1::RoutingMode::from(routing.mode).into(),
        model: v1::RoutingModel::from(routing.model).into(),
        priority: Some(routing.priority),
        over_capacity: Some(routing.capacity == Capacity::Exceed),
        not_before_ms: time(routing.not_before),
        accept_by_ms: time(routing.accept_by),
        wave_size: routing.waves.size,
        wave_interval_ms: time(routing.waves.interval),
    }
}

fn shown_target(target: &Target, names: &Names) -> v1::target::Target {
    match target {
        Target::Agent(agent) => v1::target::Target::AgentId(id_of(names, *agent)),
        Target::Skill(skill) => v1::target::Target::SkillId(id_of(names, *skill)),
        Target::Requirements(all) => {
            v1::target::Target::Requirements(v1::Requirements { skills: shown_requirements(all, names) })
        }
        Target::Queue { queue, skills } => v1::target::Target::Queue(v1::QueueTarget {
            queue_id: id_of(names, *queue),
            skills: shown_requirements(skills, names),
        }),
        Target::Button(button) => v1::target::Target::ButtonId(id_of(names, *button)),
    }
}

fn shown_requirements(all: &[Requirement], names: &Names) -> Vec<v1::SkillRequirement> {
    let shown = |it: &Requirement| v1::SkillRequirement {
        skill_id: id_of(names, it.skill),
        level_hundredths: it.level.into(),
    };
    all.iter().map(shown).collect()
}
