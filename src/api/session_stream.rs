//! The stream of a single session.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::sync::oneshot;
use tokio_stream::Stream;
use tonic::Status;

use super::{front::Visit, sessions::Sessions};
use crate::{
    shard::letter::ReplyTo,
    wire::{
        status,
        v1::{OpenSessionRequest, OpenSessionResponse},
    },
};

/// Notices that wait for a session's client to read them, at most.
const NOTICES_WAITING_MAX: usize = 1_024;

/// A session's stream, as tonic polls it.
#[derive(Debug)]
pub(super) struct SessionStream {
    /// The one.
    sessions: Sessions,
    is_over: bool,
}

impl SessionStream {
    /// Opens a session.
    pub(super) async fn open(visit: Visit, call: &OpenSessionRequest) -> Result<Self, Status> {
        let mut sessions = Sessions::new(1, NOTICES_WAITING_MAX);
        let (reply, answer) = oneshot::channel();
        sessions.open(0, &visit, call, ReplyTo::call(reply))?;
        sessions.seal();
        visit.settled(answer, None).await?;
        Ok(Self { sessions, is_over: false })
    }
}

impl Stream for SessionStream {
    type Item = Result<OpenSessionResponse, Status>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.is_over {
            return Poll::Ready(None);
        }
        let word = ready!(self.sessions.poll_word(context));
        // Where there is no word, the service has stopped.
        let message = word.map_or_else(
            || Err(status::shutting_down()),
            |(_, word)| word.map_err(|why| status::refusal(&why)),
        );
        self.is_over = message.is_err();
        Poll::Ready(Some(message))
    }
}
