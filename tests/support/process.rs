//! The real binary as a child process, on a data directory that outlives it.
#![allow(dead_code, unreachable_pub, reason = "each test target uses its part")]

use std::{
    io::{BufRead, BufReader},
    net::{SocketAddr, TcpListener},
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    time::Duration,
};

use tempfile::TempDir;
use tonic::transport::Channel;

/// How long a test waits for an end that must come.
const PATIENCE: Duration = Duration::from_secs(60);

/// A life of the service.
pub struct Process {
    child: Option<Child>,
    addr: SocketAddr,
    metrics_addr: SocketAddr,
    data: TempDir,
}

/// The service as a command, on a data directory, with no sample.
pub fn serve(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_omniroute"));
    command.args(["serve", "--no-sample", "--metrics-addr", "127.0.0.1:0", "--data-dir"]);
    command.arg(data).env("OMNIROUTE_LOG_FILTER", "warn").stdout(Stdio::piped());
    command
}

/// An address that nobody listens on now.
pub fn free_addr() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    listener.local_addr().expect("it has an address")
}

/// Sends a signal to a child.
fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args(["-s", name, &child.id().to_string()]).status();
    assert!(sent.expect("there is a kill").success(), "{name} cannot be sent");
}

impl Process {
    /// Starts the service, on the data of its former life if there was one, and waits until it says that it is ready.
    pub async fn start(former: Option<Self>) -> Self {
        Self::start_with(former, &[]).await
    }

    /// The same, with further arguments.
    pub async fn start_with(former: Option<Self>, arguments: &[&str]) -> Self {
        let data = former.map_or_else(|| TempDir::new().expect("a temporary directory"), Self::into_data);
        let mut command = serve(data.path());
        command.args(["--grpc-addr", "127.0.0.1:0"]).args(arguments);
        Self::run(command, data).await
    }

    /// Runs a command that serves from this data directory, and waits until it says that it is ready.
    pub async fn run(mut command: Command, data: TempDir) -> Self {
        let mut child = command.spawn().expect("the binary starts");
        let said = BufReader::new(child.stdout.take().expect("its output is piped"));
        let addrs = tokio::task::spawn_blocking(move || {
            let mut lines = said.lines().map_while(Result::ok);
            let mut addr = |what: &str| -> Option<SocketAddr> {
                let line = lines.find(|line| line.trim_start().starts_with(what))?;
                let said = line.split_whitespace().nth(1)?;
                said.trim_start_matches("http://").trim_end_matches("/metrics").parse().ok()
            };
            Some((addr("gRPC")?, addr("metrics")?))
        });
        let (addr, metrics_addr) = addrs.await.expect("it is read").expect("it says where it listens");
        Self { child: Some(child), addr, metrics_addr, data }
    }

    /// Ends it if it lives, and gives its data back.
    pub fn into_data(mut self) -> TempDir {
        self.kill();
        std::mem::replace(&mut self.data, TempDir::new().expect("a temporary directory"))
    }

    /// Where its data is.
    pub fn data_dir(&self) -> &Path {
        self.data.path()
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Where its metrics are.
    pub fn metrics_addr(&self) -> SocketAddr {
        self.metrics_addr
    }

    /// Its number.
    pub fn id(&self) -> u32 {
        self.child.as_ref().expect("it lives").id()
    }

    /// Kills it: SIGKILL, at once.
    pub fn kill(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        // A child that is dead already is as dead as it should be.
        child.kill().unwrap_or(());
        child.wait().expect("it was a child");
    }

    /// Asks it to stop: SIGTERM.
    pub fn terminate(&self) {
        signal(self.child.as_ref().expect("it lives"), "TERM");
    }

    /// Waits until it has ended by itself.
    pub async fn ended(&mut self) -> ExitStatus {
        let mut child = self.child.take().expect("it lives");
        let id = child.id();
        let ended = tokio::task::spawn_blocking(move || child.wait());
        let ended = tokio::time::timeout(PATIENCE, ended).await;
        ended
            .unwrap_or_else(|_| panic!("process {id} does not end"))
            .expect("it is waited for")
            .expect("it was a child")
    }

    /// A connection to it.
    pub async fn connect(&self) -> Channel {
        let endpoint = Channel::from_shared(format!("http://{}", self.addr)).expect("an address");
        endpoint.connect().await.expect("it listens")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}
