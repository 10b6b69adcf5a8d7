//! The `omniroute` binary: a checklist. The one place that makes exit codes.

use std::{error::Error, process::ExitCode};

use clap::Parser;
use omniroute::{
    api::Sample,
    cli::{self, Announcement, Cli, Command},
    clock::Clock,
    config::{Config, Flags, Settings},
    server::{self, Options, Running, ServerError},
    telemetry::{self, TelemetryError},
};

fn main() -> ExitCode {
    let ended = match Cli::parse().command {
        Command::Serve(flags) => {
            configured(flags).and_then(|it| serve(&it.config).map_err(|error| failed(&error, 1)))
        }
        Command::Config(flags) => configured(flags).map(|it| cli::show_config(&it)),
        Command::Client(command) => cli::run(command).map_err(|error| failed(&error, error.exit_code())),
    };
    ended.map_or_else(|code| code, |()| ExitCode::SUCCESS)
}

/// The layers of the configuration; 2 is what a command line that is wrong ends with, and so does this.
fn configured(flags: Flags) -> Result<Settings, ExitCode> {
    Settings::load(flags).map_err(|error| failed(&error, 2))
}

fn failed(error: &dyn Error, code: u8) -> ExitCode {
    cli::say_why(error);
    ExitCode::from(code)
}

/// Why `omniroute serve` ended otherwise than by being asked to.
#[derive(Debug, thiserror::Error)]
enum ServeError {
    #[error(transparent)]
    Server(#[from] ServerError),
    #[error(transparent)]
    Telemetry(#[from] TelemetryError),
    #[error("the threads that serve cannot be started")]
    Runtime(#[source] std::io::Error),
    #[error("the signals that stop the service cannot be heard")]
    Signals(#[source] std::io::Error),
    #[error("the sample directory is wrong")]
    Sample(#[from] cli::directory_file::DirectoryFileError),
    #[error("the journal failed: see the log; what was answered is safe, and a restart goes on from there")]
    JournalFailed,
}

fn serve(config: &Config) -> Result<(), ServeError> {
    telemetry::log();
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(ServeError::Runtime)?;
    runtime.block_on(async {
        telemetry::export_metrics(config.metrics_addr).await?;
        let sample = if config.sample {
            Some(Sample {
                org_id: cli::SAMPLE_ORG.to_owned(),
                directory: cli::directory_file::parse(cli::SAMPLE)?,
            })
        } else {
            None
        };
        let mut running = server::start(Options {
            data_dir: config.data_dir.clone(),
            grpc_addr: config.grpc_addr,
            shards: config.shards,
            clock: Clock::System,
            sample,
        })
        .await?;
        cli::announce(&Announcement {
            grpc_addr: running.grpc_addr,
            metrics_addr: config.metrics_addr,
            data_dir: &config.data_dir,
            found: running.found,
        });
        let heard = heard_to_stop(&mut running).await;
        running.stop().await?;
        heard
    })
}

/// Waits until the service is asked to stop, or must.
async fn heard_to_stop(running: &mut Running) -> Result<(), ServeError> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).map_err(ServeError::Signals)?;
    tokio::select! {
        asked = tokio::signal::ctrl_c() => asked.map_err(ServeError::Signals),
        _ = terminate.recv() => Ok(()),
        () = running.failed() => Err(ServeError::JournalFailed),
    }
}
