//! Traces and logs of the real binary: spans reach a collector by OTLP under the caller's trace, errors and log lines carry its id, and
//! neither carries what customers write or callers keep secret.
#![allow(clippy::expect_used, clippy::panic, missing_docs, reason = "a test fails by panicking")]
#![allow(dead_code, reason = "the client of the durability test is used in part")]

#[path = "durability/client.rs"]
mod client;
#[path = "support/process.rs"]
mod process;

use std::{
    fs::{self, File},
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use omniroute::wire::v1::{
    self, agent_service_client::AgentServiceClient, conversation_service_client::ConversationServiceClient,
};
use opentelemetry_proto::tonic::{
    collector::trace::v1::{
        ExportTraceServiceRequest, ExportTraceServiceResponse,
        trace_service_server::{TraceService, TraceServiceServer},
    },
    trace::v1::Span,
};
use process::{Process, serve};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tonic::{Request, Response, Status, transport::server::TcpIncoming};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";
const SECRET: &str = "hunter2-of-nobody";

/// A collector that keeps what it gets.
#[derive(Debug, Clone, Default)]
struct Collector(Arc<Mutex<Vec<Span>>>);

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let spans = request.into_inner().resource_spans.into_iter().flat_map(|it| it.scope_spans);
        self.0.lock().expect("no panic before").extend(spans.flat_map(|it| it.spans));
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

impl Collector {
    async fn start(&self) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let addr = listener.local_addr().expect("it has an address");
        let service = TraceServiceServer::new(self.clone());
        let serving = tonic::transport::Server::builder()
            .add_service(service)
            .serve_with_incoming(TcpIncoming::from(listener));
        tokio::spawn(serving);
        addr
    }

    /// The spans of a trace.
    fn spans(&self, trace: &str) -> Vec<Span> {
        let all = self.0.lock().expect("no panic before");
        all.iter().filter(|it| hex(&it.trace_id) == trace).cloned().collect()
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, it| text + &format!("{it:02x}"))
}

/// A request whose caller has a trace, and a secret in its metadata.
fn traced<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    let parent = format!("00-{TRACE}-{PARENT}-01").parse().expect("it is ASCII");
    request.metadata_mut().insert("traceparent", parent);
    request.metadata_mut().insert("authorization", format!("Bearer {SECRET}").parse().expect("it is ASCII"));
    request
}

fn create(channel_id: &str) -> v1::CreateConversationRequest {
    v1::CreateConversationRequest {
        org_id: client::ORG.into(),
        request_id: format!("create-{channel_id}"),
        channel_id: channel_id.into(),
        customer_id: "customer".into(),
        routing: Some(v1::Routing {
            target: Some(v1::Target { target: Some(v1::target::Target::AgentId("agent-0".into())) }),
            ..Default::default()
        }),
        ..Default::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_traced_through_the_house_and_its_id_is_in_errors_and_log_lines_and_no_secret_is() {
    let collector = Collector::default();
    let endpoint = format!("http://{}", collector.start().await);
    let dir = TempDir::new().expect("a temporary directory");
    let log = dir.path().join("log");
    let data = TempDir::new().expect("a temporary directory");
    let mut command = serve(data.path());
    command.args(["--grpc-addr", "127.0.0.1:0", "--otlp-endpoint", &endpoint]);
    command.args(["--log-format", "json", "--log-filter", "debug"]);
    command.stderr(File::create(&log).expect("it can be made"));
    command.env_remove("OMNIROUTE_LOG_FILTER");
    let mut process = Process::run(command, data).await;
    let channel = process.connect().await;
    client::apply_directory(&channel, 1).await;
    let mut conversations = ConversationServiceClient::new(channel.clone());
    let created = conversations.create_conversation(traced(create("chat"))).await.expect("it is right");
    let conversation_id = created.into_inner().conversation_id;
    let refused = conversations.create_conversation(traced(create("smoke-signals"))).await;
    let refused = refused.expect_err("there is no such channel");
    assert_eq!(refused.metadata().get("trace-id").expect("an error names its trace"), TRACE);
    let post = v1::PostMessageRequest {
        org_id: client::ORG.into(),
        request_id: "post".into(),
        actor: Some(v1::Actor { actor: Some(v1::actor::Actor::Customer(v1::actor::Customer {})) }),
        conversation_id,
        text: SECRET.into(),
        whisper: false,
    };
    conversations.post_message(traced(post)).await.expect("it is right");
    let nobody = v1::GetAgentRequest { org_id: client::ORG.into(), agent_id: "of-no-trace".into() };
    let untraced = AgentServiceClient::new(channel).get_agent(nobody).await.expect_err("nobody");
    let begun_here = untraced.metadata().get("trace-id").expect("a trace begins here");
    assert_ne!(begun_here, TRACE);

    process.terminate();
    assert!(process.ended().await.success());
    let spans = collector.spans(TRACE);
    let named = |name: &str| spans.iter().filter(|it| it.name == name).collect::<Vec<_>>();
    let calls = named("omniroute.v1.ConversationService/CreateConversation");
    assert_eq!(calls.len(), 2, "{spans:?}");
    assert!(calls.iter().all(|it| hex(&it.parent_span_id) == PARENT), "the caller's span is the parent");
    let stages: Vec<&str> =
        spans.iter().filter(|it| it.parent_span_id == calls[0].span_id).map(|it| &*it.name).collect();
    assert_eq!(stages.len(), 3, "{stages:?}");
    assert!(["mailbox", "decide", "commit"].iter().all(|it| stages.contains(it)), "{stages:?}");
    let begun_here = begun_here.to_str().expect("ASCII");
    assert_eq!(collector.spans(begun_here)[0].name, "omniroute.v1.AgentService/GetAgent");

    let log = fs::read_to_string(log).expect("it was written");
    let lines: Vec<serde_json::Value> =
        log.lines().map(|it| serde_json::from_str(it).expect("each line is JSON")).collect();
    let of_trace = |it: &&serde_json::Value| it["span"]["trace_id"] == TRACE;
    let answered = lines.iter().filter(of_trace).find(|it| it["code"] == "NotFound").expect("it is logged");
    assert_eq!(answered["span"]["method"], "omniroute.v1.ConversationService/CreateConversation");
    assert!(!log.contains(SECRET), "nothing that is secret is logged");
    assert!(!format!("{spans:?}").contains(SECRET), "nothing that is secret is traced");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_collector_the_callers_trace_is_named_still_and_a_dead_one_holds_nothing_up() {
    for further in [&[][..], &["--otlp-endpoint", "http://127.0.0.1:1"]] {
        let mut process = Process::start_with(None, further).await;
        let mut conversations = ConversationServiceClient::new(process.connect().await);
        let refused = conversations.create_conversation(traced(create("chat"))).await.expect_err("no org");
        assert_eq!(refused.metadata().get("trace-id").expect("an error names its trace"), TRACE);
        let refused = conversations.create_conversation(create("chat")).await.expect_err("no org");
        assert_eq!(refused.metadata().get("trace-id").is_some(), !further.is_empty());
        process.terminate();
        assert!(process.ended().await.success());
    }
}
