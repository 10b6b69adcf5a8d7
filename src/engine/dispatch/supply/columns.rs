//! Cohorts by what they can do: for each skill who has it and at which level, for each queue who serves it. Who may serve a class is
//! found by a few word operations, and how well each matches it without a look at the cohort itself.
//!
//! It takes two bytes for each skill of a cohort, and a bit and a half for each skill and cohort. Cohorts come in the order of their
//! numbers and stay as they are, so all of it only grows; it goes when the index is built anew.

use super::{CohortIx, Registry};
use crate::engine::{
    dispatch::{
        bits::Bits,
        eligible::{Class, Cohort},
    },
    ids::SkillIx,
    routing::{Requirement, Target},
};

/// Who has a skill, and at which level.
#[derive(Debug, Default)]
struct Column {
    has: Bits,
    /// How many have it before those of each word of the bits.
    before: Vec<u32>,
    /// The levels of those who have it, in order.
    levels: Vec<u16>,
}

impl Column {
    fn push(&mut self, cohort: CohortIx, level: u16) {
        let count = u32::try_from(self.levels.len()).unwrap_or(u32::MAX);
        self.before.resize(cohort / 64 + 1, count);
        self.has.set(cohort);
        self.levels.push(level);
    }

    fn level(&self, cohort: CohortIx) -> Option<u16> {
        let word = self.has.word(cohort / 64);
        let (bit, lower) = (word >> (cohort % 64) & 1, word & ((1 << (cohort % 64)) - 1));
        (bit == 1).then(|| {
            let place = self.before[cohort / 64] + lower.count_ones();
            self.levels[place as usize]
        })
    }
}

/// What the cohorts can do.
#[derive(Debug, Default)]
pub(super) struct Columns {
    count: usize,
    skills: Vec<Column>,
    queues: Vec<Bits>,
}

impl Columns {
    /// Takes in the next cohort.
    pub(super) fn push(&mut self, cohort: &Cohort) {
        for &(skill, level) in &*cohort.skills {
            at(&mut self.skills, skill.index()).push(self.count, level);
        }
        for queue in &*cohort.queues {
            at(&mut self.queues, queue.index()).set(self.count);
        }
        self.count += 1;
    }

    /// The level at which a cohort has a skill.
    pub(super) fn level(&self, cohort: CohortIx, skill: SkillIx) -> Option<u16> {
        self.skills.get(skill.index())?.level(cohort)
    }

    /// Cohorts that may serve a class, and all that can: who has every skill, at whatever level, and serves the queue.
    pub(super) fn may_serve(&self, registry: &Registry, class: &Class) -> Bits {
        match &class.target {
            Target::Agent(_) => Bits::up_to(self.count),
            Target::Skill(skill) => self.with(*skill),
            Target::Requirements(requirements) => {
                self.with_all(Bits::up_to(self.count), skills(requirements))
            }
            Target::Queue { queue, skills: required } => {
                let members = self.queues.get(queue.index()).cloned().unwrap_or_default();
                self.with_all(members, skills(required))
            }
            Target::Button(button) => {
                let button = registry.button(*button);
                if button.spec.all_skills {
                    return self.with_all(Bits::up_to(self.count), button.skills.iter().copied());
                }
                let mut any = Bits::default();
                button.skills.iter().for_each(|skill| any.join(&self.with(*skill)));
                any
            }
        }
    }

    fn with(&self, skill: SkillIx) -> Bits {
        self.skills.get(skill.index()).map(|it| it.has.clone()).unwrap_or_default()
    }

    fn with_all(&self, mut among: Bits, skills: impl Iterator<Item = SkillIx>) -> Bits {
        let nobody = Bits::default();
        skills.for_each(|it| among.meet(self.skills.get(it.index()).map_or(&nobody, |column| &column.has)));
        among
    }
}

fn skills(requirements: &[Requirement]) -> impl Iterator<Item = SkillIx> + '_ {
    requirements.iter().map(|it| it.skill)
}

/// The entry of a number, which is made where there is none.
fn at<T: Default>(all: &mut Vec<T>, number: usize) -> &mut T {
    if all.len() <= number {
        all.resize_with(number + 1, T::default);
    }
    &mut all[number]
}

#[cfg(test)]
mod tests {
    use super::Column;

    #[test]
    fn a_column_knows_the_level_of_each_who_has_the_skill_and_of_nobody_else() {
        let mut column = Column::default();
        let all = [(0, 5), (3, 7), (63, 1), (64, 2), (65, 3), (300, 9), (301, 4)];
        all.into_iter().for_each(|(cohort, level)| column.push(cohort, level));
        for cohort in 0..400 {
            let level = all.iter().find(|it| it.0 == cohort).map(|it| it.1);
            assert_eq!(column.level(cohort), level, "cohort {cohort}");
        }
    }
}
