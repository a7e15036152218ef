//! A connection, whatever it goes through.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::errno;

/// Bytes both ways.
pub(super) trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// TCP, a Unix socket, TLS over one of them, TLS within TLS: the layers depend on the settings.
pub(super) type Stream = Box<dyn Duplex>;

/// TCP, with errors that name both ends, as those of Go do: `read tcp 127.0.0.1:40000->127.0.0.1:80: read: connection reset
/// by peer`.
pub(super) struct Tcp {
    stream: TcpStream,
    ends: Option<(SocketAddr, SocketAddr)>,
}

impl Tcp {
    pub(super) fn new(stream: TcpStream) -> Self {
        let ends = stream.local_addr().ok().zip(stream.peer_addr().ok());
        Self { stream, ends }
    }

    /// What the operating system says, with what was done and between whom.
    fn named<T>(&self, done: Poll<io::Result<T>>, what: &str) -> Poll<io::Result<T>> {
        done.map_err(|error| match self.ends {
            Some((local, peer)) if error.raw_os_error().is_some() => {
                io::Error::other(format!("{what} tcp {local}->{peer}: {what}: {}", errno::text(&error)))
            }
            _ => error,
        })
    }
}

impl AsyncRead for Tcp {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let done = Pin::new(&mut self.stream).poll_read(context, out);
        self.named(done, "read")
    }
}

impl AsyncWrite for Tcp {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let done = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.named(done, "write")
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
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
        let done = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.named(done, "write")
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
