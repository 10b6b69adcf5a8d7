//! What the service says of itself to operators: its log and its metrics. Set up once a process, by `main`.

use std::net::SocketAddr;

use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder};
use tokio::net::TcpListener;
use tracing_subscriber::EnvFilter;

use crate::metrics;

/// Upper bounds of the buckets of durations, in seconds: from what memory takes to what nobody waits for.
const SECONDS: [f64; 12] =
    [0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0];
/// Upper bounds of the buckets of counts.
const COUNTS: [f64; 8] = [1.0, 4.0, 16.0, 64.0, 256.0, 1_024.0, 4_096.0, 16_384.0];

/// Why telemetry could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The address of the metrics could not be listened on.
    #[error("cannot listen on {addr} for metrics")]
    Listen {
        /// Which.
        addr: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The exporter could not be set up.
    #[error("the metrics exporter cannot be set up")]
    Exporter(#[from] BuildError),
}

/// Logs to the standard error, as `RUST_LOG` says; by default what an operator should see.
pub fn log() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    // In a test another may have done it before.
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).try_init().unwrap_or(());
}

/// Serves the metrics over HTTP, for Prometheus.
pub async fn export_metrics(addr: SocketAddr) -> Result<(), TelemetryError> {
    // The exporter binds when it is polled first and only then could say that it cannot.
    drop(TcpListener::bind(addr).await.map_err(|source| TelemetryError::Listen { addr, source })?);
    PrometheusBuilder::new()
        .with_http_listener(addr)
        .set_buckets_for_metric(Matcher::Suffix("_seconds".into()), &SECONDS)?
        .set_buckets_for_metric(Matcher::Suffix("_events".into()), &COUNTS)?
        .install()?;
    metrics::describe();
    Ok(())
}
