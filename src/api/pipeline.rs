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

use tokio::sync::mpsc;
use tokio_stream::{Stream, wrappers::WatchStream};
use tonic::{Request, Response, Status, Streaming, async_trait};

use super::{Front, front::Guest, sessions::Sessions};
use crate::{
    engine::{reply::Reply, state::ring::Ring},
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
    (
        $answers:expr, $id:expr, $command:expr;
        $($name:ident $call:ident),* $(,)?;
        boxed: $($boxed:ident $boxed_call:ident),* $(,)?
    ) => {
        match $command {
            $(Command::$name(call) => {
                $answers.post($id, call, |it| Answer::$name(v1::$call::respond(it)));
            })*
            $(Command::$boxed(call) => {
                $answers.post($id, *call, |it| Answer::$boxed(v1::$boxed_call::respond(it)));
            })*
            Command::OpenSession(call) => $answers.open($id, &call),
            Command::CloseSession(call) => $answers.close($id, call.opened_by),
        }
    };
}

/// Commands of one stream from the oldest that is in flight on, at most.
const IN_FLIGHT_MAX: usize = 4_096;
/// Answers that are taken from their way at once, at most.
const SETTLED_AT_ONCE: usize = 256;
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
            answered: Vec::new(),
            in_flight: InFlight::default(),
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

/// What waits for its answer, by our own number, for callers may use one of theirs twice. Answers come about in the order of the commands, so
/// it is a row from the oldest that waits on.
#[derive(Debug, Default)]
struct InFlight {
    row: Ring<Option<(u64, Pending)>>,
}

impl InFlight {
    /// Puts a command of the caller's in, and gives it its number.
    fn place(&mut self, id: u64, pending: Pending) -> u64 {
        let number = self.row.next();
        self.row.push(Some((id, pending)));
        number
    }

    /// Takes a command out, if it is still in. Its number is given to no other.
    fn take(&mut self, number: u64) -> Option<(u64, Pending)> {
        let taken = self.row.get_mut(number)?.take();
        while let Some(None) = self.row.get(self.row.first()) {
            self.row.forget();
        }
        taken
    }
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
    /// Taken from their way: empty, but for its room.
    answered: Vec<(u64, Option<Settled>)>,
    in_flight: InFlight,
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
            CancelRequest CancelRequestRequest,
            CompleteWrapUp CompleteWrapUpRequest,
            DeclineInvite DeclineInviteRequest,
            EndConversation EndConversationRequest,
            ExtendWrapUp ExtendWrapUpRequest,
            InactivateConversation InactivateConversationRequest,
            InviteAgent InviteAgentRequest,
            LeaveConversation LeaveConversationRequest,
            LowerFlag LowerFlagRequest,
            PickConversation PickConversationRequest,
            PostMessage PostMessageRequest,
            RaiseFlag RaiseFlagRequest,
            SetAgentPresence SetAgentPresenceRequest,
            SetPresence SetPresenceRequest;
            boxed:
            AttachRecord AttachRecordRequest,
            CreateConversation CreateConversationRequest,
            MoveConversation MoveConversationRequest,
            RemoveRecord RemoveRecordRequest,
            RequestConference RequestConferenceRequest,
            RequestTransfer RequestTransferRequest
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
        let (number, reply) = self.place(id, Pending::Command(respond));
        if let Err(status) = visit.post(|org| Letter::Command { org, key, command, reply }) {
            self.take_back(number, &status);
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
        let (number, reply) = self.place(id, Pending::Session);
        if let Err(status) = self.sessions.open(id, &visit, call, reply) {
            self.take_back(number, &status);
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
    fn place(&mut self, id: u64, pending: Pending) -> (u64, ReplyTo) {
        let number = self.in_flight.place(id, pending);
        (number, ReplyTo::Stream(StreamReply::new(number, self.to.clone())))
    }

    /// What was placed was not taken. The letter came back with its place in the stream; what that says is not why.
    fn take_back(&mut self, number: u64, why: &Status) {
        if let Some((id, _)) = self.in_flight.take(number) {
            self.refuse(id, why);
        }
    }

    fn refuse(&mut self, correlation_id: u64, why: &Status) {
        self.unsent.push_back(SubmitResponse { correlation_id, answer: Some(refusal(why)) });
    }

    /// Takes the answers that there are.
    fn settle_all(&mut self, context: &mut Context<'_>) {
        let mut answered = std::mem::take(&mut self.answered);
        while let Poll::Ready(1..) = self.settled.poll_recv_many(context, &mut answered, SETTLED_AT_ONCE) {
            answered.drain(..).for_each(|(number, settled)| self.settle(number, settled));
        }
        self.answered = answered;
    }

    fn settle(&mut self, number: u64, settled: Option<Settled>) {
        let Some((correlation_id, pending)) = self.in_flight.take(number) else { return };
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
        while self.in_flight.row.len() < IN_FLIGHT_MAX && self.unsent.len() < IN_FLIGHT_MAX {
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
        self.settle_all(context);
        self.listen(context);
        if let Some(response) = self.unsent.pop_front() {
            return Poll::Ready(Some(Ok(response)));
        }
        if self.commands.is_some() || !self.in_flight.row.is_empty() {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_flight_is_taken_once_in_whatever_order() {
        let mut in_flight = InFlight::default();
        let mut place = |id| in_flight.place(id, Pending::Session);
        assert_eq!([place(7), place(7), place(8), place(9)], [0, 1, 2, 3]);
        let mut take = |number| in_flight.take(number).map(|it| it.0);
        assert_eq!([take(1), take(1), take(4), take(0), take(0)], [Some(7), None, None, Some(7), None]);
        assert_eq!(in_flight.row.len(), 2, "from the oldest that waits on");
        assert_eq!(in_flight.take(3).map(|it| it.0), Some(9));
        assert_eq!(in_flight.place(5, Pending::Session), 4, "a number is given once");
        assert_eq!([2, 4].map(|it| in_flight.take(it).map(|it| it.0)), [Some(8), Some(5)]);
        assert!(in_flight.row.is_empty());
    }
}
