//! A door with nothing behind it but the disk: a service that answers each call once a page is synced, together with all who called by then.
//! No rules, no messages to speak of. By this much a dispatcher whose answers are durable can be called on this machine, with this library.
//!
//! ```text
//!   client ─► call ─► HTTP/2 ─► task ─┐
//!   …                                 ├─► page written, synced ─► all that wait are answered
//!   client ─► call ─► HTTP/2 ─► task ─┘
//! ```
#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    missing_docs,
    reason = "a bench prints its state and fails by panicking"
)]

use std::{
    fs::File,
    net::SocketAddr,
    os::unix::fs::FileExt,
    thread,
    time::{Duration, Instant},
};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use crossbeam_channel::{Receiver, Sender, bounded};
use tokio::{
    net::TcpListener,
    runtime::{Builder, Runtime},
    sync::oneshot,
    task::JoinSet,
};
use tokio_stream::{Empty, wrappers::TcpListenerStream};
use tonic::{
    Request, Response, Status,
    transport::{Channel, Endpoint, Server},
};
use tonic_health::pb::{
    HealthCheckRequest, HealthCheckResponse,
    health_client::HealthClient,
    health_server::{Health, HealthServer},
};

/// A cycle of the dispatchers that the service is compared with: dispatch and complete.
const CALLS: usize = 2;
const PAGE: [u8; 4096] = [1; 4096];
/// Where the file begins anew: what is synced is written over, and the file never grows.
const PAGES: u64 = 16_384;
/// Calls that wait for a page, at most.
const WAITING_MAX: usize = 1_024;

/// The service: a call waits for the next page.
struct Bare(Sender<oneshot::Sender<()>>);

#[tonic::async_trait]
impl Health for Bare {
    type WatchStream = Empty<Result<HealthCheckResponse, Status>>;

    async fn check(&self, _: Request<HealthCheckRequest>) -> Result<Response<HealthCheckResponse>, Status> {
        let (synced, wait) = oneshot::channel();
        self.0.try_send(synced).expect("there is room for all clients");
        wait.await.expect("the disk works");
        Ok(Response::new(HealthCheckResponse { status: 1 }))
    }

    async fn watch(&self, _: Request<HealthCheckRequest>) -> Result<Response<Self::WatchStream>, Status> {
        Err(Status::unimplemented("nobody watches"))
    }
}

/// Writes and syncs a page for all who wait by then.
fn sync(file: &File, calls: &Receiver<oneshot::Sender<()>>) {
    for page in (0..PAGES).cycle() {
        let Ok(first) = calls.recv() else { return };
        let waiting: Vec<_> = std::iter::once(first).chain(calls.try_iter()).collect();
        file.write_all_at(&PAGE, page * PAGE.len() as u64).expect("a page is written");
        file.sync_data().expect("it is synced");
        // Who has gone needs no answer.
        waiting.into_iter().for_each(|it| it.send(()).unwrap_or(()));
    }
}

fn serve(file: File) -> SocketAddr {
    let (calls, waiting) = bounded(WAITING_MAX);
    let (addr, opened) = bounded(1);
    thread::spawn(move || sync(&file, &waiting));
    thread::spawn(move || {
        current_thread().block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
            addr.send(listener.local_addr().expect("an address")).expect("somebody waits for it");
            let service = HealthServer::new(Bare(calls));
            let incoming = TcpListenerStream::new(listener);
            Server::builder().serve_with_incoming(service, incoming).await.expect("it serves");
        });
    });
    opened.recv().expect("it opens")
}

fn current_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("a runtime")
}

async fn client(channel: Channel, cycles: u64) {
    let mut client = HealthClient::new(channel);
    for _ in 0..cycles {
        for _ in 0..CALLS {
            client.check(HealthCheckRequest::default()).await.expect("it is answered");
        }
    }
}

#[allow(clippy::disallowed_methods, reason = "a bench measures time")]
fn cycle(criterion: &mut Criterion) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let file = File::create(directory.path().join("pages")).expect("a file");
    for page in 0..PAGES {
        file.write_all_at(&PAGE, page * PAGE.len() as u64).expect("a page is written");
    }
    file.sync_all().expect("it is synced");
    let (addr, runtime) = (serve(file), current_thread());
    let endpoint = Endpoint::from_shared(format!("http://{addr}")).expect("an address").tcp_nodelay(true);
    let channel = runtime.block_on(endpoint.connect()).expect("a connection");
    let mut group = criterion.benchmark_group("bare_door");
    group.throughput(Throughput::Elements(1));
    for clients in [8_u64, 64, 256] {
        println!("bare_door/{clients}: {clients} clients, a cycle is {CALLS} calls, one after the other");
        group.bench_function(BenchmarkId::from_parameter(clients), |bencher| {
            bencher.iter_custom(|rounds| {
                let each = rounds.div_ceil(clients);
                let begun = Instant::now();
                runtime.block_on(async {
                    (0..clients)
                        .map(|_| client(channel.clone(), each))
                        .collect::<JoinSet<()>>()
                        .join_all()
                        .await
                });
                #[allow(clippy::cast_precision_loss, reason = "a ratio")]
                begun.elapsed().mul_f64(rounds as f64 / (each * clients) as f64)
            });
        });
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10).measurement_time(Duration::from_secs(5));
    targets = cycle
}
criterion_main!(benches);
