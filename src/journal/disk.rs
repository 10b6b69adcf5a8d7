//! What it takes for a name in a directory to survive a power cut. Never decides what is written where. Below the embedded
//! journal and the snapshots.
//!
//! A file's own sync covers its bytes, not the directory entry that leads to them: a file that was created, renamed or removed
//! is only so for good once its directory has been synced too.

use std::fs::{self, File};
use std::io;
use std::path::Path;

/// Makes the entries of `directory` durable: what was created, renamed or removed in it stays so.
#[cfg(unix)]
pub(super) fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

/// Elsewhere a directory cannot be opened as a file; its entries are written through by the file system.
#[cfg(not(unix))]
pub(super) fn sync_directory(_directory: &Path) -> io::Result<()> {
    Ok(())
}

/// Creates `directory` and what is missing above it, each durable in its parent.
pub(super) fn create_directory(directory: &Path) -> io::Result<()> {
    if directory.is_dir() {
        return Ok(());
    }
    let parent = directory.parent().filter(|parent| !parent.as_os_str().is_empty());
    if let Some(parent) = parent {
        create_directory(parent)?;
    }
    match fs::create_dir(directory) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        Err(_) | Ok(()) => {}
    }
    sync_directory(parent.unwrap_or(Path::new(".")))
}

/// Creates the empty file `path`, or leaves it as it is; durable when it returns.
pub(super) fn create_file(path: &Path) -> io::Result<()> {
    File::options().write(true).create(true).truncate(false).open(path)?.sync_all()?;
    path.parent().map_or(Ok(()), sync_directory)
}

/// Removes the file `path` if it is there; gone for good when it returns.
pub(super) fn remove_file(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
        Ok(()) => path.parent().map_or(Ok(()), sync_directory),
    }
}
