//! For tests: one event of every variant, and the names in them.

use crate::engine::{
    directory::{
        names::Names,
        spec::{
            Agent, Button, CapacityProfile, Change, Channel, OnSessionLoss, PresenceKind, PresenceStatus,
            Queue, Reinvite, Resource, ResourceKind, RoutingModel, Skill,
        },
    },
    event::{Author, Console, Event, InviteEnd, Leaving, PresenceCause, RequestEnd, RequestKind},
    ids::{
        AgentIx, ButtonIx, ChannelIx, ConversationId, Epoch, InviteId, QueueIx, RequestId, SkillIx, StatusIx,
    },
    records::Record,
    relaxation::{Insist, Preferred, Relaxation, Relaxed, Step, Terms, WhenRequeued},
    routing::{Capacity, Mode, Requirement, Routing, RoutingType, Target, Waves},
    state::agent::Earmark,
};

/// One resource of each kind, and agents `anna`, `bert` and `cleo` with the numbers 0, 1 and 2.
pub(crate) fn resources() -> Vec<Resource> {
    let agent = |id: &str| {
        Resource::Agent(Agent {
            id: id.into(),
            name: id.to_uppercase().into(),
            profile: "standard".into(),
            skills: vec![("cards".into(), 725), ("loans".into(), 1_000)],
            queues: vec!["front".into()],
            record_types: Vec::new(),
            access_scopes: Vec::new(),
        })
    };
    vec![
        Resource::Skill(Skill { id: "cards".into(), name: "Cards".into() }),
        Resource::Skill(Skill { id: "loans".into(), name: "".into() }),
        Resource::Channel(Channel {
            id: "chat".into(),
            name: "Chat".into(),
            weight: 2,
            interruptible: true,
            push_timeout_ms: 20_000,
            wrap_up_ms: 5_000,
            auto_accept: true,
            conference_allowed: true,
            participants_max: 8,
            on_session_loss: OnSessionLoss::Requeue,
            reinvite: Reinvite::After(60_000),
            decline_status: Some("away".into()),
            expiry_status: None,
            inactivity: None,
        }),
        Resource::PresenceStatus(PresenceStatus {
            id: "away".into(),
            name: "Away".into(),
            kind: PresenceKind::Away,
            channels: vec!["chat".into()],
        }),
        Resource::CapacityProfile(CapacityProfile {
            id: "standard".into(),
            name: "Standard".into(),
            units: 10,
            interruptible_units: 4,
            channel_maxima: vec![("chat".into(), 3)],
        }),
        Resource::Queue(Queue {
            id: "front".into(),
            name: "Front".into(),
            model: RoutingModel::BestMatch,
            priority: 7,
            weight: Some(3),
            waiting_max: None,
            overflow: None,
            by_deadline: false,
            earmark_after_ms: 0,
        }),
        Resource::Button(Button {
            id: "help".into(),
            name: "Help".into(),
            skills: vec!["cards".into()],
            all_skills: true,
            model: RoutingModel::MostAvailable,
            reroutes_max: Some(2),
        }),
        agent("anna"),
        agent("bert"),
        agent("cleo"),
    ]
}

/// The numbers of the ids of `resources`.
pub(crate) fn names() -> Names {
    let mut names = Names::default();
    names.intern(&resources().into_iter().map(Change::Create).collect::<Vec<_>>());
    names
}

pub(crate) const ANNA: AgentIx = AgentIx(0);
pub(crate) const BERT: AgentIx = AgentIx(1);
pub(crate) const CLEO: AgentIx = AgentIx(2);

fn routing(target: Target) -> Routing {
    Routing {
        target,
        mode: Mode::Broadcast,
        model: RoutingModel::LongestIdle,
        priority: 100,
        capacity: Capacity::Exceed,
        not_before: 0,
        accept_by: 0,
        earmark_after: 0,
        waves: Waves::default(),
        relaxation: Relaxation::default(),
    }
}

/// Routings to every kind of target.
pub(crate) fn routings() -> Vec<Routing> {
    let skills: std::sync::Arc<[Requirement]> =
        [Requirement { skill: SkillIx(0), level: 500 }, Requirement { skill: SkillIx(1), level: 0 }].into();
    vec![
        routing(Target::Agent(BERT)),
        routing(Target::Skill(SkillIx(1))),
        routing(Target::Requirements(skills.clone())),
        routing(Target::Queue { queue: QueueIx(0), skills }),
        routing(Target::Button(ButtonIx(0))),
    ]
}

/// Every way to give way.
pub(crate) fn relaxation() -> Relaxation {
    Terms {
        additional: [
            Requirement { skill: SkillIx(1), level: 500 },
            Requirement { skill: SkillIx(0), level: 0 },
        ]
        .into(),
        steps: [
            Step { after: 1_000, drops: 1, lowers_by: 0 },
            Step { after: 2_000, drops: 1, lowers_by: 300 },
        ]
        .into(),
        preferred: Some(Preferred { agent: CLEO, insist: Insist::For(5_000) }),
        when_requeued: WhenRequeued::StartOver,
    }
    .into()
}

