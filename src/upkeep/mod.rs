//! What is done with a data directory beside the service: back up, restore, verify, export. It serves nothing and decides nothing.
//!
//! ```text
//!                       running or stopped            stopped
//!   data directory ──► backup ──► a data directory ──► verify
//!        │                              └──► restore ──► an empty directory
//!        └──► export ──► events, one by one
//! ```

mod backup;
mod export;
mod verify;

use std::{
    fs, io,
    path::{Path, PathBuf},
};

pub use backup::{Copied, backup, restore};
pub use export::{Exported, Span, export};
pub use verify::{Fault, Verified, verify};

use crate::{
    journal::{JournalError, Position, Snapshots},
    shard::recovery::RecoveryError,
};

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum UpkeepError {
    /// The journal cannot be read or written, or is damaged; it says where.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// An org cannot be recovered.
    #[error(transparent)]
    Recovery(#[from] RecoveryError),
    /// What is there would be mixed with what comes.
    #[error("{path} is not empty; name a directory that is empty or not there yet")]
    NotEmpty {
        /// Which.
        path: PathBuf,
    },
    /// A directory cannot be made or looked into.
    #[error("{path} cannot be used")]
    Directory {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The org has no events.
    #[error("there is no org {org}")]
    NoOrg {
        /// Which.
        org: String,
    },
    /// What was read could not be written on.
    #[error("the output cannot be written")]
    Output(#[source] io::Error),
}

/// The snapshots of a data directory.
fn snapshots(directory: &Path) -> Snapshots {
    Snapshots::new(directory.join("snapshots"))
}

/// Makes a directory, unless it is there and empty.
fn make_empty(path: &Path) -> Result<(), UpkeepError> {
    let failed = |source| UpkeepError::Directory { path: path.to_path_buf(), source };
    fs::create_dir_all(path).map_err(failed)?;
    match fs::read_dir(path).map_err(failed)?.next() {
        None => Ok(()),
        Some(_) => Err(UpkeepError::NotEmpty { path: path.to_path_buf() }),
    }
}

/// An org and the position of its last event.
pub type Extent = (String, Position);
