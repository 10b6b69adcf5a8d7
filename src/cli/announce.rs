//! What `omniroute serve` says when it is ready, and what the command says when it fails.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "this is the command line")]

use std::{error::Error, net::SocketAddr, path::Path, process::ExitCode};

use crate::server::Found;

/// Where everything is.
#[derive(Debug)]
pub struct Announcement<'a> {
    /// Where gRPC is served.
    pub grpc_addr: SocketAddr,
    /// Where the metrics are served.
    pub metrics_addr: SocketAddr,
    /// Where the journal is.
    pub data_dir: &'a Path,
    /// What was there before.
    pub found: Found,
}

/// Says where everything is.
pub fn announce(it: &Announcement<'_>) {
    let Found { orgs, events, torn_bytes } = it.found;
    println!("omniroute is ready for calls");
    println!("  gRPC     {}   (gRPC-Web, health and reflection too)", it.grpc_addr);
    println!("  metrics  http://{}/metrics", it.metrics_addr);
    println!("  data     {}   (journal.db, views.db, snapshots)", it.data_dir.display());
    match orgs {
        0 => println!("  orgs     none before: a first start"),
        _ => println!("  orgs     {orgs} with {events} events, found again"),
    }
    if torn_bytes > 0 {
        println!("  journal  {torn_bytes} bytes of an unfinished last commit were cut; nothing that was answered");
    }
    println!("Next, in another terminal: omniroute demo");
}

/// Says why the command failed, with everything that stands behind it.
pub fn fail(error: &dyn Error) -> ExitCode {
    eprintln!("omniroute: {error}");
    let mut source = error.source();
    while let Some(behind) = source {
        eprintln!("  because: {behind}");
        source = behind.source();
    }
    ExitCode::FAILURE
}
