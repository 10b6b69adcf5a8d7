//! Snapshots: an org's state as of a position, so that recovery replays only what came after. Bytes here, as in the journal. They
//! are never the truth: without any of them the journal alone brings everything back.
//!
//! ```text
//!   directory/org-<name>/<position>.snapshot      written as <position>.tmp, synced, renamed, directory synced
//!
//!   "OMNRSNAP" │ format u32 │ org bytes u32 │ org │ position u64 │ payload bytes u64 │ checksum u64 │ payload
//!                                                          little-endian; the checksum covers all the rest
//! ```
//!
//! A rename is all or nothing, so a crash leaves the old ones and perhaps a `.tmp` that the next save removes. Two are kept: should the
//! newest turn out damaged, the one before it and a longer tail of the journal do as well.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::hash::Hasher;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use siphasher::sip::SipHasher13;

use super::{JournalError, ORG_BYTES_MAX, Position, disk};

const MAGIC: &[u8; 8] = b"OMNRSNAP";
const FORMAT: u32 = 1;
/// The newest, and one to fall back on.
const KEPT_COUNT: usize = 2;
/// Bytes that are written before they are synced: what a disk takes in a few milliseconds, so that no commit of the journal waits behind a
/// whole snapshot.
const SYNC_BYTES: usize = 1 << 20;

/// Bytes after which whoever makes a snapshot in steps rests: a fifth of a millisecond's work, about.
pub const STEP_BYTES: usize = 64 << 10;

/// The snapshots of all orgs below one directory. One thread an org at a time.
#[derive(Debug, Clone)]
pub struct Snapshots {
    directory: PathBuf,
}

impl Snapshots {
    /// Snapshots below `directory`, which is made with the first of them.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self { directory: directory.into() }
    }

    /// Saves the state of `org` as of `position`; durable when it returns. Removes all but the newest two.
    pub fn save(&self, org: &str, position: Position, payload: &[u8]) -> Result<(), JournalError> {
        self.save_in_steps(org, position, payload, &mut || ())
    }

    /// The same, for whoever has the machine with others: `rest` is called after each `STEP_BYTES`.
    pub fn save_in_steps(
        &self,
        org: &str,
        position: Position,
        payload: &[u8],
        rest: &mut dyn FnMut(),
    ) -> Result<(), JournalError> {
        if org.is_empty() || org.len() > ORG_BYTES_MAX {
            let what = "to the snapshots needs an org of 1 to 64 bytes";
            return Err(JournalError::BadAppend { org: org.to_owned(), what });
        }
        self.try_save(org, position, payload, rest)
            .map_err(|error| JournalError::storage("saving a snapshot", error))
    }

    /// The newest snapshot of `org` that is whole. A damaged one is logged and passed over.
    pub fn newest(&self, org: &str) -> Result<Option<(Position, Vec<u8>)>, JournalError> {
        self.newest_before(org, Position(u64::MAX))
    }

    /// The newest snapshot of `org` that is whole and was taken before the event at `end`.
    pub fn newest_before(
        &self,
        org: &str,
        end: Position,
    ) -> Result<Option<(Position, Vec<u8>)>, JournalError> {
        for position in self.positions(org)?.into_iter().filter(|it| *it < end) {
            match self.read(org, position)? {
                Some(Ok(payload)) => return Ok(Some((position, payload))),
                Some(Err(what)) => {
                    tracing::warn!(org, position = position.0, what, "a damaged snapshot is passed over");
                }
                // A running service took a newer one and removed this.
                None => {}
            }
        }
        Ok(None)
    }

    /// Where the snapshots of `org` stand, newest first.
    pub fn positions(&self, org: &str) -> Result<Vec<Position>, JournalError> {
        let found = self.list(org).map_err(|error| JournalError::storage("looking for snapshots", error))?;
        Ok(found.into_iter().map(|it| it.0).collect())
    }

    /// The snapshot of `org` at a position, or why it is damaged. None: there is none.
    pub fn read(
        &self,
        org: &str,
        position: Position,
    ) -> Result<Option<Result<Vec<u8>, &'static str>>, JournalError> {
        let parts = || -> io::Result<_> {
            let mut file = File::open(self.directory_of(org).join(file_name(position)))?;
            let (mut found, mut payload) = (Vec::new(), Vec::new());
            (&file).take(head(org, position, &[], &mut || ()).len() as u64).read_to_end(&mut found)?;
            file.read_to_end(&mut payload)?;
            Ok((found, payload))
        };
        match parts() {
            Ok((found, payload)) => Ok(Some(check(org, position, &found, payload))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(JournalError::storage("reading a snapshot", error)),
        }
    }

    fn try_save(
        &self,
        org: &str,
        position: Position,
        payload: &[u8],
        rest: &mut dyn FnMut(),
    ) -> io::Result<()> {
        let directory = self.directory_of(org);
        disk::create_directory(&directory)?;
        let temporary = directory.join(format!("{:020}.tmp", position.0));
        let mut file = File::create(&temporary)?;
        file.write_all(&head(org, position, payload, rest))?;
        for piece in payload.chunks(SYNC_BYTES) {
            file.write_all(piece)?;
            file.sync_data()?;
        }
        file.sync_all()?;
        drop(file);
        fs::rename(&temporary, directory.join(file_name(position)))?;
        disk::sync_directory(&directory)?;
        for (_, path) in self.list(org)?.into_iter().skip(KEPT_COUNT) {
            fs::remove_file(path)?;
        }
        for entry in fs::read_dir(&directory)? {
            let path = entry?.path();
            if path.extension() == Some(OsStr::new("tmp")) {
                fs::remove_file(path)?;
            }
        }
        Ok(())
    }

    /// The snapshots of `org`, newest first.
    fn list(&self, org: &str) -> io::Result<Vec<(Position, PathBuf)>> {
        let entries = match fs::read_dir(self.directory_of(org)) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut found = Vec::new();
        for entry in entries {
            let path = entry?.path();
            found.extend(position_of(&path).map(|position| (position, path)));
        }
        found.sort_unstable_by(|a, b| b.cmp(a));
        Ok(found)
    }

    /// A name of its own on every file system: small letters, digits, `-` and `_` stand for themselves, every other byte is written as
    /// `%` and two digits. So no name is `..`, none differs from another in case alone, and none is empty.
    fn directory_of(&self, org: &str) -> PathBuf {
        let mut name = String::from("org-");
        for byte in org.bytes() {
            match byte {
                b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' => name.push(char::from(byte)),
                // Writing to a string does not fail.
                other => write!(name, "%{other:02x}").unwrap_or_default(),
            }
        }
        self.directory.join(name)
    }
}

