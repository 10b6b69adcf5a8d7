//! The connections: how many there are at most, and how long one may be open without a call. It knows nothing of what is said on them.
//!
//! ```text
//!   listener ─► room? ─ no ─► the longest silent one goes, or the new one
//!                 └─ yes ─► Connection ─► tonic ─► its first call ─► Caller::has_called
//!                              ▲ cut, when that has not come in time
//! ```
//!
//! What is slow later is cut by others: a peer that answers no ping by HTTP/2, headers that trickle on HTTP/1 by hyper, a message that
//! trickles by `arrival`, a peer that takes no bytes by the kernel. The first and the last are counted here.

use std::{
    collections::VecDeque,
    convert::Infallible,
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use socket2::SockRef;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    time::{Instant, Sleep, sleep_until},
};
use tokio_stream::Stream;
use tonic::transport::server::Connected;

use super::Bounds;
use crate::metrics::{self, Bound};

/// How long nothing is accepted after accepting failed: it fails when the process has no file left, and will for a while.
const ACCEPT_AGAIN: Duration = Duration::from_millis(50);

/// Those that come, as they come.
#[derive(Debug)]
pub(super) struct Connections {
    listener: TcpListener,
    bounds: Bounds,
    open: Arc<AtomicUsize>,
    /// Those that made no call when they were seen last, the longest open first: until when they may be silent, and what cuts them
    /// when it is dropped.
    silent: VecDeque<(Instant, oneshot::Sender<Infallible>)>,
    timer: Pin<Box<Sleep>>,
    accept_from: Option<Instant>,
}

impl Connections {
    pub(super) fn new(listener: TcpListener, bounds: Bounds) -> Self {
        let timer = Box::pin(sleep_until(Instant::now()));
        let (open, silent) = (Arc::default(), VecDeque::new());
        Self { listener, bounds, open, silent, timer, accept_from: None }
    }

    /// Cuts those that have been silent for too long. When the next will have been.
    fn cut_silent(&mut self) -> Option<Instant> {
        let now = Instant::now();
        while let Some((until, connection)) = self.silent.front() {
            if !connection.is_closed() {
                if *until > now {
                    return Some(*until);
                }
                metrics::bound_hit(Bound::FirstCall);
            }
            self.silent.pop_front();
        }
        None
    }

    /// Makes room by cutting the one that has been silent for longest. Whether there was one.
    fn make_room(&mut self) -> bool {
        while let Some((_, connection)) = self.silent.pop_front() {
            if !connection.is_closed() {
                metrics::bound_hit(Bound::FirstCall);
                return true;
            }
        }
        false
    }

    fn let_in(&mut self, stream: TcpStream, peer: SocketAddr) -> Option<Connection> {
        if self.open.load(Ordering::Relaxed) >= self.bounds.connections_max && !self.make_room() {
            metrics::bound_hit(Bound::Connections);
            return None;
        }
        // Where the kernel does not take them, the peer is gone already, or waited for a little longer than it should be.
        stream.set_nodelay(true).unwrap_or(());
        SockRef::from(&stream).set_tcp_user_timeout(Some(self.bounds.unread_max)).unwrap_or(());
        let (silent, cut) = oneshot::channel();
        // Most of them have made their first call, or are gone.
        if self.silent.len() >= 2 * self.bounds.connections_max {
            self.silent.retain(|it| !it.1.is_closed());
        }
        self.silent.push_back((Instant::now() + self.bounds.first_call_within, silent));
        metrics::connections(self.open.fetch_add(1, Ordering::Relaxed) + 1);
        let caller = Caller { peer, called: Arc::default() };
        Some(Connection {
            stream,
            caller,
            cut: Some(cut),
            heard: Some(Instant::now()),
            silent_max: 2 * self.bounds.ping_every,
            has_gathered: false,
            open: self.open.clone(),
        })
    }
}

