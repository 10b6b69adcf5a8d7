//! PipelineService: the wide door. A stream of commands in, a stream of answers out, no task and no channel of its own for each.
//!
//! ```text
//!   SubmitRequest ─► check, convert ─► mailbox ─► … ─► publisher ─┐
//!                       └─ refused at once ─┐                      │ (number, answer)
//!   SubmitResponse ◄───────────────────── unsent ◄── in flight ◄───┘
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

use super::Front;
use crate::{
    engine::reply::Reply,
    shard::letter::{Letter, ReplyTo, Settled, StreamReply},
    wire::{
        check::Check,
        mutation::{Mutation, request_key},
        status,
        v1::{
            self, Refusal, SubmitRequest, SubmitResponse, pipeline_service_server::PipelineService,
            submit_request::Command, submit_response::Answer,
        },
    },
};

/// One arm a command: the door carries every call that changes something, but for sessions, which are streams of their own.
macro_rules! carry_out {
    ($answers:expr, $id:expr, $command:expr; $($name:ident $call:ident),* $(,)?) => {
        match $command {
            $(Command::$name(call) => {
                $answers.post($id, call, |it| Answer::$name(v1::$call::respond(it)));
            })*
        }
    };
}

/// Commands of one stream that are in flight, at most.
const IN_FLIGHT_MAX: usize = 4_096;

/// The service.
#[derive(Debug)]
pub(super) struct Pipelines(pub Arc<Front>);

#[async_trait]
impl PipelineService for Pipelines {
    type SubmitStream = Answers;

    async fn submit(&self, request: Request<Streaming<SubmitRequest>>) -> Result<Response<Answers>, Status> {
        // Room for all that is in flight, and for as many that a full mailbox gave back since it was last emptied.
        let (to, settled) = mpsc::channel(2 * IN_FLIGHT_MAX);
        Ok(Response::new(Answers {
            closing: WatchStream::from_changes(self.0.closing()),
            front: self.0.clone(),
            commands: Some(request.into_inner()),
            to,
            settled,
            in_flight: FxHashMap::default(),
            posted: 0,
            unsent: VecDeque::new(),
        }))
    }
}

/// How the reply to a command becomes its answer.
type Respond = fn(Reply) -> Answer;

/// The stream of answers, which reads the stream of commands.
#[derive(Debug)]
pub(super) struct Answers {
    front: Arc<Front>,
    closing: WatchStream<bool>,
    /// None: the caller has sent all it has, or the service closes.
    commands: Option<Streaming<SubmitRequest>>,
    to: mpsc::Sender<(u64, Option<Settled>)>,
    settled: mpsc::Receiver<(u64, Option<Settled>)>,
    /// By our own number, for callers may use one of theirs twice.
    in_flight: FxHashMap<u64, (u64, Respond)>,
    posted: u64,
    unsent: VecDeque<SubmitResponse>,
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

    fn post<M: Mutation>(&mut self, id: u64, call: M, respond: Respond) {
        let (org, key) = (Arc::<str>::from(call.org_id()), request_key(call.request_id()));
        let mut check = Check::new();
        let command = self.front.with_names(&org, |names| call.into_command(names, &mut check));
        if !check.is_empty() {
            return self.refuse(id, &check.into_status());
        }
        let number = self.posted;
        self.posted += 1;
        self.in_flight.insert(number, (id, respond));
        let reply = ReplyTo::Stream(StreamReply::new(number, self.to.clone()));
        let letter = Letter::Command { org: org.clone(), key: Some(key), command, reply };
        if let Err(status) = self.front.post(&org, letter) {
            // The letter came back with its place in the stream; what that says is not why.
            self.in_flight.remove(&number);
            self.refuse(id, &status);
        }
    }

    fn refuse(&mut self, correlation_id: u64, why: &Status) {
        self.unsent.push_back(SubmitResponse { correlation_id, answer: Some(refusal(why)) });
    }

    fn settle(&mut self, number: u64, settled: Option<Settled>) {
        if let Some((correlation_id, respond)) = self.in_flight.remove(&number) {
            let answer = match settled {
                Some(Ok(reply)) => respond(reply),
                Some(Err(rejection)) => refusal(&status::refusal(&rejection)),
                None => refusal(&status::shutting_down()),
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
        if self.commands.is_some()
            && Pin::new(&mut self.closing).poll_next(context) == Poll::Ready(Some(true))
        {
            // What is in flight is answered still.
            self.commands = None;
        }
        if let Err(status) = self.read(context) {
            return Poll::Ready(Some(Err(status)));
        }
        while let Poll::Ready(Some((number, settled))) = self.settled.poll_recv(context) {
            self.settle(number, settled);
        }
        if let Some(response) = self.unsent.pop_front() {
            return Poll::Ready(Some(Ok(response)));
        }
        if self.commands.is_none() && self.in_flight.is_empty() { Poll::Ready(None) } else { Poll::Pending }
    }
}

fn refusal(why: &Status) -> Answer {
    Answer::Refusal(Refusal {
        code: i32::from(why.code()),
        message: why.message().to_owned(),
        status: why.details().to_vec(),
    })
}
