//! The page of metrics that Prometheus scrapes.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{Router, http::header, routing::get};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use tokio::{
    net::TcpListener,
    sync::{Mutex, watch},
    time::MissedTickBehavior,
};

use crate::{
    clock::Stopwatch,
    metrics::{self, catalog, figures::Figures},
};

/// How often what histograms were told is sorted into their buckets: it is kept one by one until then.
const UPKEEP_EVERY: Duration = Duration::from_secs(1);
/// How long a page waits for the figures of capacity. Then it has those that were drawn last: a scrape gives up after ten seconds.
const FIGURES_PATIENCE: Duration = Duration::from_secs(5);
/// How often the shards are asked for them at most, however many scrape.
const FIGURES_EVERY: Duration = Duration::from_secs(1);
/// Prometheus' text format.
const TEXT_FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Why the metrics cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
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

/// The metrics as they are served.
#[derive(Debug)]
pub struct Exporter {
    /// Where.
    pub addr: SocketAddr,
    /// Where the figures of capacity come from: part of the page once they are sent.
    pub figures: watch::Sender<Option<Figures>>,
}

/// What the page of metrics is made from.
struct Page {
    counted: PrometheusHandle,
    process: metrics_process::Collector,
    figures: watch::Receiver<Option<Figures>>,
    /// The figures that were asked for last, and when.
    latest: Mutex<Option<(Stopwatch, Arc<str>)>>,
}

/// Serves the metrics over HTTP, for Prometheus, at any path; `/health` says that somebody answers.
pub async fn export_metrics(addr: SocketAddr) -> Result<Exporter, PageError> {
    let listen = |source| PageError::Listen { addr, source };
    let listener = TcpListener::bind(addr).await.map_err(listen)?;
    let addr = listener.local_addr().map_err(listen)?;
    let mut builder = PrometheusBuilder::new();
    for (name, bounds) in catalog::buckets() {
        builder = builder.set_buckets_for_metric(Matcher::Full(name.into()), bounds)?;
    }
    let counted = builder.install_recorder()?;
    metrics::describe();
    let process = metrics_process::Collector::default();
    process.describe();
    tokio::spawn(keep_up(counted.clone()));
    let (sender, figures) = watch::channel(None);
    let page = Arc::new(Page { counted, process, figures, latest: Mutex::new(None) });
    let metrics = move || page.clone().draw();
    let routes = Router::new().route("/health", get(|| async { "OK" })).fallback(metrics);
    tokio::spawn(async move { axum::serve(listener, routes).await });
    Ok(Exporter { addr, figures: sender })
}

async fn keep_up(counted: PrometheusHandle) {
    let mut ticks = tokio::time::interval(UPKEEP_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        counted.run_upkeep();
    }
}

impl Page {
    async fn draw(self: Arc<Self>) -> ([(header::HeaderName, &'static str); 1], String) {
        let capacity = self.capacity().await;
        let drawn = tokio::task::spawn_blocking(move || {
            self.process.collect();
            self.counted.render() + &capacity
        });
        ([(header::CONTENT_TYPE, TEXT_FORMAT)], drawn.await.unwrap_or_default())
    }

    /// The figures of capacity; of several scrapes in a short time, the first asks for them.
    async fn capacity(&self) -> Arc<str> {
        let figures = self.figures.borrow().clone();
        let Some(figures) = figures else { return Arc::default() };
        let mut latest = self.latest.lock().await;
        if let Some((_, page)) = latest.as_ref().filter(|(asked, _)| asked.elapsed() < FIGURES_EVERY) {
            return page.clone();
        }
        let asked = Stopwatch::start();
        let page = figures.within(FIGURES_PATIENCE).await;
        *latest = Some((asked, page.clone()));
        page
    }
}
