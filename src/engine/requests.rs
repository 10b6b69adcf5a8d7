//! Requests: for a new conversation, a conference, a transfer (INV-1, CONF-1 to 7, XFER-1 to 4, BTN-1, 2).

use std::sync::Arc;

use smol_str::SmolStr;

use crate::engine::{
    Engine,
    admission::Asked,
    command::Acting,
    directory::spec::{ResourceKind, RoutingModel},
    event::{Console, Event, RequestEnd, RequestKind},
    ids::{AgentIx, ChannelIx, ConversationId, Millis, RequestId},
    limits,
    rejection::Rejection,
    routing::{Capacity, Mode, Requirement, Routing, RoutingAsk, RoutingType, Target, Waves},
};

impl Engine {
    pub(super) fn create_conversation(
        &mut self,
        channel: ChannelIx,
        customer: SmolStr,
        ask: RoutingAsk,
        access_scope: Box<str>,
    ) -> Result<(), Rejection> {
        let routing = self.fill_in(&ask, RequestKind::New);
        if routing == Err(Rejection::AgentNotFound) {
            return Err(Rejection::AgentNotFound);
        }
        if !self.state.registry.is_live(ResourceKind::Channel, channel.0) {
            return Err(Rejection::ChannelNotFound);
        }
        let asked = Asked { kind: RequestKind::New, channel, conversation: None, ask };
        let (routing, overflowed_from) = self.admit(&asked, routing?)?;
        if self.state.conversations.len() >= limits::CONVERSATIONS_MAX {
            return Err(Rejection::ConversationsFull);
        }
        let routing_type = routing.target.routing_type();
        self.emit(Event::ConversationCreated {
            conversation: ConversationId(self.state.conversation_count + 1),
            channel,
            customer,
            routing_type,
            request: self.next_request(),
            routing: Arc::new(routing),
            overflowed_from,
            access_scope,
        });
        Ok(())
    }

    pub(super) fn request_conference(
        &mut self,
        session: Acting,
        conversation: ConversationId,
        ask: RoutingAsk,
    ) -> Result<(), Rejection> {
        self.live_agent(session.agent)?;
        let routing = self.fill_in(&ask, RequestKind::Conference)?;
        let requester = self.participant(session, conversation)?;
        self.is_active(conversation)?;
        let row = self.state.conversations.at(conversation);
        let rules = &self.state.registry.channel(row.channel).spec;
        if !rules.conference_allowed {
            return Err(Rejection::ConferenceNotAllowed);
        }
        if row.routing_type == RoutingType::OmniChannel {
            self.console_conferences(requester)?;
            if let Target::Agent(invited) = routing.target {
                self.console_conferences(invited)?;
            }
        }
        self.not_in(conversation, &routing)?;
        let places = row.participants.len() + self.open(conversation, RequestKind::Conference);
        if places >= rules.participants_max as usize {
            return Err(Rejection::ParticipantsFull);
        }
        // With the acceptance of the conference the transfer would be one that XFER-2 forbids.
        if row.routing_type == RoutingType::ButtonSkills && self.open(conversation, RequestKind::Transfer) > 0
        {
            return Err(Rejection::TransferOpen);
        }
        let asked = Asked {
            kind: RequestKind::Conference,
            channel: row.channel,
            conversation: Some(conversation),
            ask,
        };
        self.open_request(&asked, conversation, requester, routing, self.now)
    }

    pub(super) fn request_transfer(
        &mut self,
        session: Acting,
        conversation: ConversationId,
        ask: RoutingAsk,
    ) -> Result<(), Rejection> {
        self.live_agent(session.agent)?;
        let routing = self.fill_in(&ask, RequestKind::Transfer)?;
        let requester = self.participant(session, conversation)?;
        self.is_active(conversation)?;
        let row = self.state.conversations.at(conversation);
        let by_button = row.routing_type == RoutingType::ButtonSkills;
        self.not_in(conversation, &routing)?;
        if by_button && row.participants.len() > 1 {
            return Err(Rejection::ConferenceButtonSkillsNotTransferable);
        }
        if self.open(conversation, RequestKind::Transfer) > 0 {
            return Err(Rejection::TransferOpen);
        }
        if by_button && self.open(conversation, RequestKind::Conference) > 0 {
            return Err(Rejection::ConferenceOpen);
        }
        // Age goes along (XFER-3).
        let requested_at = row.created_at;
        let asked = Asked {
            kind: RequestKind::Transfer,
            channel: row.channel,
            conversation: Some(conversation),
            ask,
        };
        self.open_request(&asked, conversation, requester, routing, requested_at)
    }

    pub(super) fn cancel_request(&mut self, session: Acting, request: RequestId) -> Result<(), Rejection> {
        self.live_agent(session.agent)?;
        let agent = self.acting(session)?;
        self.is_open(request)?;
        let row = self.state.requests.at(request);
        if row.requester != Some(agent) {
            return Err(Rejection::NotTheRequester);
        }
        self.end_request(request, RequestEnd::Cancelled);
        Ok(())
    }

    fn open_request(
        &mut self,
        asked: &Asked,
        conversation: ConversationId,
        requester: AgentIx,
        routing: Routing,
        requested_at: Millis,
    ) -> Result<(), Rejection> {
        if self.state.conversations.at(conversation).requests.len() >= limits::OPEN_REQUESTS_MAX {
            return Err(Rejection::RequestsFull);
        }
        let (routing, overflowed_from) = self.admit(asked, routing)?;
        self.emit(Event::RequestOpened {
            request: self.next_request(),
            conversation,
            kind: asked.kind,
            requester: Some(requester),
            routing: Arc::new(routing),
            requested_at,
            overflowed_from,
        });
        Ok(())
    }

