//! Who calls, as its token says.

use std::sync::Arc;

use crate::engine::ids::Millis;

/// What a caller is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The contact centre's platform. It vouches for customers, agents and supervisors of its org.
    Platform,
    /// A supervisor.
    Supervisor,
    /// An agent at its console.
    Agent,
    /// Sees what a supervisor sees, and changes nothing.
    ReadOnly,
}

impl Role {
    /// All of them, in the order of the table of rights.
    pub const ALL: [Self; 4] = [Self::Platform, Self::Supervisor, Self::Agent, Self::ReadOnly];

    /// Its name in a token.
    pub fn name(self) -> &'static str {
        match self {
            Self::Platform => "platform",
            Self::Supervisor => "supervisor",
            Self::Agent => "agent",
            Self::ReadOnly => "read-only",
        }
    }

    /// The role of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }
}

/// A caller whose token was verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Of which org: the only one that it can reach.
    pub org: Arc<str>,
    /// What it is for.
    pub role: Role,
    /// Which agent, of the role agent; which supervisor, of the role supervisor; else empty.
    pub name: Arc<str>,
    /// From when on its token no longer counts, the allowance for clocks that differ included.
    pub until: Millis,
}
