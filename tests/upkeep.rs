//! Backup, restore, verify and export by the real binary: while a service works, after it has stopped, and on damaged files.
#![allow(clippy::expect_used, clippy::panic, missing_docs, reason = "a test fails by panicking")]
#![allow(dead_code, reason = "the client of the durability test is used in part")]

#[path = "durability/client.rs"]
mod client;
#[path = "support/process.rs"]
mod process;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use client::{Client, Ledger, ORG};
use omniroute::journal::{Position, Snapshots};
use process::Process;
use serde_json::Value;
use tempfile::TempDir;

/// What a command said: its exit code, its output, its errors.
#[derive(Debug)]
struct Said {
    code: Option<i32>,
    output: String,
    error: String,
}

fn omniroute(command: &str, data: &Path, further: &[&str]) -> Said {
    let mut binary = Command::new(env!("CARGO_BIN_EXE_omniroute"));
    let ended = binary.arg(command).arg("--data-dir").arg(data).args(further).output();
    let ended = ended.expect("the binary runs");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    Said { code: ended.status.code(), output: text(ended.stdout), error: text(ended.stderr) }
}

#[track_caller]
fn done(said: Said) -> String {
    assert_eq!((said.code, &*said.error), (Some(0), ""), "{}", said.output);
    said.output
}

/// Asserts that a command failed, and that it said so.
#[track_caller]
fn failed(said: &Said, expected: &str) {
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.error.contains(expected), "{expected}\nis not in\n{}", said.error);
}

fn export(data: &Path, further: &[&str]) -> Vec<Value> {
    let lines = done(omniroute("export", data, &[&["--org", ORG], further].concat()));
    lines.lines().map(|it| serde_json::from_str(it).expect("a line is JSON")).collect()
}

/// Runs a command beside the tasks of this test.
async fn beside<T: Send + 'static>(run: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(run).await.expect("it does not panic")
}

/// A directory that is not there yet.
fn fresh(within: &TempDir, name: &str) -> PathBuf {
    within.path().join(name)
}

/// A service that has had some work, stopped in order.
async fn worked() -> TempDir {
    let mut process = Process::start(None).await;
    let channel = process.connect().await;
    client::apply_directory(&channel, 1).await;
    let left = Arc::new(AtomicUsize::new(30));
    let client = Client::new(channel, Ledger::new(0), left.clone());
    let working = tokio::spawn(client.run());
    while left.load(Ordering::SeqCst) > 0 {
        tokio::task::yield_now().await;
    }
    process.terminate();
    working.await.expect("the client does not panic");
    assert!(process.ended().await.success());
    process.into_data()
}

/// Changes the byte in the middle of what is found in a file.
fn damage(path: &Path, found: &[u8]) {
    let mut bytes = fs::read(path).expect("it is there");
    let at = bytes.windows(found.len()).position(|it| it == found).expect("it is in the file");
    bytes[at + found.len() / 2] ^= 0x20;
    fs::write(path, bytes).expect("it can be written");
}

