//! A look at a journal, whoever has it: to read it, and to copy it as it stands at one moment. Never writes a batch.
//!
//! ```text
//!   nobody has the directory     it is opened as a start would, its log taken in, and held until the look ends
//!   a service has it             SQLite's own locks let us read beside it: what it has committed, and nothing that it has not
//! ```
//!
//! SQLite shows other connections a commit only when its log has been synced, so what is seen here is durable. A copy is one read
//! transaction: as long as it lasts the log cannot start over, and grows by what is committed meanwhile; no commit waits for it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Check, Embedded, Gate, House, reader::Reader, store};
use crate::journal::{JournalError, JournalReader, disk};

/// A journal that is looked at.
pub struct Look {
    house: Arc<House>,
}

impl Look {
    /// Looks at the journal in `directory`.
    pub fn at(directory: &Path) -> Result<Self, JournalError> {
        let path = directory.join("journal.db");
        if !path.is_file() {
            return Err(JournalError::NoJournal { path: directory.to_path_buf() });
        }
        match Embedded::open_checking(directory, Check::Later) {
            Ok((journal, _)) => Ok(Self { house: journal.house }),
            Err(JournalError::Locked { .. }) => {
                let (held, released) = crossbeam_channel::bounded(0);
                let house = House {
                    directory: directory.to_path_buf(),
                    gate: Arc::new(Gate::new(directory.join("journal.live"))),
                    wake: None,
                    thread: None,
                    lock: None,
                    _held: held,
                    released,
                };
                Ok(Self { house: Arc::new(house) })
            }
            Err(error) => Err(error),
        }
    }

    /// A reader. What it reads is durable.
    pub fn reader(&self) -> Result<Box<dyn JournalReader>, JournalError> {
        Ok(Box::new(Reader::open(Arc::clone(&self.house))?))
    }

    /// Writes all that is durable now to a journal in `directory`, which is there and has none. Durable when it returns; before that there
    /// is no journal in the directory.
    pub fn copy_to(&self, directory: &Path) -> Result<(), JournalError> {
        let source = self.house.database();
        let temporary = directory.join("journal.db.tmp");
        let copied = self.copy(&source, &temporary, directory);
        if copied.is_err() {
            // It is of no use, and the error that matters is the first.
            fs::remove_file(&temporary).unwrap_or(());
        }
        copied
    }

    fn copy(&self, source: &Path, temporary: &Path, directory: &Path) -> Result<(), JournalError> {
        let connection = store::connect_to(source, self.house.access())?;
        let target = temporary.to_str().ok_or_else(|| {
            JournalError::storage("copying the journal", format!("{} is no UTF-8", temporary.display()))
        })?;
        connection
            .execute("VACUUM INTO ?1", [target])
            .map_err(|error| store::failed("copying the journal", source, error))?;
        put_in_place(temporary, &directory.join("journal.db"))
            .map_err(|error| JournalError::storage("writing the copy of the journal", error))
    }
}

/// Copies the journal of a directory that nobody has written to since it was made by [`Look::copy_to`], as a file.
pub fn copy_file(from: &Path, to: &Path) -> Result<(), JournalError> {
    let source = from.join("journal.db");
    let left =
        |name: &str| fs::metadata(from.join(name)).is_ok_and(|it| it.len() > 0 || name == "journal.live");
    if !source.is_file() {
        return Err(JournalError::NoJournal { path: from.to_path_buf() });
    }
    if left("journal.live") || left("journal.db-wal") {
        return Err(JournalError::NotSettled { path: from.to_path_buf() });
    }
    let temporary: PathBuf = to.join("journal.db.tmp");
    fs::copy(&source, &temporary).and_then(|_| put_in_place(&temporary, &to.join("journal.db"))).map_err(
        |error| {
            fs::remove_file(&temporary).unwrap_or(());
            JournalError::storage("writing the copy of the journal", error)
        },
    )
}

/// Gives a file that is written its name, durably.
fn put_in_place(temporary: &Path, path: &Path) -> std::io::Result<()> {
    File::options().write(true).open(temporary)?.sync_all()?;
    fs::rename(temporary, path)?;
    path.parent().map_or(Ok(()), disk::sync_directory)
}
