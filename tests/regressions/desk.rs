//! A small contact centre to tell the story of a bug in: three agents with one skill and one queue, one channel, one button.

use omniroute::engine::{
    Engine,
    command::{Acting, Command},
    directory::spec::{
        Agent, Button, CapacityProfile, Channel, OnSessionLoss, PresenceKind, PresenceStatus, Queue,
        Reinvite, Resource, RoutingModel, Skill,
    },
    event::{Console, Event},
    ids::{
        AgentIx, ButtonIx, ChannelIx, ConversationId, Epoch, InviteId, Millis, QueueIx, SkillIx, StatusIx,
    },
    rejection::Rejection,
    reply::Reply,
    routing::{Capacity, Mode, RoutingAsk, Target},
    state::State,
};

pub(crate) const ANN: AgentIx = AgentIx(0);
pub(crate) const BEN: AgentIx = AgentIx(1);
pub(crate) const CAT: AgentIx = AgentIx(2);
pub(crate) const CHAT: ChannelIx = ChannelIx(0);
/// Online for chats.
pub(crate) const CHATS: StatusIx = StatusIx(0);
/// Online for nothing.
pub(crate) const OTHER: StatusIx = StatusIx(1);
/// The queue that all serve.
pub(crate) fn sales() -> Target {
    Target::Queue { queue: QueueIx(0), skills: [].into() }
}

pub(crate) const RED: Target = Target::Button(ButtonIx(0));
pub(crate) const SKILL: Target = Target::Skill(SkillIx(0));

/// A chat that weighs one unit and has no other rules.
pub(crate) fn chat() -> Channel {
    Channel {
        id: "chat".into(),
        name: "".into(),
        weight: 1,
        interruptible: false,
        push_timeout_ms: 0,
        wrap_up_ms: 0,
        auto_accept: false,
        conference_allowed: true,
        participants_max: 8,
        on_session_loss: OnSessionLoss::Keep,
        reinvite: Reinvite::OnceEveryoneHas,
        decline_status: None,
        expiry_status: None,
        inactivity: None,
    }
}

/// The engine and the time.
pub(crate) struct Desk {
    pub(crate) engine: Engine,
    pub(crate) now: Millis,
    /// What the last command made happen.
    pub(crate) events: Vec<Event>,
}

impl Desk {
    /// With this channel, and so many units and interruptible units an agent.
    pub(crate) fn new(chat: Channel, units: u32, interruptible_units: u32) -> Self {
        let mut desk = Self { engine: Engine::new(State::default()), now: 1_000_000, events: Vec::new() };
        let mut wanted = vec![
            Resource::Skill(Skill { id: "skill".into(), name: "".into() }),
            Resource::Channel(chat),
            Resource::CapacityProfile(CapacityProfile {
                id: "profile".into(),
                name: "".into(),
                units,
                interruptible_units,
                channel_maxima: Vec::new(),
            }),
            Resource::Queue(Queue {
                id: "sales".into(),
                name: "".into(),
                model: RoutingModel::LongestIdle,
                priority: 100,
                weight: None,
                waiting_max: None,
                overflow: None,
                by_deadline: false,
                earmark_after_ms: 0,
            }),
            Resource::Button(Button {
                id: "red".into(),
                name: "".into(),
                skills: vec!["skill".into()],
                all_skills: false,
                model: RoutingModel::LeastActive,
                reroutes_max: Some(5),
            }),
        ];
        for (id, channels) in [("1-chats", vec!["chat".into()]), ("2-other", Vec::new())] {
            let kind = PresenceKind::Online;
            wanted.push(Resource::PresenceStatus(PresenceStatus {
                id: id.into(),
                name: "".into(),
                kind,
                channels,
            }));
        }
        wanted.extend(["ann", "ben", "cat"].map(|id| {
            Resource::Agent(Agent {
                id: id.into(),
                name: "".into(),
                profile: "profile".into(),
                skills: vec![("skill".into(), 500)],
                queues: vec!["sales".into()],
                record_types: Vec::new(),
                access_scopes: Vec::new(),
            })
        }));
        desk.done(Command::ApplyDirectory { wanted });
        desk
    }

