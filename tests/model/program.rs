//! A random program: a directory and steps. Steps speak in dice, which are read when their turn comes, so that they hit what is there
//! and still mean something after shrinking.

use omniroute::engine::{
    command::{Acting, Actor, Audience, Command},
    directory::spec::{Resource, ResourceKind, RoutingModel},
    dispatch::Layout,
    event::Console,
    ids::{
        AgentIx, ButtonIx, ChannelIx, ConversationId, Epoch, InviteId, Millis, QueueIx, RequestId, SkillIx,
        StatusIx,
    },
    records::Record,
    relaxation::{Insist, Preferred, Relaxation, Step as RelaxStep, Terms, WhenRequeued},
    routing::{Capacity, Mode, Requirement, RoutingAsk, Target, Waves},
};

use super::world::{Conversation, World};

/// The types of records that there are.
pub(crate) const RECORD_TYPES: [&str; 2] = ["order", "case"];

/// Who supervises.
const SUPERVISOR: &str = "sue";

/// A number that stands for "the so-manyth of those that there are".
pub(crate) type Die = u8;

/// Whom a request addresses.
#[derive(Debug, Clone)]
pub(crate) enum Aim {
    Agent(Die),
    Skill(Die),
    Requirements(Vec<(Die, u16)>),
    Queue(Die, Vec<(Die, u16)>),
    Button(Die),
}

/// How a request is asked for.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    pub(crate) aim: Aim,
    pub(crate) mode: Option<Mode>,
    pub(crate) waves: Waves,
    pub(crate) model: Option<RoutingModel>,
    pub(crate) priority: Option<u32>,
    pub(crate) capacity: Option<Capacity>,
    /// In so many milliseconds.
    pub(crate) not_before: Option<Millis>,
    /// In so many milliseconds.
    pub(crate) accept_by: Option<Millis>,
    /// Skills that may drop, and at which level.
    pub(crate) additional: Vec<(Die, u16)>,
    /// How long after the one before, how many drop, by how much levels sink.
    pub(crate) steps: Vec<(Millis, u32, u16)>,
    pub(crate) preferred: Option<(Die, Insist)>,
    pub(crate) start_over: bool,
}

/// A command before its dice are read.
#[derive(Debug, Clone)]
pub(crate) enum Op {
    Apply(Vec<Resource>),
    Put(Resource),
    Delete(ResourceKind, Die),
    Open { agent: Die, console: Console, resume: Option<Die>, status: Option<Die> },
    Drop(Die),
    DropAll,
    Presence(Die, Die),
    Accept(Die),
    Decline(Die),
    Create(Die, Ask),
    Conference(Die, Ask),
    Transfer(Die, Ask),
    Cancel(Die),
    Leave(Die),
    Pick(Die, Die),
    InviteAgent(Die, Die),
    EndByAgent(Die),
    EndByPlatform(Die),
    EndBySupervisor(Die),
    Inactivate(Die),
    Complete(Die),
    Extend(Die, Millis),
    PostByAgent(Die, Audience),
    PostByCustomer(Die),
    PostBySupervisor(Die, Audience),
    PresenceBySupervisor(Die, Die),
    Assign(Die, Die),
    Raise(Die),
    LowerByAgent(Die),
    LowerBySupervisor(Die),
    MoveTo { room: Die, queue: Die, skills: Vec<(Die, u16)>, priority: Option<u32> },
    PostByPlatform(Die),
    Attach(Die, Die),
    Remove(Die, Die),
    Wait,
}

/// How a command goes astray.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stray {
    /// Not at all.
    No,
    /// From a session of another epoch.
    Epoch(u64),
    /// From another agent.
    Agent(Die),
    /// To another conversation, invite or request.
    Thing(u64),
}

/// One step.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    /// How long after the step before.
    pub(crate) after: Millis,
    /// Its `request_id`, one of a few.
    pub(crate) key: Option<u8>,
    pub(crate) stray: Stray,
    pub(crate) op: Op,
    /// Whether the state goes through a snapshot before it.
    pub(crate) snapshot: bool,
}

/// A directory and what is done under it.
#[derive(Clone)]
pub(crate) struct Program {
    pub(crate) directory: Vec<Resource>,
    pub(crate) steps: Vec<Step>,
    pub(crate) layout: Layout,
}