    /// Whether a request is open; else what became of it.
    pub(super) fn is_open(&self, request: RequestId) -> Result<(), Rejection> {
        if self.state.requests.get(request).is_some() {
            Ok(())
        } else if (1..=self.state.request_count).contains(&request.0) {
            Err(Rejection::RequestClosed)
        } else {
            Err(Rejection::RequestNotFound)
        }
    }

    pub(super) fn next_request(&self) -> RequestId {
        RequestId(self.state.request_count + 1)
    }

    pub(super) fn open(&self, conversation: ConversationId, kind: RequestKind) -> usize {
        let requests = &self.state.conversations.at(conversation).requests;
        requests.iter().filter(|id| self.state.requests.at(**id).kind == kind).count()
    }

    /// An agent whose session is in the older console cannot conference (CONF-5). Without a session it is not that which is wrong.
    fn console_conferences(&self, agent: AgentIx) -> Result<(), Rejection> {
        let session = self.state.agent(agent).session;
        if session.is_some_and(|it| it.console == Console::Classic) {
            Err(Rejection::ConsoleNotSupported)
        } else {
            Ok(())
        }
    }

    /// Whom a request names, as addressed or as preferred, must not be in the conversation already.
    fn not_in(&self, conversation: ConversationId, routing: &Routing) -> Result<(), Rejection> {
        let named = match &routing.target {
            Target::Agent(agent) => Some(*agent),
            Target::Skill(_) | Target::Requirements(_) | Target::Queue { .. } | Target::Button(_) => {
                routing.relaxation.preferred.map(|it| it.agent)
            }
        };
        let is_in = named.is_some_and(|it| self.state.conversations.at(conversation).has(it));
        if is_in { Err(Rejection::AlreadyAParticipant) } else { Ok(()) }
    }

    /// What the caller left open, as the directory or the rules say.
    pub(super) fn fill_in(&self, ask: &RoutingAsk, kind: RequestKind) -> Result<Routing, Rejection> {
        if let Some(preferred) = ask.relaxation.preferred {
            self.live_agent(preferred.agent)?;
        }
        self.known_target(&ask.target, &ask.relaxation.additional)?;
        let registry = &self.state.registry;
        let (model, priority, earmark_after) = match &ask.target {
            Target::Queue { queue, .. } => {
                let rules = &registry.queue(*queue).spec;
                (rules.model, rules.priority, rules.earmark_after_ms)
            }
            Target::Button(button) => (registry.button(*button).spec.model, limits::PRIORITY_DEFAULT, 0),
            Target::Agent(_) | Target::Skill(_) | Target::Requirements(_) => {
                (RoutingModel::LeastActive, limits::PRIORITY_DEFAULT, 0)
            }
        };
        let colleague = kind != RequestKind::New;
        let (broadcast, exceed) =
            (colleague && matches!(ask.target, Target::Skill(_)), colleague && ask.target.is_personal());
        let model = ask.model.unwrap_or(model);
        let mode = match ask.mode {
            // The platform picks one agent at a time, and its invite holds.
            _ if model == RoutingModel::External => Mode::Single,
            Some(mode) => mode,
            None if broadcast => Mode::Broadcast,
            None => Mode::Single,
        };
        let Waves { size, interval } = ask.waves;
        let waves = Waves {
            size: if size == 0 { limits::WAVE_SIZE_DEFAULT } else { size },
            interval: if interval == 0 { limits::WAVE_INTERVAL_MS_DEFAULT } else { interval },
        };
        Ok(Routing {
            mode,
            waves: if mode == Mode::Waves { waves } else { Waves::default() },
            model,
            priority: ask.priority.unwrap_or(priority),
            capacity: ask.capacity.unwrap_or(if exceed { Capacity::Exceed } else { Capacity::Fit }),
            not_before: ask.not_before,
            accept_by: ask.accept_by,
            relaxation: ask.relaxation.fit_to(&ask.target),
            earmark_after,
            target: ask.target.clone(),
        })
    }

    fn known_target(&self, target: &Target, additional: &[Requirement]) -> Result<(), Rejection> {
        let live = |kind, number, rejection| {
            if self.state.registry.is_live(kind, number) { Ok(()) } else { Err(rejection) }
        };
        let skills = |skills: &[Requirement]| {
            skills.iter().try_for_each(|it| live(ResourceKind::Skill, it.skill.0, Rejection::SkillNotFound))
        };
        if let Target::Agent(agent) = target {
            live(ResourceKind::Agent, agent.0, Rejection::AgentNotFound)?;
        }
        skills(additional)?;
        match target {
            Target::Agent(_) => Ok(()),
            Target::Skill(skill) => live(ResourceKind::Skill, skill.0, Rejection::SkillNotFound),
            Target::Requirements(requirements) => skills(requirements),
            Target::Queue { queue, skills: required } => {
                skills(required)?;
                live(ResourceKind::Queue, queue.0, Rejection::QueueNotFound)
            }
            Target::Button(button) => live(ResourceKind::Button, button.0, Rejection::ButtonNotFound),
        }
    }
}
