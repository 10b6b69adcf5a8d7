//! How the requirements of a request give way, in both directions (SKL-2, 3).

use super::{
    check::Check,
    names::{id_of, number_of, time},
    routing::shown_requirements,
    v1,
};
use crate::engine::{
    directory::names::Names,
    ids::Millis,
    limits,
    relaxation::{Insist, NextStep, Preferred, Relaxation, Step, Terms, WhenRequeued},
    routing::{Requirement, Target},
};

/// What a caller says of it. `additional` are those of the target's requirements that may drop, in the stated order.
pub(super) fn ask(
    (steps, preferred, start_over): (&[v1::RelaxationStep], Option<&v1::PreferredAgent>, bool),
    target: &Target,
    additional: Vec<Requirement>,
    names: &Names,
    check: &mut Check,
) -> Relaxation {
    let has_skills = !additional.is_empty() || !target.requirements().is_empty();
    check.count("steps", steps.len(), 0, limits::STEPS_MAX);
    let (mut latest, mut left) = (0, additional.len());
    let step = |(place, it): (usize, &v1::RelaxationStep)| {
        check.item("steps", place, |check| step(it, &mut latest, &mut left, has_skills, check))
    };
    let steps = steps.iter().take(limits::STEPS_MAX).enumerate().map(step).collect();
    if preferred.is_some() && matches!(target, Target::Agent(_)) {
        check.say("preferred_agent", "is for when no agent is addressed");
    }
    let preferred = preferred.map(|it| {
        check.within("preferred_agent", |check| {
            let span = check.span("insist_for_ms", it.insist_for_ms, 0, limits::SPAN_MS_MAX);
            if it.insist_until_available && span > 0 {
                check.say("insist_for_ms", "is a time, where insist_until_available has none");
            }
            Preferred {
                agent: number_of(names, check, "agent_id", &it.agent_id),
                insist: if it.insist_until_available { Insist::UntilAvailable } else { Insist::For(span) },
            }
        })
    });
    let when_requeued = if start_over { WhenRequeued::StartOver } else { WhenRequeued::GoOn };
    Terms { additional, steps, preferred, when_requeued }.into()
}

/// A step is later than the one before and drops no more than are left; it does something.
fn step(
    it: &v1::RelaxationStep,
    latest: &mut Millis,
    left: &mut usize,
    has_skills: bool,
    check: &mut Check,
) -> Step {
    let after = check.span("after_ms", it.after_ms, 1, limits::SPAN_MS_MAX);
    if after <= *latest {
        check.say("after_ms", format!("must be later than that of the step before, {latest} ms"));
    }
    *latest = after;
    let (drops, lowers_by) = (it.drop_additional, it.lower_levels_by_hundredths);
    check.number("drop_additional", drops as usize, 0, *left);
    *left = left.saturating_sub(drops as usize);
    check.number("lower_levels_by_hundredths", lowers_by, 0, limits::LEVEL_MAX.into());
    if drops == 0 && lowers_by == 0 {
        check.say("drop_additional", "or lower_levels_by_hundredths must be above 0: a step drops or lowers");
    }
    if lowers_by > 0 && !has_skills {
        check.say("lower_levels_by_hundredths", "needs a target with skill requirements");
    }
    Step { after, drops, lowers_by: u16::try_from(lowers_by).unwrap_or(limits::LEVEL_MAX) }
}

pub(super) fn shown_step(it: &Step) -> v1::RelaxationStep {
    v1::RelaxationStep {
        after_ms: time(it.after),
        drop_additional: it.drops,
        lower_levels_by_hundredths: it.lowers_by.into(),
    }
}

pub(super) fn shown_preferred(it: &Preferred, names: &Names) -> v1::PreferredAgent {
    let (insist_for, insist_until_available) = match it.insist {
        Insist::For(span) => (span, false),
        Insist::UntilAvailable => (0, true),
    };
    v1::PreferredAgent {
        agent_id: id_of(names, it.agent),
        insist_for_ms: time(insist_for),
        insist_until_available,
    }
}

pub(super) fn shown_next(it: &NextStep, names: &Names) -> v1::NextStep {
    v1::NextStep {
        at_ms: time(it.at),
        dropped: shown_requirements(&it.drops, true, names),
        lowers_levels_by_hundredths: it.lowers_by.into(),
        ends_insistence: it.ends_insistence,
    }
}
