//! The command line: `omniroute serve`, and the commands that are clients of a running service. The only place that prints.
//!
//! ```text
//!   main ──► Cli ──┬─ serve ──► config ──► the service
//!                  ├─ config ─► config, shown
//!                  ├─ token ──► a token, signed
//!                  ├─ backup, restore, verify, export ──► upkeep, on a data directory
//!                  ├─ health ─► the phase that a service is in ────┐
//!                  ├─ apply ──► directory_file ──► v1::Directory ──┤
//!                  ├─ demo ───► a story at several agents' desks ──┼─► client ──gRPC──► a running service
//!                  └─ load ───► a whole floor at work, measured ───┘
//! ```
//!
//! The clients know the public API and nothing else of the house: whatever they do, any client can.

mod announce;
mod apply;
pub mod client;
mod data;
mod demo;
mod dial;
pub mod directory_file;
mod file_values;
mod health;
mod load;
mod request_ids;
mod sample;
mod show_config;
mod token;

use clap::{Parser, Subcommand};
use thiserror::Error;
use tokio::runtime::{Builder, Runtime};

pub use announce::{Announcement, announce, say_why};
pub use apply::{ApplyArgs, ApplyError};
pub use data::{DataCommand, DataError, keep};
pub use demo::{DemoArgs, DemoError};
pub use health::{HealthArgs, HealthError};
pub use load::{LoadArgs, LoadError};
pub use sample::{SAMPLE, SAMPLE_ORG};
pub use show_config::show_config;
pub use token::{TokenArgs, TokenCommandError, sign};

use crate::config::Flags;

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
    Serve(Flags),
    /// Show the configuration that holds, and which layer each value came from.
    Config(Flags),
    /// Sign a token with a private key of your own, or show the public key as a JWKS file.
    Token(TokenArgs),
    /// What is done with a data directory.
    #[command(flatten)]
    Data(DataCommand),
    /// What is a client of a running service.
    #[command(flatten)]
    Client(ClientCommand),
}

/// The commands that call a running service.
#[derive(Debug, Subcommand)]
pub enum ClientCommand {
    /// Play a day at a small contact centre against a running service, and check that the rules hold.
    Demo(DemoArgs),
    /// Say whether a service is starting, serving or draining. Ends with 0 only where it is serving.
    Health(HealthArgs),
    /// Make the directory of an org what a file says: all or nothing.
    Apply(ApplyArgs),
    /// Put a load on a running service, measure it, and check that the rules hold meanwhile.
    Load(Box<LoadArgs>),
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
    /// A service is not in the phase that was asked for.
    #[error(transparent)]
    Health(#[from] HealthError),
    /// A load found what must not be, or could not be put on.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The threads that the client runs on could not be started.
    #[error("the threads that the client runs on cannot be started")]
    Runtime(#[source] std::io::Error),
}

impl CliError {
    /// The exit code: 3 says that the service did what the rules forbid, and nothing else does.
    pub fn exit_code(&self) -> u8 {
        if matches!(self, Self::Load(LoadError::Broken { .. })) { 3 } else { 1 }
    }
}

/// Carries out a client command and prints what comes of it to the standard output.
pub fn run(command: ClientCommand) -> Result<(), CliError> {
    let runtime = runtime(&command).map_err(CliError::Runtime)?;
    match command {
        ClientCommand::Demo(args) => runtime.block_on(demo::play(args))?,
        ClientCommand::Health(args) => runtime.block_on(health::ask(args))?,
        ClientCommand::Apply(args) => runtime.block_on(apply::apply(args))?,
        ClientCommand::Load(args) => runtime.block_on(Box::pin(load::run(&args)))?,
    }
    Ok(())
}

/// Two threads; the load has as many as it is told.
fn runtime(command: &ClientCommand) -> std::io::Result<Runtime> {
    match command {
        ClientCommand::Load(args) if args.threads() == 1 => {
            Builder::new_current_thread().enable_all().build()
        }
        ClientCommand::Load(args) => {
            Builder::new_multi_thread().worker_threads(args.threads()).enable_all().build()
        }
        ClientCommand::Demo(_) | ClientCommand::Apply(_) | ClientCommand::Health(_) => {
            Builder::new_multi_thread().worker_threads(2).enable_all().build()
        }
    }
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
