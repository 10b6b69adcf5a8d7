//! The gRPC port: open from the first moment, so that whoever probes is told that the service is starting. The calls of the API are
//! let in once their services are there; before that each is refused as STARTING.

use std::{
    convert::Infallible,
    future::{Ready, ready},
    net::SocketAddr,
    pin::Pin,
    sync::{Arc, OnceLock},
    task::{Context, Poll},
    time::Duration,
};

use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};
use tonic::{
    body::Body,
    codegen::http::{Request, Response},
    service::Routes,
    transport::Server as Tonic,
};
use tonic_web::GrpcWebLayer;
use tower::{Layer, Service, util::MapResponseLayer};

use super::{
    Bounds, ServerError,
    arrival::Arrival,
    connections::Connections,
    handshake::Lines,
    health::{Health, Phase},
};
use crate::{
    access::tls::Tls,
    api::{self, Access, Gate, Services},
    wire::{self, status},
};

/// Calls at once on one connection.
const STREAMS_MAX: u32 = 1_024;
/// Bytes of a call's headers: a token and what proxies add.
const HEADER_BYTES_MAX: u32 = 16 << 10;
/// Streams of one connection that were reset before anybody looked at them. Beyond it the connection is cut: nobody in earnest does so.
const RESETS_MAX: usize = 64;

/// The open port.
#[derive(Debug)]
pub(super) struct Entrance {
    /// Where it listens.
    pub(super) addr: SocketAddr,
    health: Health,
    api: Arc<OnceLock<Services>>,
    grpc: JoinHandle<Result<(), tonic::transport::Error>>,
    closing: oneshot::Sender<()>,
}

impl Entrance {
    /// Opens the port. Health says that the service is starting.
    pub(super) async fn open(
        addr: SocketAddr,
        bounds: Bounds,
        access: Access,
        tls: Option<Arc<Tls>>,
    ) -> Result<Self, ServerError> {
        let (health, health_service) = Health::starting().await;
        let reflection = tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(wire::DESCRIPTORS)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
            .build_v1()?;
        let listen = |source| ServerError::Listen { addr, source };
        let listener = TcpListener::bind(addr).await.map_err(listen)?;
        let addr = listener.local_addr().map_err(listen)?;
        let api = Arc::new(OnceLock::new());
        let (closing, closed) = oneshot::channel();
        let grpc = Tonic::builder()
            .accept_http1(true)
            .max_concurrent_streams(STREAMS_MAX)
            .http2_keepalive_interval(Some(bounds.ping_every))
            .http2_keepalive_timeout(Some(bounds.ping_every))
            .http2_max_header_list_size(HEADER_BYTES_MAX)
            .http2_max_pending_accept_reset_streams(Some(RESETS_MAX))
            .http2_max_local_error_reset_streams(Some(RESETS_MAX))
            .layer(GrpcWebLayer::new())
            .layer(api::Traced)
            .layer(MapResponseLayer::new(api::typed))
            .layer(Arrival::new(bounds.message_within))
            .layer(Gate(access))
            .layer(LetIn(api.clone()))
            .add_service(health_service)
            .add_service(reflection)
            .serve_with_incoming_shutdown(Lines::new(Connections::new(listener, bounds), tls), async {
                // It is gone where the start failed.
                closed.await.unwrap_or(());
            });
        Ok(Self { addr, health, api, grpc: tokio::spawn(grpc), closing })
    }

    /// Lets the calls of the API in. Health says that the service is serving.
    pub(super) async fn let_in(&self, services: Services) {
        // Set twice only by a bug, and then the first stay.
        self.api.set(services).unwrap_or(());
        self.health.say(Phase::Serving).await;
    }

    /// Health says that the service is draining.
    pub(super) async fn drain(&self) {
        self.health.say(Phase::Draining).await;
    }

    /// Takes no more connections, and no more calls on those that there are.
    pub(super) fn close(self) -> Closing {
        // It is gone only if the server ended by itself.
        self.closing.send(()).unwrap_or(());
        Closing(self.grpc)
    }
}

/// The port while its last connections close.
#[derive(Debug)]
pub(super) struct Closing(JoinHandle<Result<(), tonic::transport::Error>>);

impl Closing {
    /// Gives the connections so much time to close.
    pub(super) async fn linger(self, at_most: Duration) {
        let abort = self.0.abort_handle();
        if tokio::time::timeout(at_most, self.0).await.is_err() {
            abort.abort();
        }
    }
}

/// Puts the services of the API before those that are always there.
#[derive(Debug, Clone)]
struct LetIn(Arc<OnceLock<Services>>);

impl Layer<Routes> for LetIn {
    type Service = Way;

    fn layer(&self, always: Routes) -> Way {
        Way { always, api: self.0.clone() }
    }
}

/// The way of one connection's calls.
#[derive(Debug, Clone)]
struct Way {
    always: Routes,
    api: Arc<OnceLock<Services>>,
}

impl Service<Request<Body>> for Way {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Going;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // As both are.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        if !request.uri().path().starts_with(api::PATH) {
            return Going::Always(Box::new(self.always.call(request)));
        }
        match self.api.get() {
            Some(api) => Going::Api(api.clone().call(request)),
            None => Going::Refused(ready(Ok(status::starting().into_http()))),
        }
    }
}

/// A call on its way.
enum Going {
    Api(<Services as Service<Request<Body>>>::Future),
    /// Large, and seldom.
    Always(Box<<Routes as Service<Request<Body>>>::Future>),
    Refused(Ready<Result<Response<Body>, Infallible>>),
}

impl Future for Going {
    type Output = Result<Response<Body>, Infallible>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.get_mut() {
            Self::Api(it) => Pin::new(it).poll(context),
            Self::Always(it) => Pin::new(it).poll(context),
            Self::Refused(it) => Pin::new(it).poll(context),
        }
    }
}
