//! The journal: the ordered, durable log of events of each org. It knows bytes and positions, never agents.
//!
//! ```text
//!            commit(one Append an org)            read(org, from)
//!   shard ───────────────► JournalWriter   JournalReader ◄─────── watchers, read models, recovery
//!                               │                 ▲
//!                               └──── journal.db ─┘
//! ```
//!
//! It is a seam: `embedded` (SQLite, nothing to install) stands behind it today; a distributed engine can.

/// Where an event stands in its org's journal: dense, ordered, never reused. The first event is at 1; 0 means "before any".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Position(pub u64);
