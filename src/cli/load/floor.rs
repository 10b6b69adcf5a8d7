//! The floor of a run: agents with skills and units, drawn from a seed; what conversations require; who has room.
//!
//! With as many cohorts as agents and the other options at their defaults it is the floor of the dispatchers that the service is
//! compared with: skills by Zipf's law with the exponent 0.8, three to eight an agent, one to three units each.

use super::plan::{FloorArgs, Plan};
use crate::wire::v1;

/// The channel of all conversations; each takes one unit.
pub(super) const CHANNEL: &str = "load-chat";
/// The status in which agents take them.
pub(super) const STATUS: &str = "load-online";
/// The queue that every agent serves. An org that has it is the load's own.
pub(super) const QUEUE: &str = "load-everyone";
/// The skill of the agents whom broadcasts go to.
pub(super) const RACE_SKILL: &str = "load-race";
/// A skill that nobody has: what requires it waits for ever.
pub(super) const NOBODYS_SKILL: &str = "load-nobody";
/// Units of such an agent: the most that there are, so that a race never lacks room and always has a winner.
const RACER_UNITS: u32 = 1_000;
/// Units of an agent, at most.
const UNITS_MAX: u32 = 3;
/// How much more common a skill is than the next.
const ZIPF: f64 = 0.8;
/// Any: requirements ask for no least level.
const LEVEL: u32 = 500;

/// Numbers that look random and are the same for the same seed (splitmix64), as the compared dispatchers draw theirs.
#[derive(Debug, Clone)]
pub(super) struct Rng(u64);

impl Rng {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below a bound.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        let product = u128::from(self.next()) * bound as u128;
        usize::try_from(product >> 64).unwrap_or(0)
    }

    /// A number from 0 to 1.
    #[allow(clippy::cast_precision_loss, reason = "53 bits are as many as there are")]
    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Who an agent of the floor is: those who race come after the others.
pub(super) type AgentNumber = u32;

/// The skills that a conversation requires, one to three.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Item {
    skills: [u16; 3],
    count: u8,
}

impl Item {
    #[cfg(test)]
    pub(super) fn none() -> Self {
        Self { skills: [0; 3], count: 0 }
    }

    pub(super) fn skills(&self) -> &[u16] {
        self.skills.get(..usize::from(self.count)).unwrap_or(&self.skills)
    }
}

#[derive(Debug, Clone)]
struct Cohort {
    skills: Vec<u16>,
    units: u32,
}

/// The agents.
#[derive(Debug)]
pub(super) struct Floor {
    args: FloorArgs,
    cohorts: Vec<Cohort>,
    racers: usize,
    /// Who has room, as far as the generator knows, in no order; and where in that list each agent is.
    free: Vec<AgentNumber>,
    place: Vec<u32>,
    used: Vec<u32>,
}

const NOWHERE: u32 = u32::MAX;

impl Floor {
    /// The floor of a plan: nobody has anything in hand.
    pub(super) fn new(plan: &Plan) -> Self {
        let args = plan.floor;
        let mut rng = Rng::new(args.seed);
        let agents = u32::try_from(args.agents).unwrap_or(u32::MAX);
        Self {
            args,
            cohorts: cohorts(&args, &mut rng),
            racers: if plan.has_races() { args.race_agents } else { 0 },
            free: (0..agents).collect(),
            place: (0..agents).collect(),
            used: vec![0; args.agents],
        }
    }

    fn cohort(&self, agent: usize) -> &Cohort {
        &self.cohorts[agent % self.cohorts.len()]
    }

    /// The id of every agent, those who race last.
    pub(super) fn agent_ids(&self) -> Vec<String> {
        let others = (0..self.args.agents).map(|it| format!("agent-{it:06}"));
        others.chain((0..self.racers).map(|it| format!("racer-{it:06}"))).collect()
    }

    pub(super) fn skill_ids(&self) -> Vec<String> {
        (0..self.args.skills).map(|it| format!("skill-{it:03}")).collect()
    }

    /// All units of all agents but those who race.
    pub(super) fn units(&self) -> usize {
        (0..self.args.agents).map(|it| self.cohort(it).units as usize).sum()
    }

