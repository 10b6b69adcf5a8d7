//! What the writer knows of conversations that may go on growing, so that it need not read them back: the latest, as far as there is room.
//! The tables say the same; who is not here is read from there.

use rustc_hash::FxHashMap;
use smol_str::SmolStr;

use super::line::Piece;
use crate::journal::Position;

/// Conversations of each of the two halves, about 10 MB: as many as ten thousand agents have in hand, and more.
const HALF_MAX: usize = if cfg!(test) { 2 } else { 32_768 };

/// What the row of a conversation says of its log.
#[derive(Debug)]
pub(super) struct Standing {
    pub(super) customer: SmolStr,
    /// Up to which event the rows say everything.
    pub(super) written: Position,
    pub(super) entries: u32,
    pub(super) customer_entries: u32,
    pub(super) participants: Piece,
    pub(super) first: Piece,
}

/// Conversations by their place. When the younger half is full it becomes the older, and the older is forgotten.
#[derive(Debug, Default)]
pub(super) struct Known {
    younger: FxHashMap<i64, Standing>,
    older: FxHashMap<i64, Standing>,
}

impl Known {
    /// Takes out what is known of a conversation. It grows now; what it says then is to be remembered anew.
    pub(super) fn take(&mut self, place: i64) -> Option<Standing> {
        self.younger.remove(&place).or_else(|| self.older.remove(&place))
    }

    /// Remembers what the tables say of a conversation.
    pub(super) fn remember(&mut self, place: i64, standing: Standing) {
        if self.younger.len() >= HALF_MAX {
            self.older = std::mem::take(&mut self.younger);
        }
        self.younger.insert(place, standing);
    }

    /// Forgets everything: what the tables say is not known.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }
}