fn newest_snapshot(data: &Path) -> PathBuf {
    let entries =
        fs::read_dir(data.join("snapshots").join(format!("org-{ORG}"))).expect("there are snapshots");
    entries.map(|it| it.expect("an entry").path()).max().expect("there is one")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_under_load_holds_everything_that_was_answered_before_it_and_starts_like_any_data() {
    const CLIENTS: usize = 4;
    let dir = TempDir::new().expect("a temporary directory");
    let mut process = Process::start(None).await;
    let channel = process.connect().await;
    client::apply_directory(&channel, CLIENTS).await;
    let left = Arc::new(AtomicUsize::new(200));
    let mut working = Vec::new();
    for number in 0..CLIENTS {
        let client = Client::new(process.connect().await, Ledger::new(number), left.clone());
        working.push(tokio::spawn(client.run()));
    }
    let mut backups = Vec::new();
    for number in 0..3 {
        // The last answer before the backup, and work before, while and after it is made.
        let marker = client::marker(&channel).await;
        let (data, to) = (process.data_dir().to_owned(), fresh(&dir, &format!("backup-{number}")));
        let target = to.clone();
        let said =
            beside(move || omniroute("backup", &data, &["--to", target.to_str().expect("UTF-8")])).await;
        assert!(done(said).contains("backed up: 1 orgs"));
        backups.push((to, marker));
    }
    while left.load(Ordering::SeqCst) > 0 {
        tokio::task::yield_now().await;
    }
    process.kill();
    for it in working {
        it.await.expect("no client panics");
    }
    // A killed service's directory is no backup: its last commits are in the log.
    let killed = process.data_dir().to_owned();
    let from = killed.to_str().expect("UTF-8");
    failed(&omniroute("restore", &fresh(&dir, "no"), &["--from", from]), "is no backup");
    let all = export(&killed, &[]);

    for (number, (backup, marker)) in backups.iter().enumerate() {
        assert!(done(omniroute("verify", backup, &[])).contains("every checksum right"));
        let data = fresh(&dir, &format!("restored-{number}"));
        let from = backup.to_str().expect("UTF-8");
        assert!(done(omniroute("restore", &data, &["--from", from])).contains("restored: 1 orgs"));
        let events = export(&data, &[]);
        assert_eq!(events, all[..events.len()], "a backup is the journal up to a moment");
        let ended = |it: &Value| it["conversation_ended"]["conversation_id"] == *marker;
        assert!(events.iter().any(ended), "what was answered before is in it");

        let mut command = process::serve(&data);
        command.args(["--grpc-addr", "127.0.0.1:0"]);
        let mut restored = Process::run(command, TempDir::new().expect("a temporary directory")).await;
        client::marker(&restored.connect().await).await;
        restored.terminate();
        assert!(restored.ended().await.success());
        assert!(done(omniroute("verify", &data, &[])).contains("1 snapshots equal to the replay"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_written_over_and_nothing_is_verified_that_changes() {
    let dir = TempDir::new().expect("a temporary directory");
    let process = Process::start(None).await;
    client::apply_directory(&process.connect().await, 1).await;
    let data = process.data_dir();
    failed(&omniroute("verify", data, &[]), "is in use by another process");
    let backup = fresh(&dir, "backup");
    let to = backup.to_str().expect("UTF-8");
    done(omniroute("backup", data, &["--to", to]));
    failed(&omniroute("backup", data, &["--to", to]), "is not empty");
    failed(&omniroute("restore", data, &["--from", to]), "is not empty");
    failed(&omniroute("backup", &fresh(&dir, "nothing"), &["--to", "/nowhere"]), "there is no journal");
    failed(&omniroute("verify", &fresh(&dir, "nothing"), &[]), "there is no journal");
    failed(&omniroute("export", data, &["--org", "nobody"]), "there is no org nobody");
    assert!(!fresh(&dir, "nothing").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn export_tells_the_events_of_a_span_in_the_words_of_the_api() {
    let data = worked().await;
    let all = export(data.path(), &[]);
    let positions: Vec<u64> = all.iter().map(|it| it["position"].as_u64().expect("a number")).collect();
    assert_eq!(positions, (1..=all.len() as u64).collect::<Vec<_>>());
    assert!(all[0]["directory_changed"]["change_count"].as_u64() > Some(0), "{}", all[0]);
    let created = all.iter().find(|it| it.get("conversation_created").is_some()).expect("one was created");
    assert_eq!(created["conversation_created"]["customer_id"], "customer-agent-0-0", "{created}");
    assert!(created["at_ms"].as_u64() > Some(1_600_000_000_000), "{created}");
    assert_eq!(export(data.path(), &["--from", "3", "--to", "5"]), all[2..5]);
    assert_eq!(export(data.path(), &["--from", "9999999"]), [Value::Null; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn verify_says_where_the_journal_is_damaged() {
    let data = worked().await;
    assert!(done(omniroute("verify", data.path(), &[])).contains("1 snapshots equal to the replay"));
    let events = export(data.path(), &[]);
    let text = "a word of customer-agent-0-2";
    let posted = events.iter().find(|it| it["message_posted"]["text"] == text).expect("it was posted");
    damage(&data.path().join("journal.db"), text.as_bytes());
    let said = omniroute("verify", data.path(), &[]);
    failed(&said, &format!("org {ORG}: the journal is damaged at position {}", posted["position"]));
    failed(&omniroute("backup", data.path(), &["--to", "/dev/null/x"]), "cannot be used");
    // What is damaged is told by the copy's check, and is no backup.
    let dir = TempDir::new().expect("a temporary directory");
    let to = fresh(&dir, "backup");
    failed(
        &omniroute("backup", data.path(), &["--to", to.to_str().expect("UTF-8")]),
        "is damaged at position",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn verify_says_which_snapshot_is_wrong() {
    let data = worked().await;
    let path = newest_snapshot(data.path());
    let position =
        path.file_stem().expect("a name").to_str().expect("UTF-8").trim_start_matches('0').to_owned();
    let whole = fs::read(&path).expect("it is there");
    damage(&path, b"customer-agent-0");
    let said = omniroute("verify", data.path(), &[]);
    failed(&said, "1 snapshots are wrong");
    assert!(said.output.contains(&format!("the snapshot at position {position} is damaged")), "{said:?}");
    // Whole, but of another moment than its name says.
    fs::write(&path, &whole).expect("it can be written");
    let other = path.with_file_name(format!("{:020}.snapshot", 3));
    fs::copy(&path, &other).expect("it can be written");
    let said = omniroute("verify", data.path(), &[]);
    assert!(said.output.contains("the snapshot at position 3 is damaged"), "{said:?}");
    fs::remove_file(&other).expect("it is there");
    assert_eq!(omniroute("verify", data.path(), &[]).code, Some(0));
    // The same, with a checksum that is right.
    let snapshots = Snapshots::new(data.path().join("snapshots"));
    let (last, payload) = snapshots.newest(ORG).expect("it is read").expect("there is one");
    snapshots.save(ORG, Position(last.0 - 1), &payload).expect("it is saved");
    let said = omniroute("verify", data.path(), &[]);
    let wrong = format!("the snapshot at position {} is not what the events before it make", last.0 - 1);
    assert!(said.code == Some(1) && said.output.contains(&wrong), "{said:?}");
    // A snapshot of what the journal no longer has: it was cut short.
    snapshots.save(ORG, Position(last.0 + 1), &payload).expect("it is saved");
    let short = format!("the journal ends at {last}, before the snapshot at {}", last.0 + 1);
    failed(&omniroute("verify", data.path(), &[]), &short);
}
