//! What somebody has been told on a stream and the story has not asked for yet. To wait is to wait for a notice, never for time.

use std::{collections::VecDeque, time::Duration};

use tokio::{sync::mpsc, task::JoinSet, time::timeout};
use tonic::{Status, Streaming};

use super::DemoError;
use crate::cli::client::refused;

/// How long a notice may take before it counts as not told. A healthy service needs milliseconds.
const PATIENCE: Duration = Duration::from_secs(10);
/// Notices that wait to be asked for. The whole story has fewer at any desk; beyond it the stream is not read on.
const UNREAD_MAX: usize = 1_024;

/// The reading end of a stream.
#[derive(Debug)]
pub(super) struct Inbox<T> {
    who: String,
    arriving: mpsc::Receiver<Result<T, Status>>,
    unread: VecDeque<T>,
    // Dropped with the inbox, and the stream with it.
    _reader: JoinSet<()>,
}

impl<T: Send + 'static> Inbox<T> {
    /// Reads a stream from now on; `told` hears of each notice the moment it comes.
    pub(super) fn open(who: &str, mut stream: Streaming<T>, told: impl Fn(&T) + Send + 'static) -> Self {
        let (sender, arriving) = mpsc::channel(UNREAD_MAX);
        let mut reader = JoinSet::new();
        reader.spawn(async move {
            loop {
                let next = stream.message().await;
                if let Ok(Some(notice)) = &next {
                    told(notice);
                }
                let Some(next) = next.transpose() else { return };
                let is_last = next.is_err();
                if sender.send(next).await.is_err() || is_last {
                    return;
                }
            }
        });
        Self { who: who.to_owned(), arriving, unread: VecDeque::new(), _reader: reader }
    }

    /// Takes out the first notice that `pick` picks; waits for it where it has not come yet. `what` says what for.
    pub(super) async fn take<R>(
        &mut self,
        what: &str,
        mut pick: impl FnMut(&T) -> Option<R>,
    ) -> Result<R, DemoError> {
        for place in 0..self.unread.len() {
            if let Some(picked) = self.unread.get(place).and_then(&mut pick) {
                self.unread.remove(place);
                return Ok(picked);
            }
        }
        let arrive = async {
            loop {
                let notice = self.next(what).await?;
                match pick(&notice) {
                    Some(picked) => return Ok(picked),
                    None => self.unread.push_back(notice),
                }
            }
        };
        timeout(PATIENCE, arrive).await.map_err(|_| DemoError::NotTold {
            who: self.who.clone(),
            what: what.to_owned(),
            waited_s: PATIENCE.as_secs(),
        })?
    }

    /// Waits until the service ends the stream in peace.
    pub(super) async fn ended(&mut self) -> Result<(), DemoError> {
        let end = async {
            loop {
                match self.arriving.recv().await {
                    Some(Ok(notice)) => self.unread.push_back(notice),
                    Some(Err(status)) => return Err(self.lost("its end", &status)),
                    None => return Ok(()),
                }
            }
        };
        timeout(PATIENCE, end).await.unwrap_or_else(|_| {
            Err(DemoError::NotTold {
                who: self.who.clone(),
                what: "the end of the stream".into(),
                waited_s: PATIENCE.as_secs(),
            })
        })
    }

    /// Forgets what has come and was not asked for.
    pub(super) fn forget(&mut self) {
        self.unread.clear();
    }

    async fn next(&mut self, what: &str) -> Result<T, DemoError> {
        match self.arriving.recv().await {
            Some(Ok(notice)) => Ok(notice),
            Some(Err(status)) => Err(self.lost(what, &status)),
            None => Err(self.lost(what, &Status::ok("the service closed it"))),
        }
    }

    fn lost(&self, what: &str, status: &Status) -> DemoError {
        let error = refused("the stream")(status.clone());
        if error.is("SESSION_FENCED") {
            return DemoError::Fenced;
        }
        let why = match &error.reason {
            Some(reason) => format!("{reason}: {}", error.message),
            None => error.message,
        };
        DemoError::StreamLost { who: self.who.clone(), what: what.to_owned(), why }
    }
}
