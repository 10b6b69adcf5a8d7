//! The stream of a session: its notices, why it ended, and the word to the shard when it breaks.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use tokio::sync::{mpsc, oneshot};
use tokio_stream::Stream;
use tonic::Status;

use crate::{
    engine::command::Acting,
    shard::{Mailboxes, Refused, letter::Letter},
    wire::v1::OpenSessionResponse,
};

/// How often a full mailbox is asked again to take the word that a stream broke. That word must arrive: the lease begins with it.
const ASK_AGAIN: Duration = Duration::from_millis(50);

/// A session's stream, as tonic polls it.
#[derive(Debug)]
pub struct SessionStream {
    notices: mpsc::Receiver<OpenSessionResponse>,
    ended: Option<oneshot::Receiver<Status>>,
    _broken: Broken,
}

impl SessionStream {
    pub(super) fn new(
        mailboxes: Mailboxes,
        org: Arc<str>,
        session: Acting,
        stream: u64,
        notices: mpsc::Receiver<OpenSessionResponse>,
        ended: oneshot::Receiver<Status>,
    ) -> Self {
        Self { notices, ended: Some(ended), _broken: Broken { mailboxes, org, session, stream } }
    }
}

impl Stream for SessionStream {
    type Item = Result<OpenSessionResponse, Status>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match self.notices.poll_recv(context) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Some(notice)) => Poll::Ready(Some(Ok(notice))),
            // All was read; the last word is why there is no more.
            Poll::Ready(None) => {
                Poll::Ready(self.ended.take().and_then(|mut it| it.try_recv().ok()).map(Err))
            }
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
