//! The commands that the generator sends, as messages. A command that is sent again is the same message, request id and all.

use std::fmt::Write;

use super::{
    floor::{AgentNumber, CHANNEL, NOBODYS_SKILL, QUEUE, RACE_SKILL},
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

/// Different requirements of those that wait for ever.
const BACKLOG_CLASSES: usize = 1_000;

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
            Call::Create => Command::CreateConversation(Box::new(CreateConversationRequest {
                org_id,
                request_id,
                channel_id: CHANNEL.to_owned(),
                customer_id: token.life.customer(),
                routing: Some(self.routing(life.task)),
                access_scope: String::new(),
            })),
            Call::Accept => {
                let (agent, invite_id) =
                    life.invites.get(usize::from(token.which)).copied().unwrap_or((0, 0));
                let session = Some(self.session(agent));
                Command::AcceptInvite(AcceptInviteRequest { org_id, request_id, session, invite_id })
            }
            Call::Transfer => Command::RequestTransfer(Box::new(RequestTransferRequest {
                org_id,
                request_id,
                session: life.holder.map(|it| self.session(it)),
                conversation_id: life.conversation,
                routing: Some(to(target::Target::Queue(QueueTarget {
                    queue_id: QUEUE.to_owned(),
                    skills: Vec::new(),
                }))),
            })),
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
        let requirement = |skill_id: &str, level_hundredths| SkillRequirement {
            skill_id: skill_id.to_owned(),
            level_hundredths,
            additional: false,
        };
        let agent_id = |it: AgentNumber| target::Target::AgentId(self.session(it).agent_id);
        match task {
            Task::Stay(agent) => to(agent_id(agent)),
            Task::End(staying) => to(agent_id(staying.agent)),
            Task::Race => Routing {
                mode: RoutingMode::Broadcast.into(),
                ..to(target::Target::SkillId(RACE_SKILL.to_owned()))
            },
            Task::Cycle(item) | Task::Transfer(item) => {
                let skills = item.skills().iter().map(|it| requirement(&self.skill_ids[usize::from(*it)], 0));
                to(target::Target::Requirements(Requirements { skills: skills.collect() }))
            }
            Task::Backlog(number) => {
                let (class, skills) = (number % BACKLOG_CLASSES, self.skill_ids.len());
                let level = u32::try_from(class / skills).unwrap_or(0);
                let skills =
                    vec![requirement(NOBODYS_SKILL, 0), requirement(&self.skill_ids[class % skills], level)];
                to(target::Target::Requirements(Requirements { skills }))
            }
            // It is there already.
            Task::HangUp(_) => Routing::default(),
        }
    }

    fn request_id(&self, token: Token) -> String {
        let mut id = String::with_capacity(self.run.len() + 17);
        // Writing to a string does not fail.
        write!(id, "{}.{:x}", self.run, token.pack()).unwrap_or(());
        id
    }
}

fn to(target: target::Target) -> Routing {
    Routing { target: Some(Target { target: Some(target) }), ..Routing::default() }
}
