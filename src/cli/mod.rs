//! The command line: `omniroute serve`, and the commands that are clients of a running service. The only place that prints.
//!
//! ```text
//!   main ──► Cli ──┬─ serve ──► config ──► the service
//!                  ├─ apply ──► directory_file ──► v1::Directory ──┐
//!                  └─ demo ───► a story at several agents' desks ──┴─► client ──gRPC──► a running service
//! ```
//!
//! The clients know the public API and nothing else of the house: whatever they do, any client can.

mod announce;
mod apply;
pub mod client;
mod demo;
pub mod directory_file;
mod file_values;
mod request_ids;
mod sample;

use clap::{Parser, Subcommand};
use thiserror::Error;

pub use announce::{Announcement, announce, fail};
pub use apply::{ApplyArgs, ApplyError};
pub use demo::{DemoArgs, DemoError};
pub use sample::{SAMPLE, SAMPLE_ORG};

use crate::config::Config;

/// A routing engine for contact centres: who serves whom, first acceptance wins, over gRPC.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true)]
pub struct Cli {
    /// What is to be done.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the service.
    Serve(Config),
    /// What is a client of a running service.
    #[command(flatten)]
    Client(ClientCommand),
}

/// The commands that call a running service.
#[derive(Debug, Subcommand)]
pub enum ClientCommand {
    /// Play a day at a small contact centre against a running service, and check that the rules hold.
    Demo(DemoArgs),
    /// Make the directory of an org what a file says: all or nothing.
    Apply(ApplyArgs),
}

/// Why a client command did not come to its end. Its text is for people.
#[derive(Debug, Error)]
pub enum CliError {
    /// The demo.
    #[error(transparent)]
    Demo(#[from] DemoError),
    /// A directory was not applied.
    #[error(transparent)]
    Apply(#[from] ApplyError),
    /// The threads that the client runs on could not be started.
    #[error("the threads that the client runs on cannot be started")]
    Runtime(#[source] std::io::Error),
}

/// Carries out a client command and prints what comes of it to the standard output.
pub fn run(command: ClientCommand) -> Result<(), CliError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(CliError::Runtime)?;
    match command {
        ClientCommand::Demo(args) => runtime.block_on(demo::play(args))?,
        ClientCommand::Apply(args) => runtime.block_on(apply::apply(args))?,
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn apply_wants_a_file_or_the_sample_and_not_both() {
        let parses = |line: &[&str]| Cli::try_parse_from([&["omniroute", "apply"], line].concat()).is_ok();
        assert!(parses(&["directory.toml"]));
        assert!(parses(&["--sample", "--dry-run"]));
        assert!(!parses(&[]));
        assert!(!parses(&["--sample", "directory.toml"]));
    }
}
