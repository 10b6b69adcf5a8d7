//! Sessions with a stream each, many on a connection.

use std::sync::Arc;

use tokio::sync::{Semaphore, mpsc};
use tonic::{Status, Streaming};

use super::{Opened, Opening};
use crate::{
    cli::{
        client::{CallError, Line, refused},
        load::{LoadError, heard::Mouth, plan::LoadArgs},
    },
    wire::v1::{
        OpenSessionResponse, SessionOpened, agent_service_client::AgentServiceClient,
        open_session_response::Notice,
    },
};

/// Sessions that are being opened at once.
const OPENING_AT_ONCE: usize = 256;

/// Opens these sessions, and lets their invites be heard. `told` learns of each when it is open.
pub(super) async fn open(
    args: &LoadArgs,
    mut sessions: Vec<Opening>,
    heard: &Mouth,
    told: &mpsc::Sender<Opened>,
) -> Result<(), LoadError> {
    let turns = Arc::new(Semaphore::new(OPENING_AT_ONCE));
    while !sessions.is_empty() {
        let rest = sessions.split_off(args.sessions_per_connection.min(sessions.len()));
        let client = AgentServiceClient::new(args.dial.connect().await?);
        for session in std::mem::replace(&mut sessions, rest) {
            let mut session = Session { opening: session, client: client.clone(), heard: heard.clone() };
            let (turns, told) = (turns.clone(), told.clone());
            tokio::spawn(async move {
                let turn = turns.acquire_owned().await;
                let begun = session.begin().await;
                drop(turn);
                let (epoch, stream) = match begun {
                    Ok((opened, stream)) => {
                        session.opening.opened(opened.epoch);
                        (Ok(opened.epoch), Some(stream))
                    }
                    Err(error) => (Err(error), None),
                };
                // Nobody waits for it any more when another could not be opened.
                told.send((session.opening.agent, epoch)).await.unwrap_or(());
                drop(told);
                if let Some(stream) = stream {
                    session.keep(stream).await;
                }
            });
        }
    }
    Ok(())
}

/// The session of an agent, on its client's side.
struct Session {
    opening: Opening,
    client: AgentServiceClient<Line>,
    heard: Mouth,
}

type Begun = (SessionOpened, Streaming<OpenSessionResponse>);

impl Session {
    async fn begin(&self) -> Result<Begun, Box<CallError>> {
        let begun = async {
            let mut stream =
                self.client.clone().open_session(self.opening.request.clone()).await?.into_inner();
            match stream.message().await?.and_then(|it| it.notice) {
                Some(Notice::Opened(opened)) => Ok((*opened, stream)),
                _ => Err(Status::internal("a session begins with `opened`")),
            }
        };
        begun.await.map_err(refused("OpenSession"))
    }

    /// Lets the invites be heard until the run is over.
    async fn keep(mut self, mut stream: Streaming<OpenSessionResponse>) {
        loop {
            let Some(why) = self.listen(stream).await else { return };
            if !why.is("SESSION_NOT_OPEN") {
                return self.opening.lost(&why.to_string(), &self.heard).await;
            }
            self.opening.cut();
            stream = match self.begin().await {
                Ok((opened, stream)) if opened.resumed => {
                    let missed = opened.agent.map(|it| it.invites).unwrap_or_default();
                    if self.opening.resumed(&missed, &self.heard).await.is_none() {
                        return;
                    }
                    stream
                }
                Ok(_) => {
                    let why = "it was cut, and was over when it came back";
                    return self.opening.lost(why, &self.heard).await;
                }
                Err(error) => return self.opening.lost(&error.to_string(), &self.heard).await,
            };
        }
    }

    /// Lets the invites be heard until the stream ends, and says why it did; nothing: the run is over.
    async fn listen(&mut self, mut stream: Streaming<OpenSessionResponse>) -> Option<Box<CallError>> {
        loop {
            match stream.message().await {
                Ok(Some(OpenSessionResponse { notice: Some(Notice::Invited(invite)), .. })) => {
                    self.opening.invited(&invite, &self.heard).await?;
                }
                Ok(Some(_)) => {}
                Ok(None) => return Some(refused("OpenSession")(Status::unavailable("the service ended it"))),
                Err(status) => return Some(refused("OpenSession")(status)),
            }
        }
    }
}
