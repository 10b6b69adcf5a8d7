//! An agent as the engine keeps it: session, presence, and the capacity that it holds.
//!
//! The holds are private to this file, with the sums that are derived from them, so that CAP-2 (the sum of holds is the capacity
//! used, always) is kept in one place.

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::engine::{
    directory::registry::{CapacityProfile, ChannelSet},
    event::Console,
    ids::{ChannelIx, ConversationId, Epoch, InviteId, Millis, RequestId, StatusIx},
};

/// One log-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Which.
    pub epoch: Epoch,
    /// Where.
    pub console: Console,
    /// When it is over, once its stream broke; 0: the stream is open.
    pub lease_until: Millis,
}

/// By what capacity is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum HoldOwner {
    /// A pending invite.
    Invite(InviteId),
    /// A participation.
    Participation,
    /// A participation in a conversation that is inactive (CAP-6).
    Inactive,
    /// A wrap-up, until then.
    WrapUp(Millis),
}

/// Capacity units taken at an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// By what.
    pub owner: HoldOwner,
    /// In which conversation.
    pub conversation: ConversationId,
    /// On which channel.
    pub channel: ChannelIx,
    /// How many.
    pub units: u32,
    /// Whether of the interruptible pool alone.
    pub interruptible: bool,
}

/// Room that is kept for a request that starves (QUE-5): the agent gets no lighter work of its pool until the request fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Earmark {
    /// Of which pool.
    pub interruptible: bool,
    /// How much.
    pub units: u32,
}

/// What an agent has in hand, as far as routing cares: agents with the same load and profile have room for the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Load {
    /// Units in use, of both pools.
    pub total: u32,
    /// Units in use by work that is not interruptible.
    pub primary: u32,
    /// Whether anything is in hand, be it of weight 0. What is inactive is not, unless it takes units.
    pub in_hand: bool,
    /// Channels of which it has as many as its profile allows.
    pub closed: ChannelSet,
    /// What its room is kept for.
    pub earmark: Option<Earmark>,
}

/// An agent.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Agent {
    /// Its log-in.
    pub session: Option<Session>,
    /// The epoch of its latest log-in.
    pub latest_epoch: u64,
    /// What it says of itself; none without a session.
    pub status: Option<StatusIx>,
    /// Whether it let an invite expire and has not acted since (INV-5).
    pub not_responding: bool,
    /// When it was given work last, as a count of all givings; 0: never.
    pub given: u64,
    /// When its last work ended, or it came online.
    pub free_since: Millis,
    /// Its pending invites, oldest first, those that hold nothing too.
    pub invites: SmallVec<[InviteId; 2]>,
    /// The request that it is earmarked for (QUE-5), and what room is kept for it.
    earmark: Option<(RequestId, Earmark)>,
    holds: Vec<Hold>,
    load: Load,
}

impl Agent {
    /// Who holds its capacity, oldest first.
    pub fn holds(&self) -> &[Hold] {
        &self.holds
    }

    /// The sums over its holds.
    pub fn load(&self) -> Load {
        self.load
    }

    /// Adds a hold.
    pub fn hold(&mut self, profile: &CapacityProfile, hold: Hold) {
        self.holds.push(hold);
        self.sum_up(profile);
    }

    /// Hands a hold over to another owner.
    pub fn rehold(
        &mut self,
        profile: &CapacityProfile,
        conversation: ConversationId,
        from: HoldOwner,
        to: HoldOwner,
    ) {
        self.hold_mut(conversation, from).owner = to;
        self.sum_up(profile);
    }

    /// Gives a hold another owner and other units.
    pub fn reweigh(
        &mut self,
        profile: &CapacityProfile,
        conversation: ConversationId,
        (from, to): (HoldOwner, HoldOwner),
        units: u32,
    ) {
        let hold = self.hold_mut(conversation, from);
        (hold.owner, hold.units) = (to, units);
        self.sum_up(profile);
    }

