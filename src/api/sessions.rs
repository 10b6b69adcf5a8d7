//! The sessions of one stream, whether it is one session's own or a platform's that carries thousands: what they are told, why they end,
//! and the word to the shard when the stream breaks.
//!
//! ```text
//!   open ─► guard ─► letter ─► shard ─► publisher ─┬─ notices ─┐
//!                                                   └─ endings ─┤
//!   (opened by, message or end) ◄── unsent ◄── by session ◄─────┘
//!                                      ▲── histories
//! ```

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use rustc_hash::FxHashMap;
use tokio::{sync::mpsc, task::JoinSet};
use tonic::Status;

use super::{
    front::{OpenSession, Visit},
    history::Found,
};
use crate::{
    engine::{
        command::{Acting, Command},
        directory::spec::ResourceKind,
        event::Event,
        ids::{AgentIx, ConversationId, Epoch},
        rejection::Rejection,
    },
    metrics,
    shard::{
        Refused,
        letter::{Letter, Notice, ReplyTo, SessionSink, StreamNumber, Told},
    },
    views::orgs::{Durable, Org},
    wire::{
        check::Check,
        mutation::open_session,
        notice::{self, InviteContext, Teller},
        v1::{History, OpenSessionRequest, OpenSessionResponse, open_session_response},
    },
};

/// Histories that are looked up at one time for the sessions of one stream. While there are so many, it is told nothing else.
const HISTORIES_MAX: usize = 1_024;
/// Notices that are taken from their way at once, at most.
const HEARD_AT_ONCE: usize = 64;
/// How often a full mailbox is asked again to take the word that a stream broke. That word must arrive: the lease begins with it.
const ASK_AGAIN: Duration = Duration::from_millis(50);

/// The next stream of a session.
static STREAMS: AtomicU64 = AtomicU64::new(0);

/// What there is to say of a session, by the number that it was opened by.
pub(super) type Word = (u64, Result<OpenSessionResponse, Rejection>);

/// Where what sessions are told goes, and why they end.
#[derive(Debug, Clone)]
struct Ways {
    notices: mpsc::Sender<(StreamNumber, Notice)>,
    endings: mpsc::Sender<(StreamNumber, Rejection)>,
}

/// The sessions.
#[derive(Debug)]
pub(super) struct Sessions {
    /// Where those go that are opened; none: no more are.
    to: Option<Ways>,
    notices: mpsc::Receiver<(StreamNumber, Notice)>,
    endings: mpsc::Receiver<(StreamNumber, Rejection)>,
    open: FxHashMap<StreamNumber, Session>,
    streams: FxHashMap<u64, StreamNumber>,
    /// What is being looked up of the histories of conversations that agents joined.
    histories: JoinSet<(u64, Option<History>)>,
    /// Taken from their way: empty, but for its room.
    heard: Vec<(StreamNumber, Notice)>,
    /// Ended, and not yet said: what they were told before comes first.
    ended: Vec<(StreamNumber, Rejection)>,
    unsent: VecDeque<Word>,
}

impl Sessions {
    /// Room for so many sessions, of which so many notices wait for a reader at most. Beyond it a session is cut; it comes back and sees
    /// the state as it stands.
    pub(super) fn new(sessions_max: usize, notices_max: usize) -> Self {
        let (to_notices, notices) = mpsc::channel(notices_max);
        // Twice, for those that have ended and have not been said may have successors.
        let (to_endings, endings) = mpsc::channel(2 * sessions_max);
        Self {
            to: Some(Ways { notices: to_notices, endings: to_endings }),
            notices,
            endings,
            open: FxHashMap::default(),
            streams: FxHashMap::default(),
            histories: JoinSet::new(),
            heard: Vec::new(),
            ended: Vec::new(),
            unsent: VecDeque::new(),
        }
    }

    /// How many are open, or being opened.
    pub(super) fn count(&self) -> usize {
        self.open.len()
    }