    /// Who has the work that stays beside what the clients do: one entry a unit.
    pub(super) fn staying(&self) -> Vec<AgentNumber> {
        let mut rng = Rng::new(self.args.seed ^ 0x5EED);
        let units = |it: usize| {
            let agent = u32::try_from(it).unwrap_or(u32::MAX);
            std::iter::repeat_n(agent, self.cohort(it).units as usize)
        };
        let mut drawn: Vec<AgentNumber> = (0..self.args.agents).flat_map(units).collect();
        #[allow(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a share of a few million"
        )]
        let count = (drawn.len() as f64 * self.args.busy_share) as usize;
        for it in 0..count {
            let other = it + rng.below(drawn.len() - it);
            drawn.swap(it, other);
        }
        drawn.truncate(count);
        drawn
    }

    /// What the next conversation requires: skills of an agent who has room, as far as the generator knows, so that it seldom waits.
    pub(super) fn item(&self, rng: &mut Rng) -> Item {
        let agent = match self.free.len() {
            0 => rng.below(self.args.agents),
            free => self.free[rng.below(free)] as usize,
        };
        let share = rng.unit();
        let wanted = if share < 0.5 {
            1
        } else if share < 0.8 {
            2
        } else {
            3
        };
        let skills = &self.cohort(agent).skills;
        let wanted = wanted.min(self.args.requirements).min(skills.len());
        let mut item = Item { skills: [0; 3], count: 0 };
        while usize::from(item.count) < wanted {
            let skill = skills[rng.below(skills.len())];
            if !item.skills().contains(&skill) {
                item.skills[usize::from(item.count)] = skill;
                item.count += 1;
            }
        }
        item.skills[..wanted].sort_unstable();
        item
    }

    /// An agent has one conversation more.
    pub(super) fn give(&mut self, agent: AgentNumber) {
        let it = agent as usize;
        let Some(used) = self.used.get_mut(it) else { return };
        *used += 1;
        if *used >= self.cohorts[it % self.cohorts.len()].units && self.place[it] != NOWHERE {
            let place = std::mem::replace(&mut self.place[it], NOWHERE) as usize;
            self.free.swap_remove(place);
            if let Some(moved) = self.free.get(place) {
                self.place[*moved as usize] = u32::try_from(place).unwrap_or(NOWHERE);
            }
        }
    }

    /// An agent has one conversation less.
    pub(super) fn take(&mut self, agent: AgentNumber) {
        let it = agent as usize;
        let Some(used) = self.used.get_mut(it) else { return };
        *used = used.saturating_sub(1);
        if *used < self.cohorts[it % self.cohorts.len()].units && self.place[it] == NOWHERE {
            self.place[it] = u32::try_from(self.free.len()).unwrap_or(NOWHERE);
            self.free.push(agent);
        }
    }

    /// The directory of this floor.
    pub(super) fn directory(&self) -> v1::Directory {
        let skill_ids = self.skill_ids();
        let named = |id: &str| v1::Skill { id: id.to_owned(), ..Default::default() };
        let profile = |id: String, units| v1::CapacityProfile { id, units, ..Default::default() };
        let units = (1..=UNITS_MAX).map(|units| profile(format!("load-{units}"), units));
        v1::Directory {
            skills: skill_ids
                .iter()
                .map(|it| named(it))
                .chain([named(RACE_SKILL), named(NOBODYS_SKILL)])
                .collect(),
            channels: vec![v1::Channel {
                id: CHANNEL.to_owned(),
                weight: 1,
                conference_allowed: true,
                auto_accept: self.args.auto_accept,
                ..Default::default()
            }],
            presence_statuses: vec![v1::PresenceStatus {
                id: STATUS.to_owned(),
                kind: v1::PresenceKind::Online.into(),
                channel_ids: vec![CHANNEL.to_owned()],
                ..Default::default()
            }],
            capacity_profiles: units.chain([profile("load-racer".to_owned(), RACER_UNITS)]).collect(),
            queues: vec![v1::Queue { id: QUEUE.to_owned(), ..Default::default() }],
            buttons: Vec::new(),
            agents: self.agent_ids().into_iter().enumerate().map(|it| self.agent(it, &skill_ids)).collect(),
        }
    }

    fn agent(&self, (number, id): (usize, String), skill_ids: &[String]) -> v1::AgentResource {
        let skill = |id: &str| v1::AgentSkill { skill_id: id.to_owned(), level_hundredths: LEVEL };
        if number >= self.args.agents {
            return v1::AgentResource {
                id,
                capacity_profile_id: "load-racer".to_owned(),
                skills: vec![skill(RACE_SKILL)],
                ..Default::default()
            };
        }
        let cohort = self.cohort(number);
        v1::AgentResource {
            id,
            capacity_profile_id: format!("load-{}", cohort.units),
            skills: cohort.skills.iter().map(|it| skill(&skill_ids[usize::from(*it)])).collect(),
            queue_ids: vec![QUEUE.to_owned()],
            ..Default::default()
        }
    }
}

