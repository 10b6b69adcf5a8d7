//! How requirements give way (SKL-2, 3): additional skills drop in the stated order, levels sink, a preferred agent stops being insisted
//! on. What a request asks for at a moment is worked out here from how it is routed and how far it has given way, and nowhere else.
//!
//! ```text
//!   steps begin        after            after
//!   ├──── step 1 ──────┤──── step 2 ────┤──────►   each drops the next additional skills, lowers all levels, or both
//!   ├─ insisted on ─┤ the preferred agent goes first still
//! ```

use std::{ops::Deref, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::engine::{
    ids::{AgentIx, Millis},
    routing::{Mode, Requirement, Routing, Target},
};

/// How long a preferred agent is insisted on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Insist {
    /// So long; 0: it only goes first.
    For(Millis),
    /// Until it is available: without end.
    UntilAvailable,
}

/// An agent who is tried first (SKL-3). It must meet everything else as anybody must.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preferred {
    /// Who.
    pub agent: AgentIx,
    /// For how long nobody else is asked.
    pub insist: Insist,
}

/// A step in which skill requirements give way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// How long after the beginning of the steps.
    pub after: Millis,
    /// So many additional requirements drop, the next in the stated order.
    pub drops: u32,
    /// All levels sink by so many hundredths, not below 0.
    pub lowers_by: u16,
}

/// From when the steps count when the conversation is queued again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum WhenRequeued {
    /// They go on: they follow the requested time.
    #[default]
    GoOn,
    /// They start over, and so does the insistence.
    StartOver,
}

/// How the requirements of a request give way. Those of most do not, so it is one word where there is nothing to say.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Relaxation(Option<Box<Terms>>);

/// What there is to say of how requirements give way.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Terms {
    /// Requirements that may drop, the first first; of other skills than those that stay.
    pub additional: Vec<Requirement>,
    /// The steps, each later than the one before.
    pub steps: Vec<Step>,
    /// Who is tried first.
    pub preferred: Option<Preferred>,
    /// What becomes of the steps when the conversation is queued again.
    pub when_requeued: WhenRequeued,
}

static NOTHING: Terms =
    Terms { additional: Vec::new(), steps: Vec::new(), preferred: None, when_requeued: WhenRequeued::GoOn };

impl From<Terms> for Relaxation {
    fn from(terms: Terms) -> Self {
        Self((terms != NOTHING).then(|| Box::new(terms)))
    }
}

impl Deref for Relaxation {
    type Target = Terms;

    fn deref(&self) -> &Terms {
        self.0.as_deref().unwrap_or(&NOTHING)
    }
}

/// How far a request has given way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Relaxed {
    /// Steps that it has taken.
    pub steps: u32,
    /// Whether its preferred agent is insisted on still.
    pub insists: bool,
}

/// What the next step of a request is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NextStep {
    /// When.
    pub at: Millis,
    /// Requirements that drop then.
    pub drops: Vec<Requirement>,
    /// By how many hundredths the levels sink then.
    pub lowers_by: u16,
    /// Whether the preferred agent is no longer insisted on then.
    pub ends_insistence: bool,
}

impl Relaxation {
    /// As far as it says anything of this target: only what names skills can drop them, and who is addressed is not preferred.
    #[must_use]
    pub fn fit_to(&self, target: &Target) -> Self {
        match target {
            Target::Requirements(_) | Target::Queue { .. } => self.clone(),
            Target::Agent(_) => Self::default(),
            Target::Skill(_) | Target::Button(_) => {
                let (preferred, when_requeued) = (self.preferred, self.when_requeued);
                Terms { preferred, when_requeued, ..Terms::default() }.into()
            }
        }
    }

    /// The same, with a preferred agent that goes first and is not insisted on.
    #[must_use]
    pub fn without_insisting(mut self) -> Self {
        if let Some(preferred) = self.0.as_mut().and_then(|it| it.preferred.as_mut()) {
            preferred.insist = Insist::For(0);
        }
        self
    }
}

