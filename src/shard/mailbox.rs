//! The mailboxes: one a shard, bounded by weight, for each org and for all of them. What has no room is refused at once.
//!
//! An org may have as much waiting as there is room left: alone it fills half of a mailbox, two who flood it a third each, and whoever
//! comes next finds as much again. Two counters by org and shard are all that is shared: nobody waits for anybody.

use std::{
    hash::Hasher,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use rustc_hash::FxHasher;
use tokio::sync::oneshot;

use super::letter::Letter;
use crate::views::orgs::Addressee;

/// What a mailbox holds at most, in letters; a large one counts as several. At 1 KB a letter it is what 32 MB hold.
pub const MAILBOX_MAX: usize = 32_768;
/// What it holds at least, however slow the shard is: an org alone has room for all that a stream of the pipelined door has in flight.
pub const MAILBOX_MIN: usize = 8_192;
/// How long a letter of an org that floods its shard alone waits for its turn, at most, where the shard is as fast as it just was.
pub(super) const WAIT_TARGET: Duration = Duration::from_millis(50);
/// Lanes that are counted by themselves: more than a shard hosts orgs. Beyond it, orgs share.
const LANES_MAX: usize = 16_384;

/// A letter on its way to a shard.
#[derive(Debug)]
pub(super) struct Envelope {
    /// Whose turn it takes.
    pub lane: usize,
    /// What it counts as.
    pub weight: usize,
    /// What is in it.
    pub letter: Letter,
}

/// How much waits at a shard. It is counted from the moment when a letter is posted until it is decided.
#[derive(Debug)]
pub(super) struct Room {
    max: AtomicUsize,
    waiting: AtomicUsize,
    of_lane: Box<[AtomicUsize]>,
}

impl Room {
    pub(super) fn new() -> Self {
        let of_lane = (0..LANES_MAX).map(|_| AtomicUsize::new(0)).collect();
        Self { max: AtomicUsize::new(MAILBOX_MAX), waiting: AtomicUsize::new(0), of_lane }
    }

    /// Takes room in a lane, if there is some. Threads that ask at the same moment may each get the last of it.
    fn take(&self, lane: usize, weight: usize) -> bool {
        let left = self.max.load(Ordering::Relaxed).saturating_sub(self.waiting.load(Ordering::Relaxed));
        let has_room = self.of_lane[lane].load(Ordering::Relaxed) < left;
        if has_room {
            self.waiting.fetch_add(weight, Ordering::Relaxed);
            self.of_lane[lane].fetch_add(weight, Ordering::Relaxed);
        }
        has_room
    }

    /// Gives back what was taken.
    pub(super) fn give_back(&self, lane: usize, weight: usize) {
        self.waiting.fetch_sub(weight, Ordering::Relaxed);
        self.of_lane[lane].fetch_sub(weight, Ordering::Relaxed);
    }

    /// Makes the mailbox as large as this rate allows: half of it, which is what one org can fill, is worked off in `WAIT_TARGET`.
    pub(super) fn fit(&self, weight: usize, took: Duration) {
        let took = took.as_nanos().max(1);
        let max = 2 * weight as u128 * WAIT_TARGET.as_nanos() / took;
        let max = usize::try_from(max).unwrap_or(usize::MAX).clamp(MAILBOX_MIN, MAILBOX_MAX);
        self.max.store(max, Ordering::Relaxed);
    }
}

/// Why a letter was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// There is no room for this org's now.
    Full,
    /// The service takes no more.
    Stopped,
}

#[derive(Debug)]
struct Mailbox {
    letters: Sender<Envelope>,
    room: Arc<Room>,
}

/// A shard's end of its mailbox.
#[derive(Debug)]
pub(super) struct Inbox {
    /// The letters.
    pub letters: Receiver<Envelope>,
    /// How much waits.
    pub room: Arc<Room>,
}

/// The mailboxes of all shards.
#[derive(Debug, Clone)]
pub struct Mailboxes(Arc<[Mailbox]>);

