//! How the latest invites ended, a byte each, and whose they were, so that a late acceptance is refused with what happened (INV-4). What
//! became of another agent's invite is nobody else's business.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::engine::{
    event::InviteEnd,
    ids::{AgentIx, InviteId},
    limits,
    rejection::Rejection,
};

/// Where an invite stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// Not settled.
    Pending,
    /// Its agent accepted.
    Accepted,
    /// It ended otherwise.
    Ended(InviteEnd),
}

/// The outcomes of the latest invites; invites are numbered densely, so a number is a place.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Outcomes {
    forgotten: u64,
    ended: VecDeque<Outcome>,
    /// Beside them, of each.
    whose: VecDeque<AgentIx>,
}

impl Outcomes {
    /// The number of the next invite.
    pub fn next_id(&self) -> InviteId {
        InviteId(1 + self.forgotten + self.ended.len() as u64)
    }

    /// Adds an agent's next invite, pending. Forgets the oldest beyond the bound; a pending one that old is still in the table of invites.
    pub fn add(&mut self, agent: AgentIx) -> InviteId {
        let id = self.next_id();
        self.ended.push_back(Outcome::Pending);
        self.whose.push_back(agent);
        if self.ended.len() > limits::OUTCOMES_MAX {
            self.ended.pop_front();
            self.whose.pop_front();
            self.forgotten += 1;
        }
        id
    }

    fn place(&self, id: InviteId) -> Option<usize> {
        usize::try_from(id.0.checked_sub(1 + self.forgotten)?).ok()
    }

    /// Settles an invite.
    pub fn settle(&mut self, id: InviteId, outcome: Outcome) {
        if let Some(place) = self.place(id) {
            self.ended[place] = outcome;
        }
    }

    /// What to say to an agent of an invite that is not pending.
    pub fn rejection(&self, agent: AgentIx, id: InviteId) -> Rejection {
        let own = self.place(id).filter(|place| self.whose.get(*place) == Some(&agent));
        match own.and_then(|place| self.ended.get(place)) {
            None | Some(Outcome::Pending) => Rejection::InviteNotFound,
            Some(Outcome::Accepted) => Rejection::InviteAccepted,
            Some(Outcome::Ended(InviteEnd::Declined)) => Rejection::InviteDeclined,
            Some(Outcome::Ended(InviteEnd::Expired)) => Rejection::InviteExpired,
            Some(Outcome::Ended(InviteEnd::Rescinded)) => Rejection::InviteRescinded,
            Some(Outcome::Ended(InviteEnd::Revoked)) => Rejection::InviteRevoked,
        }
    }
}
