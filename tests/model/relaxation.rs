//! How requirements give way (SKL-2, 3): each skill and each level is worked out anew from the steps that were taken.

use omniroute::engine::{
    directory::spec::ResourceKind,
    event::{Event, RequestKind},
    ids::{AgentIx, Millis, RequestId},
    relaxation::{Insist, Relaxation, Relaxed, Terms, WhenRequeued},
    routing::{Requirement, Target},
};

use super::world::{Request, World};

/// Whether a request is for what came in, or for what comes back to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Queued {
    First,
    Again,
}

/// What says nothing of a target is left out.
pub(crate) fn fitting(relaxation: &Relaxation, target: &Target) -> Relaxation {
    let mut terms = Terms::clone(relaxation);
    if !matches!(target, Target::Requirements(_) | Target::Queue { .. }) {
        terms.additional.clear();
        terms.steps.clear();
    }
    if matches!(target, Target::Agent(_)) {
        terms = Terms::default();
    }
    terms.into()
}

/// Nobody waits for a preferred agent who may not serve the overflow.
pub(crate) fn overflowing(relaxation: &Relaxation) -> Relaxation {
    let mut terms = Terms::clone(relaxation);
    if let Some(preferred) = &mut terms.preferred {
        preferred.insist = Insist::For(0);
    }
    terms.into()
}

impl Request {
    /// Whom it addresses after the steps that it has taken.
    pub(crate) fn target_now(&self) -> Target {
        let (mut standing, mut sunk) = (self.routing.relaxation.additional.clone(), 0);
        for step in self.routing.relaxation.steps.iter().take(self.steps as usize) {
            standing.drain(..step.drops as usize);
            sunk += step.lowers_by;
        }
        let now = |stated: &[Requirement]| {
            let all = stated.iter().chain(&standing);
            all.map(|it| Requirement { skill: it.skill, level: it.level.saturating_sub(sunk) }).collect()
        };
        match &self.routing.target {
            Target::Requirements(all) => Target::Requirements(now(all)),
            Target::Queue { queue, skills } => Target::Queue { queue: *queue, skills: now(skills) },
            other @ (Target::Agent(_) | Target::Skill(_) | Target::Button(_)) => other.clone(),
        }
    }

    /// When the insistence on the preferred agent is over, if it is by time.
    fn insists_until(&self) -> Option<Millis> {
        match self.routing.relaxation.preferred.filter(|_| self.insists)?.insist {
            Insist::For(span) => Some(self.steps_from + span),
            Insist::UntilAvailable => None,
        }
    }

    /// When something of it gives way next.
    pub(crate) fn relaxes_at(&self) -> Option<Millis> {
        let step = self.routing.relaxation.steps.get(self.steps as usize);
        step.map(|it| self.steps_from + it.after).into_iter().chain(self.insists_until()).min()
    }

    fn give_way(&mut self, at: Millis) {
        let over = self.insists_until().is_some_and(|it| it <= at);
        let step = self.routing.relaxation.steps.get(self.steps as usize);
        self.steps += u32::from(step.is_some_and(|it| self.steps_from + it.after <= at));
        self.insists &= !over;
    }

    pub(crate) fn how_far(&self) -> Relaxed {
        Relaxed { steps: self.steps, insists: self.insists }
    }
}

impl World {
    pub(crate) fn begin_steps(&mut self, request: RequestId, queued: Queued) {
        let now = self.now;
        let is_there = |agent: AgentIx| self.directory.is_live(ResourceKind::Agent, agent.0);
        let row = &self.requests[&request];
        let relaxation = &row.routing.relaxation;
        let goes_on = row.kind == RequestKind::New && relaxation.when_requeued == WhenRequeued::GoOn;
        let from = if goes_on { row.requested_at } else { now };
        let insists =
            relaxation.preferred.is_some_and(|it| it.insist != Insist::For(0) && is_there(it.agent))
                && (queued == Queued::First || !goes_on);
        let row = self.requests.get_mut(&request).unwrap();
        (row.steps, row.insists, row.steps_from) = (0, insists, from.max(row.routing.not_before));
        while let Some(at) = row.relaxes_at().filter(|it| *it <= now) {
            row.give_way(at);
        }
    }

    /// What is due gives way.
    pub(crate) fn relax(&mut self, request: RequestId, at: Millis) {
        let row = self.requests.get_mut(&request).unwrap();
        row.give_way(at);
        self.say_how_far(request);
    }

    pub(crate) fn stop_insisting(&mut self, request: RequestId) {
        let row = self.requests.get_mut(&request).unwrap();
        if std::mem::take(&mut row.insists) {
            self.say_how_far(request);
        }
    }

    fn say_how_far(&mut self, request: RequestId) {
        let row = &self.requests[&request];
        let (conversation, relaxed) = (row.conversation, row.how_far());
        self.said.push(Event::RequestRelaxed { request, conversation, relaxed });
    }
}
