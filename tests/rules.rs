//! The rules of RULES.md, each driven through the public gRPC API. A test's name begins with the rule that it is about.
#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

#[path = "rules/bad_input.rs"]
mod bad_input;
#[path = "rules/bounds.rs"]
mod bounds;
#[path = "rules/buttons.rs"]
mod buttons;
#[path = "rules/capacity.rs"]
mod capacity;
#[path = "rules/conferences.rs"]
mod conferences;
#[path = "rules/deadlines.rs"]
mod deadlines;
#[path = "rules/declines.rs"]
mod declines;
#[path = "rules/directory.rs"]
mod directory;
#[path = "rules/earmarks.rs"]
mod earmarks;
#[path = "rules/events.rs"]
mod events;
#[path = "rules/flags.rs"]
mod flags;
#[path = "rules/histories.rs"]
mod histories;
#[path = "rules/invites.rs"]
mod invites;
#[path = "rules/leases.rs"]
mod leases;
#[path = "rules/lines.rs"]
mod lines;
#[path = "rules/logs.rs"]
mod logs;
#[path = "rules/overflow.rs"]
mod overflow;
#[path = "rules/precedence.rs"]
mod precedence;
#[path = "rules/presence.rs"]
mod presence;
#[path = "rules/queues.rs"]
mod queues;
#[path = "rules/records.rs"]
mod records;
#[path = "rules/repeats.rs"]
mod repeats;
#[path = "rules/rooms.rs"]
mod rooms;
#[path = "rules/selection.rs"]
mod selection;
#[path = "rules/supervising.rs"]
mod supervising;
#[path = "rules/transfers.rs"]
mod transfers;
#[path = "rules/waves.rs"]
mod waves;
