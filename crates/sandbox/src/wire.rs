//! The connection under a call, and the ways in which it can end without an answer.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::Full;
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::TcpStream;

/// A TCP connection that is read and written by its server.
#[derive(Debug)]
pub(crate) struct Line(Arc<TcpStream>);

/// The same connection in the hands of who answers a call on it.
#[derive(Debug, Clone)]
pub(crate) struct Wire(Arc<TcpStream>);

/// Shares a connection.
pub(crate) fn share(stream: TcpStream) -> (Line, Wire) {
    let stream = Arc::new(stream);
    (Line(Arc::clone(&stream)), Wire(stream))
}

impl Wire {
    /// Lets the end of the connection be a reset: what was not sent by then never is.
    pub(crate) fn reset_at_end(&self) {
        // Where the system does not know it, the connection is closed like any other.
        let _ = self.0.set_zero_linger();
    }

    /// Waits until the client has gone away.
    pub(crate) async fn client_gone(&self) {
        loop {
            match self.0.ready(Interest::READABLE).await {
                Ok(ready) if !ready.is_read_closed() => {}
                _ => return,
            }
            // Bytes that nobody reads are there, and ready for ever.
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

impl AsyncRead for Line {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            ready!(self.0.poll_read_ready(context))?;
            match self.0.try_read(buffer.initialize_unfilled()) {
                Ok(count) => {
                    buffer.advance(count);
                    return Poll::Ready(Ok(()));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }
}

impl AsyncWrite for Line {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.0.poll_write_ready(context))?;
            match self.0.try_write(bytes) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                done => return Poll::Ready(done),
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    /// The connection is dropped right afterwards, which closes it.
    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Why a connection ends before its answer does.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the connection is cut, as it was asked for")]
pub(crate) struct Cut;

/// The body of an answer.
#[derive(Debug)]
pub(crate) enum Reply {
    /// All of it.
    Whole(Full<Bytes>),
    /// The first half of it, and then nothing.
    Half {
        /// What is sent, until it was.
        first: Option<Bytes>,
        /// The length that is promised.
        length: u64,
        /// Whether what was sent had its time to leave.
        left: bool,
    },
}

impl Reply {
    /// Sends half of a body.
    pub(crate) fn half(body: &Bytes) -> Self {
        Self::Half { first: Some(body.slice(..body.len() / 2)), length: body.len() as u64, left: false }
    }
}

impl From<Full<Bytes>> for Reply {
    fn from(body: Full<Bytes>) -> Self {
        Self::Whole(body)
    }
}

impl Body for Reply {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        match self.get_mut() {
            Self::Whole(body) => Pin::new(body).poll_frame(context).map_err(|never| match never {}),
            Self::Half { first, left, .. } => {
                if let Some(first) = first.take().filter(|first| !first.is_empty()) {
                    return Poll::Ready(Some(Ok(Frame::data(first))));
                }
                if *left {
                    return Poll::Ready(Some(Err(Cut)));
                }
                // An error at once would overtake what is written and not yet flushed.
                *left = true;
                context.waker().wake_by_ref();
                Poll::Pending
            }
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(body) => body.size_hint(),
            Self::Half { length, .. } => SizeHint::with_exact(*length),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(body) => body.is_end_stream(),
            Self::Half { .. } => false,
        }
    }
}
