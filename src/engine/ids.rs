//! The engine's names for things: small dense numbers. The strings of the directory stay at its edge (`directory::names`).

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

/// Milliseconds since 1970-01-01 UTC, as the shard stamped them. The engine reads no clock.
pub type Millis = u64;

macro_rules! dense_index {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name(pub u32);

        impl $name {
            /// The place in a vector that has one entry a resource.
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }

        impl From<u32> for $name {
            fn from(index: u32) -> Self {
                Self(index)
            }
        }
    )*};
}

dense_index! {
    /// An agent of the directory.
    AgentIx;
    /// A skill.
    SkillIx;
    /// A channel.
    ChannelIx;
    /// A presence status.
    StatusIx;
    /// A capacity profile.
    ProfileIx;
    /// A queue.
    QueueIx;
    /// A button.
    ButtonIx;
}

/// Some agents, as an event or a decision names them: few as a rule, and then in place.
pub type Agents = SmallVec<[AgentIx; 4]>;

macro_rules! sequence_number {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name(pub u64);

        impl $name {
            /// The one after it.
            #[must_use]
            pub fn next(self) -> Self {
                Self(self.0 + 1)
            }
        }

        impl From<u64> for $name {
            fn from(number: u64) -> Self {
                Self(number)
            }
        }

        impl From<$name> for u64 {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    )*};
}

sequence_number! {
    /// A conversation. Numbered from 1 in the order of creation, so an id below the next one that is not live has ended.
    ConversationId;
    /// One ask to find an agent. Numbered from 1 in the order of arrival.
    RequestId;
    /// A request as shown to one agent. Numbered from 1.
    InviteId;
    /// One log-in of an agent. Numbered from 1 for each agent; a higher one fences all lower ones.
    Epoch;
}

/// What makes a command the same command when it comes again: a hash over the caller's `request_id`, and in its first byte of what
/// kind the command was, so that an id that is used for another kind is found out (API-1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RequestKey(pub u128);

impl RequestKey {
    /// Bits of the hash; the others are the kind.
    const HASH_BITS: u32 = 120;

    /// The key of a command of this kind with the same `request_id`.
    #[must_use]
    pub fn of_kind(self, kind: u8) -> Self {
        Self(u128::from(kind) << Self::HASH_BITS | self.request())
    }

    /// What all keys with the same `request_id` have in common.
    pub fn request(self) -> u128 {
        self.0 & ((1 << Self::HASH_BITS) - 1)
    }
}
