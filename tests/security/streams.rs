//! Streams end, typed, when the token of their caller expires.

use omniroute::{access::tokens::CLOCK_SKEW_MS, clock::Clock, wire::v1};
use tokio_stream::{StreamExt as _, wrappers::ReceiverStream};
use tonic::{Code, Status, Streaming};

use crate::{
    guarded::{Guarded, agents, apply_by, conversations, pipeline},
    signers::claims,
    support::{ORG, agent, fresh, reason, sample, to},
};

/// How long the tokens of these tests count, in seconds.
const SHORT: u64 = 3;

/// Reads a stream to its end, which must be that of the token.
async fn ends<T: std::fmt::Debug>(what: &str, mut stream: Streaming<T>) {
    let end = loop {
        match stream.message().await {
            Ok(Some(_)) => {}
            Ok(None) => panic!("{what} ended without a word"),
            Err(status) => break status,
        }
    };
    is_expired(what, &end);
}

#[track_caller]
fn is_expired(what: &str, end: &Status) {
    assert_eq!((end.code(), &*reason(end)), (Code::Unauthenticated, "TOKEN_EXPIRED"), "{what}: {end:?}");
}

#[tokio::test]
async fn every_stream_ends_when_its_token_expires() {
    let guarded = Guarded::bare(Clock::System, None, None).await;
    let now = Clock::System.now();
    let token = |role: &str, name: &str, seconds: u64| {
        let exp = (now + seconds * 1_000 - CLOCK_SKEW_MS).div_ceil(1_000);
        guarded.with(&guarded.signer.sign(&claims(ORG, role, name, exp)))
    };
    let lasting = token("platform", "", 600);
    apply_by(&lasting, ORG, sample::directory()).await;
    let create = v1::CreateConversationRequest {
        org_id: ORG.into(),
        request_id: fresh(),
        channel_id: "chat".into(),
        customer_id: "customer-1".into(),
        routing: Some(to(agent("ann"))),
        ..Default::default()
    };
    let created = conversations(&lasting).create_conversation(create.clone()).await.expect("it may");
    let chat = created.into_inner().conversation_id;

    let ann = token("agent", "ann", SHORT);
    let request = v1::OpenSessionRequest {
        org_id: ORG.into(),
        request_id: fresh(),
        agent_id: "ann".into(),
        console: v1::Console::Lightning.into(),
        presence_status_id: "available".into(),
        ..Default::default()
    };
    let session = agents(&ann).open_session(request).await.expect("it counts still").into_inner();
    let platform = token("platform", "", SHORT);
    let request = v1::WatchChatLogRequest { org_id: ORG.into(), conversation_id: chat, ..Default::default() };
    let log = conversations(&platform).watch_chat_log(request).await.expect("it counts still").into_inner();
    let request = v1::WatchEventsRequest { org_id: ORG.into(), from_position: 1, ..Default::default() };
    let mut events = v1::event_service_client::EventServiceClient::new(platform.clone());
    let events = events.watch_events(request).await.expect("it counts still").into_inner();
    let (commands, outgoing) = tokio::sync::mpsc::channel(1);
    let submit = pipeline(&platform).submit(ReceiverStream::new(outgoing)).await.expect("it counts still");
    // One that never rests: its caller writes without end.
    let busy = tokio_stream::iter(0_u64..).map(move |correlation_id| v1::SubmitRequest {
        correlation_id,
        command: Some(v1::submit_request::Command::CreateConversation(Box::new(create.clone()))),
    });
    let busy = pipeline(&platform).submit(busy).await.expect("it counts still");

    tokio::join!(
        ends("OpenSession", session),
        ends("WatchChatLog", log),
        ends("WatchEvents", events),
        ends("Submit at rest", submit.into_inner()),
        ends("Submit at work", busy.into_inner()),
    );
    drop(commands);
    // The session's stream is broken, as by any other end: the lease runs.
    let request = v1::GetAgentRequest { org_id: ORG.into(), agent_id: "ann".into() };
    is_expired("GetAgent", &agents(&ann).get_agent(request.clone()).await.expect_err("it counts no longer"));
    agents(&lasting).get_agent(request).await.expect("this one does");
}
