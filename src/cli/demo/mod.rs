//! `omniroute demo`: a day at a small contact centre, played against a running service over its public API.
//!
//! ```text
//!   stage      the org, the agents' desks; the floor is cleared before and after
//!   desk       one agent: a connection and a session of its own; prints each notice as it comes
//!   customer   one customer: writes, and watches the customer's side of the chat log
//!   story/     the acts: what is done, what must come of it
//!   narration  everything that is printed
//! ```
//!
//! It waits for notices, never for time. Whatever it tells, it has checked; what is not as the rules say ends it.

mod customer;
mod desk;
mod inbox;
mod narration;
mod sentences;
mod stage;
mod story;

use clap::Args;
use thiserror::Error;

use super::{
    client::{CallError, ConnectError, ServiceArgs},
    directory_file::DirectoryFileError,
};

/// The arguments of `omniroute demo`. It takes over the agents of its cast, and ends what waits for an agent on the channels that it
/// plays on.
#[derive(Debug, Clone, Args)]
pub struct DemoArgs {
    #[command(flatten)]
    service: ServiceArgs,
}

/// Why the demo did not come to its end.
#[derive(Debug, Error)]
pub enum DemoError {
    /// There is no service.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The service refused what it must not.
    #[error("the story stops here")]
    Refused(#[source] Box<CallError>),
    /// Somebody opened a session of an agent of the cast.
    #[error(
        "the story stops here: somebody else has taken over the session of an agent who plays in it.\n  Is another demo \
         running? Let it come to its end, or play in an org of its own with --org demo."
    )]
    Fenced,
    /// Something is not as the rules say.
    #[error("not as the rules say: {expected}\n  found: {found}")]
    NotAsTheRulesSay {
        /// What must be.
        expected: String,
        /// What is.
        found: String,
    },
    /// Somebody was not told something.
    #[error("not as the rules say: {who} waited {waited_s} s for {what}, and was not told")]
    NotTold {
        /// Who.
        who: String,
        /// What.
        what: String,
        /// How long.
        waited_s: u64,
    },
    /// A stream ended that should not.
    #[error("{who} lost the stream while waiting for {what}: {why}")]
    StreamLost {
        /// Whose.
        who: String,
        /// What was to come on it.
        what: String,
        /// What the service said.
        why: String,
    },
    /// The org is no longer what the demo was written for.
    #[error(
        "org {org} is not the sample any more ({difference}).\n  Bring it back with `omniroute apply --sample --org {org}`, \
         or play in an org of its own with --org demo."
    )]
    NotTheSample {
        /// Which org.
        org: String,
        /// The first difference.
        difference: String,
    },
    /// More is going on in the org than the demo is ready to end.
    #[error("org {org} is too busy to play in ({what}). Play in an org of its own with --org demo.")]
    Busy {
        /// Which org.
        org: String,
        /// With what.
        what: String,
    },
    /// The built-in sample cannot be read.
    #[error(transparent)]
    Sample(#[from] DirectoryFileError),
}

impl From<Box<CallError>> for DemoError {
    fn from(error: Box<CallError>) -> Self {
        if error.is("SESSION_FENCED") { Self::Fenced } else { Self::Refused(error) }
    }
}

/// Plays the story.
pub(super) async fn play(args: DemoArgs) -> Result<(), DemoError> {
    let stage = Box::pin(stage::Stage::set(&args.service)).await?;
    Box::pin(story::tell(&stage)).await?;
    Box::pin(stage.close()).await
}