    /// Whether one is open, or being opened, that was opened by this number.
    pub(super) fn has(&self, opened_by: u64) -> bool {
        self.streams.contains_key(&opened_by)
    }

    /// Has a session opened. The reply says whether it was; where it was not, it is to be closed here.
    pub(super) fn open(
        &mut self,
        opened_by: u64,
        visit: &Visit,
        call: &OpenSessionRequest,
        reply: ReplyTo,
    ) -> Result<(), Status> {
        let mut check = Check::new();
        let command = visit.to.with_names(|names| open_session(call, names, &mut check));
        if !check.is_empty() {
            return Err(check.into_status());
        }
        let Command::OpenSession { agent, .. } = command else {
            return Err(Status::internal("an OpenSession is no other command"));
        };
        let org = visit.org()?;
        let Some(Ways { notices, endings }) = self.to.clone() else {
            return Err(Status::internal("no more sessions are opened here"));
        };
        let stream = STREAMS.fetch_add(1, Ordering::Relaxed);
        let session = Session {
            opened_by,
            agent,
            wants_history: !call.without_history,
            epoch: Epoch(0),
            guard: Guard { visit: visit.clone(), agent, stream },
            counted: visit.session_opens(),
            org,
        };
        self.open.insert(stream, session);
        self.streams.insert(opened_by, stream);
        let sink = SessionSink { stream, notices, endings };
        let key = Some(visit.key(&call.request_id));
        visit.post(|org| Letter::Open { org, key, command, sink, reply }).inspect_err(|_| {
            self.close(opened_by);
        })
    }

    /// No more are opened: when all that are have ended, there is nothing more to say.
    pub(super) fn seal(&mut self) {
        self.to = None;
    }

    /// Closes a session's part of the stream. Whether there was one.
    pub(super) fn close(&mut self, opened_by: u64) -> bool {
        let session = self.streams.get(&opened_by).copied().and_then(|it| self.remove(it));
        self.unsent.retain(|it| it.0 != opened_by);
        session.is_some()
    }

    fn remove(&mut self, stream: StreamNumber) -> Option<Session> {
        let session = self.open.remove(&stream)?;
        self.streams.remove(&session.opened_by);
        Some(session)
    }

    /// Ends a session's part of the stream, if it has not ended. Whether it did now.
    fn end(&mut self, stream: StreamNumber, why: Rejection) -> bool {
        let session = self.remove(stream);
        self.unsent.extend(session.as_ref().map(|it| (it.opened_by, Err(why))));
        session.is_some()
    }

