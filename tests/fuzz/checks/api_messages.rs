//! Any bytes as a call of the API: the first says which, the rest is the message. It decodes or it does not; it is refused with a status or
//! becomes a command or a query; the engine answers it in a small centre at work; and what comes of it can be shown and stored.

#![allow(clippy::needless_pass_by_value, clippy::unused_self, reason = "each call is a row of one table")]

use std::{fmt::Debug, sync::LazyLock};

use omniroute::{
    cli::{SAMPLE, directory_file},
    engine::{
        Engine,
        command::{Command, Query},
        directory::names::Names,
        event::Event,
        ids::{AgentIx, ConversationId, Millis, RequestKey},
        query::Answer,
        rejection::Rejection,
        reply::Reply,
        state::State,
    },
    wire::{
        check::Check,
        event,
        mutation::{
            Inquiry, Mutation, decisions_asked, load_history, open_session, plan_directory, plan_response,
            request_key,
        },
        notice::{self, InviteContext, Teller},
        status, v1,
    },
};
use prost::Message;

use super::stored_events;

/// When it is.
const NOW: Millis = 1_700_000_000_000;

/// The centre: the sample's directory, two agents with sessions, a conversation in hand and one that waits. As a snapshot.
static CENTRE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut centre = Centre { engine: Engine::new(State::default()), events: 0 };
    let directory = directory_file::parse(SAMPLE).expect("the sample is right");
    centre.mutate(v1::ApplyDirectoryRequest {
        org_id: "sample".into(),
        request_id: "directory".into(),
        directory: Some(directory.clone()),
        dry_run: false,
    });
    for agent in &directory.agents[..2] {
        centre.open(&v1::OpenSessionRequest {
            org_id: "sample".into(),
            request_id: format!("open-{}", agent.id),
            agent_id: agent.id.clone(),
            console: v1::Console::Lightning.into(),
            presence_status_id: directory.presence_statuses[0].id.clone(),
            ..Default::default()
        });
        let target = Some(v1::target::Target::AgentId(agent.id.clone()));
        centre.mutate(v1::CreateConversationRequest {
            org_id: "sample".into(),
            request_id: format!("create-{}", agent.id),
            channel_id: directory.channels[0].id.clone(),
            customer_id: "customer".into(),
            routing: Some(v1::Routing { target: Some(v1::Target { target }), ..Default::default() }),
            ..Default::default()
        });
    }
    let session = Some(v1::AgentSession { agent_id: directory.agents[0].id.clone(), epoch: 1 });
    let org_id = "sample".into();
    let request_id = "accept".into();
    centre.mutate(v1::AcceptInviteRequest { org_id, request_id, session, invite_id: 1 });
    postcard::to_stdvec(centre.engine.state()).expect("a state is stored")
});

/// Picks the call by its number and has it made.
macro_rules! call {
    ($centre:ident, $number:expr, $bytes:ident; $($how:ident $call:ident),* $(,)?) => {{
        let calls: &[fn(&mut Centre, &[u8])] =
            &[$(|centre, bytes| {
                if let Some(call) = decoded::<v1::$call>(bytes) {
                    centre.$how(call);
                }
            }),*];
        calls[usize::from($number) % calls.len()](&mut $centre, $bytes);
    }};
}

/// The check.
pub fn check(bytes: &[u8]) {
    let Some((number, bytes)) = bytes.split_first() else { return };
    let state = postcard::from_bytes(&CENTRE).expect("it was stored just now");
    let mut centre = Centre { engine: Engine::new(state), events: 0 };
    call! {
        centre, *number, bytes;
        mutate AcceptInviteRequest,
        mutate ApplyDirectoryRequest,
        mutate AssignConversationRequest,
        mutate AttachRecordRequest,
        mutate CancelRequestRequest,
        mutate CompleteWrapUpRequest,
        mutate CreateConversationRequest,
        mutate DeclineInviteRequest,
        mutate DeleteResourceRequest,
        mutate EndConversationRequest,
        mutate ExtendWrapUpRequest,
        mutate InactivateConversationRequest,
        mutate InviteAgentRequest,
        mutate LeaveConversationRequest,
        mutate LowerFlagRequest,
        mutate MoveConversationRequest,
        mutate PickConversationRequest,
        mutate PostMessageRequest,
        mutate PutResourceRequest,
        mutate RaiseFlagRequest,
        mutate RemoveRecordRequest,
        mutate RequestConferenceRequest,
        mutate RequestTransferRequest,
        mutate SetAgentPresenceRequest,
        mutate SetPresenceRequest,
        inquire ExplainAgentRequest,
        inquire ExplainConversationRequest,
        inquire ExplainRoutingRequest,
        inquire GetAgentRequest,
        inquire GetConversationRequest,
        inquire GetQueueRequest,
        inquire GetResourceRequest,
        inquire ListAgentsRequest,
        inquire ListConversationsRequest,
        inquire ListQueuesRequest,
        inquire ListRecordsRequest,
        inquire ListResourcesRequest,
        inquire ListWaitingRequest,
        opened OpenSessionRequest,
        planned ApplyDirectoryRequest,
        history LoadHistoryRequest,
        watched WatchEventsRequest,
        decisions ExplainDecisionsRequest,
        submitted SubmitRequest,
    }
}

