//! What `omniroute serve` says when it is ready, and what the command says when it fails.

use std::{error::Error, io::Write, net::SocketAddr, path::Path};

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
    let before = match orgs {
        0 => "none before: a first start".to_owned(),
        _ => format!("{orgs} with {events} events, found again"),
    };
    let torn = match torn_bytes {
        0 => String::new(),
        _ => format!(
            "  journal  {torn_bytes} bytes of an unfinished last commit were cut; nothing that was answered\n"
        ),
    };
    let said = format!(
        "omniroute is ready for calls\n  \
         gRPC     {}   (gRPC-Web, health and reflection too)\n  \
         metrics  http://{}/metrics\n  \
         data     {}   (journal.db, views.db, snapshots)\n  \
         orgs     {before}\n\
         {torn}Next, in another terminal: omniroute demo\n",
        it.grpc_addr,
        it.metrics_addr,
        it.data_dir.display()
    );
    // Whoever started the service and does not listen gets a service all the same.
    drop(std::io::stdout().write_all(said.as_bytes()));
}

/// Says why the command failed, with everything that stands behind it. Where that cannot be written, because the disk is full, the exit code
/// has to do.
pub fn say_why(error: &dyn Error) {
    let mut out = std::io::stderr();
    drop(writeln!(out, "omniroute: {error}"));
    let mut source = error.source();
    while let Some(behind) = source {
        drop(writeln!(out, "  because: {behind}"));
        source = behind.source();
    }
}
