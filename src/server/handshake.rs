//! TLS on connections, where it is set: each shakes hands in a task of its own, so that a slow one holds up nobody. How long one may take
//! is bounded with the time to its first call (`connections`).

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    task::JoinSet,
};
use tokio_rustls::server::TlsStream;
use tokio_stream::Stream;
use tonic::transport::server::Connected;

use super::connections::{Caller, Connection, Connections};
use crate::access::tls::Tls;

/// Connections that are ready to be talked on.
#[derive(Debug)]
pub(super) struct Lines {
    connections: Connections,
    tls: Option<Arc<Tls>>,
    /// As many as there are connections, at most.
    handshakes: JoinSet<io::Result<TlsStream<Connection>>>,
}

impl Lines {
    pub(super) fn new(connections: Connections, tls: Option<Arc<Tls>>) -> Self {
        Self { connections, tls, handshakes: JoinSet::new() }
    }
}

impl Stream for Lines {
    type Item = io::Result<Line>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            match self.handshakes.poll_join_next(context) {
                Poll::Ready(Some(Ok(Ok(secure)))) => {
                    return Poll::Ready(Some(Ok(Line::Secure(Box::new(secure)))));
                }
                Poll::Ready(Some(Ok(Err(error)))) => {
                    tracing::debug!(%error, "a handshake failed");
                    continue;
                }
                Poll::Ready(Some(Err(_)) | None) | Poll::Pending => {}
            }
            match Pin::new(&mut self.connections).poll_next(context) {
                Poll::Ready(Some(Ok(connection))) => match &self.tls {
                    None => return Poll::Ready(Some(Ok(Line::Plain(connection)))),
                    Some(tls) => {
                        let acceptor = tls.acceptor();
                        self.handshakes.spawn(async move { acceptor.accept(connection).await });
                    }
                },
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Some(Err(error))),
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Pending => return Poll::Pending,
            }
        }
    }
}

/// A connection with or without TLS.
#[derive(Debug)]
pub(super) enum Line {
    Plain(Connection),
    Secure(Box<TlsStream<Connection>>),
}

impl Connected for Line {
    type ConnectInfo = Caller;

    fn connect_info(&self) -> Caller {
        match self {
            Self::Plain(it) => it.connect_info(),
            Self::Secure(it) => it.get_ref().0.connect_info(),
        }
    }
}

/// Does it on whichever there is.
macro_rules! on_either {
    ($line:expr, $it:ident => $do:expr) => {
        match $line.get_mut() {
            Line::Plain(it) => {
                let $it = Pin::new(it);
                $do
            }
            Line::Secure(it) => {
                let $it = Pin::new(&mut **it);
                $do
            }
        }
    };
}

impl AsyncRead for Line {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        on_either!(self, it => it.poll_read(context, buffer))
    }
}

impl AsyncWrite for Line {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        on_either!(self, it => it.poll_write(context, bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        on_either!(self, it => it.poll_flush(context))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        on_either!(self, it => it.poll_shutdown(context))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        on_either!(self, it => it.poll_write_vectored(context, slices))
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Plain(it) => it.is_write_vectored(),
            Self::Secure(it) => it.is_write_vectored(),
        }
    }
}