impl std::fmt::Debug for Program {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{:?}, the directory", self.layout)?;
        self.directory.iter().try_for_each(|it| writeln!(f, "  {it:?}"))?;
        writeln!(f, "the steps")?;
        self.steps.iter().try_for_each(|it| writeln!(f, "  {it:?}"))
    }
}

fn pick<T: Clone>(all: &[T], die: Die) -> Option<T> {
    if all.is_empty() { None } else { Some(all[usize::from(die) % all.len()].clone()) }
}

/// A number of a kind; one in 32 is of nothing.
fn number(world: &World, kind: ResourceKind, die: Die) -> u32 {
    let all: Vec<u32> = (0..world.directory.count(kind)).collect();
    if die >= 248 { u32::MAX } else { pick(&all, die).unwrap_or(0) }
}

fn requirements(world: &World, dice: &[(Die, u16)]) -> std::sync::Arc<[Requirement]> {
    let mut all: Vec<Requirement> = dice
        .iter()
        .map(|(die, level)| Requirement {
            skill: SkillIx(number(world, ResourceKind::Skill, *die)),
            level: *level,
        })
        .collect();
    all.sort();
    all.dedup_by_key(|it| it.skill);
    all.into()
}

/// Of a right shape, as the edge takes it: no skill twice, no more drops than there are skills.
fn relaxation(world: &World, ask: &Ask, target: &Target) -> Relaxation {
    let mut additional: Vec<Requirement> = Vec::new();
    for it in ask.additional.iter().flat_map(|it| requirements(world, &[*it]).to_vec()) {
        let stands = additional.iter().chain(target.requirements()).any(|other| other.skill == it.skill);
        if !stands {
            additional.push(it);
        }
    }
    let (mut after, mut left) = (0, u32::try_from(additional.len()).unwrap());
    let mut steps = Vec::new();
    for (span, drops, lowers_by) in &ask.steps {
        let drops = (*drops).min(left);
        (after, left) = (after + span, left - drops);
        steps.push(RelaxStep { after, drops, lowers_by: *lowers_by });
    }
    let preferred =
        |(die, insist)| Preferred { agent: AgentIx(number(world, ResourceKind::Agent, die)), insist };
    Terms {
        additional,
        steps,
        preferred: ask.preferred.map(preferred),
        when_requeued: if ask.start_over { WhenRequeued::StartOver } else { WhenRequeued::GoOn },
    }
    .into()
}

fn routing(world: &World, ask: &Ask) -> RoutingAsk {
    let target = match &ask.aim {
        Aim::Agent(die) => Target::Agent(AgentIx(number(world, ResourceKind::Agent, *die))),
        Aim::Skill(die) => Target::Skill(SkillIx(number(world, ResourceKind::Skill, *die))),
        Aim::Requirements(dice) => Target::Requirements(requirements(world, dice)),
        Aim::Queue(die, required) => Target::Queue {
            queue: QueueIx(number(world, ResourceKind::Queue, *die)),
            skills: requirements(world, required),
        },
        Aim::Button(die) => Target::Button(ButtonIx(number(world, ResourceKind::Button, *die))),
    };
    RoutingAsk {
        relaxation: relaxation(world, ask, &target),
        target,
        mode: ask.mode,
        waves: ask.waves,
        model: ask.model,
        priority: ask.priority,
        capacity: ask.capacity,
        not_before: ask.not_before.map_or(0, |it| world.now + it),
        accept_by: ask.accept_by.map_or(0, |it| world.now + it),
    }
}

/// The target that a resource is.
pub(crate) fn target_of(kind: ResourceKind, number: u32) -> Target {
    match kind {
        ResourceKind::Queue => Target::Queue { queue: QueueIx(number), skills: [].into() },
        ResourceKind::Skill => Target::Skill(SkillIx(number)),
        ResourceKind::Button => Target::Button(ButtonIx(number)),
        ResourceKind::Agent => Target::Agent(AgentIx(number)),
        ResourceKind::Channel | ResourceKind::PresenceStatus | ResourceKind::CapacityProfile => {
            panic!("{kind:?} is no target")
        }
    }
}

