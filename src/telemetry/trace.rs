//! The trace of a call: its id as the caller sent it (W3C Trace Context), and its stages through the house. Where traces are not
//! recorded and the caller sent none, a call costs a look at its headers and no span.
//!
//! ```text
//!   call ───────────────────────────────────────────────   the edge, with trace_id
//!     ├ mailbox ──┐ decide ─┐ commit ────────────────┐     the shard
//! ```

use std::{
    collections::HashMap,
    sync::atomic::{AtomicBool, Ordering},
};

use opentelemetry::{
    Context,
    propagation::TextMapPropagator,
    trace::{TraceContextExt, TraceId},
};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// The headers of W3C Trace Context, which are gRPC metadata.
pub const HEADERS: [&str; 2] = ["traceparent", "tracestate"];

/// Whether traces are recorded.
static RECORDED: AtomicBool = AtomicBool::new(false);

/// Records traces from now on.
pub(super) fn turn_on() {
    RECORDED.store(true, Ordering::Relaxed);
}

/// A call that is traced.
#[derive(Debug, Clone)]
pub struct Call {
    /// Its span: what happens in it is logged with it.
    pub span: Span,
    /// The id of its trace, as 32 hexadecimal digits.
    pub trace_id: String,
}

impl Call {
    /// The call of a method, with what its caller sent of [`HEADERS`]. None: nobody traces it.
    pub fn begin<'a>(method: &str, header: impl Fn(&str) -> Option<&'a str>) -> Option<Self> {
        let recorded = RECORDED.load(Ordering::Relaxed);
        if !recorded && header(HEADERS[0]).is_none() {
            return None;
        }
        let sent: HashMap<String, String> =
            HEADERS.iter().filter_map(|&it| Some((it.to_owned(), header(it)?.to_owned()))).collect();
        let parent = TraceContextPropagator::new().extract_with_context(&Context::new(), &sent);
        let mut trace_id = parent.span().span_context().trace_id();
        if trace_id == TraceId::INVALID && !recorded {
            return None;
        }
        // At the highest level, so that whatever is logged of the call has it.
        let span = tracing::error_span!(
            "call",
            otel.name = method,
            otel.kind = "server",
            rpc.system = "grpc",
            method,
            trace_id = tracing::field::Empty,
            otel.status_code = tracing::field::Empty,
        );
        if recorded {
            // It fails only where the layer is not there.
            span.set_parent(parent).unwrap_or(());
            trace_id = span.context().span().span_context().trace_id();
        }
        let trace_id = trace_id.to_string();
        span.record("trace_id", &*trace_id);
        Some(Self { span, trace_id })
    }
}

/// The stages of a command between the edge and its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// It is being decided.
    Decide,
    /// It waits to be durable.
    Commit,
}

/// The way of a command through the house, where its call is traced.
#[derive(Debug, Default)]
pub struct Way(Option<Box<Going>>);

#[derive(Debug)]
struct Going {
    call: Span,
    #[allow(dead_code, reason = "it is measured from when it is put here to when it is dropped")]
    stage: Span,
}

impl Way {
    /// The way of a command of the call that this task is in, which goes to a mailbox now.
    pub fn begin() -> Self {
        if !RECORDED.load(Ordering::Relaxed) {
            return Self(None);
        }
        let call = Span::current();
        let stage = tracing::info_span!(parent: &call, "mailbox");
        Self(Some(Box::new(Going { call, stage })))
    }

    /// The next stage begins, and the one before ends.
    pub fn enter(&mut self, stage: Stage) {
        if let Some(going) = &mut self.0 {
            going.stage = match stage {
                Stage::Decide => tracing::info_span!(parent: &going.call, "decide"),
                Stage::Commit => tracing::info_span!(parent: &going.call, "commit"),
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_without_a_trace_has_none_and_one_with_a_trace_keeps_its_id() {
        let sent = |text: &'static str| move |name: &str| (name == "traceparent").then_some(text);
        let begin = |text| Call::begin("Service/Method", sent(text)).map(|it| it.trace_id);
        assert_eq!(Call::begin("Service/Method", |_| None).map(|it| it.trace_id), None);
        assert_eq!(begin("no trace"), None);
        assert_eq!(begin("00-00000000000000000000000000000000-00f067aa0ba902b7-01"), None);
        assert_eq!(
            begin("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01").as_deref(),
            Some("4bf92f3577b34da6a3ce929d0e0e4736")
        );
    }
}