    fn hold_mut(&mut self, conversation: ConversationId, owner: HoldOwner) -> &mut Hold {
        let hold = self.holds.iter_mut().find(|it| it.conversation == conversation && it.owner == owner);
        hold.unwrap_or_else(|| unreachable!("capacity is handed over by who has it"))
    }

    /// What it holds as a participant of a conversation, be that inactive.
    pub fn part(&self, conversation: ConversationId) -> Option<&Hold> {
        self.holds.iter().find(|it| it.conversation == conversation && it.owner.is_part())
    }

    /// The load it would have without its part in a conversation.
    pub fn load_without(&self, profile: &CapacityProfile, conversation: ConversationId) -> Load {
        sum(&self.holds.iter().filter(|it| it.conversation != conversation || !it.owner.is_part()), profile)
    }

    /// Ends a hold, and says what it was.
    pub fn release(
        &mut self,
        profile: &CapacityProfile,
        conversation: ConversationId,
        owner: HoldOwner,
    ) -> Hold {
        let place = self.holds.iter().position(|it| it.conversation == conversation && it.owner == owner);
        let hold =
            self.holds.remove(place.unwrap_or_else(|| unreachable!("capacity is released by who has it")));
        self.sum_up(profile);
        hold
    }

    /// The request that the agent is earmarked for, and what room is kept for it.
    pub fn earmark(&self) -> Option<(RequestId, Earmark)> {
        self.earmark
    }

    /// Earmarks the agent for a request, or for none.
    pub fn set_earmark(&mut self, profile: &CapacityProfile, earmark: Option<(RequestId, Earmark)>) {
        self.earmark = earmark;
        self.sum_up(profile);
    }

    /// When the agent's wrap-up in a conversation ends: the first, where it left more than once.
    pub fn wrap_up(&self, conversation: ConversationId) -> Option<Millis> {
        let of_conversation = self.holds.iter().filter(|it| it.conversation == conversation);
        of_conversation
            .filter_map(|it| match it.owner {
                HoldOwner::WrapUp(until) => Some(until),
                HoldOwner::Invite(_) | HoldOwner::Participation | HoldOwner::Inactive => None,
            })
            .min()
    }

    /// The conversations that it is in, in the order in which it joined.
    pub fn conversations(&self) -> impl Iterator<Item = ConversationId> + '_ {
        self.holds.iter().filter(|it| it.owner.is_part()).map(|it| it.conversation)
    }

    /// Sums up the holds anew: after each change of them, and when the agent's profile changes.
    pub fn sum_up(&mut self, profile: &CapacityProfile) {
        let earmark = self.earmark.map(|it| it.1);
        self.load = Load { earmark, ..sum(&self.holds.iter(), profile) };
    }
}

impl HoldOwner {
    /// Whether it is a part in a conversation, be that inactive.
    pub fn is_part(self) -> bool {
        match self {
            Self::Participation | Self::Inactive => true,
            Self::Invite(_) | Self::WrapUp(_) => false,
        }
    }

    /// Whether it counts against the bound of its channel.
    fn fills_channel(self) -> bool {
        match self {
            Self::Invite(_) | Self::Participation => true,
            Self::Inactive | Self::WrapUp(_) => false,
        }
    }
}

fn sum<'a>(holds: &(impl Iterator<Item = &'a Hold> + Clone), profile: &CapacityProfile) -> Load {
    let mut load = Load::default();
    for hold in holds.clone() {
        load.in_hand |= hold.owner != HoldOwner::Inactive || hold.units > 0;
        load.total += hold.units;
        if !hold.interruptible {
            load.primary += hold.units;
        }
    }
    for &(channel, maximum) in &profile.maxima {
        let fills = |it: &&Hold| it.channel == channel && it.owner.fills_channel();
        if holds.clone().filter(fills).count() >= maximum as usize {
            load.closed.insert(channel);
        }
    }
    load
}
