//! Calls that are traced: each is in a span of its own, and where it fails the caller is told the id of its trace (`trace-id` in the
//! metadata of the error).

use std::{
    convert::Infallible,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use tonic::{
    Code, Status,
    body::Body,
    codegen::http::{HeaderValue, Request, Response},
};
use tower::{Layer, Service};
use tracing::{Instrument, instrument::Instrumented};

use crate::telemetry::trace::Call;

/// The metadata of an error that has the id of the call's trace.
const TRACE_ID: &str = "trace-id";

/// Puts calls in their spans.
#[derive(Debug, Clone, Copy)]
pub struct Traced;

impl<S> Layer<S> for Traced {
    type Service = Tracing<S>;

    fn layer(&self, calls: S) -> Tracing<S> {
        Tracing { calls }
    }
}

/// The calls of a connection.
#[derive(Debug, Clone)]
pub struct Tracing<S> {
    calls: S,
}

/// A call that is under way, in its span or without one.
#[derive(Debug)]
pub enum UnderWay<F> {
    /// Nobody traces it.
    Plain(F),
    /// It is in its span.
    InSpan(Instrumented<F>, Call),
}

impl<S> Service<Request<Body>> for Tracing<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible, Future: Unpin>,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = UnderWay<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.calls.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let header = |name: &str| request.headers().get(name).and_then(|it| it.to_str().ok());
        match Call::begin(request.uri().path().trim_start_matches('/'), header) {
            None => UnderWay::Plain(self.calls.call(request)),
            Some(call) => {
                // Called within the span too: what it begins at once belongs to it.
                let answer = call.span.in_scope(|| self.calls.call(request));
                UnderWay::InSpan(answer.instrument(call.span.clone()), call)
            }
        }
    }
}

impl<F> Future for UnderWay<F>
where
    F: Future<Output = Result<Response<Body>, Infallible>> + Unpin,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.get_mut() {
            Self::Plain(answer) => Pin::new(answer).poll(context),
            Self::InSpan(answer, call) => Pin::new(answer).poll(context).map_ok(|it| end(call, it)),
        }
    }
}

/// Says in the log and in the trace how a call ended, and in an error which trace it was.
fn end(call: &Call, mut answer: Response<Body>) -> Response<Body> {
    let code = Status::from_header_map(answer.headers()).map_or(Code::Ok, |it| it.code());
    // What is not the caller's doing.
    let failed = matches!(code, Code::Internal | Code::Unknown | Code::DataLoss);
    call.span.in_scope(|| {
        if failed {
            call.span.record("otel.status_code", "ERROR");
            tracing::warn!(?code, "failed");
        } else {
            tracing::debug!(?code, "answered");
        }
    });
    if code != Code::Ok
        && let Ok(trace_id) = HeaderValue::from_str(&call.trace_id)
    {
        answer.headers_mut().insert(TRACE_ID, trace_id);
    }
    answer
}
