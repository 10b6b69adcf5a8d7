//! The stream of a session: its notices, why it ended, and the word to the shard when it breaks.

use std::{
    collections::VecDeque,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    sync::{mpsc, oneshot},
    task::JoinSet,
};
use tokio_stream::Stream;
use tonic::Status;

use super::{Front, history::Found};
use crate::{
    engine::{command::Acting, directory::spec::ResourceKind, event::Event, rejection::Rejection},
    shard::{
        Mailboxes, Refused,
        letter::{Letter, Notice},
    },
    views::orgs::Org,
    wire::{
        notice::{self, InviteContext},
        status,
        v1::{History, OpenSessionResponse, open_session_response},
    },
};

/// How often a full mailbox is asked again to take the word that a stream broke. That word must arrive: the lease begins with it.
const ASK_AGAIN: Duration = Duration::from_millis(50);

/// A session's stream, as tonic polls it.
#[derive(Debug)]
pub(super) struct SessionStream {
    front: Arc<Front>,
    wants_history: bool,
    org: Arc<Org>,
    session: Acting,
    notices: mpsc::Receiver<Notice>,
    /// What is being looked up of the histories of conversations that it joined.
    histories: JoinSet<Option<History>>,
    /// Of the notice that was read last: one can be told in several messages.
    unsent: VecDeque<OpenSessionResponse>,
    ended: Option<oneshot::Receiver<Rejection>>,
    _broken: Broken,
}

impl SessionStream {
    pub(super) fn new(
        (front, wants_history): (Arc<Front>, bool),
        org: Arc<Org>,
        session: Acting,
        stream: u64,
        notices: mpsc::Receiver<Notice>,
        ended: oneshot::Receiver<Rejection>,
    ) -> Self {
        let broken = Broken { mailboxes: front.mailboxes.clone(), org: org.id.clone(), session, stream };
        Self {
            front,
            wants_history,
            org,
            session,
            notices,
            histories: JoinSet::new(),
            unsent: VecDeque::new(),
            ended: Some(ended),
            _broken: broken,
        }
    }

    /// Has the history looked up of a conversation that its agent joins with this notice (HIST-1). Other notices do not wait for it.
    fn follow_up(&mut self, notice: &Notice) {
        let Notice::Event(told) = notice else { return };
        if let Event::InviteAccepted { conversation, agent, .. } = told.batch.events[told.place]
            && self.wants_history
            && agent == self.session.agent
        {
            let (front, org, session) = (self.front.clone(), self.org.clone(), self.session);
            self.histories.spawn(async move {
                // Whoever is out again by now needs none, and what was missed is had by LoadHistory.
                let found = Found::look_up(&front, &org, session, conversation).await.ok()?;
                found.shown(conversation)
            });
        }
    }

    /// The messages of a notice.
    fn messages(&self, notice: &Notice) -> Vec<OpenSessionResponse> {
        let names = self.org.names();
        match notice {
            Notice::Opened { resumed, view } => {
                vec![notice::opened(self.session.epoch, *resumed, view, &names)]
            }
            Notice::Event(told) => {
                let invite =
                    told.invites_to.as_ref().map_or_else(InviteContext::default, |it| InviteContext {
                        customer: &it.customer,
                        channel: names.of(ResourceKind::Channel).name(it.channel.0),
                        requester: it.requester,
                    });
                let position = told.batch.first.0 + told.place as u64;
                let (at, event) = (told.batch.at, &told.batch.events[told.place]);
                notice::notices(position, at, event, self.session.agent, &names, &invite, told.log_number)
            }
        }
    }
}

impl Stream for SessionStream {
    type Item = Result<OpenSessionResponse, Status>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(message) = self.unsent.pop_front() {
                return Poll::Ready(Some(Ok(message)));
            }
            if let Poll::Ready(Some(done)) = self.histories.poll_join_next(context) {
                let message = |history| OpenSessionResponse {
                    position: 0,
                    at_ms: 0,
                    notice: Some(open_session_response::Notice::History(history)),
                };
                self.unsent.extend(done.ok().flatten().map(message));
                continue;
            }
            let Some(notice) = ready!(self.notices.poll_recv(context)) else {
                // All was read; the last word is why there is no more. Without one, the service has stopped.
                let last = self.ended.take().map(|mut it| it.try_recv());
                return Poll::Ready(last.map(|it| {
                    Err(it.map_or_else(|_| status::shutting_down(), |why| status::refusal(&why)))
                }));
            };
            let messages = self.messages(&notice);
            self.unsent.extend(messages);
            self.follow_up(&notice);
        }
    }
}

/// Says that the stream broke, when it is dropped.
#[derive(Debug)]
struct Broken {
    mailboxes: Mailboxes,
    org: Arc<str>,
    session: Acting,
    stream: u64,
}

impl Drop for Broken {
    fn drop(&mut self) {
        let (mailboxes, org, session, stream) =
            (self.mailboxes.clone(), self.org.clone(), self.session, self.stream);
        let letter = move || Letter::Dropped { org: org.clone(), session, stream };
        let id = self.org.clone();
        if mailboxes.post(&id, letter()) == Err(Refused::Full)
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            runtime.spawn(async move {
                let mut again = tokio::time::interval(ASK_AGAIN);
                while mailboxes.post(&id, letter()) == Err(Refused::Full) {
                    again.tick().await;
                }
            });
        }
    }
}