    pub(crate) fn tries(&mut self, command: Command) -> Result<Reply, Rejection> {
        let answer = self.engine.decide(self.now, None, command);
        self.events = self.engine.take_outbox().into_iter().map(|it| it.event).collect();
        answer
    }

    pub(crate) fn done(&mut self, command: Command) -> Reply {
        self.tries(command).unwrap()
    }

    /// Time passes, and the engine is called at its end.
    pub(crate) fn waits(&mut self, span: Millis) {
        self.now += span;
        self.engine.advance(self.now);
        self.events = self.engine.take_outbox().into_iter().map(|it| it.event).collect();
    }

    pub(crate) fn session(&self, agent: AgentIx) -> Acting {
        Acting { agent, epoch: Epoch(self.engine.state().agent(agent).latest_epoch) }
    }

    pub(crate) fn opens(&mut self, agent: AgentIx, console: Console, status: Option<StatusIx>) {
        self.done(Command::OpenSession { agent, console, resume: None, status });
    }

    pub(crate) fn log_in(&mut self, agents: &[AgentIx]) {
        agents.iter().for_each(|agent| self.opens(*agent, Console::Lightning, Some(CHATS)));
    }

    pub(crate) fn sets(&mut self, agent: AgentIx, status: StatusIx) {
        let session = self.session(agent);
        self.done(Command::SetPresence { session, status });
    }

    pub(crate) fn chat_to(&mut self, target: Target) -> ConversationId {
        self.chat_by(ask(target))
    }

    pub(crate) fn chat_by(&mut self, routing: RoutingAsk) -> ConversationId {
        let customer = "customer".into();
        let reply = self.done(Command::CreateConversation {
            channel: CHAT,
            customer,
            routing,
            access_scope: "".into(),
        });
        let Reply::ConversationCreated { conversation, .. } = reply else { panic!("{reply:?}") };
        conversation
    }

    pub(crate) fn conference(&mut self, by: AgentIx, conversation: ConversationId, routing: RoutingAsk) {
        let session = self.session(by);
        self.done(Command::RequestConference { session, conversation, routing });
    }

    pub(crate) fn transfer(&mut self, by: AgentIx, conversation: ConversationId, routing: RoutingAsk) {
        let session = self.session(by);
        self.done(Command::RequestTransfer { session, conversation, routing });
    }

    pub(crate) fn invites(&self, agent: AgentIx) -> Vec<InviteId> {
        self.engine.state().agent(agent).invites.to_vec()
    }

    /// Accepts its oldest invite.
    pub(crate) fn accepts(&mut self, agent: AgentIx) -> Result<Reply, Rejection> {
        let (session, invite) = (self.session(agent), self.invites(agent)[0]);
        self.tries(Command::AcceptInvite { session, invite })
    }

    /// Declines its oldest invite.
    pub(crate) fn declines(&mut self, agent: AgentIx) {
        let (session, invite) = (self.session(agent), self.invites(agent)[0]);
        self.done(Command::DeclineInvite { session, invite, reason: "".into() });
    }

    pub(crate) fn leaves(&mut self, agent: AgentIx, conversation: ConversationId) {
        let session = self.session(agent);
        self.done(Command::LeaveConversation { session, conversation });
    }

    pub(crate) fn puts_chat(&mut self, chat: Channel) {
        self.done(Command::PutResource { resource: Box::new(Resource::Channel(chat)) });
    }
}

/// As the rules say, to this target.
pub(crate) fn ask(target: Target) -> RoutingAsk {
    RoutingAsk::to(target)
}

/// To all at once.
pub(crate) fn broadcast(target: Target) -> RoutingAsk {
    RoutingAsk { mode: Some(Mode::Broadcast), ..ask(target) }
}

/// Only into free units.
pub(crate) fn fitting(target: Target) -> RoutingAsk {
    RoutingAsk { capacity: Some(Capacity::Fit), ..ask(target) }
}
