//! The journal after crashes and damage. A crash image is a copy of the live files, as a power cut leaves them: of the last commit, which
//! was never synced, each sector arrived or did not.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic, and so may what only tests call")]

use std::path::{Path, PathBuf};

use omniroute::journal::embedded::Opened;
use omniroute::journal::{Append, Embedded, Journal, JournalError, JournalWriter, Position};

const SECTOR_BYTES: usize = 512;

/// What a journal holds: per org its batches, first position and payload.
type Content = Vec<(String, Vec<(u64, Vec<u8>)>)>;

fn open(directory: &Path) -> Result<(Content, Opened), JournalError> {
    let (journal, opened) = Embedded::open(directory)?;
    let mut reader = journal.reader()?;
    let mut content = Vec::new();
    for (org, _) in reader.orgs()? {
        let batches = reader.read(&org, Position(1), usize::MAX)?;
        content.push((org, batches.into_iter().map(|batch| (batch.first.0, batch.payload)).collect()));
    }
    Ok((content, opened))
}

/// A journal at work, with what it answered.
struct Live {
    directory: tempfile::TempDir,
    journal: Embedded,
    writer: Box<dyn JournalWriter>,
    next: u64,
}

impl Live {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let journal = Embedded::open(directory.path()).unwrap().0;
        let writer = journal.writer().unwrap();
        Self { directory, journal, writer, next: 1 }
    }

    fn commit(&mut self, bytes: usize) {
        let salt = usize::try_from(self.next).unwrap() * 31;
        let payload: Vec<u8> = (0..bytes).map(|at| u8::try_from((salt + at) % 251).unwrap()).collect();
        let first = Position(self.next);
        let append = |org, payload| Append { org, first, count: 1, payload };
        self.writer.commit(&[append("acme", &payload), append("bolt", b"small")]).unwrap();
        self.next += 1;
    }

    fn close(self) -> tempfile::TempDir {
        drop((self.writer, self.journal));
        self.directory
    }

    fn log(&self) -> Vec<u8> {
        std::fs::read(log_of(self.directory.path())).unwrap()
    }

    /// Lets the log start over, above its own leftovers.
    fn restart_log(&self) {
        let other = rusqlite::Connection::open(self.directory.path().join("journal.db")).unwrap();
        let busy: i64 = other.query_row("PRAGMA wal_checkpoint(RESTART)", [], |row| row.get(0)).unwrap();
        assert_eq!(busy, 0);
    }

    /// The files as they are, with `log` for the log.
    fn crash(&self, log: &[u8]) -> tempfile::TempDir {
        let image = tempfile::tempdir().unwrap();
        for name in ["journal.db", "journal.live"] {
            std::fs::copy(self.directory.path().join(name), image.path().join(name)).unwrap();
        }
        std::fs::write(log_of(image.path()), log).unwrap();
        image
    }

    fn content(&self) -> Content {
        open(self.crash(&self.log()).path()).unwrap().0
    }
}

fn log_of(directory: &Path) -> PathBuf {
    directory.join("journal.db-wal")
}

/// A fixed sequence, so that a failure repeats.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}

#[test]
fn a_log_cut_anywhere_in_its_last_commit_opens_with_everything_before_it() {
    let mut live = Live::new();
    for bytes in [10, 30_000, 100] {
        live.commit(bytes);
    }
    let (before, begin) = (live.content(), live.log().len());
    live.commit(50_000);
    let (after, log) = (live.content(), live.log());
    assert_ne!(before, after);
    let mut cuts: Vec<usize> = (begin..log.len()).step_by(1311).collect();
    cuts.extend([begin + 1, begin + 23, begin + 24, begin + 8216, begin + 8217, log.len() - 1]);
    for cut in cuts {
        let (content, opened) = open(live.crash(&log[..cut]).path()).unwrap();
        assert_eq!(content, before, "cut at {cut}");
        assert_eq!(opened.torn_bytes, (cut - begin) as u64, "cut at {cut}");
    }
    let (content, opened) = open(live.crash(&log).path()).unwrap();
    assert_eq!((content, opened.torn_bytes, opened.torn_frames), (after, 0, 0));
}

