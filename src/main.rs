//! The `omniroute` binary: a checklist. The one place that makes exit codes.

use std::{error::Error, process::ExitCode};

use clap::Parser;
use mimalloc::MiMalloc;
use omniroute::{
    access::{Security, tls::TlsFiles, tokens::TokenRules},
    api::Sample,
    cli::{self, Announcement, Cli, Command},
    clock::Clock,
    config::{Config, Flags, Settings},
    server::{self, Bounds, Options, ServerError},
    telemetry::{self, PageError, RecorderError},
};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// What one thread makes another lets go of, all day long: events, answers, notices. Without huge pages (`no_thp`): the thread that first
/// touches one waits until all of it is zeroed.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let ended = match Cli::parse().command {
        Command::Serve(flags) => {
            configured(flags).and_then(|it| serve(&it.config).map_err(|error| failed(&error, 1)))
        }
        Command::Config(flags) => configured(flags).map(|it| cli::show_config(&it)),
        Command::Token(args) => cli::sign(&args).map_err(|error| failed(&error, 1)),
        Command::Data(command) => cli::keep(command).map_err(|error| failed(&error, 1)),
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
    Metrics(#[from] PageError),
    #[error(transparent)]
    Recorder(#[from] RecorderError),
    #[error("the threads that serve cannot be started")]
    Runtime(#[source] std::io::Error),
    #[error("the signals that stop the service cannot be heard")]
    Signals(#[source] std::io::Error),
    #[error("the sample directory is wrong")]
    Sample(#[from] cli::directory_file::DirectoryFileError),
    #[error("the journal failed: see the log; what was answered is safe, and a restart goes on from there")]
    JournalFailed,
    #[error(
        "stopped at once by a further signal; what was answered is safe, and the next start takes longer"
    )]
    Cut,
}

/// Half of the machine's threads: the others are for the shards, the journal and the logbook. More would only wake each other.
fn grpc_threads() -> usize {
    std::thread::available_parallelism().map_or(1, |it| it.get().div_ceil(2))
}

fn serve(config: &Config) -> Result<(), ServeError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(grpc_threads())
        .enable_all()
        .build()
        .map_err(ServeError::Runtime)?;
    let ended = runtime.block_on(async {
        let recorder = telemetry::record(config)?;
        let ended = life(config).await;
        recorder.end().await;
        ended
    });
    // What blocks still, at a stop while it starts, is what a kill would end as well.
    runtime.shutdown_background();
    ended
}

/// From the start to the end: the first signal drains, the second cuts the drain short, and one more ends the process as a kill would.
async fn life(config: &Config) -> Result<(), ServeError> {
    if config.is_unguarded() {
        tracing::warn!(addr = %config.grpc_addr, "insecure, as it was told: others can reach it, without TLS or without tokens");
    }
    let mut signals = Signals::hear().map_err(ServeError::Signals)?;
    let metrics = telemetry::export_metrics(config.metrics_addr).await?;
    let options = options(config)?;
    let mut running = tokio::select! {
        started = server::start(options) => started?,
        () = signals.stop() => return Ok(()),
    };
    metrics.figures.send_replace(Some(running.figures()));
    cli::announce(&Announcement {
        grpc_addr: running.grpc_addr,
        metrics_addr: metrics.addr,
        data_dir: &config.data_dir,
        found: running.found,
    });
    let heard = tokio::select! {
        () = signals.stop() => Ok(()),
        () = running.failed() => Err(ServeError::JournalFailed),
    };
    if heard.is_ok() {
        tracing::info!(at_most = ?config.drain_timeout, "drains: no new conversations are taken");
        tokio::select! {
            () = running.drain(config.drain_timeout) => {}
            () = signals.stop() => {}
        }
    }
    tokio::select! {
        stopped = running.stop() => stopped?,
        () = signals.stop() => return Err(ServeError::Cut),
    }
    heard
}

fn options(config: &Config) -> Result<Options, ServeError> {
    let sample = || {
        let directory = cli::directory_file::parse(cli::SAMPLE)?;
        Ok::<_, ServeError>(Sample { org_id: cli::SAMPLE_ORG.to_owned(), directory })
    };
    Ok(Options {
        data_dir: config.data_dir.clone(),
        grpc_addr: config.grpc_addr,
        shards: config.shards,
        clock: Clock::System,
        sample: config.sample.then(sample).transpose()?,
        bounds: Bounds {
            connections_max: config.connections_max,
            first_call_within: config.first_call_timeout,
            message_within: config.message_timeout,
            ping_every: config.ping_interval,
            unread_max: config.unread_timeout,
        },
        security: security(config),
    })
}

fn security(config: &Config) -> Security {
    let tokens = config.jwks.clone().map(|jwks| TokenRules {
        jwks,
        issuer: config.token_issuer.clone(),
        audience: config.token_audience.clone(),
    });
    let pair = config.tls_cert.clone().zip(config.tls_key.clone());
    let tls = pair.map(|(cert, key)| TlsFiles { cert, key, client_ca: config.tls_client_ca.clone() });
    Security { tokens, tls }
}

/// The signals that ask to stop: SIGTERM, and SIGINT from a keyboard.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn hear() -> std::io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Waits for the next of them.
    async fn stop(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
