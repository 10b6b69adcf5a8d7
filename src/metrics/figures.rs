//! Where the figures of capacity are asked for, and what is answered: a page in Prometheus' text format, drawn anew when something has
//! changed.

use std::{sync::Arc, time::Duration};

use tokio::sync::{mpsc, oneshot, watch};

/// Calls for the figures that wait for one answer, at most: nobody has more scrapers.
const CALLS_MAX: usize = 64;

/// Who asks is answered with this.
pub type Call = oneshot::Sender<Arc<str>>;

/// Where the figures are asked for.
#[derive(Debug, Clone)]
pub struct Figures {
    calls: mpsc::Sender<Call>,
    latest: watch::Receiver<Arc<str>>,
}

/// Who draws the figures: hears the calls, and keeps the latest page for those who cannot wait.
#[derive(Debug)]
pub struct Draughtsman {
    /// Who asks.
    pub calls: mpsc::Receiver<Call>,
    /// The latest page.
    pub latest: watch::Sender<Arc<str>>,
}

impl Figures {
    /// Where they are asked for, and who is asked.
    pub fn new() -> (Self, Draughtsman) {
        let ((calls, asked), (page, latest)) = (mpsc::channel(CALLS_MAX), watch::channel(Arc::default()));
        (Self { calls, latest }, Draughtsman { calls: asked, latest: page })
    }

    /// The figures as they stand now, or the latest that were drawn, where it takes longer than this.
    pub async fn within(&self, patience: Duration) -> Arc<str> {
        let (call, answer) = oneshot::channel();
        // An error: it has stopped, or too many wait. The latest page is all there is.
        let asked = self.calls.try_send(call).is_ok();
        match tokio::time::timeout(patience, answer).await {
            Ok(Ok(page)) if asked => page,
            _ => self.latest.borrow().clone(),
        }
    }
}