    /// The next word; none: all have ended, or the service has stopped.
    pub(super) fn poll_word(&mut self, context: &mut Context<'_>) -> Poll<Option<Word>> {
        loop {
            if let Some(word) = self.unsent.pop_front() {
                return Poll::Ready(Some(word));
            }
            if let Poll::Ready(Some(done)) = self.histories.poll_join_next(context) {
                if let Ok((opened_by, Some(history))) = done
                    && self.has(opened_by)
                {
                    let notice = Some(open_session_response::Notice::History(history));
                    self.unsent
                        .push_back((opened_by, Ok(OpenSessionResponse { position: 0, at_ms: 0, notice })));
                }
                continue;
            }
            // First who has ended, then what there is to read: so all that was said before the end is read before it.
            while let Poll::Ready(Some(ended)) = self.endings.poll_recv(context) {
                self.ended.push(ended);
            }
            let histories_more = HISTORIES_MAX.saturating_sub(self.histories.len());
            if histories_more == 0 {
                return Poll::Pending;
            }
            let mut heard = std::mem::take(&mut self.heard);
            let count = self.notices.poll_recv_many(context, &mut heard, HEARD_AT_ONCE.min(histories_more));
            heard.drain(..).for_each(|(stream, notice)| self.hear(stream, &notice));
            self.heard = heard;
            match count {
                Poll::Ready(1..) => {}
                Poll::Ready(0) | Poll::Pending if self.notices.is_empty() && !self.ended.is_empty() => {
                    for (stream, why) in std::mem::take(&mut self.ended) {
                        self.end(stream, why);
                    }
                }
                Poll::Ready(0) => return Poll::Ready(None),
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    fn hear(&mut self, stream: StreamNumber, notice: &Notice) {
        // One that was closed here is told nothing more.
        let Some(session) = self.open.get_mut(&stream) else { return };
        let told = match notice {
            Notice::Opened { epoch, resumed, view } => {
                session.epoch = *epoch;
                let opened = notice::opened(*epoch, *resumed, view, &session.org.names());
                return self.unsent.push_back((session.opened_by, Ok(opened)));
            }
            Notice::Event(told) => told,
        };
        let Some(batch) = told.batch.upgrade() else { return self.cut(stream) };
        session.tell(told, &batch, &mut self.unsent);
        if let Some((acting, conversation)) = session.joined(&batch.events[told.place]) {
            // Has the history looked up of the conversation (HIST-1). Other notices do not wait for it.
            let (opened_by, visit, org) =
                (session.opened_by, session.guard.visit.clone(), session.org.clone());
            self.histories.spawn(async move {
                // Whoever is out again by now needs none, and what was missed is had by LoadHistory.
                let found = Found::look_up(&visit, &org, acting, conversation).await;
                (opened_by, found.ok().and_then(|it| it.shown(conversation)))
            });
        }
    }

    /// Ends a session's part of the stream because it read so slowly that what it was to be told is no longer kept.
    fn cut(&mut self, stream: StreamNumber) {
        if self.end(stream, Rejection::SessionNotOpen) {
            metrics::session_cut();
        }
    }
}

/// One of them.
#[derive(Debug)]
struct Session {
    /// What the caller knows it by.
    opened_by: u64,
    agent: AgentIx,
    /// What names it in commands, once it is open.
    epoch: Epoch,
    wants_history: bool,
    org: Arc<Org>,
    /// Its visit is the one by which histories are looked up.
    guard: Guard,
    #[allow(dead_code, reason = "it does its work when it is dropped")]
    counted: OpenSession,
}

impl Session {
    /// What it is told of an event.
    fn tell(&self, told: &Told, batch: &Durable, unsent: &mut VecDeque<Word>) {
        let names = self.org.names();
        let invite = told.invites_to.as_ref().map_or_else(InviteContext::default, |it| InviteContext {
            customer: &it.customer,
            channel: names.of(ResourceKind::Channel).name(it.channel.0),
            requester: it.requester,
        });
        let teller = Teller {
            position: batch.first.0 + told.place as u64,
            at: batch.at,
            event: &batch.events[told.place],
            to: self.agent,
            names: &names,
            invite,
            number: told.log_number,
        };
        teller.tell(&mut |it| unsent.push_back((self.opened_by, Ok(it))));
    }

    /// The conversation that its agent joins with this event, if it is to be told of the history.
    fn joined(&self, event: &Event) -> Option<(Acting, ConversationId)> {
        let Event::InviteAccepted { conversation, agent, .. } = *event else { return None };
        let acting = Acting { agent, epoch: self.epoch };
        (self.wants_history && agent == self.agent).then_some((acting, conversation))
    }
}

/// Says that the stream broke, when it is dropped. It is there before the session is: a call that is given up while it is being opened
/// leaves none behind that nobody listens to.
#[derive(Debug)]
struct Guard {
    visit: Visit,
    agent: AgentIx,
    stream: StreamNumber,
}

impl Drop for Guard {
    fn drop(&mut self) {
        let (visit, agent, stream) = (self.visit.clone(), self.agent, self.stream);
        let has_no_room = move || {
            let letter = Letter::Dropped { org: visit.to.id.clone(), agent, stream };
            visit.mailboxes().post(&visit.to, letter) == Err(Refused::Full)
        };
        if has_no_room()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            runtime.spawn(async move {
                let mut again = tokio::time::interval(ASK_AGAIN);
                while has_no_room() {
                    again.tick().await;
                }
            });
        }
    }
}