/// Who has a session.
fn there(world: &World) -> Vec<AgentIx> {
    world.every_agent().into_iter().filter(|it| world.agent(*it).session.is_some()).collect()
}

/// Who is in which conversation.
fn seats(world: &World) -> Vec<(AgentIx, ConversationId)> {
    let of = |(id, row): (&ConversationId, &Conversation)| {
        row.participants.iter().map(|agent| (*agent, *id)).collect::<Vec<_>>()
    };
    world.conversations.iter().flat_map(of).collect()
}

fn supervisor() -> Actor {
    Actor::Supervisor(SUPERVISOR.into())
}

/// One of a few records: two types, two ids, two titles.
fn record(die: Die) -> Record {
    let of = |bit: u8, words: [&str; 2]| words[usize::from(die >> bit & 1)].into();
    Record { record_type: of(0, RECORD_TYPES), id: of(1, ["1", "2"]), title: of(2, ["Old", "New"]) }
}

impl Step {
    /// A step without a twist.
    pub(crate) fn plain(op: Op) -> Self {
        Self { after: 0, key: None, stray: Stray::No, op, snapshot: false }
    }

    #[allow(clippy::too_many_lines, reason = "one arm a command")]
    /// The command that the step is, as things stand; none: only time passes.
    pub(crate) fn command(&self, world: &World) -> Option<Command> {
        let agent = |die: Die| AgentIx(number(world, ResourceKind::Agent, die));
        let status = |die: Die| StatusIx(number(world, ResourceKind::PresenceStatus, die));
        let session = |of: AgentIx| {
            let agent = if let Stray::Agent(die) = self.stray { agent(die) } else { of };
            let row = world.agents.get(agent.index());
            let epoch = row.map_or(0, |it| it.session.map_or(it.latest_epoch, |it| it.epoch.0));
            Acting { agent, epoch: Epoch(if let Stray::Epoch(other) = self.stray { other } else { epoch }) }
        };
        let thing = |id: u64| if let Stray::Thing(other) = self.stray { other } else { id };
        let somebody = there(world).first().copied().unwrap_or(AgentIx(0));
        // Who is in which conversation, and where nobody is, one who is not.
        let seat = |die: Die| {
            let (of, id) = pick(&seats(world), die).unwrap_or((somebody, ConversationId(u64::from(die % 4))));
            (session(of), ConversationId(thing(id.0)))
        };
        // Whose flag is up where, if any is.
        let flag = |die: Die| {
            let mut flagged = seats(world);
            flagged.retain(|it| world.conversations[&it.1].flags.contains_key(&it.0));
            pick(&flagged, die).map_or_else(|| seat(die), |it| (session(it.0), ConversationId(thing(it.1.0))))
        };
        // Mostly a keeper's, else somebody's who is in beside one.
        let keeper = |die: Die| {
            let keeps = |it: &(AgentIx, ConversationId)| world.conversations[&it.1].participants[0] == it.0;
            let keepers: Vec<_> =
                seats(world).into_iter().filter(|it| keeps(it) != die.is_multiple_of(4)).collect();
            let (of, id) = pick(&keepers, die / 4).unwrap_or((somebody, ConversationId(1)));
            (session(of), ConversationId(thing(id.0)))
        };
        let room = |die: Die| {
            let rooms: Vec<_> = world.conversations.keys().copied().collect();
            ConversationId(thing(pick(&rooms, die).map_or(u64::from(die % 4), |it| it.0)))
        };
        let invite = |die: Die| {
            let ever = (1..).map(InviteId).zip(&world.invites).map(|(id, it)| (id, it.0)).collect::<Vec<_>>();
            let pending: Vec<_> = world.pending().iter().map(|it| (it.1, it.2)).collect();
            let stale = || pick(&ever, die).unwrap_or((InviteId(0), somebody));
            let (id, of) = pick(&pending, die).unwrap_or_else(stale);
            (session(of), InviteId(thing(id.0)))
        };
        let wrap_up = |die: Die| {
            let all: Vec<_> = world
                .every_agent()
                .into_iter()
                .flat_map(|agent| world.agent(agent).holds.iter().map(move |it| (agent, it.conversation)))
                .filter(|(agent, conversation)| world.wrap_up(*agent, *conversation).is_some())
                .collect();
            let (of, id) = pick(&all, die).unwrap_or((somebody, ConversationId(1)));
            (session(of), ConversationId(thing(id.0)))
        };
        Some(match &self.op {
            Op::Apply(wanted) => Command::ApplyDirectory { wanted: wanted.clone() },
            Op::Put(resource) => Command::PutResource { resource: Box::new(resource.clone()) },
            Op::Delete(kind, die) => {
                let all: Vec<_> = (0..world.directory.count(*kind)).collect();
                let id = pick(&all, *die).filter(|_| *die < 240);
                let id = id.map_or("nothing", |it| world.directory.name(*kind, it));
                Command::DeleteResource { kind: *kind, id: id.into() }
            }
            Op::Open { agent: die, console, resume, status: at } => {
                let agent = agent(*die);
                let latest = world.agents.get(agent.index()).map_or(0, |it| it.latest_epoch);
                let resume = resume.map(|back| Epoch(latest.saturating_sub(u64::from(back))));
                Command::OpenSession { agent, console: *console, resume, status: at.map(status) }
            }
            Op::Drop(die) => Command::DropSession { session: session(agent(*die)) },
            Op::DropAll => Command::DropAllSessions,
            Op::Presence(of, at) => {
                let of = pick(&there(world), *of).unwrap_or(AgentIx(0));
                Command::SetPresence { session: session(of), status: status(*at) }
            }
            Op::Accept(die) => {
                let (session, invite) = invite(*die);
                Command::AcceptInvite { session, invite }
            }
            Op::Decline(die) => {
                let (session, invite) = invite(*die);
                Command::DeclineInvite { session, invite, reason: "busy".into() }
            }
            Op::Create(die, ask) => Command::CreateConversation {
                channel: ChannelIx(number(world, ResourceKind::Channel, *die)),
                customer: "customer".into(),
                access_scope: "scope".into(),
                routing: routing(world, ask),
            },
            Op::Conference(die, ask) => {
                let (session, conversation) = seat(*die);
                Command::RequestConference { session, conversation, routing: routing(world, ask) }
            }
            Op::Transfer(die, ask) => {
                let (session, conversation) = seat(*die);
                Command::RequestTransfer { session, conversation, routing: routing(world, ask) }
            }
            Op::Cancel(die) => {
                let all: Vec<_> = world.requests.iter().map(|it| (*it.0, it.1.requester)).collect();
                let (id, of) = pick(&all, *die).unwrap_or((RequestId(u64::from(die % 4)), None));
                let session = session(of.unwrap_or(somebody));
                Command::CancelRequest { session, request: RequestId(thing(id.0)) }
            }
            Op::Leave(die) => {
                // Of a conference, where there is one.
                let mut seats: Vec<_> = seats(world);
                seats.retain(|it| world.conversations[&it.1].participants.len() > 1);
                let (session, conversation) = pick(&seats, *die)
                    .map_or_else(|| seat(*die), |it| (session(it.0), ConversationId(thing(it.1.0))));
                Command::LeaveConversation { session, conversation }
            }
            Op::Pick(agent, die) => {
                // What waits to be picked, where there is any.
                let mut waiting: Vec<_> = world.requests.values().collect();
                waiting.retain(|it| it.routing.model == RoutingModel::Choice && it.pending.is_empty());
                let conversation = pick(&waiting, *die).map_or_else(|| room(*die), |it| it.conversation);
                let agent = AgentIx(u32::from(*agent) % u32::try_from(world.agents.len().max(1)).unwrap());
                Command::PickConversation { session: session(agent), conversation }
            }
            Op::InviteAgent(agent, die) => {
                // What waits for the platform to pick, where there is any.
                let of_platform = |it: &RequestId| world.requests[it].routing.model == RoutingModel::External;
                let open: Vec<_> = world.requests.keys().copied().collect();
                let waiting: Vec<_> = open.iter().copied().filter(of_platform).collect();
                let request = pick(&waiting, *die).or_else(|| pick(&open, *die));
                let request = RequestId(thing(request.map_or(u64::from(die % 4), |it| it.0)));
                Command::InviteAgent { request, agent: AgentIx(number(world, ResourceKind::Agent, *agent)) }
            }
            Op::EndByAgent(die) => {
                let (session, conversation) = seat(*die);
                Command::EndConversation { actor: Actor::Agent(session), conversation }
            }
            Op::EndByPlatform(die) => {
                Command::EndConversation { actor: Actor::Platform, conversation: room(*die) }
            }
            Op::EndBySupervisor(die) => {
                Command::EndConversation { actor: supervisor(), conversation: room(*die) }
            }
            Op::Inactivate(die) => {
                // Mostly where an agent is alone.
                let mut seats: Vec<_> = seats(world);
                seats.retain(|it| die % 8 == 0 || world.conversations[&it.1].participants.len() == 1);
                let (session, conversation) = pick(&seats, *die)
                    .map_or_else(|| seat(*die), |it| (session(it.0), ConversationId(thing(it.1.0))));
                Command::InactivateConversation { session, conversation }
            }
            Op::Complete(die) => {
                let (session, conversation) = wrap_up(*die);
                Command::CompleteWrapUp { session, conversation }
            }
            Op::Extend(die, extend_by) => {
                let (session, conversation) = wrap_up(*die);
                Command::ExtendWrapUp { session, conversation, extend_by: *extend_by }
            }
            Op::PostByAgent(die, audience) => {
                let mut resting = seats(world);
                resting.retain(|it| world.conversations[&it.1].inactive.is_some());
                let (session, conversation) = pick(&resting, *die)
                    .map_or_else(|| seat(*die), |it| (session(it.0), ConversationId(thing(it.1.0))));
                let (actor, text) = (Actor::Agent(session), "hello".into());
                Command::PostMessage { actor, conversation, text, audience: *audience }
            }
            Op::PostByCustomer(die) | Op::PostByPlatform(die) => {
                let mut resting: Vec<_> =
                    world.conversations.iter().filter(|it| it.1.inactive.is_some()).map(|it| *it.0).collect();
                resting.retain(|_| die % 4 != 0);
                let conversation =
                    pick(&resting, *die).map_or_else(|| room(*die), |it| ConversationId(thing(it.0)));
                let by_customer = matches!(self.op, Op::PostByCustomer(_));
                let actor = if by_customer { Actor::Customer } else { Actor::Platform };
                Command::PostMessage {
                    actor,
                    conversation,
                    text: "hello".into(),
                    audience: Audience::Everyone,
                }
            }
            Op::PostBySupervisor(die, audience) => Command::PostMessage {
                actor: supervisor(),
                conversation: room(*die),
                text: "hello".into(),
                audience: *audience,
            },
            Op::Raise(die) => {
                let (session, conversation) = seat(*die);
                let reason = if *die < 128 { "help" } else { "" };
                Command::RaiseFlag { session, conversation, reason: reason.into() }
            }
            Op::LowerByAgent(die) => {
                let (session, conversation) = flag(*die);
                Command::LowerFlag { actor: Actor::Agent(session), conversation, agent: session.agent }
            }
            Op::LowerBySupervisor(die) => {
                let (session, conversation) = flag(*die);
                Command::LowerFlag { actor: supervisor(), conversation, agent: session.agent }
            }
            Op::Assign(of, die) => {
                // Mostly one who could be.
                let somebody = pick(&there(world), *of).filter(|_| *of < 224).unwrap_or(agent(*of));
                Command::AssignConversation {
                    supervisor: SUPERVISOR.into(),
                    conversation: room(*die),
                    agent: somebody,
                }
            }
            Op::MoveTo { room: die, queue, skills, priority } => Command::MoveConversation {
                supervisor: SUPERVISOR.into(),
                conversation: room(*die),
                queue: QueueIx(number(world, ResourceKind::Queue, *queue)),
                skills: requirements(world, skills),
                priority: *priority,
            },
            Op::PresenceBySupervisor(of, at) => Command::SetAgentPresence {
                supervisor: SUPERVISOR.into(),
                agent: agent(*of),
                status: status(*at),
            },
            Op::Attach(die, of) => {
                let (session, conversation) = keeper(*die);
                Command::AttachRecord { session, conversation, record: record(*of) }
            }
            Op::Remove(die, of) => {
                let ((session, conversation), Record { record_type, id, .. }) = (keeper(*die), record(*of));
                Command::RemoveRecord { session, conversation, record_type, id }
            }
            Op::Wait => return None,
        })
    }
}
