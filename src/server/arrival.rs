//! How a call's message may arrive: in time, and directories, which alone may be large, a few at once. Only what has not arrived is
//! looked at; what has costs nothing but the look.

use std::{
    convert::Infallible,
    future::{Ready, ready},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use http_body::{Frame, SizeHint};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, Sleep, sleep_until},
};
use tonic::{
    Status,
    body::Body,
    codegen::{
        Bytes,
        http::{Request, Response},
    },
};
use tower::{Layer, Service};

use super::connections::Caller;
use crate::{
    api,
    metrics::{self, Bound},
    wire::status,
};

/// Directories that arrive, are decided or wait to be, at once: each may take hundreds of megabytes.
const LARGE_MAX: usize = 4;
/// When to come again with a directory.
const LARGE_AGAIN: Duration = Duration::from_secs(1);
/// Bytes of a call whose message is neither a directory nor one of many: what the largest message takes, and its frame.
const BYTES_MAX: usize = api::MESSAGE_BYTES_MAX + 5;

/// What the paths of reflection begin with.
const REFLECTION: &str = "/grpc.reflection.";

/// Looks at how messages arrive.
#[derive(Debug, Clone)]
pub(super) struct Arrival {
    message_within: Duration,
    large: Arc<Semaphore>,
}

impl Arrival {
    pub(super) fn new(message_within: Duration) -> Self {
        Self { message_within, large: Arc::new(Semaphore::new(LARGE_MAX)) }
    }
}

impl<S> Layer<S> for Arrival {
    type Service = Arriving<S>;

    fn layer(&self, inner: S) -> Arriving<S> {
        Arriving { arrival: self.clone(), inner }
    }
}

/// A service whose messages are looked at.
#[derive(Debug, Clone)]
pub(super) struct Arriving<S> {
    arrival: Arrival,
    inner: S,
}

impl<S> Service<Request<Body>> for Arriving<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
    S::Future: Unpin,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Going<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        if let Some(caller) = request.extensions().get::<Caller>() {
            caller.has_called();
        }
        let path = request.uri().path();
        if path == api::SUBMIT || path.starts_with(REFLECTION) {
            // Their streams last, and each of their messages has its own bound.
            return Going::LetIn(self.inner.call(request), None);
        }
        let mut permit = None;
        let mut left = BYTES_MAX;
        if path == api::APPLY_DIRECTORY {
            left = usize::MAX;
            permit = self.arrival.large.clone().try_acquire_owned().ok();
            if permit.is_none() {
                metrics::bound_hit(Bound::Directories);
                return Going::Refused(ready(Ok(status::overloaded(LARGE_AGAIN).into_http())));
            }
        }
        let within = self.arrival.message_within;
        let request = request.map(|body| Body::new(Message { body, left, within, timer: None }));
        Going::LetIn(self.inner.call(request), permit)
    }
}

/// A call on its way.
#[derive(Debug)]
pub(super) enum Going<F> {
    /// With what is kept for it until it is answered.
    LetIn(F, Option<OwnedSemaphorePermit>),
    Refused(Ready<Result<Response<Body>, Infallible>>),
}

impl<F> Future for Going<F>
where
    F: Future<Output = Result<Response<Body>, Infallible>> + Unpin,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.get_mut() {
            Self::LetIn(it, permit) => {
                let answer = Pin::new(it).poll(context);
                if answer.is_ready() {
                    *permit = None;
                }
                answer
            }
            Self::Refused(it) => Pin::new(it).poll(context),
        }
    }
}

/// A message on its way.
struct Message {
    body: Body,
    /// Bytes that may still come.
    left: usize,
    within: Duration,
    /// Since it had to be waited for.
    timer: Option<Pin<Box<Sleep>>>,
}

impl http_body::Body for Message {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let it = self.get_mut();
        let Poll::Ready(frame) = Pin::new(&mut it.body).poll_frame(context) else {
            let within = it.within;
            let timer = it.timer.get_or_insert_with(|| Box::pin(sleep_until(Instant::now() + within)));
            return timer.as_mut().poll(context).map(|()| {
                metrics::bound_hit(Bound::MessageTime);
                Some(Err(status::undecodable()))
            });
        };
        let came = frame.as_ref().and_then(|it| it.as_ref().ok()?.data_ref()).map_or(0, Bytes::len);
        let Some(left) = it.left.checked_sub(came) else {
            metrics::bound_hit(Bound::MessageBytes);
            return Poll::Ready(Some(Err(status::undecodable())));
        };
        it.left = left;
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