/// The message, if the bytes are one. What it says it says again when it was written and read.
fn decoded<M: Message + Default + PartialEq + Debug>(bytes: &[u8]) -> Option<M> {
    let call = M::decode(bytes).ok()?;
    assert_eq!(M::decode(&*call.encode_to_vec()).as_ref(), Ok(&call));
    Some(call)
}

struct Centre {
    engine: Engine,
    events: u64,
}

impl Centre {
    fn names(&self) -> &Names {
        self.engine.state().registry.names()
    }

    fn mutate<M: Mutation>(&mut self, call: M) {
        let (key, mut check) = (request_key(call.request_id()), Check::new());
        let command = call.into_command(self.names(), &mut check);
        if let Some(reply) = self.decide(key, command, check) {
            M::respond(reply);
        }
    }

    fn decide(&mut self, key: RequestKey, command: Command, check: Check) -> Option<Reply> {
        if !check.is_empty() {
            check.into_status();
            return None;
        }
        let decided = self.engine.decide(NOW, Some(key), command);
        self.look();
        decided.map_err(refused).ok()
    }

    /// What was decided is shown and stored.
    fn look(&mut self) {
        let outbox = self.engine.take_outbox();
        for it in &outbox {
            self.events += 1;
            event::event(self.events, it.at, &it.event, self.names());
            for agent in &it.told {
                self.tell(it.at, &it.event, *agent, it.log_number);
            }
        }
        stored_events::comes_back(NOW, outbox.iter().map(|it| (it.key, &it.event)));
    }

    fn tell(&self, at: Millis, event: &Event, agent: AgentIx, log_number: u32) {
        let teller = Teller {
            position: self.events,
            at,
            event,
            to: agent,
            names: self.names(),
            invite: InviteContext::default(),
            number: log_number,
        };
        teller.tell(&mut drop);
    }

    fn inquire<I: Inquiry>(&mut self, call: I) {
        let mut check = Check::new();
        let query = call.into_query(self.names(), &mut check);
        if let Some(answer) = self.ask(query, check) {
            I::respond(answer, self.names());
        }
    }

    fn ask(&mut self, query: Query, check: Check) -> Option<Answer> {
        if !check.is_empty() {
            check.into_status();
            return None;
        }
        self.engine.query(NOW, query).map_err(refused).ok()
    }

    fn open(&mut self, call: &v1::OpenSessionRequest) {
        let mut check = Check::new();
        let command = open_session(call, self.names(), &mut check);
        if let Some(Reply::SessionOpened { agent, epoch, resumed }) =
            self.decide(request_key(&call.request_id), command, check)
        {
            notice::opened(epoch, resumed, &self.engine.agent_view(agent), self.names());
        }
    }

    fn opened(&mut self, call: v1::OpenSessionRequest) {
        self.open(&call);
    }

    fn planned(&mut self, call: v1::ApplyDirectoryRequest) {
        let mut check = Check::new();
        let query = plan_directory(call, &mut check);
        if let Some(answer) = self.ask(query, check) {
            plan_response(answer);
        }
    }

    fn history(&mut self, call: v1::LoadHistoryRequest) {
        let mut check = Check::new();
        let query = load_history(&call, self.names(), &mut check);
        self.ask(query, check);
    }

    fn watched(&mut self, call: v1::WatchEventsRequest) {
        let mut check = Check::new();
        let (conversations, agents) = event::filters(&call, self.names(), &mut check);
        let ended = Event::WrapUpEnded { conversation: ConversationId(1), agent: AgentIx(0) };
        event::concerns(&ended, &conversations, &agents);
    }

    fn decisions(&mut self, call: v1::ExplainDecisionsRequest) {
        decisions_asked(&call, &mut Check::new());
    }

    /// Its commands are those above; that it is decoded is enough.
    fn submitted(&mut self, _call: v1::SubmitRequest) {}
}

fn refused(rejection: Rejection) {
    let refused = status::refusal(&rejection);
    assert!(!refused.message().is_empty());
}