impl Terms {
    /// How far a request has given way at the beginning.
    pub fn at_first(&self) -> Relaxed {
        Relaxed { steps: 0, insists: self.preferred.is_some_and(|it| it.insist != Insist::For(0)) }
    }

    /// How far a request has given way by a time whose steps began at another.
    pub fn by(&self, now: Millis, from: Millis, former: Relaxed) -> Relaxed {
        let taken = self.steps.iter().take_while(|it| from + it.after <= now).count();
        let over = self.insistence_ends(from).is_some_and(|it| it <= now);
        Relaxed { steps: u32::try_from(taken).unwrap_or(u32::MAX), insists: former.insists && !over }
    }

    fn insistence_ends(&self, from: Millis) -> Option<Millis> {
        match self.preferred?.insist {
            Insist::For(span) => Some(from + span),
            Insist::UntilAvailable => None,
        }
    }

    /// What gives way next, of a request whose steps began at `from`.
    pub fn next(&self, from: Millis, relaxed: Relaxed) -> Option<NextStep> {
        let step = self.steps.get(relaxed.steps as usize);
        let ends = self.insistence_ends(from).filter(|_| relaxed.insists);
        let at = step.map(|it| from + it.after).into_iter().chain(ends).min()?;
        let step = step.filter(|it| from + it.after == at);
        let dropped = self.dropped(relaxed.steps);
        let drops = step.map_or(0, |it| it.drops as usize);
        Some(NextStep {
            at,
            drops: self.additional.iter().skip(dropped).take(drops).copied().collect(),
            lowers_by: step.map_or(0, |it| it.lowers_by),
            ends_insistence: ends == Some(at),
        })
    }

    fn dropped(&self, steps: u32) -> usize {
        self.steps.iter().take(steps as usize).map(|it| it.drops as usize).sum()
    }

    /// What is required after so many steps, of what is required at first: each skill once, in the order of their numbers.
    fn in_force(&self, required: &Arc<[Requirement]>, steps: u32) -> Arc<[Requirement]> {
        if steps == 0 && self.additional.is_empty() {
            return required.clone();
        }
        let lower: u32 = self.steps.iter().take(steps as usize).map(|it| u32::from(it.lowers_by)).sum();
        let lower = u16::try_from(lower).unwrap_or(u16::MAX);
        let additional = self.additional.iter().skip(self.dropped(steps));
        let sunk = |it: &Requirement| Requirement { level: it.level.saturating_sub(lower), ..*it };
        let mut all: Vec<Requirement> = required.iter().chain(additional).map(sunk).collect();
        all.sort_unstable();
        all.into()
    }
}

impl Routing {
    /// Whom a request addresses that has given way so far: required skills and those additional ones that stand, with the levels as
    /// they are.
    pub fn target_now(&self, relaxed: Relaxed) -> Target {
        match &self.target {
            Target::Requirements(required) => {
                Target::Requirements(self.relaxation.in_force(required, relaxed.steps))
            }
            Target::Queue { queue, skills } => {
                Target::Queue { queue: *queue, skills: self.relaxation.in_force(skills, relaxed.steps) }
            }
            Target::Agent(_) | Target::Skill(_) | Target::Button(_) => self.target.clone(),
        }
    }

    /// Who of those that could take it goes first, whatever the model says: the preferred agent, where one is asked at a time.
    pub fn goes_first(&self) -> Option<AgentIx> {
        self.relaxation.preferred.filter(|_| self.mode == Mode::Single).map(|it| it.agent)
    }

    /// The one agent that is addressed, if it is one: by name, or because it is preferred and insisted on.
    pub fn addressed(&self, relaxed: Relaxed) -> Option<AgentIx> {
        match (&self.target, self.relaxation.preferred) {
            (Target::Agent(agent), _) => Some(*agent),
            (_, Some(preferred)) if relaxed.insists => Some(preferred.agent),
            (Target::Skill(_) | Target::Requirements(_) | Target::Queue { .. } | Target::Button(_), _) => {
                None
            }
        }
    }
}