/// Sectors of the last commit arrive in any order and number; where one did not, stands what was there before, or zeros.
fn a_torn_last_commit_is_dropped(live: &mut Live, seed: u64) {
    let (before, old) = (live.content(), live.log());
    live.commit(1 << 20);
    let (after, new) = (live.content(), live.log());
    let mut dice = Dice(seed);
    let changed: Vec<usize> = (0..new.len()).filter(|at| old.get(*at) != new.get(*at)).collect();
    let (begin, end) = (changed[0], changed[changed.len() - 1] + 1);
    let mut torn_count = 0;
    for round in 0..60 {
        let mut log = new.clone();
        let arrive_percent = dice.roll() % 101;
        for at in begin..end {
            if (at == begin || at.is_multiple_of(SECTOR_BYTES)) && dice.roll() % 100 >= arrive_percent {
                let sector_end = (at / SECTOR_BYTES + 1) * SECTOR_BYTES;
                let sector = at..sector_end.min(end);
                let stood =
                    old.get(sector.start.min(old.len())..sector.end.min(old.len())).unwrap_or_default();
                log[sector.clone()].fill(0);
                log[sector.start..sector.start + stood.len()].copy_from_slice(stood);
            }
        }
        let whole = log == new;
        let (content, opened) =
            open(live.crash(&log).path()).unwrap_or_else(|error| panic!("round {round}: {error}"));
        assert_eq!(content, if whole { after.clone() } else { before.clone() }, "round {round}");
        torn_count += u64::from(opened.torn_bytes > 0);
    }
    assert!(torn_count > 30, "{torn_count} of 60 images were seen to be torn");
}

#[test]
fn a_torn_last_commit_at_the_end_of_the_file_is_dropped() {
    let mut live = Live::new();
    for bytes in [10, 30_000, 100] {
        live.commit(bytes);
    }
    a_torn_last_commit_is_dropped(&mut live, 0x5eed);
}

#[test]
fn a_torn_last_commit_above_the_leftovers_of_an_earlier_round_is_dropped() {
    let mut live = Live::new();
    for _ in 0..80 {
        live.commit(10);
    }
    live.restart_log();
    let length = live.log().len();
    live.commit(10);
    assert_eq!(live.log().len(), length, "the log starts over in its own file");
    a_torn_last_commit_is_dropped(&mut live, 0x00f0_0d5e);
}

#[test]
fn leftovers_of_an_earlier_round_are_no_torn_end() {
    let mut live = Live::new();
    for _ in 0..20 {
        live.commit(10);
    }
    live.restart_log();
    live.commit(10);
    // Whole, and as where a log that has grown too long is cut off: within a frame.
    let log = live.log();
    for log in [&log[..], &log[..log.len() - 4_000]] {
        let (content, opened) = open(live.crash(log).path()).unwrap();
        assert_eq!((opened.torn_bytes, opened.torn_frames), (0, 0));
        assert_eq!(content[0].1.len(), 21);
    }
}

#[test]
fn a_torn_end_is_gone_after_the_start_that_dropped_it() {
    let mut live = Live::new();
    live.commit(10);
    let begin = live.log().len();
    live.commit(100_000);
    let mut log = live.log();
    log[begin + 100] ^= 1;
    let image = live.crash(&log);
    for torn in [true, false] {
        let (journal, opened) = Embedded::open(image.path()).unwrap();
        assert_eq!(opened.torn_bytes > 0, torn);
        let mut writer = journal.writer().unwrap();
        let first = Position(opened.batches / 2 + 1);
        let append = |org| Append { org, first, count: 1, payload: b"again" };
        writer.commit(&[append("acme"), append("bolt")]).unwrap();
    }
}

#[test]
fn damage_before_the_last_commit_is_named_and_never_cut_off() {
    let mut live = Live::new();
    live.commit(10);
    let begin = live.log().len();
    for bytes in [20_000, 100, 9_000] {
        live.commit(bytes);
    }
    let end = live.log().len();
    live.commit(10);
    let log = live.log();
    let frame_bytes = 24 + 8192;
    let headers = (begin..end).step_by(frame_bytes).flat_map(|frame| frame..frame + 24);
    for at in headers.chain((begin..end).step_by(1571)) {
        let mut log = log.clone();
        log[at] ^= 0x04;
        let opened = open(live.crash(&log).path()).map(|(_, opened)| opened);
        let Err(JournalError::DamagedLog { frame, offset, .. }) = opened else {
            panic!("byte {at}: {opened:?}")
        };
        assert_eq!(frame, ((at - 32) / frame_bytes + 1) as u64);
        assert_eq!(offset, (at - (at - 32) % frame_bytes) as u64);
    }
    for lost in [frame_bytes, 2 * frame_bytes] {
        let mut log = log.clone();
        log[begin..begin + lost].fill(0);
        assert!(matches!(open(live.crash(&log).path()), Err(JournalError::DamagedLog { .. })));
    }
}

