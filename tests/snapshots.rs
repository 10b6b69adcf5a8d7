//! Snapshots through the public API: the newest whole one is found, whatever happened to the others.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic, and so may what only tests call")]

use omniroute::journal::{JournalError, Position, Snapshots};

#[test]
fn the_newest_snapshot_is_found_and_older_ones_go() {
    let directory = tempfile::tempdir().unwrap();
    let snapshots = Snapshots::new(directory.path().join("snapshots"));
    assert_eq!(snapshots.newest("acme").unwrap(), None);
    for position in [5, 70, 9, 100] {
        snapshots.save("acme", Position(position), &position.to_le_bytes()).unwrap();
    }
    assert_eq!(snapshots.newest("acme").unwrap(), Some((Position(100), 100_u64.to_le_bytes().to_vec())));
    assert_eq!(snapshots.newest("bolt").unwrap(), None);
    let left = std::fs::read_dir(directory.path().join("snapshots/org-acme")).unwrap().count();
    assert_eq!(left, 2);
}

#[test]
fn a_damaged_snapshot_falls_back_to_the_one_before() {
    let directory = tempfile::tempdir().unwrap();
    let snapshots = Snapshots::new(directory.path());
    snapshots.save("acme", Position(1), b"older").unwrap();
    snapshots.save("acme", Position(2), b"newer").unwrap();
    let newest = directory.path().join("org-acme/00000000000000000002.snapshot");
    let whole = std::fs::read(&newest).unwrap();
    for at in 0..whole.len() {
        let mut flipped = whole.clone();
        flipped[at] ^= 0x10;
        std::fs::write(&newest, &flipped).unwrap();
        assert_eq!(snapshots.newest("acme").unwrap(), Some((Position(1), b"older".to_vec())), "byte {at}");
        std::fs::write(&newest, &whole[..at]).unwrap();
        assert_eq!(snapshots.newest("acme").unwrap(), Some((Position(1), b"older".to_vec())), "{at} bytes");
    }
    std::fs::write(&newest, &whole).unwrap();
    assert_eq!(snapshots.newest("acme").unwrap(), Some((Position(2), b"newer".to_vec())));
}

#[test]
fn snapshots_of_awkward_names_stay_apart_and_below_their_directory() {
    let directory = tempfile::tempdir().unwrap();
    let below = directory.path().join("a/b");
    let snapshots = Snapshots::new(&below);
    let long = "Z".repeat(64);
    let names = ["..", ".", "acme", "ACME", "Acme", "a.b", "a%2eb", "../x", "con", long.as_str()];
    for name in names {
        snapshots.save(name, Position(1), name.as_bytes()).unwrap();
    }
    for name in names {
        assert_eq!(snapshots.newest(name).unwrap(), Some((Position(1), name.as_bytes().to_vec())));
    }
    let folded: std::collections::BTreeSet<_> = std::fs::read_dir(&below)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_str().unwrap().to_lowercase())
        .collect();
    assert_eq!(folded.len(), names.len());
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
    assert!(matches!(snapshots.save("", Position(1), b""), Err(JournalError::BadAppend { .. })));
}
