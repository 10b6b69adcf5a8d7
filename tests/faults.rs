//! Faults of the machine under the real binary: a disk that takes no more, for all files or for some, a disk that is read-only, too few
//! files. Each ends as `docs/operating.md` says, and nothing that was answered is lost.
#![allow(clippy::expect_used, clippy::panic, missing_docs, reason = "a test fails by panicking")]
#![allow(clippy::print_stderr, reason = "what is left out is said")]

mod real;

use std::{
    env,
    fs::{self, File},
    net::TcpStream,
    path::Path,
    process::{Command, Stdio},
    sync::{Arc, atomic::AtomicUsize},
    time::Duration,
};

use omniroute::wire::v1::{self, conversation_service_client::ConversationServiceClient};
use real::{
    client::{self, Client, Ledger, ORG},
    figures::{figure, until},
    process::{Process, free_addr, serve},
};
use tempfile::TempDir;
use tonic::{Code, transport::Channel};
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(30);

/// The service, started by a shell that says something first.
fn after(preparation: &str, shell: &[&str], data: &Path) -> Command {
    let service = serve(data);
    let mut command = Command::new(shell[0]);
    command.args(&shell[1..]).arg("-c").arg(format!("{preparation} && exec \"$0\" \"$@\""));
    command.arg(service.get_program()).args(service.get_args());
    command.env("OMNIROUTE_GRPC_ADDR", "127.0.0.1:0").env("OMNIROUTE_LOG_FILTER", "error");
    command.stdout(Stdio::piped());
    command
}

/// Lets clients work until the service is gone.
async fn work_until_it_is_gone(channel: Channel, clients: usize) -> Vec<Ledger> {
    let mut working = Vec::new();
    for number in 0..clients {
        let client = Client::new(channel.clone(), Ledger::new(number), Arc::new(AtomicUsize::new(0)));
        working.push(tokio::spawn(client.run()));
    }
    let mut ledgers = Vec::new();
    for it in working {
        ledgers.push(it.await.expect("no client panics"));
    }
    let answered: usize = ledgers.iter().map(|it| it.conversations.len()).sum();
    assert!(answered > 10, "it worked before it failed: {answered}");
    ledgers
}

