//! How a request is routed in the end: what the caller left open, as the directory says.

use omniroute::engine::{
    directory::spec::{ResourceKind, RoutingModel},
    event::RequestKind,
    limits,
    rejection::Rejection,
    routing::{Capacity, Mode, Requirement, Routing, RoutingAsk, Target, Waves},
};

use super::{commands::check, relaxation::fitting, world::World};

impl World {
    pub(crate) fn fill_in(&self, ask: RoutingAsk, kind: RequestKind) -> Result<Routing, Rejection> {
        let live = |kind, number: u32, otherwise| check(self.directory.is_live(kind, number), otherwise);
        let skills = |all: &[Requirement]| {
            all.iter().try_for_each(|it| live(ResourceKind::Skill, it.skill.0, Rejection::SkillNotFound))
        };
        if let Some(preferred) = ask.relaxation.preferred {
            live(ResourceKind::Agent, preferred.agent.0, Rejection::AgentNotFound)?;
        }
        if let Target::Agent(it) = &ask.target {
            live(ResourceKind::Agent, it.0, Rejection::AgentNotFound)?;
        }
        skills(&ask.relaxation.additional)?;
        let (mut model, mut priority) = (RoutingModel::LeastActive, limits::PRIORITY_DEFAULT);
        let mut earmark_after = 0;
        match &ask.target {
            Target::Agent(_) => {}
            Target::Skill(it) => live(ResourceKind::Skill, it.0, Rejection::SkillNotFound)?,
            Target::Requirements(all) => skills(all)?,
            Target::Queue { queue, skills: required } => {
                skills(required)?;
                live(ResourceKind::Queue, queue.0, Rejection::QueueNotFound)?;
                model = self.directory.queue(*queue).model;
                priority = self.directory.queue(*queue).priority;
                earmark_after = self.directory.queue(*queue).earmark_after_ms;
            }
            Target::Button(it) => {
                live(ResourceKind::Button, it.0, Rejection::ButtonNotFound)?;
                model = self.directory.button(*it).model;
            }
        }
        // CAP-4: what asks a colleague by name or by skill may exceed capacity. CONF-2: to all with a skill is a broadcast.
        let colleague = kind != RequestKind::New;
        let to_skill = matches!(ask.target, Target::Skill(_));
        let exceed = colleague && (to_skill || matches!(ask.target, Target::Agent(_)));
        let mode = if colleague && to_skill { Mode::Broadcast } else { Mode::Single };
        let model = ask.model.unwrap_or(model);
        // SEL-2: who is picked by the platform is invited alone.
        let mode = if model == RoutingModel::External { Mode::Single } else { ask.mode.unwrap_or(mode) };
        let waves = if mode == Mode::Waves { ask.waves } else { Waves::default() };
        Ok(Routing {
            mode,
            waves,
            model,
            priority: ask.priority.unwrap_or(priority),
            capacity: ask.capacity.unwrap_or(if exceed { Capacity::Exceed } else { Capacity::Fit }),
            not_before: ask.not_before,
            accept_by: ask.accept_by,
            earmark_after,
            relaxation: fitting(&ask.relaxation, &ask.target),
            target: ask.target,
        })
    }
}
