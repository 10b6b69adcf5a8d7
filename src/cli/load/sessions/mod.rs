//! The agents' sessions, and what the generator wants of what they are told: the invites.
//!
//! ```text
//!   carried   thousands of sessions on a stream of the pipelined door, as by a platform that stands before its agents' consoles
//!   own       a stream each, many on a connection, as by consoles that call the service themselves
//! ```
//!
//! The service tells every session what concerns its agent, so the invites are there already: to take them from the event stream of the
//! org would have each of them sent once more, with all that the sessions are told besides.

mod carried;
mod own;

use tokio::sync::mpsc;

use super::{
    LoadError,
    floor::{AgentNumber, STATUS},
    heard::{Heard, Invited, LifeId, Mouth},
    plan::{DoorKind, LoadArgs},
};
use crate::{
    cli::{client::CallError, request_ids::RequestIds},
    wire::v1::{AgentSession, Console, Invite, OpenSessionRequest},
};

/// Openings that have been answered and not yet been noted, at most.
const OPENED_MAX: usize = 256;

/// The epoch of an agent's session, or why there is none.
type Opened = (AgentNumber, Result<u64, Box<CallError>>);

/// Opens a session for each of these agents, and lets their invites be heard from then on. Answers the sessions in the same order.
pub(super) async fn open(
    args: &LoadArgs,
    agent_ids: Vec<String>,
    heard: &Mouth,
    mut opened_so_far: impl FnMut(usize),
) -> Result<Vec<AgentSession>, LoadError> {
    let ids = RequestIds::new("load-session");
    let requests: Vec<Opening> = (0..)
        .zip(&agent_ids)
        .map(|(agent, agent_id)| Opening {
            agent,
            request: OpenSessionRequest {
                org_id: args.org.clone(),
                request_id: ids.next(),
                agent_id: agent_id.clone(),
                console: Console::Lightning.into(),
                resume_epoch: 0,
                presence_status_id: STATUS.to_owned(),
                without_history: true,
            },
            cuts: 0,
        })
        .collect();
    let (told, mut opened) = mpsc::channel::<Opened>(OPENED_MAX);
    match args.session_door() {
        DoorKind::Pipeline => carried::open(args, requests, heard, &told).await?,
        DoorKind::Unary => own::open(args, requests, heard, &told).await?,
    }
    drop(told);
    let mut sessions: Vec<AgentSession> =
        agent_ids.into_iter().map(|agent_id| AgentSession { agent_id, epoch: 0 }).collect();
    let mut count = 0;
    while let Some((agent, epoch)) = opened.recv().await {
        sessions[agent as usize].epoch = epoch?;
        count += 1;
        opened_so_far(count);
    }
    Ok(sessions)
}

/// A session that is to be opened, and opened again whenever it is cut: because more was to be told at once than waits for a session.
/// It is the same session then, and what was missed stands in it.
struct Opening {
    agent: AgentNumber,
    request: OpenSessionRequest,
    cuts: u32,
}

impl Opening {
    /// It is open.
    fn opened(&mut self, epoch: u64) {
        self.request.resume_epoch = epoch;
    }

    fn has_been_open(&self) -> bool {
        self.request.resume_epoch != 0
    }

    /// It was cut.
    fn cut(&mut self) {
        self.cuts += 1;
        let first = self.request.request_id.split('~').next().unwrap_or_default();
        self.request.request_id = format!("{first}~{}", self.cuts);
    }

    /// Lets an invite be heard; nothing: the run is over. What somebody else has asked for is not ours.
    async fn invited(&self, invite: &Invite, heard: &Mouth) -> Option<()> {
        let Some(life) = LifeId::of_customer(&invite.customer_id) else { return Some(()) };
        let (agent, conversation) = (self.agent, invite.conversation_id);
        let (invite, is_accepted) = (invite.invite_id, invite.auto_accept);
        let invited = Invited { agent, invite, conversation, life, is_accepted };
        heard.send(Heard::Invited(invited)).await.ok()
    }

    /// It has come back: lets what was missed be heard.
    async fn resumed(&self, missed: &[Invite], heard: &Mouth) -> Option<()> {
        heard.send(Heard::Resumed).await.ok()?;
        for invite in missed {
            self.invited(invite, heard).await?;
        }
        Some(())
    }

    async fn lost(&self, why: &str, heard: &Mouth) {
        let what = format!("the session of {}", self.request.agent_id);
        heard.send(Heard::Lost { what, why: why.to_owned() }).await.unwrap_or(());
    }
}
