//! The life of a conversation, as the platform and its agents see it: what has come, and what is to be done next.
//!
//! ```text
//!   stay       Creating ─ invited ─► Accepting ─────────────────────────────────────────────► Done (it stays open)
//!   cycle      Creating ─ invited ─► Accepting ───────────────────────────────► Ending ─────► Done (one that is open ends)
//!   race       Creating ─ several ─► Accepting, all at once; one wins ────────► Ending ─────► Done
//!   transfer   Creating ─ invited ─► Accepting ─► Transferring ─► Accepting ──► Ending ─────► Done
//!   end                                                                         Ending ─────► Done
//!   backlog    Creating ────────────────────────────────────────────────────────────────────► Done (it waits)
//! ```

use super::{
    floor::{AgentNumber, Item},
    latency::Nanos,
};

/// What a conversation is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Task {
    /// To be the work in hand of an agent while others come and go.
    Stay(AgentNumber),
    /// To be routed to the best agent.
    Cycle(Item),
    /// To be raced for.
    Race,
    /// To be routed and then handed over.
    Transfer(Item),
    /// To end one that stays.
    End(Staying),
    /// To wait for ever: the how-manieth that does.
    Backlog(usize),
    /// To end one that waits.
    HangUp(u64),
}

/// A conversation that an agent has in hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Staying {
    pub(super) conversation: u64,
    pub(super) agent: AgentNumber,
}

/// Where a life is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    Creating,
    Accepting,
    Transferring,
    Ending,
    Done,
}

/// What is to be done next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// Wait for more.
    Wait,
    /// Accept all invites that came.
    Accept,
    /// The acceptances are settled; nobody won.
    GiveUp,
    /// It is accepted and stays open; what else is open may be ended.
    Stay,
    /// Hand it over.
    Transfer,
    /// End it.
    End,
}

/// Which conversation is being ended, by whom (none: the platform), and whose room comes free.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Ending {
    pub(super) conversation: u64,
    pub(super) by: Option<AgentNumber>,
    pub(super) frees: Option<AgentNumber>,
}

impl From<Staying> for Ending {
    fn from(it: Staying) -> Self {
        Self { conversation: it.conversation, by: Some(it.agent), frees: Some(it.agent) }
    }
}

/// A conversation on its way.
#[derive(Debug)]
pub(super) struct Life {
    /// The how-manieth in its slot.
    pub(super) lap: u32,
    pub(super) task: Task,
    pub(super) stage: Stage,
    /// When it should have begun.
    pub(super) begun: Nanos,
    /// When the acceptances or the end were sent.
    pub(super) sent: Nanos,
    /// When the transfer was.
    pub(super) transferred: Nanos,
    /// Commands that are not answered yet.
    pub(super) unanswered: usize,
    /// When the last of each number was sent, the last time.
    pub(super) asked: Vec<Nanos>,
    /// Its number, once the answer or an invite has told it.
    pub(super) conversation: u64,
    /// Whether the answer to its creation has come.
    pub(super) is_created: bool,
    /// Who is in it.
    pub(super) holder: Option<AgentNumber>,
    /// The invites that came, and from which on they are of its open request.
    pub(super) invites: Vec<(AgentNumber, u64)>,
    pub(super) first: usize,
    /// The acceptances that were answered: those that won, those that lost, and of these the ones whose agent had no room.
    pub(super) won: usize,
    pub(super) lost: usize,
    pub(super) no_room: usize,
    pub(super) ending: Ending,
}

impl Life {
    /// A slot that nobody has used.
    pub(super) fn unused() -> Self {
        Self {
            lap: 0,
            task: Task::Race,
            stage: Stage::Done,
            begun: 0,
            sent: 0,
            transferred: 0,
            unanswered: 0,
            asked: Vec::new(),
            conversation: 0,
            is_created: false,
            holder: None,
            invites: Vec::new(),
            first: 0,
            won: 0,
            lost: 0,
            no_room: 0,
            ending: Ending::default(),
        }
    }

    /// One of its commands is sent.
    pub(super) fn ask(&mut self, which: usize, now: Nanos) {
        self.asked.resize(self.asked.len().max(which + 1), 0);
        self.asked[which] = now;
    }

    /// Begins the next life in this slot.
    pub(super) fn begin(&mut self, task: Task, begun: Nanos) {
        let (mut invites, mut asked) = (std::mem::take(&mut self.invites), std::mem::take(&mut self.asked));
        invites.clear();
        asked.clear();
        *self = Self {
            lap: self.lap.wrapping_add(1),
            task,
            stage: Stage::Creating,
            begun,
            asked,
            invites,
            ..Self::unused()
        };
    }

