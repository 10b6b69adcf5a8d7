//! The log, and where spans go: to the log as its context, and to a collector when one is named.
//!
//! ```text
//!   span, event ──┬─ log_filter ──► standard error, as text or as JSON
//!                 └─ spans of ours ──► batches ──► OTLP over gRPC, only with `otlp_endpoint`
//! ```

use std::{io, time::Duration};

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{ExporterBuildError, SpanExporter, WithExportConfig};
use opentelemetry_sdk::{
    Resource,
    trace::{Sampler, SdkTracerProvider},
};
use tracing_subscriber::{
    EnvFilter, Layer, Registry, filter::filter_fn, fmt, layer::SubscriberExt, util::SubscriberInitExt,
};

use super::trace;
use crate::config::Config;
pub use crate::config::LogFormat;

/// How long the last spans may take to reach the collector.
const LAST_SPANS: Duration = Duration::from_secs(2);

/// Why the traces cannot be sent.
#[derive(Debug, thiserror::Error)]
#[error("traces cannot be sent to {endpoint} (otlp_endpoint)")]
pub struct RecorderError {
    endpoint: String,
    source: ExporterBuildError,
}

/// What records.
#[derive(Debug, Default)]
pub struct Recorder {
    traces: Option<SdkTracerProvider>,
}

/// Records from now on, as configured. Called on a runtime that lives as long as what comes back.
pub fn record(config: &Config) -> Result<Recorder, RecorderError> {
    let traces = config.otlp_endpoint.as_ref().map(|endpoint| exporter(endpoint, config)).transpose()?;
    let spans = traces.as_ref().map(|provider| {
        let ours = filter_fn(|it| it.is_span() && it.target().starts_with("omniroute"));
        tracing_opentelemetry::layer()
            .with_tracer(provider.tracer("omniroute"))
            .with_location(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
            .with_filter(ours)
    });
    // The configuration has been read, and with it the filter.
    let filter = EnvFilter::try_new(&config.log_filter).unwrap_or_default();
    // Where a line cannot be written, because the disk is full, the complaint about it could not be either, and would panic.
    let to_stderr = fmt::layer::<Registry>().with_writer(io::stderr).log_internal_errors(false);
    let log = match config.log_format {
        LogFormat::Text => to_stderr.with_filter(filter).boxed(),
        LogFormat::Json => {
            to_stderr.json().flatten_event(true).with_span_list(false).with_filter(filter).boxed()
        }
    };
    tracing_subscriber::registry().with(log).with(spans).init();
    if traces.is_some() {
        trace::turn_on();
    }
    Ok(Recorder { traces })
}

fn exporter(endpoint: &str, config: &Config) -> Result<SdkTracerProvider, RecorderError> {
    let exporter = SpanExporter::builder()
        .with_tonic()
        .with_endpoint(endpoint)
        .build()
        .map_err(|source| RecorderError { endpoint: endpoint.to_owned(), source })?;
    #[allow(clippy::cast_precision_loss, reason = "it is bounded far below 2^52")]
    let ratio = 1.0 / config.otlp_one_in as f64;
    let resource = Resource::builder()
        .with_service_name("omniroute")
        .with_attribute(opentelemetry::KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
        .build();
    Ok(SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_sampler(Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(ratio))))
        .with_resource(resource)
        .build())
}

impl Recorder {
    /// Sends the spans that are left.
    pub async fn end(self) {
        let Some(traces) = self.traces else { return };
        let sent = tokio::task::spawn_blocking(move || traces.shutdown_with_timeout(LAST_SPANS));
        if !matches!(sent.await, Ok(Ok(()))) {
            tracing::warn!("the last spans did not reach the collector");
        }
    }
}