impl Mailboxes {
    /// Mailboxes for so many shards, and each shard's end of its own.
    pub(super) fn new(shards: usize) -> (Self, Vec<Inbox>) {
        let (mut mailboxes, mut inboxes) = (Vec::new(), Vec::new());
        for _ in 0..shards {
            let (sender, letters) = bounded(MAILBOX_MAX);
            let room = Arc::new(Room::new());
            mailboxes.push(Mailbox { letters: sender, room: room.clone() });
            inboxes.push(Inbox { letters, room });
        }
        (Self(mailboxes.into()), inboxes)
    }

    /// Puts a letter in the mailbox of an org's shard, or refuses it at once.
    pub fn post(&self, to: &Addressee, letter: Letter) -> Result<(), Refused> {
        let mailbox = &self.0[shard_of(&to.id, self.0.len())];
        let (lane, weight) = (to.lane() as usize % LANES_MAX, letter.weight());
        if !mailbox.room.take(lane, weight) {
            return Err(Refused::Full);
        }
        mailbox.letters.try_send(Envelope { lane, weight, letter }).map_err(|refused| {
            mailbox.room.give_back(lane, weight);
            match refused {
                TrySendError::Full(_) => Refused::Full,
                TrySendError::Disconnected(_) => Refused::Stopped,
            }
        })
    }

    /// Wakes every shard, so that a manual clock that was set is looked at, and waits until what was due is durable.
    pub async fn wake(&self) {
        for number in 0..self.0.len() {
            let (done, woken) = oneshot::channel();
            let mailboxes = self.clone();
            let tell = move || mailboxes.0[number].tell(Letter::Wake { done });
            if tokio::task::spawn_blocking(tell).await.unwrap_or(false) {
                // A shard that stops meanwhile needs no waking.
                woken.await.unwrap_or(());
            }
        }
    }

    /// What waits now, in all mailboxes, in letters; a large one counts as several.
    pub fn waiting(&self) -> usize {
        self.0.iter().map(|it| it.room.waiting.load(Ordering::Relaxed)).sum()
    }

    /// What they hold at most as fast as the shards are now, of all orgs together.
    pub fn room(&self) -> usize {
        self.0.iter().map(|it| it.room.max.load(Ordering::Relaxed)).sum()
    }

    /// Tells every shard to stop. One that is gone already has stopped.
    pub(super) fn stop(&self) {
        for mailbox in self.0.iter() {
            mailbox.tell(Letter::Stop);
        }
    }
}

impl Mailbox {
    /// A word from the service itself, which waits for room in the channel and counts for nobody. Whether somebody will read it.
    fn tell(&self, letter: Letter) -> bool {
        self.letters.send(Envelope { lane: 0, weight: 0, letter }).is_ok()
    }
}

/// The shard of an org. Only which thread it is: the journal is by org, so their number may change from start to start.
pub(super) fn shard_of(org: &str, shards: usize) -> usize {
    let mut hasher = FxHasher::default();
    hasher.write(org.as_bytes());
    usize::try_from(hasher.finish() >> 8).unwrap_or(0) % shards
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(room: &Room, lane: usize) -> usize {
        (0..2 * MAILBOX_MAX).take_while(|_| room.take(lane, 1)).count()
    }

    #[test]
    fn each_org_that_floods_finds_as_much_room_as_it_leaves() {
        let room = Room::new();
        assert_eq!(fill(&room, 1), MAILBOX_MAX / 2);
        assert_eq!(fill(&room, 2), MAILBOX_MAX / 4);
        assert_eq!(fill(&room, 1), 0, "whoever has more than its share gets no more");
        assert_eq!(fill(&room, 3), MAILBOX_MAX / 8);
        room.give_back(1, MAILBOX_MAX / 2);
        assert!(fill(&room, 3) > 0, "what one gives back is there for others");
    }

    #[test]
    fn the_mailbox_is_as_large_as_what_is_worked_off_in_time_but_never_tiny_nor_huge() {
        let room = Room::new();
        room.fit(10_000, 2 * WAIT_TARGET);
        assert_eq!(fill(&room, 1), 5_000);
        room.give_back(1, 5_000);
        for (weight, took, max) in
            [(0, Duration::from_secs(1), MAILBOX_MIN), (1 << 40, Duration::ZERO, MAILBOX_MAX)]
        {
            room.fit(weight, took);
            assert_eq!(fill(&room, 1), max / 2);
            room.give_back(1, max / 2);
        }
    }
}
