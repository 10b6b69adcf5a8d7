//! The doors that commands go by: a call each, or all on a few streams. Either way the answers are heard in the same place.
//!
//! ```text
//!   pipeline   command ─► stream ═══════════► service      no task and no channel of its own for a command;
//!              heard ◄─── reader ◄═══════════                what is sent at once is encoded and written at once
//!   unary      command ─► task ─► call ─────► service
//!              heard ◄──────────── answer ◄──
//! ```

use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming};

use super::{
    LoadError,
    heard::{Answered, Heard, Mouth, Token},
};
use crate::{
    cli::client::{Line, refused},
    wire::v1::{
        SubmitRequest, SubmitResponse, agent_service_client::AgentServiceClient,
        conversation_service_client::ConversationServiceClient,
        pipeline_service_client::PipelineServiceClient, submit_request::Command, submit_response::Answer,
    },
};

/// A door.
#[derive(Debug)]
pub(super) enum Door {
    Pipeline(Pipeline),
    Unary(Unary),
}

impl Door {
    /// How many things that were heard are dealt with before what comes of them is sent. By calls few, so that the service is at the first
    /// while others are made still.
    pub(super) fn heard_max(&self) -> usize {
        match self {
            Self::Pipeline(_) => 4_096,
            Self::Unary(_) => 16,
        }
    }

    /// Sends a command. It never waits: the door has room for all that the plan has in flight.
    pub(super) fn send(&mut self, token: Token, command: Command) -> Result<(), LoadError> {
        match self {
            Self::Pipeline(pipeline) => pipeline.send(token, command),
            Self::Unary(unary) => {
                unary.send(token, command);
                Ok(())
            }
        }
    }
}

/// The pipelined door: a stream on each connection. A conversation keeps to one, so that its commands keep their order.
#[derive(Debug)]
pub(super) struct Pipeline {
    streams: Vec<mpsc::Sender<SubmitRequest>>,
}

impl Pipeline {
    /// Opens a stream on each connection, with room for so many commands.
    pub(super) async fn open(connections: &[Line], room: usize, heard: &Mouth) -> Result<Self, LoadError> {
        let mut streams = Vec::new();
        for connection in connections {
            let (commands, outgoing) = mpsc::channel(room);
            let mut client = PipelineServiceClient::new(connection.clone());
            let answers = client.submit(ReceiverStream::new(outgoing)).await.map_err(refused("Submit"))?;
            tokio::spawn(read(answers.into_inner(), heard.clone()));
            streams.push(commands);
        }
        Ok(Self { streams })
    }

    fn send(&mut self, token: Token, command: Command) -> Result<(), LoadError> {
        let request = SubmitRequest { correlation_id: token.pack(), command: Some(command) };
        let stream = &self.streams[token.life.slot as usize % self.streams.len()];
        stream.try_send(request).map_err(|_| LoadError::Lost {
            what: "the stream of commands".to_owned(),
            why: "it takes no more".to_owned(),
        })
    }
}

async fn read(mut answers: Streaming<SubmitResponse>, heard: Mouth) {
    let why = loop {
        match answers.message().await {
            Ok(Some(SubmitResponse { correlation_id, answer })) => {
                let token = Token::unpack(correlation_id);
                let answered = Answered { token, answer: of_stream(token, answer) };
                if heard.send(Heard::Answered(answered)).await.is_err() {
                    // The run is over.
                    return;
                }
            }
            Ok(None) => break "the service ended it".to_owned(),
            Err(status) => break refused("Submit")(status).to_string(),
        }
    };
    let lost = Heard::Lost { what: "the stream of answers".to_owned(), why };
    heard.send(lost).await.unwrap_or(());
}

fn of_stream(token: Token, answer: Option<Answer>) -> Result<u64, Box<crate::cli::client::CallError>> {
    match answer {
        Some(Answer::CreateConversation(it)) => Ok(it.conversation_id),
        Some(Answer::AcceptInvite(it)) => Ok(it.conversation_id),
        Some(Answer::Refusal(it)) => Err(refused(token.call.name())(it.into())),
        Some(_) => Ok(0),
        None => Err(refused(token.call.name())(Status::internal("an answer that says nothing"))),
    }
}

/// The unary door: a call for each command, over a few connections in turn.
#[derive(Debug)]
pub(super) struct Unary {
    clients: Vec<Clients>,
    next: usize,
    heard: Mouth,
}

#[derive(Debug, Clone)]
struct Clients {
    agents: AgentServiceClient<Line>,
    conversations: ConversationServiceClient<Line>,
}

impl Unary {
    /// A door over these connections.
    pub(super) fn new(connections: &[Line], heard: Mouth) -> Self {
        let clients = |it: &Line| Clients {
            agents: AgentServiceClient::new(it.clone()),
            conversations: ConversationServiceClient::new(it.clone()),
        };
        Self { clients: connections.iter().map(clients).collect(), next: 0, heard }
    }

    fn send(&mut self, token: Token, command: Command) {
        let clients = self.clients[self.next].clone();
        self.next = (self.next + 1) % self.clients.len();
        let heard = self.heard.clone();
        tokio::spawn(async move {
            let answer = clients.call(command).await.map_err(refused(token.call.name()));
            // Nobody hears it when the run is over.
            heard.send(Heard::Answered(Answered { token, answer })).await.unwrap_or(());
        });
    }
}

impl Clients {
    #[expect(clippy::wildcard_enum_match_arm, reason = "of all calls a workload makes four")]
    async fn call(mut self, command: Command) -> Result<u64, Status> {
        match command {
            Command::CreateConversation(it) => {
                Ok(self.conversations.create_conversation(*it).await?.into_inner().conversation_id)
            }
            Command::AcceptInvite(it) => {
                Ok(self.agents.accept_invite(it).await?.into_inner().conversation_id)
            }
            Command::RequestTransfer(it) => self.conversations.request_transfer(*it).await.map(|_| 0),
            Command::EndConversation(it) => self.conversations.end_conversation(it).await.map(|_| 0),
            _ => Err(Status::unimplemented("no workload sends it")),
        }
    }
}
