//! `omniroute health`: asks a service which phase it is in, as a probe does.
#![allow(clippy::print_stdout, reason = "this is the command line")]

use clap::Args;
use thiserror::Error;
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

use super::client::{CallError, ConnectError, Dial, Line, refused};
use crate::server::health::{Phase, READY, STARTED};

/// Which service.
#[derive(Debug, Clone, Args)]
pub struct HealthArgs {
    #[command(flatten)]
    dial: Dial,
    /// End with 0 wherever the process lives, whatever its phase.
    #[arg(long)]
    live: bool,
}

/// Why the answer is not "serving".
#[derive(Debug, Error)]
pub enum HealthError {
    /// Nobody listens there.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// It does not answer.
    #[error(transparent)]
    Call(#[from] Box<CallError>),
    /// It is in another phase.
    #[error("the service is {0}")]
    NotServing(Phase),
}

/// Asks, and prints the phase to the standard output.
pub(super) async fn ask(args: HealthArgs) -> Result<(), HealthError> {
    let mut client = HealthClient::new(args.dial.connect().await?);
    let phase = Phase::of(is_serving(&mut client, READY).await?, is_serving(&mut client, STARTED).await?);
    println!("{phase}");
    if args.live || phase == Phase::Serving { Ok(()) } else { Err(HealthError::NotServing(phase)) }
}

async fn is_serving(client: &mut HealthClient<Line>, service: &str) -> Result<bool, HealthError> {
    let request = HealthCheckRequest { service: service.to_owned() };
    let answer = client.check(request).await.map_err(refused("Check"))?;
    Ok(answer.into_inner().status() == ServingStatus::Serving)
}