impl Stream for Connections {
    type Item = io::Result<Connection>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            let wake_at = self.accept_from.into_iter().chain(self.cut_silent()).min();
            if let Some(at) = wake_at {
                if self.timer.deadline() != at {
                    self.timer.as_mut().reset(at);
                }
                if self.timer.as_mut().poll(context).is_ready() {
                    self.accept_from = None;
                    continue;
                }
            }
            if self.accept_from.is_some() {
                return Poll::Pending;
            }
            match ready!(self.listener.poll_accept(context)) {
                Ok((stream, peer)) => {
                    if let Some(connection) = self.let_in(stream, peer) {
                        return Poll::Ready(Some(Ok(connection)));
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    self.accept_from = Some(Instant::now() + ACCEPT_AGAIN);
                }
            }
        }
    }
}

/// Whose connection it is, as its calls know it.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    /// Where it comes from.
    peer: SocketAddr,
    called: Arc<AtomicBool>,
}

impl Caller {
    /// It has made a call, and may be silent from now on.
    pub(super) fn has_called(&self) {
        if !self.called.load(Ordering::Relaxed) {
            tracing::debug!(peer = %self.peer, "the first call of a connection");
            self.called.store(true, Ordering::Relaxed);
        }
    }
}

/// A connection. It is cut by reading nothing more.
#[derive(Debug)]
pub(super) struct Connection {
    stream: TcpStream,
    caller: Caller,
    /// Until its first call.
    cut: Option<oneshot::Receiver<Infallible>>,
    /// When its peer said something last; none: it is known to be gone.
    heard: Option<Instant>,
    /// How long the peer is silent at most before it has missed a ping.
    silent_max: Duration,
    /// Whether what is to be written has waited for a turn.
    has_gathered: bool,
    open: Arc<AtomicUsize>,
}

impl Connected for Connection {
    type ConnectInfo = Caller;

    fn connect_info(&self) -> Caller {
        self.caller.clone()
    }
}

impl Connection {
    /// Lets all tasks that are ready go first, once for a flush: answers that became durable together are written together.
    fn gather(&mut self, context: &Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.has_gathered, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }

    /// What the kernel says of a peer that takes no bytes.
    fn failed(&mut self, error: &io::Error) {
        if self.heard.take().is_some() && error.kind() == io::ErrorKind::TimedOut {
            metrics::bound_hit(Bound::Unread);
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if self.heard.is_some_and(|it| it.elapsed() >= self.silent_max) {
            metrics::bound_hit(Bound::Silent);
        }
        metrics::connections(self.open.fetch_sub(1, Ordering::Relaxed) - 1);
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.cut.is_some() && self.caller.called.load(Ordering::Relaxed) {
            self.cut = None;
        }
        if let Some(cut) = &mut self.cut
            && Pin::new(cut).poll(context).is_ready()
        {
            self.heard = None;
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        let before = buffer.filled().len();
        let read = ready!(Pin::new(&mut self.stream).poll_read(context, buffer));
        match &read {
            Ok(()) => self.heard = (buffer.filled().len() > before).then(Instant::now),
            Err(error) => self.failed(error),
        }
        Poll::Ready(read)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(context, &[io::IoSlice::new(bytes)])
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.has_gathered = false;
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        ready!(self.gather(context));
        let written = ready!(Pin::new(&mut self.stream).poll_write_vectored(context, slices));
        Poll::Ready(written.inspect_err(|it| self.failed(it)))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[tokio::test]
    async fn what_is_written_waits_a_turn_for_what_comes_with_it_and_comes_whole() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let (here, there) =
            tokio::join!(TcpStream::connect(listener.local_addr().expect("its address")), listener.accept());
        let (mut here, (there, peer)) = (here.expect("connected"), there.expect("accepted"));
        let mut connection =
            Connections::new(listener, Bounds::default()).let_in(there, peer).expect("there is room");

        let mut context = Context::from_waker(Waker::noop());
        for _ in 0..2 {
            for ready in [false, true, true] {
                let written = Pin::new(&mut connection).poll_write(&mut context, b"a");
                assert_eq!(written.is_ready(), ready, "{written:?}");
            }
            assert!(Pin::new(&mut connection).poll_flush(&mut context).is_ready());
        }
        // It wakes itself: else this would never end.
        connection.write_all(b"end").await.expect("written");
        drop(connection);
        let mut read = String::new();
        here.read_to_string(&mut read).await.expect("read");
        assert_eq!(read, "aaaaend");
    }
}