    /// An agent is invited. `acceptors`: how many accept a race at once.
    pub(super) fn invited(&mut self, agent: AgentNumber, invite: u64, acceptors: usize) -> Next {
        let wanted = match (self.stage, self.task) {
            (Stage::Creating, Task::Race) => acceptors,
            (Stage::Creating | Stage::Transferring, _) => 1,
            // Those of a broadcast who did not accept, or one who is asked when it has been given up.
            (Stage::Accepting | Stage::Ending | Stage::Done, _) => return Next::Wait,
        };
        if self.invites.contains(&(agent, invite)) {
            // A session that came back is told again of what it was told before.
            return Next::Wait;
        }
        self.invites.push((agent, invite));
        if self.invites.len() - self.first < wanted { Next::Wait } else { Next::Accept }
    }

    /// The invites that came for its open request are being accepted.
    pub(super) fn accept(&mut self, now: Nanos) {
        (self.stage, self.sent) = (Stage::Accepting, now);
        (self.won, self.lost, self.no_room) = (0, 0, 0);
    }

    /// An acceptance is answered; whether it won.
    pub(super) fn accepted(&mut self, which: usize, has_won: bool) -> Next {
        let former = self.holder;
        if has_won {
            self.won += 1;
            self.holder = self.invites.get(which).map(|it| it.0);
        } else {
            self.lost += 1;
        }
        if self.won + self.lost < self.invites.len() - self.first {
            return Next::Wait;
        }
        match self.task {
            _ if self.won == 0 => Next::GiveUp,
            Task::Stay(_) | Task::Cycle(_) => Next::Stay,
            Task::Transfer(_) if former.is_none() => Next::Transfer,
            Task::Transfer(_) | Task::Race | Task::End(_) | Task::Backlog(_) | Task::HangUp(_) => Next::End,
        }
    }

    /// It is being handed over: its present agent asks.
    pub(super) fn transfer(&mut self, now: Nanos) {
        (self.stage, self.transferred) = (Stage::Transferring, now);
        self.first = self.invites.len();
    }

    /// Something is being ended.
    pub(super) fn end(&mut self, ending: Ending, now: Nanos) {
        (self.stage, self.ending, self.sent) = (Stage::Ending, ending, now);
    }

    /// Itself, as what is to be ended by whoever is in it; the platform where nobody is.
    pub(super) fn itself(&self) -> Ending {
        Ending { conversation: self.conversation, by: self.holder, frees: self.holder }
    }

    /// Whether it waits for an agent.
    pub(super) fn is_waiting(&self) -> bool {
        self.is_created && matches!(self.stage, Stage::Creating | Stage::Transferring)
    }

    /// Whether nothing more will come of it.
    pub(super) fn is_over(&self) -> bool {
        self.stage == Stage::Done && self.unanswered == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begun(task: Task) -> Life {
        let mut life = Life::unused();
        life.begin(task, 5);
        life
    }

    #[test]
    fn a_single_invite_is_accepted_at_once() {
        let mut life = begun(Task::Stay(3));
        assert_eq!(life.invited(3, 70, 4), Next::Accept);
        life.accept(9);
        assert_eq!(life.accepted(0, true), Next::Stay);
        assert_eq!(life.holder, Some(3));
    }

    #[test]
    fn a_race_waits_for_its_acceptors_and_is_over_when_all_are_answered() {
        let mut life = begun(Task::Race);
        assert_eq!(
            [0, 1, 1, 2].map(|it| life.invited(it, 70, 3)),
            [Next::Wait, Next::Wait, Next::Wait, Next::Accept]
        );
        life.accept(9);
        assert_eq!(life.invited(3, 73, 3), Next::Wait, "who comes later does not accept");
        let answers = [(1, false), (2, true), (0, false)].map(|(which, won)| life.accepted(which, won));
        assert_eq!(answers, [Next::Wait, Next::Wait, Next::End]);
        assert_eq!((life.won, life.lost, life.itself().by), (1, 2, Some(2)));
    }

    #[test]
    fn a_transfer_is_accepted_twice_and_ended_by_the_receiver() {
        let mut life = begun(Task::Transfer(crate::cli::load::floor::Item::none()));
        assert_eq!(life.invited(1, 70, 4), Next::Accept);
        life.accept(6);
        assert_eq!(life.accepted(0, true), Next::Transfer);
        life.transfer(7);
        assert_eq!(life.invited(2, 71, 4), Next::Accept);
        life.accept(8);
        assert_eq!(life.first, 1, "its second acceptance is another command than its first");
        assert_eq!(life.accepted(1, true), Next::End);
        assert_eq!(life.itself().by, Some(2));
    }

    #[test]
    fn what_nobody_won_is_given_up() {
        let mut life = begun(Task::Stay(3));
        assert_eq!(life.invited(3, 70, 4), Next::Accept);
        life.accept(9);
        assert_eq!(life.accepted(0, false), Next::GiveUp);
        assert_eq!(life.itself().by, None, "the platform ends it");
    }

    #[test]
    fn a_life_in_a_used_slot_is_a_new_one() {
        let mut life = begun(Task::Race);
        life.invited(1, 70, 4);
        let lap = life.lap;
        life.begin(Task::Race, 9);
        assert_eq!((life.lap, life.invites.len(), life.begun), (lap + 1, 0, 9));
    }
}
