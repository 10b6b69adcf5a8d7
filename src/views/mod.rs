//! What many tasks read and the shards publish, once it is durable: names, the event feed, chat logs. To lose any of it is to lose no
//! truth: it is rebuilt from the journal.
//!
//! ```text
//!   publisher ──► Org (names, tail, position) ──► watchers, api
//!                        └──► Logbook (views.db) ──► ReadChatLog, WatchChatLog, ended conversations
//! ```

pub mod feed;
pub mod logbook;
pub mod orgs;
