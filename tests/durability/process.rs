//! The real binary as a child process, on a data directory that outlives it.

use std::{
    io::{BufRead, BufReader},
    net::SocketAddr,
    process::{Child, Command, Stdio},
};

use tempfile::TempDir;
use tonic::transport::Channel;

/// A life of the service.
pub(crate) struct Process {
    child: Child,
    addr: SocketAddr,
    data: TempDir,
}

impl Process {
    /// Starts the service, on the data of its former life if there was one, and waits until it says that it is ready.
    pub(crate) async fn start(former: Option<Self>) -> Self {
        let data = former.map_or_else(|| TempDir::new().expect("a temporary directory"), Self::into_data);
        let mut child = Command::new(env!("CARGO_BIN_EXE_omniroute"))
            .args([
                "serve",
                "--no-sample",
                "--grpc-addr",
                "127.0.0.1:0",
                "--metrics-addr",
                "127.0.0.1:0",
                "--data-dir",
            ])
            .arg(data.path())
            .env("RUST_LOG", "warn")
            .stdout(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let said = BufReader::new(child.stdout.take().expect("its output is piped"));
        let addr = tokio::task::spawn_blocking(move || {
            let line = said.lines().map_while(Result::ok).find(|line| line.trim_start().starts_with("gRPC"));
            line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok())
        });
        let addr = addr.await.expect("it is read").expect("it says where it listens");
        Self { child, addr, data }
    }

    fn into_data(mut self) -> TempDir {
        self.kill();
        std::mem::replace(&mut self.data, TempDir::new().expect("a temporary directory"))
    }

    /// Kills it: SIGKILL, at once.
    pub(crate) fn kill(&mut self) {
        // A child that is dead already is as dead as it should be.
        self.child.kill().unwrap_or(());
        self.child.wait().expect("it was a child");
    }

    /// A connection to it.
    pub(crate) async fn connect(&self) -> Channel {
        let endpoint = Channel::from_shared(format!("http://{}", self.addr)).expect("an address");
        endpoint.connect().await.expect("it listens")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}
