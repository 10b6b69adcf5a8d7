//! PipelineService: the wide door. A stream of commands in, a stream of answers out, no task and no channel of its own for each.
//!
//! ```text
//!   SubmitRequest ─► check, convert ─► mailbox ─► … ─► publisher ─┐
//!                       └─ refused at once ─┐                      │ (number, answer)
//!   SubmitResponse ◄───────────────────── unsent ◄── in flight ◄───┤
//!                                           ▲─────── sessions ◄────┘ notices
//! ```

use std::{
    collections::VecDeque,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use rustc_hash::FxHashMap;
use tokio::sync::mpsc;
use tokio_stream::{Stream, wrappers::WatchStream};
use tonic::{Request, Response, Status, Streaming, async_trait};

use super::{Front, front::Guest, sessions::Sessions};
use crate::{
    engine::reply::Reply,
    shard::letter::{Letter, ReplyTo, Settled, StreamReply},
    wire::{
        check::Check,
        mutation::Mutation,
        status,
        v1::{
            self, OpenSessionRequest, Refusal, SubmitRequest, SubmitResponse,
            pipeline_service_server::PipelineService, submit_request::Command, submit_response::Answer,
        },
    },
};

/// One arm a command: the door carries every call that changes something. Sessions are more than a command and its answer.
macro_rules! carry_out {
    ($answers:expr, $id:expr, $command:expr; $($name:ident $call:ident),* $(,)?) => {
        match $command {
            $(Command::$name(call) => {
                $answers.post($id, call, |it| Answer::$name(v1::$call::respond(it)));
            })*
            Command::OpenSession(call) => $answers.open($id, &call),
            Command::CloseSession(call) => $answers.close($id, call.opened_by),
        }
    };
}

/// Commands of one stream that are in flight, at most.
const IN_FLIGHT_MAX: usize = 4_096;
/// Sessions of one stream, at most.
const SESSIONS_MAX: usize = 16_384;
/// Notices of all its sessions that wait for the caller to read them, at most.
const NOTICES_WAITING_MAX: usize = 65_536;
/// Notices that are made ready to be sent at once, about.
const NOTICES_AT_ONCE: usize = 64;

/// The service.
#[derive(Debug)]
pub(super) struct Pipelines(pub Arc<Front>);

#[async_trait]
impl PipelineService for Pipelines {
    type SubmitStream = Answers;

    async fn submit(&self, request: Request<Streaming<SubmitRequest>>) -> Result<Response<Answers>, Status> {
        let guest = self.0.guest(&request)?;
        // Room for all that is in flight, and for as many that a full mailbox gave back since it was last emptied.
        let (to, settled) = mpsc::channel(2 * IN_FLIGHT_MAX);
        Ok(Response::new(Answers {
            closing: WatchStream::from_changes(self.0.closing()),
            guest,
            commands: Some(request.into_inner()),
            to,
            settled,
            sessions: Sessions::new(SESSIONS_MAX, NOTICES_WAITING_MAX),
            in_flight: FxHashMap::default(),
            posted: 0,
            unsent: VecDeque::new(),
            is_closing: false,
            is_over: false,
        }))
    }
}

/// What is to be done with the reply to a command.
#[derive(Debug, Clone, Copy)]
enum Pending {
    /// It becomes its answer so.
    Command(fn(Reply) -> Answer),
    /// Nothing: the session's first notice is the answer.
    Session,
}

/// The stream of answers, which reads the stream of commands.
#[derive(Debug)]
pub(super) struct Answers {
    guest: Guest,
    closing: WatchStream<bool>,
    /// None: the caller has sent all it has, or the service closes.
    commands: Option<Streaming<SubmitRequest>>,
    to: mpsc::Sender<(u64, Option<Settled>)>,
    settled: mpsc::Receiver<(u64, Option<Settled>)>,
    sessions: Sessions,
    /// By our own number, for callers may use one of theirs twice.
    in_flight: FxHashMap<u64, (u64, Pending)>,
    posted: u64,
    unsent: VecDeque<SubmitResponse>,
    is_closing: bool,
    is_over: bool,
}

impl Answers {
    fn take(&mut self, request: SubmitRequest) {
        let id = request.correlation_id;
        let Some(command) = request.command else {
            let mut check = Check::new();
            check.say("command", "is required: exactly one");
            return self.refuse(id, &check.into_status());
        };
        carry_out! {
            self, id, command;
            AcceptInvite AcceptInviteRequest,
            AssignConversation AssignConversationRequest,
            AttachRecord AttachRecordRequest,
            CancelRequest CancelRequestRequest,
            CompleteWrapUp CompleteWrapUpRequest,
            CreateConversation CreateConversationRequest,
            DeclineInvite DeclineInviteRequest,
            EndConversation EndConversationRequest,
            ExtendWrapUp ExtendWrapUpRequest,
            InactivateConversation InactivateConversationRequest,
            InviteAgent InviteAgentRequest,
            LeaveConversation LeaveConversationRequest,
            LowerFlag LowerFlagRequest,
            MoveConversation MoveConversationRequest,
            PickConversation PickConversationRequest,
            PostMessage PostMessageRequest,
            RaiseFlag RaiseFlagRequest,
            RemoveRecord RemoveRecordRequest,
            RequestConference RequestConferenceRequest,
            RequestTransfer RequestTransferRequest,
            SetAgentPresence SetAgentPresenceRequest,
            SetPresence SetPresenceRequest
        }
    }

    fn post<M: Mutation>(&mut self, id: u64, call: M, respond: fn(Reply) -> Answer) {
        let visit = match self.guest.admit(&call) {
            Ok(visit) => visit,
            Err(status) => return self.refuse(id, &status),
        };
        let key = Some(visit.key(call.request_id()));
        let mut check = Check::new();
        let command = visit.to.with_names(|names| call.into_command(names, &mut check));
        if !check.is_empty() {
            return self.refuse(id, &check.into_status());
        }
        let reply = self.place(id, Pending::Command(respond));
        if let Err(status) = visit.post(|org| Letter::Command { org, key, command, reply }) {
            self.take_back(id, &status);
        }
    }

    fn open(&mut self, id: u64, call: &OpenSessionRequest) {
        let visit = match self.guest.admit(call) {
            Ok(visit) => visit,
            Err(status) => return self.refuse(id, &status),
        };
        let mut check = Check::new();
        if self.sessions.has(id) {
            check.say("correlation_id", "is that of another session that is open on this stream");
        }
        if self.sessions.count() >= SESSIONS_MAX {
            check.say("open_session", "is one more session than a stream carries; open it on another stream");
        }
        if !check.is_empty() {
            return self.refuse(id, &check.into_status());
        }
        let reply = self.place(id, Pending::Session);
        if let Err(status) = self.sessions.open(id, &visit, call, reply) {
            self.take_back(id, &status);
        }
    }

    fn close(&mut self, id: u64, opened_by: u64) {
        if self.sessions.close(opened_by) {
            let answer = Some(Answer::CloseSession(v1::CloseSessionResponse {}));
            self.unsent.push_back(SubmitResponse { correlation_id: id, answer });
        } else {
            let mut check = Check::new();
            check.say("close_session.opened_by", "names no session that is open on this stream");
            self.refuse(id, &check.into_status());
        }
    }

    /// A place among those that are in flight.
    fn place(&mut self, id: u64, pending: Pending) -> ReplyTo {
        let number = self.posted;
        self.posted += 1;
        self.in_flight.insert(number, (id, pending));
        ReplyTo::Stream(StreamReply::new(number, self.to.clone()))
    }

    /// What was placed last was not taken. The letter came back with its place in the stream; what that says is not why.
    fn take_back(&mut self, id: u64, why: &Status) {
        self.in_flight.remove(&(self.posted - 1));
        self.refuse(id, why);
    }

    fn refuse(&mut self, correlation_id: u64, why: &Status) {
        self.unsent.push_back(SubmitResponse { correlation_id, answer: Some(refusal(why)) });
    }

    fn settle(&mut self, number: u64, settled: Option<Settled>) {
        let Some((correlation_id, pending)) = self.in_flight.remove(&number) else { return };
        let answer = match (settled, pending) {
            (Some(Ok(reply)), Pending::Command(respond)) => respond(reply),
            (Some(Ok(_)), Pending::Session) => return,
            (Some(Err(rejection)), _) => refusal(&status::refusal(&rejection)),
            (None, _) => refusal(&status::shutting_down()),
        };
        if matches!(pending, Pending::Session) {
            self.sessions.close(correlation_id);
        }
        self.unsent.push_back(SubmitResponse { correlation_id, answer: Some(answer) });
    }

    /// Takes what the sessions are told, not all at once: answers go in between.
    fn listen(&mut self, context: &mut Context<'_>) {
        for _ in 0..NOTICES_AT_ONCE {
            let Poll::Ready(Some((correlation_id, word))) = self.sessions.poll_word(context) else { return };
            let answer = match word {
                Ok(message) => Answer::OpenSession(message),
                Err(why) => refusal(&status::refusal(&why)),
            };
            self.unsent.push_back(SubmitResponse { correlation_id, answer: Some(answer) });
        }
    }

    /// Reads what there is to read. Whether the stream must end because what comes is no command.
    fn read(&mut self, context: &mut Context<'_>) -> Result<(), Status> {
        while self.in_flight.len() < IN_FLIGHT_MAX && self.unsent.len() < IN_FLIGHT_MAX {
            let Some(commands) = &mut self.commands else { return Ok(()) };
            match Pin::new(commands).poll_next(context) {
                Poll::Ready(Some(Ok(request))) => self.take(request),
                Poll::Ready(Some(Err(status))) => {
                    self.commands = None;
                    return Err(status);
                }
                Poll::Ready(None) => self.commands = None,
                Poll::Pending => return Ok(()),
            }
        }
        Ok(())
    }
}

impl Stream for Answers {
    type Item = Result<SubmitResponse, Status>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Some(response) = self.unsent.pop_front() {
            return Poll::Ready(Some(Ok(response)));
        }
        if self.is_over {
            return Poll::Ready(None);
        }
        if !self.is_closing && Pin::new(&mut self.closing).poll_next(context) == Poll::Ready(Some(true)) {
            // What is in flight is answered still.
            (self.commands, self.is_closing) = (None, true);
        }
        if let Err(status) = self.read(context) {
            return Poll::Ready(Some(Err(status)));
        }
        while let Poll::Ready(Some((number, settled))) = self.settled.poll_recv(context) {
            self.settle(number, settled);
        }
        self.listen(context);
        if let Some(response) = self.unsent.pop_front() {
            return Poll::Ready(Some(Ok(response)));
        }
        if self.commands.is_some() || !self.in_flight.is_empty() {
            return Poll::Pending;
        }
        match (self.sessions.count(), self.is_closing) {
            (0, _) => Poll::Ready(None),
            (_, false) => Poll::Pending,
            (_, true) => {
                self.is_over = true;
                Poll::Ready(Some(Err(status::shutting_down())))
            }
        }
    }
}

fn refusal(why: &Status) -> Answer {
    Answer::Refusal(Refusal {
        code: i32::from(why.code()),
        message: why.message().to_owned(),
        status: why.details().to_vec(),
    })
}