fn record() -> Record {
    Record { record_type: "order".into(), id: "o-7".into(), title: "Zwölf Gläser".into() }
}

/// One event of every variant, in the order in which they were added. The first are stored in a golden test: add at the end.
#[expect(clippy::too_many_lines, reason = "a list: one entry an event")]
pub(crate) fn events() -> Vec<Event> {
    let (conversation, request) = (ConversationId(300), RequestId(301));
    let mut changes: Vec<Change> = resources().into_iter().map(Change::Create).collect();
    changes.push(Change::Replace(Resource::Skill(Skill { id: "cards".into(), name: "New".into() })));
    changes.push(Change::Remove(ResourceKind::Button, "help".into()));
    let [_, skill, _, queue, _] = <[Routing; 5]>::try_from(routings()).expect("five kinds of target");
    vec![
        Event::DirectoryChanged { changes },
        Event::SessionStarted { agent: ANNA, epoch: Epoch(3), console: Console::Classic },
        Event::SessionResumed { agent: ANNA, epoch: Epoch(3) },
        Event::SessionDropped { agent: ANNA, epoch: Epoch(3), lease_until: 1_700_000_030_000 },
        Event::SessionEnded { agent: ANNA, epoch: Epoch(3) },
        Event::PresenceSet { agent: BERT, status: StatusIx(0), cause: PresenceCause::Expiry },
        Event::ConversationCreated {
            conversation,
            channel: ChannelIx(0),
            customer: "cäsar@example.org".into(),
            routing_type: RoutingType::OmniChannel,
            request,
            routing: queue.into(),
            overflowed_from: None,
            access_scope: "".into(),
        },
        Event::RequestOpened {
            request,
            conversation,
            kind: RequestKind::Conference,
            requester: Some(ANNA),
            routing: skill.into(),
            requested_at: 1_700_000_000_001,
            overflowed_from: None,
        },
        Event::InvitesSent {
            request,
            conversation,
            kind: RequestKind::Conference,
            first: InviteId(900),
            agents: [CLEO, BERT].into_iter().collect(),
            expires_at: 1_700_000_020_000,
            units: 2,
            interruptible: true,
            held: true,
            next_wave_at: 0,
            at_once: false,
        },
        Event::InviteAccepted {
            invite: InviteId(901),
            request,
            conversation,
            kind: RequestKind::Transfer,
            agent: BERT,
            giver: Some(ANNA),
            wrap_up_until: 1_700_000_005_000,
            supervisor: None,
        },
        Event::InvitesEnded {
            request,
            conversation,
            end: InviteEnd::Declined,
            invites: vec![(InviteId(900), CLEO)],
            reason: "lunch".into(),
        },
        Event::RequestEnded {
            request,
            conversation,
            kind: RequestKind::Conference,
            requester: Some(ANNA),
            why: RequestEnd::AllExpired,
        },
        Event::RoundStarted { request, conversation, round: 2 },
        Event::ParticipantLeft {
            conversation,
            agent: ANNA,
            leaving: Leaving::SessionLost,
            wrap_up_until: 1_700_000_006_000,
        },
        Event::ConversationEnded {
            conversation,
            by: Author::Agent(BERT),
            participants: [BERT].into_iter().collect(),
            wrap_up_until: 1_700_000_007_000,
        },
        Event::WrapUpExtended { conversation, agent: BERT, until: 1_700_000_008_000 },
        Event::WrapUpEnded { conversation, agent: BERT },
        Event::MessagePosted {
            conversation,
            number: 4,
            customer_number: 0,
            author: Author::Agent(ANNA),
            text: "psst ✓".into(),
        },
        Event::RecordAttached { conversation, agent: ANNA, record: record() },
        Event::RecordRemoved { conversation, agent: ANNA, record_type: "order".into(), id: "o-7".into() },
        Event::RecordsGiven { conversation, agent: BERT, records: vec![record()] },
        Event::WavesEnded { request, conversation },
        Event::AgentEarmarked {
            request,
            conversation,
            agent: BERT,
            earmark: Earmark { interruptible: true, units: 3 },
        },
        Event::EarmarkLifted { request, conversation, agent: BERT },
        Event::ConversationMoved {
            conversation,
            supervisor: "sue".into(),
            request,
            routing: routing(Target::Queue { queue: QueueIx(0), skills: [].into() }).into(),
            requested_at: 1_700_000_000_002,
            overflowed_from: Some(QueueIx(0)),
        },
        Event::FlagRaised { conversation, agent: ANNA, reason: "he shouts".into() },
        Event::FlagLowered { conversation, agent: ANNA, by: Author::Supervisor("sue".into()) },
        Event::ConversationInactivated {
            conversation,
            agent: BERT,
            by: Author::Agent(BERT),
            units: 1,
            ends_at: 1_700_000_009_000,
        },
        Event::ConversationResumed { conversation, agent: Some(BERT), units: 2 },
        Event::RequestRelaxed { request, conversation, relaxed: Relaxed { steps: 2, insists: true } },
    ]
}