#[test]
fn a_log_that_is_gone_or_without_its_header_is_damage_while_it_was_in_use() {
    let mut live = Live::new();
    live.commit(10);
    let log = live.log();
    let is_damage =
        |log: &[u8]| matches!(open(live.crash(log).path()), Err(JournalError::DamagedLog { frame: 0, .. }));
    assert!(is_damage(&[]));
    assert!(is_damage(&log[..31]));
    for at in 0..32 {
        let mut log = log.clone();
        log[at] ^= 0x80;
        assert!(is_damage(&log), "byte {at}");
    }
    let image = live.crash(&log);
    std::fs::remove_file(log_of(image.path())).unwrap();
    assert!(matches!(open(image.path()), Err(JournalError::DamagedLog { frame: 0, .. })));
    let image = live.crash(&log);
    std::fs::remove_file(image.path().join("journal.db")).unwrap();
    assert!(matches!(open(image.path()), Err(JournalError::DamagedDatabase { .. })));
}

#[test]
fn a_log_removed_after_a_clean_end_is_not_missed() {
    let mut live = Live::new();
    live.commit(10);
    let directory = live.close();
    std::fs::remove_file(log_of(directory.path())).unwrap();
    assert_eq!(open(directory.path()).unwrap().1.batches, 2);
}

/// A closed journal in one file, its batches and the bytes.
fn closed() -> (tempfile::TempDir, Content, Vec<u8>) {
    let mut live = Live::new();
    for bytes in [40, 50, 60] {
        live.commit(bytes);
    }
    let content = live.content();
    let directory = live.close();
    let bytes = std::fs::read(directory.path().join("journal.db")).unwrap();
    (directory, content, bytes)
}

#[test]
fn every_flip_in_a_stored_row_is_found_and_named() {
    let (directory, content, bytes) = closed();
    let payload = &content[0].1[1].1;
    let begin = bytes.windows(payload.len()).position(|window| window == payload).unwrap();
    let path = directory.path().join("journal.db");
    // Before the payload stand the row's columns: eight bytes of checksum, writer, count, first.
    for at in begin - 11..begin + payload.len() {
        for bit in [0x01, 0x40] {
            let mut flipped = bytes.clone();
            flipped[at] ^= bit;
            std::fs::write(&path, &flipped).unwrap();
            let opened = open(directory.path()).map(|(_, opened)| opened);
            let Err(JournalError::Damaged { org, position, .. }) = opened else {
                panic!("byte {at}: {opened:?}")
            };
            assert_eq!((org.as_str(), position), ("acme", Position(2)), "byte {at}");
        }
    }
    std::fs::write(&path, &bytes).unwrap();
    assert_eq!(open(directory.path()).unwrap().0, content);
}

#[test]
fn no_flip_anywhere_in_the_file_changes_what_is_read() {
    let (directory, content, bytes) = closed();
    let path = directory.path().join("journal.db");
    let (mut found_count, mut harmless_count) = (0, 0);
    for at in (0..bytes.len()).filter(|at| bytes[*at] != 0).step_by(3) {
        let mut flipped = bytes.clone();
        flipped[at] ^= 1 << (at % 8);
        std::fs::write(&path, &flipped).unwrap();
        match open(directory.path()) {
            Ok((read, _)) => {
                assert_eq!(read, content, "byte {at}");
                harmless_count += 1;
            }
            Err(
                JournalError::Damaged { .. }
                | JournalError::DamagedDatabase { .. }
                | JournalError::Format { .. },
            ) => found_count += 1,
            Err(error) => panic!("byte {at}: {error:?}"),
        }
    }
    assert!(found_count > harmless_count, "{found_count} found, {harmless_count} without effect");
}

#[test]
fn rows_that_are_swapped_moved_or_missing_are_found() {
    for tampering in [
        "DELETE FROM batches WHERE id = 3",
        "DELETE FROM batches WHERE org = 1 AND first = 1",
        "DELETE FROM batches WHERE org = 1",
        "DELETE FROM orgs WHERE org = 2",
        "UPDATE orgs SET name = 'bold' WHERE name = 'bolt'",
        "UPDATE batches SET payload = x'00' WHERE id = 1",
        "UPDATE batches SET writer_epoch = 9 WHERE id = 5",
        "UPDATE batches SET org = 2, first = 4 WHERE id = 5",
        "UPDATE batches SET first = 10 - first WHERE org = 1",
    ] {
        let (directory, ..) = closed();
        let other = rusqlite::Connection::open(directory.path().join("journal.db")).unwrap();
        other.execute_batch(tampering).unwrap();
        drop(other);
        let opened = open(directory.path()).map(|(_, opened)| opened);
        let damaged =
            matches!(opened, Err(JournalError::Damaged { .. } | JournalError::DamagedDatabase { .. }));
        assert!(damaged, "{tampering}: {opened:?}");
    }
}
