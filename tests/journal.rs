//! The journal through its seam: what it promises in quiet times. Crashes and damage: `journal_crash.rs`.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic, and so may what only tests call")]

use omniroute::journal::{
    Append, Embedded, Journal, JournalError, JournalReader, JournalWriter, Position, Stored,
};

fn append<'a>(org: &'a str, first: u64, count: u32, payload: &'a [u8]) -> Append<'a> {
    Append { org, first: Position(first), count, payload }
}

fn open(directory: &tempfile::TempDir) -> Embedded {
    Embedded::open(directory.path()).unwrap().0
}

/// First position, count and payload of what is read.
fn read(
    reader: &mut Box<dyn JournalReader>,
    org: &str,
    from: u64,
    bytes_max: usize,
) -> Vec<(u64, u32, Vec<u8>)> {
    let batches = reader.read(org, Position(from), bytes_max).unwrap();
    batches.into_iter().map(|Stored { first, count, payload, .. }| (first.0, count, payload)).collect()
}

fn firsts(reader: &mut Box<dyn JournalReader>, org: &str, from: u64, bytes_max: usize) -> Vec<u64> {
    read(reader, org, from, bytes_max).into_iter().map(|(first, ..)| first).collect()
}

fn with_writer() -> (tempfile::TempDir, Embedded, Box<dyn JournalWriter>) {
    let directory = tempfile::tempdir().unwrap();
    let journal = open(&directory);
    let writer = journal.writer().unwrap();
    (directory, journal, writer)
}

#[test]
fn what_is_committed_is_read_back_by_org() {
    let (_directory, journal, mut writer) = with_writer();
    writer.commit(&[append("acme", 1, 3, b"abc"), append("bolt", 1, 1, b"x")]).unwrap();
    writer.commit(&[append("acme", 4, 2, b""), append("acme", 6, 1, b"f")]).unwrap();
    let mut reader = journal.reader().unwrap();
    let acme = vec![(1, 3, b"abc".to_vec()), (4, 2, Vec::new()), (6, 1, b"f".to_vec())];
    assert_eq!(read(&mut reader, "acme", 0, 1000), acme);
    assert_eq!(read(&mut reader, "bolt", 1, 1000), vec![(1, 1, b"x".to_vec())]);
    assert_eq!(read(&mut reader, "nobody", 1, 1000), vec![]);
    let orgs = vec![("acme".to_owned(), Position(6)), ("bolt".to_owned(), Position(1))];
    assert_eq!(reader.orgs().unwrap(), orgs);
}

#[test]
fn a_read_begins_in_the_batch_that_holds_the_position_and_stops_at_the_bytes() {
    let (_directory, journal, mut writer) = with_writer();
    for first in [1, 11, 21, 31] {
        writer.commit(&[append("acme", first, 10, &[7; 100])]).unwrap();
    }
    let mut reader = journal.reader().unwrap();
    assert_eq!(firsts(&mut reader, "acme", 20, 1000), [11, 21, 31]);
    assert_eq!(firsts(&mut reader, "acme", 21, 1000), [21, 31]);
    assert_eq!(firsts(&mut reader, "acme", 1, 200), [1, 11]);
    assert_eq!(firsts(&mut reader, "acme", 1, 0), [1]);
    assert_eq!(firsts(&mut reader, "acme", 40, 0), [31]);
    assert!(firsts(&mut reader, "acme", 41, 1000).is_empty());
    assert!(firsts(&mut reader, "acme", u64::MAX, 1000).is_empty());
}

#[test]
fn a_reader_sees_a_commit_as_soon_as_it_returns() {
    let (_directory, journal, mut writer) = with_writer();
    let mut reader = journal.reader().unwrap();
    for first in 1..=20 {
        writer.commit(&[append("acme", first, 1, b"e")]).unwrap();
        assert_eq!(firsts(&mut reader, "acme", first, 1000), [first]);
    }
}

#[test]
fn an_append_that_is_not_dense_is_refused_and_nothing_of_its_commit_is_written() {
    for first in [0, 1, 3, 5, u64::MAX] {
        let (_directory, journal, mut writer) = with_writer();
        writer.commit(&[append("acme", 1, 3, b"abc")]).unwrap();
        let refused = writer.commit(&[append("bolt", 1, 1, b"x"), append("acme", first, 1, b"d")]);
        let Err(JournalError::NotDense { org, expected, found }) = refused else { panic!("{refused:?}") };
        assert_eq!((org.as_str(), expected, found), ("acme", Position(4), Position(first)));
        assert_eq!(journal.reader().unwrap().orgs().unwrap(), vec![("acme".to_owned(), Position(3))]);
        assert!(matches!(writer.commit(&[append("acme", 4, 1, b"d")]), Err(JournalError::Dead)));
        journal.writer().unwrap().commit(&[append("acme", 4, 1, b"d")]).unwrap();
    }
}

