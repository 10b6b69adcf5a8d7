//! The agents' sessions: a stream each, many on a connection, and what the generator wants of what they are told: the invites.
//!
//! The service tells every session what concerns its agent, so the invites are there already: to take them from the event stream of the
//! org would have each of them sent once more, with all that the sessions are told besides.

use std::sync::Arc;

use tokio::sync::{Semaphore, mpsc};
use tonic::{Status, Streaming, transport::Channel};

use super::{
    LoadError,
    floor::{AgentNumber, STATUS},
    heard::{Heard, Invited, LifeId, Mouth},
    plan::LoadArgs,
};
use crate::{
    cli::{
        client::{CallError, connect, refused},
        request_ids::RequestIds,
    },
    wire::v1::{
        AgentSession, Console, Invite, OpenSessionRequest, OpenSessionResponse, SessionOpened,
        agent_service_client::AgentServiceClient, open_session_response::Notice,
    },
};

/// Sessions that are being opened at once.
const OPENING_AT_ONCE: usize = 256;

type Opened = (AgentNumber, Result<u64, Box<CallError>>);

/// Opens a session for each of these agents, and lets their invites be heard from then on. Answers the sessions in the same order.
pub(super) async fn open(
    args: &LoadArgs,
    agent_ids: Vec<String>,
    heard: &Mouth,
    mut opened_so_far: impl FnMut(usize),
) -> Result<Vec<AgentSession>, LoadError> {
    let ids = RequestIds::new("load-session");
    let opening = Arc::new(Semaphore::new(OPENING_AT_ONCE));
    let (told, mut opened) = mpsc::channel::<Opened>(OPENING_AT_ONCE);
    let mut sessions: Vec<AgentSession> =
        agent_ids.into_iter().map(|agent_id| AgentSession { agent_id, epoch: 0 }).collect();
    for (chunk, of_connection) in sessions.chunks(args.sessions_per_connection).enumerate() {
        let client = AgentServiceClient::new(connect(&args.addr).await?);
        for (place, session) in of_connection.iter().enumerate() {
            let agent = chunk * args.sessions_per_connection + place;
            let request = OpenSessionRequest {
                org_id: args.org.clone(),
                request_id: ids.next(),
                agent_id: session.agent_id.clone(),
                console: Console::Lightning.into(),
                resume_epoch: 0,
                presence_status_id: STATUS.to_owned(),
                without_history: true,
            };
            let agent = AgentNumber::try_from(agent).unwrap_or(AgentNumber::MAX);
            let mut session = Session { agent, request, client: client.clone(), heard: heard.clone() };
            let (opening, told) = (opening.clone(), told.clone());
            tokio::spawn(async move {
                let place = opening.acquire_owned().await;
                let begun = session.begin().await;
                drop(place);
                let (epoch, stream) = match begun {
                    Ok((opened, stream)) => {
                        session.request.resume_epoch = opened.epoch;
                        (Ok(opened.epoch), Some(stream))
                    }
                    Err(error) => (Err(error), None),
                };
                // Nobody waits for it any more when another could not be opened.
                told.send((agent, epoch)).await.unwrap_or(());
                drop(told);
                if let Some(stream) = stream {
                    session.keep(stream).await;
                }
            });
        }
    }
    drop(told);
    let mut count = 0;
    while let Some((agent, epoch)) = opened.recv().await {
        sessions[agent as usize].epoch = epoch?;
        count += 1;
        opened_so_far(count);
    }
    Ok(sessions)
}

/// The session of an agent, on its client's side.
struct Session {
    agent: AgentNumber,
    request: OpenSessionRequest,
    client: AgentServiceClient<Channel>,
    heard: Mouth,
}

type Begun = (SessionOpened, Streaming<OpenSessionResponse>);

impl Session {
    async fn begin(&self) -> Result<Begun, Box<CallError>> {
        let begun = async {
            let mut stream = self.client.clone().open_session(self.request.clone()).await?.into_inner();
            match stream.message().await?.and_then(|it| it.notice) {
                Some(Notice::Opened(opened)) => Ok((opened, stream)),
                _ => Err(Status::internal("a session begins with `opened`")),
            }
        };
        begun.await.map_err(refused("OpenSession"))
    }

    /// Lets the invites be heard until the run is over. A stream that the service cut, because more was to be told at once than waits for
    /// a session, is opened again: the session is the same, and what was missed stands in it.
    async fn keep(mut self, mut stream: Streaming<OpenSessionResponse>) {
        let first = self.request.request_id.clone();
        let mut cuts = 0;
        loop {
            let Some(why) = self.listen(stream).await else { return };
            if !why.is("SESSION_NOT_OPEN") {
                return self.lost(&why.to_string()).await;
            }
            cuts += 1;
            self.request.request_id = format!("{first}.{cuts}");
            stream = match self.begin().await {
                Ok((opened, stream)) if opened.resumed => {
                    self.heard.send(Heard::Resumed).await.unwrap_or(());
                    let missed = opened.agent.map(|it| it.invites).unwrap_or_default();
                    for invite in missed {
                        if self.invited(&invite).await.is_none() {
                            return;
                        }
                    }
                    stream
                }
                Ok(_) => return self.lost("it was cut, and was over when it came back").await,
                Err(error) => return self.lost(&error.to_string()).await,
            };
        }
    }

    /// Lets the invites be heard until the stream ends, and says why it did; nothing: the run is over.
    async fn listen(&mut self, mut stream: Streaming<OpenSessionResponse>) -> Option<Box<CallError>> {
        loop {
            match stream.message().await {
                Ok(Some(OpenSessionResponse { notice: Some(Notice::Invited(invite)), .. })) => {
                    self.invited(&invite).await?;
                }
                Ok(Some(_)) => {}
                Ok(None) => return Some(refused("OpenSession")(Status::unavailable("the service ended it"))),
                Err(status) => return Some(refused("OpenSession")(status)),
            }
        }
    }

    /// Lets an invite be heard; nothing: the run is over. What somebody else has asked for is not ours.
    async fn invited(&self, invite: &Invite) -> Option<()> {
        let Some(life) = LifeId::of_customer(&invite.customer_id) else { return Some(()) };
        let (agent, conversation) = (self.agent, invite.conversation_id);
        let invited = Invited { agent, invite: invite.invite_id, conversation, life };
        self.heard.send(Heard::Invited(invited)).await.ok()
    }

    async fn lost(self, why: &str) {
        let what = format!("the session of {}", self.request.agent_id);
        self.heard.send(Heard::Lost { what, why: why.to_owned() }).await.unwrap_or(());
    }
}
