//! A flood from outside (API-2): streams that send more than the real service takes and wait for no answer. Every refusal is typed and says
//! when to come again, what waits and what is resident stays bounded, what was answered is there once, and afterwards all is quiet.
#![allow(clippy::expect_used, clippy::panic, missing_docs, reason = "a test fails by panicking")]

mod real;

use std::{collections::BTreeMap, time::Duration};

use omniroute::{
    shard::MAILBOX_MAX,
    wire::v1::{
        self, SubmitRequest, SubmitResponse, conversation_service_client::ConversationServiceClient,
        pipeline_service_client::PipelineServiceClient, submit_request::Command, submit_response::Answer,
    },
};
use real::{
    client::{self, ORG, create, write},
    figures::{count, figure, figures, until},
    process::Process,
};
use tokio::{sync::mpsc, task::JoinSet};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Status, Streaming, transport::Channel};
use tonic_types::StatusExt;

const STREAMS: usize = 6;
/// Commands that a stream sends in one go: every other one a text that counts as many letters.
const BURST: usize = 1_500;
/// Bursts until there must have been a refusal.
const BURSTS_MAX: usize = 20;
const TEXT_BYTES: usize = 30_000;
/// What one org may have waiting, and what threads that ask at the same moment may get beyond it.
const LETTERS_MAX: usize = MAILBOX_MAX / 2 + 1_024;
/// What the service may grow by: three times what was seen.
const GROWTH_MAX: u64 = 512 << 20;

/// What came of a flood: conversations by their customers, texts that were taken, commands that were refused.
#[derive(Debug, Default)]
struct Outcome {
    conversations: BTreeMap<String, u64>,
    texts: usize,
    refused: usize,
}

impl Outcome {
    fn add(&mut self, other: Self) {
        self.conversations.extend(other.conversations);
        self.texts += other.texts;
        self.refused += other.refused;
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "of all answers a flood gets three")]
    fn hear(&mut self, customer: String, answer: Answer) {
        match answer {
            Answer::CreateConversation(it) => {
                assert_eq!(self.conversations.insert(customer, it.conversation_id), None);
            }
            Answer::PostMessage(_) => self.texts += 1,
            Answer::Refusal(it) => {
                is_overloaded(&it.into());
                self.refused += 1;
            }
            other => panic!("{other:?}"),
        }
    }
}

fn is_overloaded(status: &Status) {
    let details = status.get_error_details();
    let reason = details.error_info().map(|it| it.reason.as_str());
    assert_eq!((status.code(), reason), (Code::ResourceExhausted, Some("OVERLOADED")), "{status:?}");
    let delay = details.retry_info().and_then(|it| it.retry_delay);
    assert!(delay.is_some_and(|it| it > Duration::ZERO), "it says when to come again");
}

/// A stream that floods, on a connection of its own.
struct Flood {
    name: String,
    sent: usize,
    commands: mpsc::Sender<SubmitRequest>,
    answers: Streaming<SubmitResponse>,
}

impl Flood {
    async fn open(process: &Process, number: usize) -> Self {
        let (commands, outgoing) = mpsc::channel(BURST);
        let mut client = PipelineServiceClient::new(process.connect().await);
        let answers = client.submit(ReceiverStream::new(outgoing)).await.expect("it is open").into_inner();
        Self { name: format!("flood-{number}"), sent: 0, commands, answers }
    }

    /// Sends a burst as fast as it can, and hears what comes of it.
    async fn burst(mut self, written: u64) -> (Self, Outcome) {
        let (from, to) = (self.sent, self.sent + BURST);
        let customer = |it: u64| format!("{}-{it}", self.name);
        let (commands, named) = (self.commands.clone(), self.name.clone());
        let sending = tokio::spawn(async move {
            let text = "x".repeat(TEXT_BYTES);
            for number in from..to {
                let customer = format!("{named}-{number}");
                let command = match number % 2 {
                    0 => Command::CreateConversation(Box::new(create(&customer))),
                    _ => Command::PostMessage(write(customer, written, text.clone())),
                };
                let request = SubmitRequest { correlation_id: number as u64, command: Some(command) };
                commands.send(request).await.expect("it is read");
            }
        });
        let mut outcome = Outcome::default();
        for _ in from..to {
            let answer = self.answers.message().await.expect("it is open").expect("each is answered");
            outcome.hear(customer(answer.correlation_id), answer.answer.expect("it says something"));
        }
        sending.await.expect("all was sent");
        self.sent = to;
        (self, outcome)
    }
}

