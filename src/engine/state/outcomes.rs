//! How the latest invites ended, a byte each, so that a late acceptance is refused with what happened (INV-4).

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::engine::{event::InviteEnd, ids::InviteId, limits, rejection::Rejection};

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
    outcomes: VecDeque<Outcome>,
}

impl Outcomes {
    /// The number of the next invite.
    pub fn next_id(&self) -> InviteId {
        InviteId(1 + self.forgotten + self.outcomes.len() as u64)
    }

    /// Adds the next invite, pending. Forgets the oldest beyond the bound; a pending one that old is still in the table of invites.
    pub fn add(&mut self) -> InviteId {
        let id = self.next_id();
        self.outcomes.push_back(Outcome::Pending);
        if self.outcomes.len() > limits::OUTCOMES_MAX {
            self.outcomes.pop_front();
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
            self.outcomes[place] = outcome;
        }
    }

    /// What to say of an invite that is not pending.
    pub fn rejection(&self, id: InviteId) -> Rejection {
        match self.place(id).and_then(|place| self.outcomes.get(place)) {
            None | Some(Outcome::Pending) => Rejection::InviteNotFound,
            Some(Outcome::Accepted) => Rejection::InviteAccepted,
            Some(Outcome::Ended(InviteEnd::Declined)) => Rejection::InviteDeclined,
            Some(Outcome::Ended(InviteEnd::Expired)) => Rejection::InviteExpired,
            Some(Outcome::Ended(InviteEnd::Rescinded)) => Rejection::InviteRescinded,
            Some(Outcome::Ended(InviteEnd::Revoked)) => Rejection::InviteRevoked,
        }
    }
}
