//! What the generator hears from the service, all on one channel: answers to commands, invites at agents' sessions, agents looked at.

use tokio::sync::mpsc;

use super::floor::AgentNumber;
use crate::{cli::client::CallError, wire::v1};

/// What is heard and not yet dealt with, at most. Beyond it nothing more is read, and the service sees a slow client.
const HEARD_MAX: usize = 65_536;

/// One thing that was heard.
#[derive(Debug)]
pub(super) enum Heard {
    /// The answer to a command.
    Answered(Answered),
    /// An agent is invited.
    Invited(Invited),
    /// An agent as the service sees it now.
    Seen(Box<v1::Agent>),
    /// An agent's session has come back after its stream was cut.
    Resumed,
    /// The stream that the answers or the invites of somebody came on has ended.
    Lost {
        /// Which: the door, or an agent's session.
        what: String,
        /// What the service said last.
        why: String,
    },
}

/// The answer to a command.
#[derive(Debug)]
pub(super) struct Answered {
    /// Which command.
    pub(super) token: Token,
    /// The conversation that the answer names, or 0; or why it was refused.
    pub(super) answer: Result<u64, Box<CallError>>,
}

/// An invite, as it came to the session of its agent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Invited {
    pub(super) agent: AgentNumber,
    pub(super) invite: u64,
    pub(super) conversation: u64,
    /// Which life it belongs to: what the customer was called.
    pub(super) life: LifeId,
    /// Whether it is accepted in the agent's name in the same step.
    pub(super) is_accepted: bool,
}

/// Where things are heard.
pub(super) type Ear = mpsc::Receiver<Heard>;
/// Who lets them be heard.
pub(super) type Mouth = mpsc::Sender<Heard>;

/// A new ear.
pub(super) fn ear() -> (Mouth, Ear) {
    mpsc::channel(HEARD_MAX)
}

/// A conversation on its way through the generator: its slot, and the how-manieth it is in that slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct LifeId {
    pub(super) slot: u32,
    pub(super) lap: u32,
}

impl LifeId {
    /// What its customer is called.
    pub(super) fn customer(self) -> String {
        format!("{}.{}", self.slot, self.lap)
    }

    /// Whose customer is called so.
    pub(super) fn of_customer(customer: &str) -> Option<Self> {
        let (slot, lap) = customer.split_once('.')?;
        Some(Self { slot: slot.parse().ok()?, lap: lap.parse().ok()? })
    }
}

/// The calls of which latencies are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Call {
    Create,
    Accept,
    Transfer,
    End,
}

impl Call {
    /// As the API has it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Create => "CreateConversation",
            Self::Accept => "AcceptInvite",
            Self::Transfer => "RequestTransfer",
            Self::End => "EndConversation",
        }
    }
}

/// Which command of which life; of several acceptances, which. It is the correlation id of the pipelined door.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) life: LifeId,
    pub(super) call: Call,
    pub(super) which: u16,
}

/// Bits of the parts of a correlation id: slot, lap, call, which. A lap that has come round again is another one by far.
const LAP_BITS: u32 = 32;
const WHICH_BITS: u32 = 14;
const CALL_BITS: u32 = 2;

impl Token {
    /// As one number.
    pub(super) fn pack(self) -> u64 {
        let low = u64::from(self.which) << CALL_BITS | self.call as u64;
        (u64::from(self.life.slot) << LAP_BITS | u64::from(self.life.lap)) << (WHICH_BITS + CALL_BITS) | low
    }

    /// From that number.
    pub(super) fn unpack(packed: u64) -> Self {
        let bits = |shift: u32, count: u32| {
            u32::try_from((packed >> shift) & ((1_u64 << count) - 1)).unwrap_or(u32::MAX)
        };
        let call = match bits(0, CALL_BITS) {
            0 => Call::Create,
            1 => Call::Accept,
            2 => Call::Transfer,
            _ => Call::End,
        };
        let low = WHICH_BITS + CALL_BITS;
        Self {
            life: LifeId { slot: bits(low + LAP_BITS, 64 - low - LAP_BITS), lap: bits(low, LAP_BITS) },
            call,
            which: u16::try_from(bits(CALL_BITS, WHICH_BITS)).unwrap_or(u16::MAX),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_comes_back_as_it_went() {
        for (slot, lap, call, which) in [
            (0, 0, Call::Create, 0),
            (16_383, u32::MAX, Call::End, 16_383),
            (7, 1 << 20, Call::Accept, 9_999),
            (1, 2, Call::Transfer, 3),
        ] {
            let token = Token { life: LifeId { slot, lap }, call, which };
            assert_eq!(Token::unpack(token.pack()), token);
        }
    }

    #[test]
    fn a_customer_names_its_life() {
        let life = LifeId { slot: 12, lap: 345 };
        assert_eq!(LifeId::of_customer(&life.customer()), Some(life));
        assert_eq!(LifeId::of_customer("maria"), None);
    }
}
