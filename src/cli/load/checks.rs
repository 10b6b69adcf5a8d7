//! What must hold whatever the load: judged from what is observed, and from nothing else.
//!
//! - of all who accept an invite of one request, exactly one succeeds (INV-3);
//! - an agent's capacity used is the sum of its holds, and never above its units (CAP-2; no workload asks for more);
//! - what was created was ended, once, and when nothing is left no agent has a hold.

use serde::Serialize;

use crate::wire::v1;

/// Violations that are told in words; the rest are counted.
const TOLD_MAX: usize = 20;

/// What was observed, and what of it must not be.
#[derive(Debug, Default, Serialize)]
pub(super) struct Checks {
    /// Conversations whose creation was answered, and whose end was.
    pub(super) created: u64,
    pub(super) ended: u64,
    /// Requests of which an acceptance was answered, those that several accepted, and acceptances that lost.
    pub(super) requests_settled: u64,
    pub(super) races_settled: u64,
    pub(super) acceptances_lost: u64,
    /// Agents whose holds were added up.
    pub(super) agents_looked_at: u64,
    /// How often something was not as it must be.
    pub(super) violation_count: u64,
    /// The first of them in words.
    pub(super) violations: Vec<String>,
}

impl Checks {
    fn violated(&mut self, what: impl FnOnce() -> String) {
        self.violation_count += 1;
        if self.violations.len() < TOLD_MAX {
            self.violations.push(what());
        }
    }

    /// A conversation's creation was answered.
    pub(super) fn created(&mut self) {
        self.created += 1;
    }

    /// A conversation's end was answered.
    pub(super) fn ended(&mut self) {
        self.ended += 1;
    }

    /// All acceptances of a request are answered: so many won, so many lost, of these so many because their agent had no room.
    pub(super) fn settled(&mut self, conversation: u64, won: usize, lost: usize, no_room: usize) {
        self.requests_settled += 1;
        self.races_settled += u64::from(won + lost > 1);
        self.acceptances_lost += lost as u64;
        if won > 1 {
            self.violated(|| format!("conversation {conversation}: {won} acceptances of one request won"));
        } else if won == 0 && lost > 1 && no_room == 0 {
            self.violated(|| format!("conversation {conversation}: of {lost} acceptances none won"));
        }
    }

    /// An acceptance won and named another conversation than its invite.
    pub(super) fn misled(&mut self, invited_to: u64, accepted: u64) {
        self.violated(|| {
            format!("an acceptance of an invite to conversation {invited_to} won conversation {accepted}")
        });
    }

    /// An agent was looked at while work went on.
    pub(super) fn looked_at(&mut self, agent: &v1::Agent) {
        self.agents_looked_at += 1;
        let held: u64 = agent.holds.iter().map(|it| u64::from(it.units)).sum();
        if held != u64::from(agent.units_used) {
            self.violated(|| {
                format!("agent {}: {} units are used, its holds are {held}", agent.agent_id, agent.units_used)
            });
        }
        if agent.units_used > agent.units {
            self.violated(|| {
                format!("agent {}: {} units of {} are used", agent.agent_id, agent.units_used, agent.units)
            });
        }
    }

    /// An agent was looked at when everything had ended.
    pub(super) fn at_rest(&mut self, agent: &v1::Agent) {
        self.looked_at(agent);
        if !agent.holds.is_empty() || !agent.invites.is_empty() || !agent.conversation_ids.is_empty() {
            self.violated(|| {
                format!(
                    "agent {}: everything has ended, and it has {} holds, {} invites, {} conversations",
                    agent.agent_id,
                    agent.holds.len(),
                    agent.invites.len(),
                    agent.conversation_ids.len()
                )
            });
        }
    }

    /// Everything has ended: so many conversations the service still has.
    pub(super) fn left_over(&mut self, conversations: usize) {
        if conversations > 0 {
            self.violated(|| {
                format!("everything has ended, and the service has {conversations} conversations")
            });
        }
        let (created, ended) = (self.created, self.ended);
        if created != ended {
            self.violated(|| format!("{created} conversations were created and {ended} ended"));
        }
    }

    /// So many conversations did not come to their end when no more were begun.
    pub(super) fn unfinished(&mut self, conversations: usize) {
        if conversations > 0 {
            self.violated(|| format!("{conversations} conversations were never answered to their end"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agent(units: u32, units_used: u32, holds: &[u32]) -> v1::Agent {
        let holds = holds.iter().map(|units| v1::Hold { units: *units, ..Default::default() }).collect();
        v1::Agent { agent_id: "ann".into(), units, units_used, holds, ..Default::default() }
    }

    /// The words of what is wrong with what is observed.
    fn found(observe: impl FnOnce(&mut Checks)) -> Vec<String> {
        let mut checks = Checks::default();
        observe(&mut checks);
        assert_eq!(checks.violation_count, checks.violations.len() as u64);
        checks.violations
    }

    #[test]
    fn what_is_as_it_must_be_is_no_violation() {
        let none = found(|it| {
            it.created();
            it.settled(1, 1, 0, 0);
            it.settled(2, 1, 63, 0);
            // A single acceptance may be late.
            it.settled(3, 0, 1, 0);
            // Where nobody has room, nobody can win.
            it.settled(4, 0, 3, 3);
            it.looked_at(&agent(3, 3, &[1, 2]));
            it.at_rest(&agent(3, 0, &[]));
            it.ended();
            it.unfinished(0);
            it.left_over(0);
        });
        assert_eq!(none, [""; 0]);
    }

    #[test]
    fn two_winners_and_none_are_violations() {
        assert_eq!(found(|it| it.settled(7, 2, 1, 0)), ["conversation 7: 2 acceptances of one request won"]);
        assert_eq!(found(|it| it.settled(7, 0, 3, 0)), ["conversation 7: of 3 acceptances none won"]);
        assert_eq!(found(|it| it.misled(7, 8)).len(), 1);
    }

    #[test]
    fn holds_that_do_not_add_up_are_violations() {
        assert_eq!(
            found(|it| it.looked_at(&agent(3, 2, &[1]))),
            ["agent ann: 2 units are used, its holds are 1"]
        );
        assert_eq!(found(|it| it.looked_at(&agent(1, 2, &[1, 1]))), ["agent ann: 2 units of 1 are used"]);
        assert_eq!(found(|it| it.at_rest(&agent(3, 1, &[1]))).len(), 1, "a hold is left");
    }

    #[test]
    fn what_is_not_ended_is_a_violation() {
        assert_eq!(found(|it| it.left_over(2)).len(), 1);
        assert_eq!(found(Checks::created).len(), 0);
        let begun = found(|it| {
            it.created();
            it.left_over(0);
        });
        assert_eq!(begun, ["1 conversations were created and 0 ended"]);
        assert_eq!(found(|it| it.unfinished(3)).len(), 1);
    }

    #[test]
    fn more_than_anybody_reads_are_counted() {
        let mut checks = Checks::default();
        (0..1_000).for_each(|it| checks.settled(it, 2, 0, 0));
        assert_eq!((checks.violation_count, checks.violations.len()), (1_000, TOLD_MAX));
    }
}
