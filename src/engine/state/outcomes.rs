//! How the latest invites ended, and whose they were, so that a late acceptance is refused with what happened (INV-4). What
//! became of another agent's invite is nobody else's business.

use serde::{Deserialize, Serialize};

use super::ring::Ring;
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

/// The outcomes of the latest invites, by their numbers.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Outcomes(Ring<(AgentIx, Outcome)>);

impl Default for Outcomes {
    fn default() -> Self {
        Self(Ring::from_first(1))
    }
}

impl Outcomes {
    /// The number of the next invite.
    pub fn next_id(&self) -> InviteId {
        InviteId(self.0.next())
    }

    /// Adds an agent's next invite, pending. Forgets the oldest beyond the bound; a pending one that old is still in the table of invites.
    pub fn add(&mut self, agent: AgentIx) -> InviteId {
        let id = self.next_id();
        if self.0.len() == limits::OUTCOMES_MAX {
            self.0.forget();
        }
        self.0.push((agent, Outcome::Pending));
        id
    }

    /// Settles an invite.
    pub fn settle(&mut self, id: InviteId, outcome: Outcome) {
        if let Some((_, it)) = self.0.get_mut(id.0) {
            *it = outcome;
        }
    }

    /// What to say to an agent of an invite that is not pending.
    pub fn rejection(&self, agent: AgentIx, id: InviteId) -> Rejection {
        let own = self.0.get(id.0).filter(|(whose, _)| *whose == agent);
        match own.map(|(_, outcome)| outcome) {
            None | Some(Outcome::Pending) => Rejection::InviteNotFound,
            Some(Outcome::Accepted) => Rejection::InviteAccepted,
            Some(Outcome::Ended(InviteEnd::Declined)) => Rejection::InviteDeclined,
            Some(Outcome::Ended(InviteEnd::Expired)) => Rejection::InviteExpired,
            Some(Outcome::Ended(InviteEnd::Rescinded)) => Rejection::InviteRescinded,
            Some(Outcome::Ended(InviteEnd::Revoked)) => Rejection::InviteRevoked,
        }
    }
}