fn file_name(position: Position) -> String {
    format!("{:020}.snapshot", position.0)
}

fn position_of(path: &Path) -> Option<Position> {
    let is_snapshot = path.extension() == Some(OsStr::new("snapshot"));
    let digits = path.file_stem()?.to_str()?;
    if is_snapshot { digits.parse().ok().map(Position) } else { None }
}

/// All that stands before the payload. To work out the checksum takes as long as the payload is.
fn head(org: &str, position: Position, payload: &[u8], rest: &mut dyn FnMut()) -> Vec<u8> {
    let mut head = Vec::with_capacity(40 + org.len());
    head.extend_from_slice(MAGIC);
    head.extend_from_slice(&FORMAT.to_le_bytes());
    head.extend_from_slice(&u32::try_from(org.len()).unwrap_or(u32::MAX).to_le_bytes());
    head.extend_from_slice(org.as_bytes());
    head.extend_from_slice(&position.0.to_le_bytes());
    head.extend_from_slice(&(payload.len() as u64).to_le_bytes());
    let mut hasher = SipHasher13::new();
    hasher.write(&head);
    for piece in payload.chunks(STEP_BYTES) {
        hasher.write(piece);
        rest();
    }
    head.extend_from_slice(&hasher.finish().to_le_bytes());
    head
}

/// The payload of a snapshot that is whole and is what its name says. The head follows from all the rest, so it is made anew and compared.
fn check(org: &str, position: Position, found: &[u8], payload: Vec<u8>) -> Result<Vec<u8>, &'static str> {
    if found == head(org, position, &payload, &mut || ()) {
        Ok(payload)
    } else {
        Err("its head or checksum does not match")
    }
}
