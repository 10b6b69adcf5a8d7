//! Sessions that a platform carries: thousands on one stream of the pipelined door.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Streaming};

use super::{Opened, Opening};
use crate::{
    cli::{
        client::{CallError, refused},
        load::{
            LoadError,
            heard::{Heard, Mouth},
            plan::LoadArgs,
        },
    },
    wire::v1::{
        OpenSessionResponse, SessionOpened, SubmitRequest, SubmitResponse, open_session_response::Notice,
        pipeline_service_client::PipelineServiceClient, submit_request::Command, submit_response::Answer,
    },
};

/// Sessions of one stream; the service takes 16,384.
const SESSIONS_A_STREAM: usize = 10_000;

/// Opens these sessions, and lets their invites be heard. `told` learns of each when it is open.
pub(super) async fn open(
    args: &LoadArgs,
    mut sessions: Vec<Opening>,
    heard: &Mouth,
    told: &mpsc::Sender<Opened>,
) -> Result<(), LoadError> {
    while !sessions.is_empty() {
        let rest = sessions.split_off(SESSIONS_A_STREAM.min(sessions.len()));
        let (commands, outgoing) = mpsc::channel(sessions.len());
        let mut client = PipelineServiceClient::new(args.dial.connect().await?);
        let answers = client.submit(ReceiverStream::new(outgoing)).await.map_err(refused("Submit"))?;
        let mut carrier = Carrier { sessions, commands, heard: heard.clone() };
        let told = told.clone();
        tokio::spawn(async move { carrier.carry(answers.into_inner(), told).await });
        sessions = rest;
    }
    Ok(())
}

/// A stream and its sessions, each by its place.
struct Carrier {
    sessions: Vec<Opening>,
    commands: mpsc::Sender<SubmitRequest>,
    heard: Mouth,
}

impl Carrier {
    /// Opens the sessions and lets their invites be heard, until the run is over.
    async fn carry(&mut self, mut answers: Streaming<SubmitResponse>, told: mpsc::Sender<Opened>) {
        for place in 0..self.sessions.len() {
            self.open(place).await;
        }
        let (mut told, mut opening) = (Some(told), self.sessions.len());
        let why = loop {
            match answers.message().await {
                Ok(Some(SubmitResponse { correlation_id, answer: Some(answer) })) => {
                    let place = usize::try_from(correlation_id).unwrap_or(usize::MAX);
                    if place >= self.sessions.len() {
                        break "an answer to nothing that was asked".to_owned();
                    }
                    let Some(first) = self.take(place, answer).await else { return };
                    if let (Some(opened), Some(to)) = (first, &told) {
                        // Nobody waits for it any more when another could not be opened.
                        to.send((self.sessions[place].agent, opened)).await.unwrap_or(());
                        opening -= 1;
                        if opening == 0 {
                            told = None;
                        }
                    }
                }
                Ok(Some(_)) => break "an answer that says nothing".to_owned(),
                Ok(None) => break "the service ended it".to_owned(),
                Err(status) => break refused("Submit")(status).to_string(),
            }
        };
        let lost = Heard::Lost { what: "a stream of sessions".to_owned(), why };
        self.heard.send(lost).await.unwrap_or(());
    }

    fn opening(&self, place: usize) -> SubmitRequest {
        let command = Some(Command::OpenSession(self.sessions[place].request.clone()));
        SubmitRequest { correlation_id: place as u64, command }
    }

    async fn open(&self, place: usize) {
        // Where nobody takes it the stream is gone, and its reader says so.
        self.commands.send(self.opening(place)).await.unwrap_or(());
    }

    /// There was no room: the same command again after a while.
    #[expect(clippy::disallowed_methods, reason = "it is the service that says for how long")]
    fn open_later(&self, place: usize, delay: Duration) {
        let (opening, commands) = (self.opening(place), self.commands.clone());
        tokio::spawn(async move {
            tokio::time::sleep(delay).await;
            commands.send(opening).await.unwrap_or(());
        });
    }

    /// Takes what a session is told. Nothing: the run is over. Else what became of the opening, if this says it for the first time.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "of all that is told the invites matter, and the ends"
    )]
    async fn take(&mut self, place: usize, answer: Answer) -> Option<Option<Result<u64, Box<CallError>>>> {
        let session = &mut self.sessions[place];
        match answer {
            Answer::OpenSession(OpenSessionResponse { notice: Some(Notice::Invited(invite)), .. }) => {
                session.invited(&invite, &self.heard).await?;
            }
            Answer::OpenSession(OpenSessionResponse { notice: Some(Notice::Opened(opened)), .. }) => {
                let SessionOpened { epoch, resumed, agent, .. } = *opened;
                if !session.has_been_open() {
                    session.opened(epoch);
                    return Some(Some(Ok(epoch)));
                }
                if !resumed {
                    session.lost("it was cut, and was over when it came back", &self.heard).await;
                    return None;
                }
                session.resumed(&agent.unwrap_or_default().invites, &self.heard).await?;
            }
            Answer::Refusal(it) => {
                let why = refused("OpenSession")(it.into());
                if why.code == Code::ResourceExhausted {
                    self.open_later(place, why.retry_after.unwrap_or_default());
                    return Some(None);
                }
                if !session.has_been_open() {
                    return Some(Some(Err(why)));
                }
                if !why.is("SESSION_NOT_OPEN") {
                    session.lost(&why.to_string(), &self.heard).await;
                    return None;
                }
                session.cut();
                self.open(place).await;
            }
            // All else that it is told is of no concern here.
            _ => {}
        }
        Some(None)
    }
}
