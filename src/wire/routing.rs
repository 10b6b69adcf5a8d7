//! Targets and how a request is routed, in both directions.

use std::sync::Arc;

use super::{
    check::Check,
    names::{id_of, number_of, time},
    relaxation, v1,
};
use crate::engine::{
    directory::names::Names,
    ids::{AgentIx, QueueIx},
    limits,
    relaxation::WhenRequeued,
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
        let mode = check.choice_or_open::<v1::RoutingMode>("mode", routing.mode);
        let model = check.choice_or_open::<v1::RoutingModel>("model", routing.model);
        let not_before = check.span("not_before_ms", routing.not_before_ms, 0, limits::TIME_MS_MAX);
        let accept_by = check.span("accept_by_ms", routing.accept_by_ms, 0, limits::TIME_MS_MAX);
        let (target, additional) = target(routing.target, names, check);
        let stated = (&*routing.steps, routing.preferred_agent.as_ref(), routing.steps_start_over);
        RoutingAsk {
            waves: Waves { size: routing.wave_size, interval },
            mode,
            model,
            priority: routing.priority,
            capacity: routing.over_capacity.map(over),
            not_before,
            accept_by,
            relaxation: relaxation::ask(stated, &target, additional, names, check),
            target,
        }
    })
}

/// Requirements that stay, each skill once, in the order of the skills' numbers; and those that may drop, as they are stated.
type Split = (Arc<[Requirement]>, Vec<Requirement>);

/// The target, and those of its requirements that may drop.
fn target(target: Option<v1::Target>, names: &Names, check: &mut Check) -> (Target, Vec<Requirement>) {
    use v1::target::Target as Of;
    let Some(target) = check.required("target", target.and_then(|it| it.target)) else {
        return (Target::Agent(AgentIx(super::UNKNOWN)), Vec::new());
    };
    check.within("target", |check| match target {
        Of::AgentId(id) => (Target::Agent(number_of(names, check, "agent_id", &id)), Vec::new()),
        Of::SkillId(id) => (Target::Skill(number_of(names, check, "skill_id", &id)), Vec::new()),
        Of::Requirements(it) => check.within("requirements", |check| {
            let (required, additional) = requirements(&it.skills, 1, names, check);
            (Target::Requirements(required), additional)
        }),
        Of::Queue(it) => {
            let (queue, (skills, additional)) = queue(Some(it), names, check);
            (Target::Queue { queue, skills }, additional)
        }
        Of::ButtonId(id) => (Target::Button(number_of(names, check, "button_id", &id)), Vec::new()),
    })
}

/// A queue that must be named, with the skills beside the membership.
pub(super) fn queue(queue: Option<v1::QueueTarget>, names: &Names, check: &mut Check) -> (QueueIx, Split) {
    let Some(it) = check.required("queue", queue) else {
        return (QueueIx(super::UNKNOWN), Split::default());
    };
    check.within("queue", |check| {
        let queue = number_of(names, check, "queue_id", &it.queue_id);
        (queue, requirements(&it.skills, 0, names, check))
    })
}

fn requirements(skills: &[v1::SkillRequirement], least: usize, names: &Names, check: &mut Check) -> Split {
    check.count("skills", skills.len(), least, limits::REQUIREMENTS_MAX);
    let (mut required, mut additional) = (Vec::new(), Vec::new());
    for (place, wanted) in skills.iter().take(limits::REQUIREMENTS_MAX).enumerate() {
        check.item("skills", place, |check| {
            if skills[..place].iter().any(|before| before.skill_id == wanted.skill_id) {
                check.say("skill_id", "stands here twice");
            }
            check.number("level_hundredths", wanted.level_hundredths, 0, limits::LEVEL_MAX.into());
            let list = if wanted.additional { &mut additional } else { &mut required };
            list.push(Requirement {
                skill: number_of(names, check, "skill_id", &wanted.skill_id),
                level: u16::try_from(wanted.level_hundredths).unwrap_or(limits::LEVEL_MAX),
            });
        });
    }
    required.sort_unstable();
    (required.into(), additional)
}

/// How a request is routed, with every default filled in.
pub(super) fn shown(routing: &Routing, names: &Names) -> v1::Routing {
    let preferred = routing.relaxation.preferred.as_ref();
    v1::Routing {
        target: Some(v1::Target { target: Some(shown_target(routing, names)) }),
        mode: v1::RoutingMode::from(routing.mode).into(),
        model: v1::RoutingModel::from(routing.model).into(),
        priority: Some(routing.priority),
        over_capacity: Some(routing.capacity == Capacity::Exceed),
        not_before_ms: time(routing.not_before),
        accept_by_ms: time(routing.accept_by),
        wave_size: routing.waves.size,
        wave_interval_ms: time(routing.waves.interval),
        steps: routing.relaxation.steps.iter().map(relaxation::shown_step).collect(),
        preferred_agent: preferred.map(|it| relaxation::shown_preferred(it, names)),
        steps_start_over: routing.relaxation.when_requeued == WhenRequeued::StartOver,
    }
}

fn shown_target(routing: &Routing, names: &Names) -> v1::target::Target {
    let shown = |required| {
        let mut all = shown_requirements(required, false, names);
        all.extend(shown_requirements(&routing.relaxation.additional, true, names));
        all
    };
    match &routing.target {
        Target::Agent(agent) => v1::target::Target::AgentId(id_of(names, *agent)),
        Target::Skill(skill) => v1::target::Target::SkillId(id_of(names, *skill)),
        Target::Requirements(all) => {
            v1::target::Target::Requirements(v1::Requirements { skills: shown(all) })
        }
        Target::Queue { queue, skills } => v1::target::Target::Queue(v1::QueueTarget {
            queue_id: id_of(names, *queue),
            skills: shown(skills),
        }),
        Target::Button(button) => v1::target::Target::ButtonId(id_of(names, *button)),
    }
}

pub(super) fn shown_requirements(
    all: &[Requirement],
    additional: bool,
    names: &Names,
) -> Vec<v1::SkillRequirement> {
    let shown = |it: &Requirement| v1::SkillRequirement {
        skill_id: id_of(names, it.skill),
        level_hundredths: it.level.into(),
        additional,
    };
    all.iter().map(shown).collect()
}