/// All bursts at once, again until there is no room.
async fn flood(process: &Process, written: u64) -> Outcome {
    let mut floods = Vec::new();
    for number in 0..STREAMS {
        floods.push(Flood::open(process, number).await);
    }
    let mut outcome = Outcome::default();
    for _ in 0..BURSTS_MAX {
        let mut bursts: JoinSet<_> = floods.drain(..).map(|it| it.burst(written)).collect();
        while let Some(burst) = bursts.join_next().await {
            let (flood, came) = burst.expect("no stream panics");
            floods.push(flood);
            outcome.add(came);
        }
        if outcome.refused > 0 {
            return outcome;
        }
    }
    panic!("{BURSTS_MAX} bursts found room");
}

/// Looks at the figures over and over, until it is dropped, that what is bounded stays bounded.
async fn stays_bounded(process: &Process, resident: u64) {
    let mut looks = tokio::time::interval(Duration::from_millis(20));
    loop {
        looks.tick().await;
        let page = figures(process).await;
        let letters = count(&page, "omniroute_mailbox_letters", &[]);
        assert!(letters <= LETTERS_MAX as u64, "{letters} letters wait");
        let grown = count(&page, "process_resident_memory_bytes", &[]).saturating_sub(resident);
        assert!(grown < GROWTH_MAX, "{grown} bytes more are resident");
    }
}

/// The live conversations, by their customers.
async fn live(channel: &Channel) -> BTreeMap<String, u64> {
    let mut client = ConversationServiceClient::new(channel.clone());
    let (mut found, mut page_token) = (BTreeMap::new(), String::new());
    loop {
        let request = v1::ListConversationsRequest {
            org_id: ORG.into(),
            page_size: 1_000,
            page_token,
            ..Default::default()
        };
        let page = client.list_conversations(request).await.expect("it can be read").into_inner();
        for it in page.conversations {
            assert_eq!(found.insert(it.customer_id, it.conversation_id), None, "each is there once");
        }
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return found;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn api_2_a_flood_is_refused_typed_is_held_within_bounds_and_leaves_nothing_behind() {
    let process = Process::start(None).await;
    let channel = process.connect().await;
    client::apply_directory(&channel, 1).await;
    let mut calls = ConversationServiceClient::new(channel.clone());
    let written = calls.create_conversation(create("written")).await.expect("there is room").into_inner();
    let written = written.conversation_id;
    let resident = figure(&process, "process_resident_memory_bytes", &[]).await;

    let mut outcome = tokio::select! {
        outcome = flood(&process, written) => outcome,
        () = stays_bounded(&process, resident) => unreachable!("it looks for ever"),
    };
    let refused = figure(&process, "omniroute_commands_overloaded_total", &[]).await;
    assert_eq!(refused, outcome.refused as u64, "every refusal is counted");

    // It takes calls again, and nothing waits.
    for number in 0..100 {
        let customer = format!("after-{number}");
        let created = calls.create_conversation(create(&customer)).await.expect("there is room");
        outcome.conversations.insert(customer, created.into_inner().conversation_id);
    }
    outcome.conversations.insert("written".into(), written);
    assert_eq!(live(&channel).await, outcome.conversations);
    let last = calls.post_message(write("last".into(), written, "the last".into())).await;
    let number = last.expect("there is room").into_inner().number;
    assert_eq!(number as usize, outcome.texts + 1, "what was answered is written, and nothing else");
    for (name, rest) in [
        ("omniroute_mailbox_letters", 0),
        ("omniroute_logbook_behind_events", 0),
        ("omniroute_connections", 1),
    ] {
        until(&process, name, &[], |it| it == rest).await;
    }
}
