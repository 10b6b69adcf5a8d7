//! The directory of an org: skills, channels, statuses, profiles, queues, buttons, agents (DIR-1 to 3).
//!
//! ```text
//!   ApplyDirectory ──► check ──► plan ──► DirectoryChanged ──► registry
//!     (spec: ids)     mistakes   what       (spec: ids)       (dense numbers)
//!                     warnings   differs
//! ```

pub mod check;
pub mod names;
pub mod plan;
pub mod registry;
pub mod spec;
