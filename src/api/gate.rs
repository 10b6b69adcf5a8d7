//! The gate before all services, health and reflection too: it turns a call's token into its caller, denies what the table of rights does
//! not give the caller's role, and ends streams when the token expires. Without tokens it is open, and costs nothing.
//!
//! ```text
//!   request ─► is the call open to all? ─► token ─► caller ─► may its role? ─► service (finds the caller in the extensions)
//!   response ◄── body, cut when the token expires, where it is a stream ◄──────────┘
//! ```

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use http_body::Frame;
use pin_project_lite::pin_project;
use tokio::time::{Interval, MissedTickBehavior};
use tonic::{
    Status,
    body::Body,
    codegen::{
        Body as HttpBody, Bytes,
        http::{HeaderMap, HeaderValue, Request, Response, header::AUTHORIZATION},
    },
};
use tower::{Layer, Service};

use super::front::{self, Access, Answers, OPEN, Right, not_let_in, not_permitted};
use crate::{
    access::{
        caller::Caller,
        tokens::{TokenError, Tokens},
    },
    wire::status,
};

/// How often a stream that rests looks whether its token has expired, if not at that very moment: clocks can be set.
const LOOK_AGAIN: Duration = Duration::from_secs(60);

/// Puts the gate before services.
#[derive(Debug, Clone)]
pub struct Gate(pub Access);

impl<S> Layer<S> for Gate {
    type Service = Gated<S>;

    fn layer(&self, inner: S) -> Gated<S> {
        Gated { access: self.0.clone(), inner }
    }
}

/// Services behind the gate.
#[derive(Debug, Clone)]
pub struct Gated<S> {
    access: Access,
    inner: S,
}

impl<S, B> Service<Request<B>> for Gated<S>
where
    S: Service<Request<B>, Response = Response<Body>>,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Passage<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        match let_in(&self.access, &mut request) {
            Ok(ends_with) => Passage::Open { answer: self.inner.call(request), ends_with },
            Err(status) => Passage::Closed { refusal: Some(status.into_http()) },
        }
    }
}

/// A token that a stream ends with.
#[derive(Debug, Clone)]
struct Term {
    tokens: Arc<Tokens>,
    caller: Arc<Caller>,
}

impl Term {
    fn is_over(&self) -> bool {
        self.tokens.clock().now() >= self.caller.until
    }
}

/// Who may pass, and with which token the answer ends.
fn let_in<B>(access: &Access, request: &mut Request<B>) -> Result<Option<Term>, Status> {
    let Access::Tokens(tokens) = access else { return Ok(None) };
    let call = request.uri().path().trim_start_matches('/');
    if OPEN.contains(&call) {
        return Ok(None);
    }
    // Looked up before the token, told after it: who has none learns nothing.
    let row = front::find(call);
    let caller = tokens.verify(&bearer(request.headers_mut())?).map_err(not_let_in)?;
    let row = row.filter(|it| it.right(caller.role) != Right::No).ok_or_else(not_permitted)?;
    request.extensions_mut().insert(caller.clone());
    Ok((row.answers == Answers::Streams).then(|| Term { tokens: tokens.clone(), caller }))
}

/// Takes the token out of the headers, so that nothing behind the gate can show it.
fn bearer(headers: &mut HeaderMap) -> Result<String, Status> {
    let mut given = headers.get_all(AUTHORIZATION).iter();
    let (first, more) = (given.next(), given.next());
    let token = first.map(|it| scheme_and_token(it).ok_or(TokenError::Malformed));
    let token = match (token, more) {
        (None, _) => Err(TokenError::Missing),
        (Some(token), None) => token.map(str::to_owned),
        (Some(_), Some(_)) => Err(TokenError::Malformed),
    };
    headers.remove(AUTHORIZATION);
    token.map_err(not_let_in)
}

fn scheme_and_token(header: &HeaderValue) -> Option<&str> {
    let (scheme, token) = header.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

pin_project! {
    /// A call on its way through the gate.
    #[project = PassageProjection]
    #[derive(Debug)]
    pub enum Passage<F> {
        /// It was let in.
        Open { #[pin] answer: F, ends_with: Option<Term> },
        /// It was not.
        Closed { refusal: Option<Response<Body>> },
    }
}

impl<F, E> Future for Passage<F>
where
    F: Future<Output = Result<Response<Body>, E>>,
{
    type Output = Result<Response<Body>, E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project() {
            PassageProjection::Open { answer, ends_with } => {
                let answer = ready!(answer.poll(context))?;
                Poll::Ready(Ok(match ends_with.take() {
                    Some(term) => {
                        answer.map(|body| Body::new(UntilExpiry { body, term, alarm: None, ended: false }))
                    }
                    None => answer,
                }))
            }
            PassageProjection::Closed { refusal } => match refusal.take() {
                Some(refusal) => Poll::Ready(Ok(refusal)),
                None => Poll::Pending,
            },
        }
    }
}

/// A stream that ends, typed, when the token of its caller expires.
#[derive(Debug)]
struct UntilExpiry {
    body: Body,
    term: Term,
    /// Goes off when the token expires. Set when the stream first rests.
    alarm: Option<Interval>,
    ended: bool,
}

impl HttpBody for UntilExpiry {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if self.ended {
            return Poll::Ready(None);
        }
        loop {
            if self.term.is_over() {
                self.ended = true;
                // What is behind ends now: the session's stream is broken, the watcher is gone.
                self.body = Body::empty();
                let mut trailers = HeaderMap::new();
                return Poll::Ready(Some(
                    status::token_expired().add_header(&mut trailers).map(|()| Frame::trailers(trailers)),
                ));
            }
            if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) {
                return Poll::Ready(frame);
            }
            ready!(self.poll_alarm(context));
        }
    }
}

impl UntilExpiry {
    fn poll_alarm(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let until = self.term.tokens.clock().until(self.term.caller.until);
        // A little later than the moment itself: a timer may be early by a fraction of a millisecond.
        let wait = until.unwrap_or(LOOK_AGAIN).min(LOOK_AGAIN) + Duration::from_millis(1);
        let alarm = self.alarm.get_or_insert_with(|| alarm(wait));
        ready!(alarm.poll_tick(context));
        self.alarm = None;
        Poll::Ready(())
    }
}

fn alarm(wait: Duration) -> Interval {
    let mut alarm = tokio::time::interval_at(tokio::time::Instant::now() + wait, wait);
    alarm.set_missed_tick_behavior(MissedTickBehavior::Delay);
    alarm
}