#[test]
fn an_append_that_no_journal_can_take_is_refused() {
    let long = "o".repeat(65);
    for bad in [append("", 1, 1, b"x"), append(&long, 1, 1, b"x"), append("acme", 1, 0, b"x")] {
        let (_directory, _journal, mut writer) = with_writer();
        assert!(matches!(writer.commit(&[bad]), Err(JournalError::BadAppend { .. })));
    }
}

#[test]
fn reopening_goes_on_where_it_ended_with_a_higher_epoch() {
    let directory = tempfile::tempdir().unwrap();
    let mut epochs = Vec::new();
    for first in 1..=4 {
        let (journal, opened) = Embedded::open(directory.path()).unwrap();
        assert_eq!((opened.batches, opened.torn_bytes), (first - 1, 0));
        let mut writer = journal.writer().unwrap();
        epochs.push(writer.writer_epoch());
        writer.commit(&[append("acme", first, 1, b"e")]).unwrap();
    }
    assert!(epochs.is_sorted_by(|a, b| a < b));
    let batches = open(&directory).reader().unwrap().read("acme", Position(1), 1000).unwrap();
    assert_eq!(batches.iter().map(|batch| batch.writer_epoch).collect::<Vec<_>>(), epochs);
}

#[test]
fn a_second_handle_is_locked_out_until_writer_and_reader_are_gone_too() {
    let (directory, journal, writer) = with_writer();
    let reader = journal.reader().unwrap();
    let locked = || matches!(Embedded::open(directory.path()), Err(JournalError::Locked { .. }));
    assert!(locked());
    drop(journal);
    assert!(locked());
    drop(writer);
    assert!(locked());
    drop(reader);
    assert!(!locked());
}

#[test]
fn an_older_writer_is_fenced_and_stays_dead() {
    let (_directory, journal, mut old) = with_writer();
    old.commit(&[append("acme", 1, 1, b"a")]).unwrap();
    let mut new = journal.writer().unwrap();
    let fenced = old.commit(&[append("acme", 2, 1, b"old")]);
    let Err(JournalError::Fenced { mine, newest }) = fenced else { panic!("{fenced:?}") };
    assert_eq!((mine, newest), (old.writer_epoch(), new.writer_epoch()));
    assert!(matches!(old.commit(&[append("acme", 2, 1, b"old")]), Err(JournalError::Dead)));
    new.commit(&[append("acme", 2, 1, b"new")]).unwrap();
    assert_eq!(read(&mut journal.reader().unwrap(), "acme", 2, 1000), vec![(2, 1, b"new".to_vec())]);
}

#[test]
fn the_log_stays_bounded_while_it_is_written_and_read_without_pause() {
    let (directory, journal, mut writer) = with_writer();
    let payload = vec![5; 1 << 20];
    let (stop, stopped) = crossbeam_channel::bounded::<()>(0);
    let reading = std::thread::spawn({
        let mut reader = journal.reader().unwrap();
        move || {
            let mut from = 1;
            while stopped.try_recv() == Err(crossbeam_channel::TryRecvError::Empty) {
                from += reader.read("acme", Position(from), 4 << 20).unwrap().len() as u64;
            }
        }
    });
    // How far the log grows before it begins anew depends on the disk; that it begins anew does not.
    let log_bytes = || directory.path().join("journal.db-wal").metadata().unwrap().len();
    let begins_anew = (1..=3_000).any(|first| {
        writer.commit(&[append("acme", first, 1, &payload)]).unwrap();
        first >= 300 && 2 * log_bytes() < first << 20
    });
    assert!(begins_anew, "3,000 MiB were written, the log has {} bytes", log_bytes());
    drop(stop);
    reading.join().unwrap();
    drop((writer, journal));
    assert_eq!(directory.path().join("journal.db-wal").metadata().unwrap().len(), 0);
    assert!(!directory.path().join("journal.live").exists());
}

#[test]
fn a_file_that_is_no_journal_or_of_another_format_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("journal.db");
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("CREATE TABLE theirs (x)").unwrap();
    drop(other);
    assert!(matches!(Embedded::open(directory.path()), Err(JournalError::Format { .. })));
    std::fs::write(&path, [b'x'; 10_000]).unwrap();
    assert!(matches!(Embedded::open(directory.path()), Err(JournalError::DamagedDatabase { .. })));
}

#[test]
fn verifying_the_end_says_the_last_position_or_that_a_snapshot_is_ahead_of_the_journal() {
    let (_directory, journal, mut writer) = with_writer();
    writer.commit(&[append("acme", 1, 3, b"abc")]).unwrap();
    for begin in [0, 1, 2, 4] {
        assert_eq!(journal.verify_from("acme", Position(begin)).unwrap(), Position(3));
    }
    assert_eq!(journal.verify_from("nobody", Position(1)).unwrap(), Position(0));
    let ahead = journal.verify_from("acme", Position(5));
    assert!(matches!(ahead, Err(JournalError::Damaged { position: Position(4), .. })), "{ahead:?}");
}