#[allow(clippy::cast_precision_loss, reason = "there are few skills")]
fn cohorts(args: &FloorArgs, rng: &mut Rng) -> Vec<Cohort> {
    let weights: Vec<f64> = (1..=args.skills).map(|it| 1.0 / (it as f64).powf(ZIPF)).collect();
    let total: f64 = weights.iter().sum();
    let span = args.skills_per_agent;
    let cohort = |_| {
        let count = span.from + rng.below(span.to - span.from + 1);
        let mut skills: Vec<u16> = Vec::with_capacity(count);
        while skills.len() < count {
            let mut left = rng.unit() * total;
            let passed = |weight: &&f64| {
                let is_passed = left > **weight;
                left -= **weight;
                is_passed
            };
            let skill = weights.iter().take_while(passed).count().min(args.skills - 1);
            let skill = u16::try_from(skill).unwrap_or(u16::MAX);
            if !skills.contains(&skill) {
                skills.push(skill);
            }
        }
        skills.sort_unstable();
        Cohort { skills, units: 1 + u32::try_from(rng.below(UNITS_MAX as usize)).unwrap_or(0) }
    };
    (0..args.cohorts.min(args.agents)).map(cohort).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use clap::Parser;

    use super::*;
    use crate::cli::load::plan::LoadArgs;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        load: LoadArgs,
    }

    fn floor(line: &[&str]) -> Floor {
        Floor::new(&Line::try_parse_from([&["load"], line].concat()).unwrap().load.plan().unwrap())
    }

    #[test]
    fn the_same_seed_makes_the_same_floor_and_another_another() {
        let of = |seed: &str| floor(&["--seed", seed]).directory();
        assert_eq!(of("1"), of("1"));
        assert_ne!(of("1"), of("2"));
    }

    #[test]
    fn agents_are_as_the_options_say() {
        let directory =
            floor(&["--agents", "300", "--cohorts", "20", "--skills-per-agent", "2-5"]).directory();
        assert_eq!(directory.agents.len(), 300, "nobody races in a cycle");
        assert!(directory.agents.iter().all(|it| (2..=5).contains(&it.skills.len())));
        let alike: BTreeSet<_> = directory
            .agents
            .iter()
            .map(|it| {
                (
                    it.capacity_profile_id.clone(),
                    it.skills.iter().map(|it| it.skill_id.clone()).collect::<Vec<_>>(),
                )
            })
            .collect();
        assert_eq!(alike.len(), 20);
        let common = |skill: &str| {
            directory.agents.iter().filter(|it| it.skills.iter().any(|it| it.skill_id == skill)).count()
        };
        assert!(common("skill-000") > common("skill-049"), "the first skill is more common than the last");
        let racing = floor(&["--agents", "10", "--workload", "race", "--race-agents", "7"]).directory();
        assert_eq!(racing.agents.len(), 17);
    }

    #[test]
    fn what_stays_is_the_share_that_was_asked_and_fits() {
        let floor = floor(&["--agents", "500", "--busy-share", "0.5"]);
        let staying = floor.staying();
        assert_eq!(staying.len(), floor.units() / 2);
        for agent in 0..500 {
            let held = staying.iter().filter(|it| **it == agent).count();
            assert!(held <= floor.cohort(agent as usize).units as usize);
        }
    }

    #[test]
    fn who_has_no_room_is_not_drawn_for_until_it_has() {
        let mut floor = floor(&["--agents", "3", "--cohorts", "3", "--skills-per-agent", "1"]);
        for agent in [0, 2] {
            (0..UNITS_MAX).for_each(|_| floor.give(agent));
        }
        let mut rng = Rng::new(1);
        let skill = floor.cohort(1).skills[0];
        assert!((0..100).all(|_| floor.item(&mut rng).skills() == [skill]));
        (0..UNITS_MAX).for_each(|_| floor.take(0));
        assert_eq!(floor.free.iter().copied().collect::<BTreeSet<_>>(), [0, 1].into());
        floor.give(99_999);
        floor.take(99_999);
        assert_eq!(floor.free.len(), 2, "those who race always have room");
    }
}
