//! The commands that the generator sends, as messages. A command that is sent again is the same message, request id and all.

use std::fmt::Write;

use super::{
    floor::{AgentNumber, CHANNEL, QUEUE, RACE_SKILL},
    heard::{Call, Token},
    life::{Life, Task},
};
use crate::{
    cli::request_ids::RequestIds,
    wire::v1::{
        AcceptInviteRequest, Actor, AgentSession, CreateConversationRequest, EndConversationRequest,
        QueueTarget, RequestTransferRequest, Requirements, Routing, RoutingMode, SkillRequirement, Target,
        actor, submit_request::Command, target,
    },
};

/// What all messages of a run have in common.
#[derive(Debug)]
pub(super) struct Messages {
    org: String,
    /// What the request ids of this run begin with.
    run: String,
    skill_ids: Vec<String>,
    sessions: Vec<AgentSession>,
}

impl Messages {
    pub(super) fn new(org: String, skill_ids: Vec<String>, sessions: Vec<AgentSession>) -> Self {
        Self { org, run: RequestIds::new("load").next(), skill_ids, sessions }
    }

    /// The command of a life that a token names.
    pub(super) fn command(&self, token: Token, life: &Life) -> Command {
        let (org_id, request_id) = (self.org.clone(), self.request_id(token));
        match token.call {
            Call::Create => Command::CreateConversation(CreateConversationRequest {
                org_id,
                request_id,
                channel_id: CHANNEL.to_owned(),
                customer_id: token.life.customer(),
                routing: Some(self.routing(life.task)),
                access_scope: String::new(),
            }),
            Call::Accept => {
                let (agent, invite_id) =
                    life.invites.get(usize::from(token.which)).copied().unwrap_or((0, 0));
                let session = Some(self.session(agent));
                Command::AcceptInvite(AcceptInviteRequest { org_id, request_id, session, invite_id })
            }
            Call::Transfer => Command::RequestTransfer(RequestTransferRequest {
                org_id,
                request_id,
                session: life.holder.map(|it| self.session(it)),
                conversation_id: life.conversation,
                routing: Some(to(target::Target::Queue(QueueTarget {
                    queue_id: QUEUE.to_owned(),
                    skills: Vec::new(),
                }))),
            }),
            Call::End => {
                let actor = match life.ending.by {
                    Some(agent) => actor::Actor::Agent(self.session(agent)),
                    None => actor::Actor::Platform(actor::Platform {}),
                };
                Command::EndConversation(EndConversationRequest {
                    org_id,
                    request_id,
                    actor: Some(Actor { actor: Some(actor) }),
                    conversation_id: life.ending.conversation,
                })
            }
        }
    }

    fn session(&self, agent: AgentNumber) -> AgentSession {
        self.sessions.get(agent as usize).cloned().unwrap_or_default()
    }

    /// Who is asked: requirements without a least level, so that agents whom nothing but their load tells apart are many.
    fn routing(&self, task: Task) -> Routing {
        let agent_id = |it: AgentNumber| target::Target::AgentId(self.session(it).agent_id);
        match task {
            Task::Stay(agent) => to(agent_id(agent)),
            Task::End(staying) => to(agent_id(staying.agent)),
            Task::Race => Routing {
                mode: RoutingMode::Broadcast.into(),
                ..to(target::Target::SkillId(RACE_SKILL.to_owned()))
            },
            Task::Cycle(item) | Task::Transfer(item) => {
                let requirement = |skill: &u16| SkillRequirement {
                    skill_id: self.skill_ids[usize::from(*skill)].clone(),
                    level_hundredths: 0,
                    additional: false,
                };
                let skills = item.skills().iter().map(requirement).collect();
                to(target::Target::Requirements(Requirements { skills }))
            }
        }
    }

    fn request_id(&self, token: Token) -> String {
        let mut id = String::with_capacity(self.run.len() + 24);
        let Token { life, call, which } = token;
        // Writing to a string does not fail.
        write!(id, "{}.{}.{}.{}.{which}", self.run, life.slot, life.lap, call as u8).unwrap_or(());
        id
    }
}

fn to(target: target::Target) -> Routing {
    Routing { target: Some(Target { target: Some(target) }), ..Routing::default() }
}
