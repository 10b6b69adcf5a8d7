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
};
use crate::{
    cli::{
        client::{CallError, connect, refused},
        load::plan::LoadArgs,
        request_ids::RequestIds,
    },
    wire::v1::{
        AgentSession, Console, OpenSessionRequest, OpenSessionResponse, SessionOpened,
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
            let (client, opening, told, heard) =
                (client.clone(), opening.clone(), told.clone(), heard.clone());
            tokio::spawn(async move {
                let turn = opening.acquire_owned().await;
                let session = begin(client, request).await;
                drop(turn);
                let (epoch, stream) = match session {
                    Ok((epoch, stream)) => (Ok(epoch), Some(stream)),
                    Err(error) => (Err(error), None),
                };
                // Nobody waits for it any more when another could not be opened.
                told.send((agent, epoch)).await.unwrap_or(());
                drop(told);
                if let Some(stream) = stream {
                    listen(stream, agent, heard).await;
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

async fn begin(
    mut client: AgentServiceClient<Channel>,
    request: OpenSessionRequest,
) -> Result<(u64, Streaming<OpenSessionResponse>), Box<CallError>> {
    let begun = async {
        let mut stream = client.open_session(request).await?.into_inner();
        match stream.message().await?.and_then(|it| it.notice) {
            Some(Notice::Opened(SessionOpened { epoch, .. })) => Ok((epoch, stream)),
            _ => Err(Status::internal("a session begins with `opened`")),
        }
    };
    begun.await.map_err(refused("OpenSession"))
}

async fn listen(mut stream: Streaming<OpenSessionResponse>, agent: AgentNumber, heard: Mouth) {
    let why = loop {
        match stream.message().await {
            Ok(Some(OpenSessionResponse { notice: Some(Notice::Invited(invite)), .. })) => {
                let Some(life) = LifeId::of_customer(&invite.customer_id) else { continue };
                let (invite, conversation) = (invite.invite_id, invite.conversation_id);
                let invited = Invited { agent, invite, conversation, life };
                if heard.send(Heard::Invited(invited)).await.is_err() {
                    // The run is over.
                    return;
                }
            }
            Ok(Some(_)) => {}
            Ok(None) => break "the service ended it".to_owned(),
            Err(status) => break refused("OpenSession")(status).to_string(),
        }
    };
    heard.send(Heard::Lost { what: format!("the session of agent number {agent}"), why }).await.unwrap_or(());
}