/// Checks what clients were answered in the life before.
async fn check(channel: &Channel, ledgers: &mut [Ledger]) {
    for ledger in ledgers {
        client::settle(channel, ledger).await;
        client::check(channel, ledger).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_takes_no_more_stops_the_service_and_loses_nothing_that_was_answered() {
    const CLIENTS: usize = 4;
    let mut process = Process::start(None).await;
    client::apply_directory(&process.connect().await, CLIENTS).await;
    process.kill();
    let data = process.into_data();
    // No file may grow beyond 2 MiB: what is written there fails, as on a full disk.
    let command = after("trap '' XFSZ; ulimit -f 2048", &["bash"], data.path());
    let mut process = Process::run(command, data).await;
    let mut ledgers = work_until_it_is_gone(process.connect().await, CLIENTS).await;
    assert_eq!(process.ended().await.code(), Some(1), "the journal failed, and it says so");
    let process = Process::start(Some(process)).await;
    check(&process.connect().await, &mut ledgers).await;
}

async fn is_serving(channel: &Channel) -> bool {
    let answer = HealthClient::new(channel.clone()).check(HealthCheckRequest::default()).await;
    answer.is_ok_and(|it| it.into_inner().status() == ServingStatus::Serving)
}

/// A shell in which a file system can be mounted that nobody else sees; none: it may not be.
fn mounting() -> Option<&'static [&'static str]> {
    let ways: [&[&str]; 2] = [&["unshare", "-m", "bash"], &["unshare", "-rm", "bash"]];
    let found = ways.into_iter().find(|it| {
        let tried = Command::new(it[0]).args(&it[1..]).args(["-c", "mount -t tmpfs none /mnt"]).output();
        tried.is_ok_and(|it| it.status.success())
    });
    if found.is_none() {
        assert!(env::var_os("OMNIROUTE_REQUIRE_ALL").is_none(), "nothing can be mounted here");
        eprintln!("left out: nothing can be mounted here");
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_file_system_stops_the_service_and_it_goes_on_once_there_is_room() {
    const CLIENTS: usize = 4;
    let Some(shell) = mounting() else { return };
    let (data, notes) = (TempDir::new().expect("a directory"), TempDir::new().expect("a directory"));
    let (code, addr) = (notes.path().join("code"), free_addr());
    // A file system of 3 MiB, and when the service has ended there, one with room: the same, and the service again.
    let preparation = "mount -t tmpfs -o size=3m none $D && { \"$0\" \"$@\"; echo $? > $CODE; } && \
                       mount -o remount,size=300m $D";
    let mut command = after(preparation, shell, data.path());
    command.env("D", data.path()).env("CODE", &code).env("OMNIROUTE_GRPC_ADDR", addr.to_string());
    let process = Process::run(command, data).await;
    let channel = process.connect().await;
    client::apply_directory(&channel, CLIENTS).await;
    let mut ledgers = work_until_it_is_gone(channel.clone(), CLIENTS).await;
    let endpoint = Channel::from_shared(format!("http://{}", process.addr())).expect("an address");
    let channel = loop {
        if code.exists()
            && let Ok(channel) = endpoint.connect().await
            && is_serving(&channel).await
        {
            break channel;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(
        fs::read_to_string(code).expect("it was written").trim(),
        "1",
        "it said that the journal failed"
    );
    check(&channel, &mut ledgers).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_only_disk_is_refused_at_the_start_and_named() {
    let Some(shell) = mounting() else { return };
    let mut process = Process::start(None).await;
    client::apply_directory(&process.connect().await, 1).await;
    process.terminate();
    assert!(process.ended().await.success());
    let data = process.into_data();
    for preparation in ["mount --bind $D $D && mount -o remount,ro,bind $D", "mount -t tmpfs -o ro none $D"] {
        let mut command = after(preparation, shell, data.path());
        let ended = command.env("D", data.path()).output().expect("the shell runs");
        let said = String::from_utf8(ended.stderr).expect("UTF-8");
        assert_eq!(ended.status.code(), Some(1), "{said}");
        assert!(said.contains("Read-only file system"), "{said}");
        assert!(ended.stdout.is_empty(), "it was never ready");
    }
    // As it was, it starts.
    let command = after("true", &["bash"], data.path());
    drop(Process::run(command, data).await);
}

/// A file system in which somebody has a file open to write cannot be made read-only. A limit stands for it that has every write fail.
#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_becomes_read_only_stops_the_service_and_loses_nothing_that_was_answered() {
    const CLIENTS: usize = 4;
    let (data, notes) = (TempDir::new().expect("a directory"), TempDir::new().expect("a directory"));
    let mut command = after("trap '' XFSZ", &["bash"], data.path());
    // Its log can be written no more than its data.
    command.stderr(File::create(notes.path().join("log")).expect("it can be made"));
    let mut process = Process::run(command, data).await;
    let channel = process.connect().await;
    client::apply_directory(&channel, CLIENTS).await;
    let working = tokio::spawn(work_until_it_is_gone(channel.clone(), CLIENTS));
    for _ in 0..50 {
        client::marker(&channel).await;
    }
    let mut limit = Command::new("prlimit");
    let limited = limit.args(["--fsize=0", "--pid", &process.id().to_string()]).status();
    assert!(limited.expect("there is a prlimit").success());
    let mut ledgers = working.await.expect("no client panics");
    assert_eq!(process.ended().await.code(), Some(1), "the journal failed");
    let process = Process::start(Some(process)).await;
    check(&process.connect().await, &mut ledgers).await;
}

/// What was written to a file, once something is in it.
async fn until_said(log: &Path, what: &str) {
    let said = async {
        while !fs::read_to_string(log).expect("it is there").contains(what) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, said).await.unwrap_or_else(|_| panic!("it does not say {what:?}"));
}

/// Writes a text in a conversation, and says its number there.
async fn write(channel: &Channel, conversation_id: u64, number: u32) -> u32 {
    let request = client::write(format!("text-{number}"), conversation_id, "x".repeat(30_000));
    let mut client = ConversationServiceClient::new(channel.clone());
    client.post_message(request).await.expect("routing goes on").into_inner().number
}

/// Reads the last entries of a chat log. Who has waited for too long is told to come again.
async fn read(channel: Channel, conversation_id: u64, from_number: u32) -> Vec<u32> {
    let reader = v1::LogReader::Agent.into();
    let request =
        v1::ReadChatLogRequest { org_id: ORG.into(), conversation_id, reader, from_number, page_size: 0 };
    loop {
        match ConversationServiceClient::new(channel.clone()).read_chat_log(request.clone()).await {
            Ok(log) => return log.into_inner().entries.into_iter().map(|it| it.number).collect(),
            Err(status) => assert_eq!(status.code(), Code::ResourceExhausted, "{status:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_views_db_alone_has_no_room_routing_goes_on_and_reads_wait_for_it() {
    const TEXTS: u32 = 100;
    let Some(shell) = mounting() else { return };
    let (data, notes) = (TempDir::new().expect("a directory"), TempDir::new().expect("a directory"));
    let log = notes.path().join("log");
    // The read models alone are on a file system of 1 MiB, which is made larger when the test says so.
    let preparation = "mkdir $NOTES/small && mount -t tmpfs -o size=1m none $NOTES/small && \
                       ln -s $NOTES/small/views.db $D/views.db && \
                       { { for _ in {1..600}; do [[ -e $NOTES/mended ]] && break; sleep 0.1; done; \
                           mount -o remount,size=300m $NOTES/small; touch $NOTES/done; } & }";
    let mut command = after(preparation, shell, data.path());
    command.env("D", data.path()).env("NOTES", notes.path());
    command.stderr(File::create(&log).expect("it can be made"));
    let process = Process::run(command, data).await;
    let channel = process.connect().await;
    client::apply_directory(&channel, 1).await;
    let chat = client::waiting(&channel, "written").await;
    for number in 1..=TEXTS {
        assert_eq!(write(&channel, chat, number).await, number);
    }
    until_said(&log, "the logbook could not be brought up").await;
    client::marker(&channel).await;
    assert!(figure(&process, "omniroute_logbook_behind_events", &[]).await > 0);
    let reading = tokio::spawn(read(channel.clone(), chat, TEXTS));

    File::create(notes.path().join("mended")).expect("it can be made");
    while !notes.path().join("done").exists() {
        tokio::task::yield_now().await;
    }
    // Nothing happens any more, and it is tried again.
    assert_eq!(reading.await.expect("it does not panic").first(), Some(&TEXTS));
    until(&process, "omniroute_logbook_behind_events", &[], |it| it == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_that_cannot_be_written_is_a_warning_and_the_next_start_replays() {
    let Some(shell) = mounting() else { return };
    let (data, notes) = (TempDir::new().expect("a directory"), TempDir::new().expect("a directory"));
    let log = notes.path().join("log");
    // The snapshots alone are on a file system of one page.
    let preparation = "mkdir $D/snapshots && mount -t tmpfs -o size=4k none $D/snapshots";
    let mut command = after(preparation, shell, data.path());
    command.env("D", data.path()).env("OMNIROUTE_LOG_FILTER", "warn");
    command.stderr(File::create(&log).expect("it can be made"));
    let mut process = Process::run(command, data).await;
    let channel = process.connect().await;
    client::apply_directory(&channel, 300).await;
    let last = client::marker(&channel).await;
    process.terminate();
    assert!(process.ended().await.success(), "all that was answered is durable");
    let said = fs::read_to_string(&log).expect("it was written");
    assert!(said.contains("could not take a snapshot") && said.contains("No space left"), "{said}");
    let process = Process::start(Some(process)).await;
    assert_eq!(client::marker(&process.connect().await).await, last + 1, "it knows of all that there was");
}

#[tokio::test(flavor = "multi_thread")]
async fn with_too_few_files_it_serves_those_who_are_connected_and_others_once_there_are_files() {
    let data = TempDir::new().expect("a temporary directory");
    let process = Process::run(after("ulimit -n 64", &["bash"], data.path()), data).await;
    let channel = process.connect().await;
    client::apply_directory(&channel, 1).await;
    // More than it has files for: the system takes these connections, the service cannot.
    let crowd: Vec<TcpStream> =
        (0..100).map(|_| TcpStream::connect(process.addr()).expect("the system takes it")).collect();
    for _ in 0..20 {
        client::marker(&channel).await;
    }
    drop(crowd);
    let late = process.connect().await;
    client::marker(&late).await;
}

#[test]
fn with_too_few_files_to_start_it_says_so() {
    let data = TempDir::new().expect("a temporary directory");
    let log = data.path().join("log");
    let mut command = after("ulimit -n 12", &["bash"], &data.path().join("data"));
    let file = File::create(&log).expect("it can be made");
    let ended = command.stderr(file).stdout(Stdio::null()).status().expect("the shell runs");
    let said = fs::read_to_string(&log).expect("it was written");
    assert_eq!(ended.code(), Some(1), "{said}");
    assert!(said.contains("Too many open files") || said.contains("unable to open database file"), "{said}");
}
